/* SPDX-License-Identifier: Apache-2.0
 * The order of steps between TPM and CA. Distrusts what it loads and what it is given: chains are judged before they
 * are stored. */
#include "attest/enroll/device.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/enroll/csr.h"
#include "attest/enroll/ledger.h"
#include "attest/enroll/permanent_identifier.h"
#include "attest/enroll/statement.h"
#include "ca/client/key_file.h"

enum { least_ak_remaining_s = 600 };

static void name_by_ek(struct device *device)
{
	for (size_t i = 0; i < tpm_digest_size; i++)
		(void)snprintf(device->identifier + 2 * i, 3, "%02x", device->ek.spki_hash[i]);
}

outcome device_set_identifier(struct device *device)
{
	const char *given = device->options->identifier;
	if (given != NULL && (strlen(given) == 0 || strlen(given) >= sizeof device->identifier))
		return outcome_fail(exit_usage, "--identifier takes 1 to %zu octets", sizeof device->identifier - 1);
	if (given != NULL)
		memcpy(device->identifier, given, strlen(given) + 1);
	else
		name_by_ek(device);
	return DONE;
}

/* Intermediates of the TPM, then those of the file. */
static outcome collect_intermediates(const struct device *device, STACK_OF(X509) * chain, uint8_t *room,
				     struct acme_endorsement *out)
{
	for (size_t i = 0; i < device->ek.intermediate_count; i++)
		out->intermediates[out->intermediate_count++] =
			bytes_from(device->ek.intermediates[i].der, device->ek.intermediates[i].size);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint8_t *at = room;
		const int size = i2d_X509(sk_X509_value(chain, i), NULL);
		if (out->intermediate_count == tpm_most_intermediates || size <= 0 || size > tpm_certificate_room)
			return outcome_fail(exit_usage, "the EK's chain has more than %d certificates, or a long one",
					    tpm_most_intermediates);
		(void)i2d_X509(sk_X509_value(chain, i), &at);
		out->intermediates[out->intermediate_count++] = bytes_from(room, (size_t)size);
		room = at;
	}
	return DONE;
}

static outcome begin_activation(struct device *device, struct acme_activation *out)
{
	static uint8_t room[tpm_most_intermediates * tpm_certificate_room];
	struct acme_endorsement endorsement = {.ek = &device->ek, .ak_area = tpm_area(&device->ak.key)};
	STACK_OF(X509) *chain = NULL;
	if (device->options->ek_chain != NULL)
		STEP(chain_load(device->options->ek_chain, &chain));
	outcome result = collect_intermediates(device, chain, room, &endorsement);
	chain_free(chain);
	if (result.code == exit_done)
		result = acme_ak_begin(&device->acme, &endorsement, out);
	return result;
}

/* The AK shows that it lives beside the EK: only that TPM can open the CA's secret. */
outcome device_enrol_ak(struct device *device)
{
	struct acme_activation activation;
	uint8_t octets[tpm_secret_room];
	struct buffer secret = BUFFER(octets);
	struct bytes pem;
	chain_free(device->ak.chain);
	device->ak.chain = NULL;
	STEP(begin_activation(device, &activation));
	STEP(tpm_activate(device->tpm, &device->ek, &device->ak.key,
			  bytes_from(activation.credential, activation.credential_size),
			  bytes_from(activation.encrypted_secret, activation.encrypted_secret_size), &secret));
	const outcome given = acme_ak_finish(&device->acme, &activation, buffer_view(&secret), &pem);
	OPENSSL_cleanse(octets, sizeof octets);
	STEP(given);
	STEP(chain_read(pem, "the attestation key's chain", &device->ak.chain));
	STEP(chain_judge(device->ak.chain, device->options->root, tpm_area(&device->ak.key)));
	return identity_store(device->state->ak, &device->ak);
}

outcome device_obtain_ak(struct device *device)
{
	bool is_there = false, is_ours = false;
	STEP(identity_load(device->state->ak, &is_there, &device->ak));
	if (is_there)
		STEP(tpm_key_try(device->tpm, &device->ak.key, &is_ours));
	if (is_there && !is_ours)
		outcome_note("the attestation key of %s is not this TPM's, or the TPM was cleared; a new one is made",
			     device->state->ak);
	if (is_ours && device->ak.chain != NULL && chain_remaining_s(device->ak.chain) > least_ak_remaining_s &&
	    chain_judge(device->ak.chain, device->options->root, tpm_area(&device->ak.key)).code == exit_done)
		return DONE;
	if (!is_ours)
		STEP(tpm_key_make(device->tpm, tpm_key_ak, &device->ak.key));
	return device_enrol_ak(device);
}

