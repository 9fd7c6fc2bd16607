/* SPDX-License-Identifier: Apache-2.0
 * keyward-enroll: a device with a TPM 2.0 gets a certificate, and renews and shows it. Distrusts the CA, the network
 * and the state folder. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "attest/enroll/device.h"
#include "attest/enroll/ek_file.h"
#include "attest/enroll/ledger.h"
#include "ca/client/key_file.h"

static void tell_certificate(const char *file, const STACK_OF(X509) * chain)
{
	X509 *leaf = sk_X509_value(chain, 0);
	BIO *bio = BIO_new_fp(stdout, BIO_NOCLOSE);
	if (bio == NULL)
		return;
	(void)BIO_printf(bio, "certificate %s\n  subject       ", file);
	(void)X509_NAME_print_ex(bio, X509_get_subject_name(leaf), 0, XN_FLAG_RFC2253);
	(void)BIO_printf(bio, "\n  issuer        ");
	(void)X509_NAME_print_ex(bio, X509_get_issuer_name(leaf), 0, XN_FLAG_RFC2253);
	(void)BIO_printf(bio, "\n  serial        ");
	(void)i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(leaf));
	(void)BIO_printf(bio, "\n  valid from    ");
	(void)ASN1_TIME_print(bio, X509_get0_notBefore(leaf));
	(void)BIO_printf(bio, "\n  valid until   ");
	(void)ASN1_TIME_print(bio, X509_get0_notAfter(leaf));
	(void)BIO_printf(bio, "\n");
	(void)BIO_flush(bio);
	BIO_free(bio);
}

static outcome open_acme(const struct options *options, struct http *http, EVP_PKEY *account, struct acme *out)
{
	struct binding binding;
	STEP(binding_load(options->eab_kid, options->eab_key, &binding));
	const outcome result = acme_open(http, account, options->directory, &binding, out);
	OPENSSL_cleanse(&binding, sizeof binding);
	return result;
}

static outcome try_once(struct device *device, struct http *http, EVP_PKEY *account)
{
	STEP(open_acme(device->options, http, account, &device->acme));
	STEP(device_obtain_ak(device));
	const outcome result = device_obtain_certificate(device);
	if (!device->order.is_ak_refused)
		return result;
	outcome_note("enrolling the attestation key anew");
	STEP(device_enrol_ak(device));
	return device_obtain_certificate(device);
}

/* The waits double, and are spread so that a fleet does not come back all at once. */
static bool back_off(struct http *http, unsigned attempt)
{
	uint8_t octet = 0;
	const unsigned least_s = 1U << (attempt - 1);
	(void)!getrandom(&octet, sizeof octet, 0);
	return http_wait(http, least_s + octet % (least_s + 1));
}

/* An order that the CA gave up, or that was cut short because the CA went away, is made anew (RFC 8555 7.1.6). */
static outcome work(struct device *device, struct http *http, EVP_PKEY *account)
{
	enum { most_attempts = 4 };
	uint8_t octets[tpm_certificate_room];
	struct buffer certificate = BUFFER(octets);
	if (device->options->ek_certificate != NULL)
		STEP(ek_file_load(device->options->ek_certificate, &certificate));
	STEP(tpm_ek_find(device->tpm, buffer_view(&certificate), &device->ek));
	STEP(device_set_identifier(device));
	for (unsigned attempt = 1;; attempt++) {
		const outcome result = try_once(device, http, account);
		if (result.code != exit_later || attempt == most_attempts || !back_off(http, attempt))
			return result;
		device_clear(device);
		outcome_note("ordering anew");
	}
}

/* `former`: the certificate to be replaced; NULL: none. */
static outcome enroll(const struct options *options, const struct state *state, X509 *former)
{
	static struct device device;
	struct http *http = NULL;
	EVP_PKEY *account = NULL;
	device.options = options;
	device.state = state;
	if (former != NULL)
		(void)renewal_name(former, device.replaces);
	STEP(state_try_room(state));
	outcome result = tpm_open(options->tcti, &device.tpm);
	if (result.code == exit_done)
		result = key_file_obtain(state->account, &account);
	if (result.code == exit_done)
		result = http_open(options->root, options->directory, &http);
	if (result.code == exit_done)
		result = work(&device, http, account);
	if (result.code == exit_done) {
		tell_certificate(state->device, device.key.chain);
		ledger_tell(device.entry, options->audit != NULL);
	}
	device_clear(&device);
	http_close(http);
	EVP_PKEY_free(account);
	tpm_close(device.tpm);
	return result;
}

/* The entry that was proven when the certificate came. */
static outcome load_entry(const struct state *state, json_t **out)
{
	static uint8_t text[http_body_room];
	struct buffer body = BUFFER(text);
	json_error_t error;
	STEP(key_file_load(state->entry, false, &body));
	*out = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error);
	return *out != NULL ? DONE : outcome_fail(exit_other, "%s is not JSON", state->entry);
}

