/* SPDX-License-Identifier: Apache-2.0
 * keyward-enroll: a device with a TPM 2.0 gets a certificate, and renews and shows it. Distrusts the CA, the network
 * and the state folder. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "attest/enroll/device.h"
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

static outcome store_entry(const struct state *state, const json_t *entry)
{
	char *text = json_dumps(entry, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	if (text == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome result = key_file_store(state->entry, S_IRUSR | S_IWUSR, bytes_from_text(text));
	free(text);
	return result;
}

static outcome prove_entry(struct device *device)
{
	json_t *entry = NULL;
	const struct ledger_claim claim = {.chain = device->key.chain,
					   .order = acme_order_name(&device->order),
					   .identifier = device->identifier,
					   .audit_file = device->options->audit};
	STEP(acme_entry(&device->acme, &device->order, &entry));
	outcome result = ledger_prove(entry, &claim);
	if (result.code == exit_done)
		result = store_entry(device->state, entry);
	if (result.code == exit_done) { /* last, for whoever reads may have gone */
		tell_certificate(device->state->device, device->key.chain);
		ledger_tell(entry, claim.audit_file != NULL);
	}
	json_decref(entry);
	return result;
}

static outcome work(struct device *device, struct http *http, EVP_PKEY *account)
{
	STEP(tpm_ek_find(device->tpm, &device->ek));
	STEP(device_set_identifier(device));
	STEP(acme_open(http, account, device->options->directory, &device->acme));
	STEP(device_obtain_ak(device));
	STEP(device_obtain_certificate(device));
	return prove_entry(device);
}

static outcome enroll(const struct options *options, const struct state *state)
{
	static struct device device;
	struct http *http = NULL;
	EVP_PKEY *account = NULL;
	device.options = options;
	device.state = state;
	outcome result = tpm_open(options->tcti, &device.tpm);
	if (result.code == exit_done)
		result = key_file_obtain(state->account, &account);
	if (result.code == exit_done)
		result = http_open(options->root, options->directory, &http);
	if (result.code == exit_done)
		result = work(&device, http, account);
	device_clear(&device);
	http_close(http);
	EVP_PKEY_free(account);
	tpm_close(device.tpm);
	return result;
}

static outcome renew(const struct options *options, const struct state *state)
{
	struct identity identity = {0};
	bool is_there = false;
	STEP(identity_load(state->device, &is_there, &identity));
	const uint64_t remaining_s = identity.chain == NULL ? 0 : chain_remaining_s(identity.chain);
	identity_clear(&identity);
	if (remaining_s <= options->renew_before_s)
		return enroll(options, state);
	(void)printf("%s is valid for another %llu seconds; nothing to do\n", state->device,
		     (unsigned long long)remaining_s);
	return DONE;
}

static outcome show_entry(const struct state *state)
{
	static uint8_t text[http_body_room];
	struct buffer body = BUFFER(text);
	json_error_t error;
	STEP(key_file_load(state->entry, false, &body));
	json_t *entry = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error);
	if (entry == NULL)
		return outcome_fail(exit_other, "%s is not JSON", state->entry);
	ledger_tell(entry, false);
	json_decref(entry);
	return DONE;
}

static outcome show(const struct state *state)
{
	struct identity identity = {0};
	bool is_there = false;
	STEP(identity_load(state->device, &is_there, &identity));
	if (identity.chain == NULL)
		return outcome_fail(exit_other, "there is no certificate in %s; enroll first", state->device);
	tell_certificate(state->device, identity.chain);
	identity_clear(&identity);
	return show_entry(state);
}

static outcome run(const struct options *options)
{
	struct state state = {.folder = -1};
	STEP(state_open(options->state, options->command != options_show, &state));
	const outcome result = options->command == options_show	   ? show(&state)
			       : options->command == options_renew ? renew(options, &state)
								   : enroll(options, &state);
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
	if (result.code == exit_done)
		result = run(&options);
	return result.code;
}