static outcome attest(struct device *device)
{
	uint8_t binding[tpm_digest_size], attest_octets[tpm_statement_room], signature_octets[tpm_statement_room];
	struct buffer attested = BUFFER(attest_octets), signature = BUFFER(signature_octets);
	struct buffer object = {.data = malloc(acme_statement_room), .room = acme_statement_room};
	if (object.data == NULL)
		return outcome_fail(exit_other, "there is no memory");
	outcome result = acme_binding(&device->acme, &device->order, binding);
	if (result.code == exit_done)
		result = tpm_certify(device->tpm, &device->key.key, &device->ak.key, binding, &attested, &signature);
	const struct statement statement = {.ak_chain = device->ak.chain,
					    .attest = buffer_view(&attested),
					    .signature = buffer_view(&signature),
					    .area = tpm_area(&device->key.key)};
	if (result.code == exit_done)
		result = statement_build(&statement, &object);
	if (result.code == exit_done)
		result = acme_attest(&device->acme, &device->order, buffer_view(&object));
	free(object.data);
	return result;
}

/* For programs that stumble over a key of another kind in front; device.pem is what counts. */
outcome device_copy_chain(const struct state *state, const STACK_OF(X509) * chain)
{
	uint8_t octets[key_file_room], present_octets[key_file_room];
	struct buffer pem = BUFFER(octets), present = BUFFER(present_octets);
	if (!chain_write(chain, &pem))
		return outcome_fail(exit_other, "the certificate's chain is too long");
	if (access(state->certificate, F_OK) == 0 &&
	    key_file_load(state->certificate, false, &present).code == exit_done &&
	    bytes_equal(buffer_view(&present), buffer_view(&pem)))
		return DONE;
	return key_file_store(state->certificate, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, buffer_view(&pem));
}

static outcome prove_entry(struct device *device)
{
	const struct ledger_claim claim = {.chain = device->key.chain,
					   .order = acme_order_name(&device->order),
					   .identifier = device->identifier,
					   .audit_file = device->options->audit};
	STEP(acme_entry(&device->acme, &device->order, &device->entry));
	return ledger_prove(device->entry, &claim);
}

/* Key and certificate are one file, so a run that is cut short leaves the former pair or the new one. The entry goes
 * first: beside another certificate it shows that this was not finished. */
static outcome store(struct device *device)
{
	char *text = json_dumps(device->entry, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	if (text == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome stored = key_file_store(device->state->entry, S_IRUSR | S_IWUSR, bytes_from_text(text));
	free(text);
	STEP(stored);
	STEP(identity_store(device->state->device, &device->key));
	return device_copy_chain(device->state, device->key.chain);
}

/* As it ordered, or, where that was a code for one time, by its EK. */
static bool is_named(struct device *device, X509 *leaf)
{
	if (permanent_identifier_is_in(leaf, device->identifier))
		return true;
	name_by_ek(device);
	return permanent_identifier_is_in(leaf, device->identifier);
}

outcome device_obtain_certificate(struct device *device)
{
	uint8_t octets[8192];
	struct buffer csr = BUFFER(octets);
	struct bytes pem;
	device->order = (struct acme_order){.url = ""};
	const struct acme_wish wish = {device->identifier, device->options->profile, device->replaces};
	STEP(acme_order_new(&device->acme, &wish, &device->order));
	STEP(tpm_key_make(device->tpm, device->options->key_kind, &device->key.key));
	STEP(attest(device));
	STEP(csr_build(device->tpm, &device->key.key, device->identifier, &csr));
	STEP(acme_finalize(&device->acme, &device->order, buffer_view(&csr), &pem));
	STEP(chain_read(pem, "the certificate", &device->key.chain));
	STEP(chain_judge(device->key.chain, device->options->root, tpm_area(&device->key.key)));
	if (!is_named(device, sk_X509_value(device->key.chain, 0)))
		return outcome_fail(exit_refused, "the CA's certificate names another device than %s",
				    device->identifier);
	STEP(prove_entry(device));
	return store(device);
}

void device_clear(struct device *device)
{
	identity_clear(&device->ak);
	identity_clear(&device->key);
	json_decref(device->entry);
	device->entry = NULL;
}