/* When the CA says so (RFC 9773 4.2), but with a sixth of its life left in any case; a third, if the CA says nothing. */
static bool is_due(const struct options *options, const STACK_OF(X509) * chain)
{
	const uint64_t remaining_s = chain_remaining_s(chain), life_s = chain_life_s(chain);
	bool is_said = false, is_time = false;
	if (options->is_renew_before_set)
		return remaining_s <= options->renew_before_s;
	if (remaining_s <= life_s / 6)
		return true;
	if (renewal_ask(options, sk_X509_value(chain, 0), &is_said, &is_time).code != exit_done)
		outcome_note("without the CA's word, a certificate is renewed with a third of its life left");
	return is_said ? is_time : remaining_s <= life_s / 3;
}

/* Whether there is nothing to do: the certificate lasts, and the run that got it came to its end. */
static bool is_good(const struct options *options, const struct state *state, const STACK_OF(X509) * chain)
{
	json_t *entry = NULL;
	const bool is_finished = load_entry(state, &entry).code == exit_done && ledger_is_about(entry, chain);
	json_decref(entry);
	if (!is_finished)
		outcome_note("the run before this one was cut short; a new certificate is got");
	if (!is_finished || is_due(options, chain))
		return false;
	(void)printf("%s is valid for another %llu seconds; nothing to do\n", state->device,
		     (unsigned long long)chain_remaining_s(chain));
	return true;
}

static outcome renew(const struct options *options, const struct state *state)
{
	struct identity identity = {0};
	bool is_there = false;
	STEP(identity_load(state->device, &is_there, &identity));
	const bool is_enough = identity.chain != NULL && is_good(options, state, identity.chain);
	X509 *former = identity.chain == NULL ? NULL : sk_X509_value(identity.chain, 0);
	const outcome result = is_enough ? device_copy_chain(state, identity.chain) : enroll(options, state, former);
	identity_clear(&identity);
	return result;
}

static outcome show_chain(const struct state *state, const STACK_OF(X509) * chain)
{
	json_t *entry = NULL;
	tell_certificate(state->device, chain);
	STEP(load_entry(state, &entry));
	const bool is_about = ledger_is_about(entry, chain);
	if (is_about)
		ledger_tell(entry, false);
	json_decref(entry);
	return is_about ? DONE
			: outcome_fail(exit_other, "%s is about another certificate, of a run that was cut short; enroll again",
				       state->entry);
}

static outcome show(const struct state *state)
{
	struct identity identity = {0};
	bool is_there = false;
	STEP(identity_load(state->device, &is_there, &identity));
	if (identity.chain == NULL)
		return outcome_fail(exit_other, "there is no certificate in %s; enroll first", state->device);
	const outcome result = show_chain(state, identity.chain);
	identity_clear(&identity);
	return result;
}

static outcome ask_revocation(const struct options *options, const struct state *state, X509 *leaf)
{
	static struct acme acme;
	struct http *http = NULL;
	EVP_PKEY *account = NULL;
	unsigned char *der = NULL;
	const int size = i2d_X509(leaf, &der);
	outcome result = size > 0 ? key_file_read(state->account, &account) : outcome_fail(exit_other, "there is no memory");
	if (result.code == exit_done)
		result = http_open(options->root, options->directory, &http);
	if (result.code == exit_done)
		result = open_acme(options, http, account, &acme);
	if (result.code == exit_done)
		result = acme_revoke(&acme, bytes_from(der, (size_t)size), options->reason);
	OPENSSL_free(der);
	http_close(http);
	EVP_PKEY_free(account);
	return result;
}

/* Once the CA has given a word on the certificate, be it that it is revoked already, the next renew does not take it for
 * good: the entry is gone. */
static outcome revoke_certificate(const struct options *options, const struct state *state)
{
	struct identity identity = {0};
	bool is_there = false;
	STEP(identity_load(state->device, &is_there, &identity));
	outcome result = identity.chain != NULL
				 ? ask_revocation(options, state, sk_X509_value(identity.chain, 0))
				 : outcome_fail(exit_other, "there is no certificate in %s", state->device);
	identity_clear(&identity);
	if ((result.code == exit_done || result.code == exit_refused) && unlink(state->entry) != 0 && errno != ENOENT)
		return outcome_fail(exit_other, "%s cannot be removed", state->entry);
	if (result.code == exit_done)
		(void)printf("the certificate in %s is revoked\n", state->device);
	return result;
}

static outcome run(const struct options *options)
{
	struct state state = {.folder = -1};
	const bool may_make = options->command == options_enroll || options->command == options_renew;
	STEP(state_open(options->state, may_make, &state));
	const outcome result = options->command == options_show	   ? show(&state)
			       : options->command == options_renew ? renew(options, &state)
			       : options->command == options_revoke
				       ? revoke_certificate(options, &state)
								   : enroll(options, &state, NULL);
	state_close(&state);
	return result;
}

int main(int count, char **words)
{
	struct options options;
	/* Neither proxies, roots nor key logs by the environment; the TSS would write its own lines for what we expect.
	 */
	if (clearenv() != 0 || setenv("TSS2_LOG", "all+none", 1) != 0)
		return exit_other;
	outcome result = options_read(count, words, &options);
	if (result.code == exit_done && options.command == options_help)
		options_tell();
	else if (result.code == exit_done)
		result = run(&options);
	return result.code;
}
