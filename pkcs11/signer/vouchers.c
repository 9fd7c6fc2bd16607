/* SPDX-License-Identifier: Apache-2.0
 * Opens vouchers, each with its own key, and puts each to the identifier that it is for. Distrusts every field of the
 * message, and each voucher beyond what its maker may say. */
#include "pkcs11/signer/vouchers.h"

#include <openssl/evp.h>

#include "firmware/boundary/challenge.h"
#include "firmware/boundary/voucher.h"

/* What every voucher says of where it belongs. */
struct bond {
	struct bytes directory, order;
	const uint8_t *thumbprint;
};

static bool is_same(const struct vouchers *with, struct bond bond)
{
	return bytes_equal(bond.directory, with->request.directory) && bytes_equal(bond.order, with->request.order) &&
	       memcmp(bond.thumbprint, with->request.account_thumbprint, 32) == 0;
}

static status open_request(const struct message_signer_settings *settings, const struct message_issue *ask,
			   struct vouchers *out)
{
	struct message_request_voucher *request = &out->request;
	TRY(voucher_open(message_request_voucher, ask->request_voucher, settings->request_key, request));
	TRY(voucher_judge_expiry(request->expires_boot_s));
	if (request->order.size == 0 || !bytes_equal(request->order, ask->order))
		return REFUSE(voucher_mismatch);
	for (size_t i = 0; i < request->identifiers.count; i++) {
		struct message_identifier *identifier = &out->identifiers[i];
		TRY(wire_decode(message_identifier, request->identifiers.at[i], identifier));
		TRY(identifier_judge(identifier->type, identifier->value));
	}
	out->count = request->identifiers.count;
	return OK;
}

/* Marks the identifier that a voucher is for. */
static status mark(const struct vouchers *with, struct bytes type, struct bytes value, bool is_vouched[identifiers_most],
		   size_t *at)
{
	for (size_t i = 0; i < with->count; i++) {
		if (is_vouched[i] || !bytes_equal(with->identifiers[i].type, type) ||
		    !bytes_equal(with->identifiers[i].value, value))
			continue;
		is_vouched[i] = true;
		*at = i;
		return OK;
	}
	return REFUSE(voucher_mismatch);
}

static status open_device(const struct message_signer_settings *settings, struct bytes sealed,
			  bool is_vouched[identifiers_most], struct vouchers *out)
{
	struct message_device_voucher *device = &out->device;
	uint8_t digest[EVP_MAX_MD_SIZE];
	TRY(voucher_open(message_device_voucher, sealed, settings->device_key, device));
	TRY(voucher_judge_expiry(device->expires_boot_s));
	if (!is_same(out, (struct bond){device->directory, device->order, device->account_thumbprint}))
		return REFUSE(voucher_mismatch);
	if (!identifier_is_device(device->identifier_type))
		return REFUSE(identifier_type_unsupported);
	if (EVP_Digest(out->request.spki.data, out->request.spki.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	if (memcmp(digest, device->spki_hash, sizeof device->spki_hash) != 0)
		return REFUSE(voucher_mismatch);
	TRY(mark(out, device->identifier_type, device->identifier, is_vouched, &out->first));
	if (device->certified.size != 0) /* its grammar the certificate's builder judges */
		out->identifiers[out->first].value = device->certified;
	out->has_device = true;
	memcpy(out->evidence_hash, device->evidence_hash, sizeof out->evidence_hash);
	memcpy(out->configuration_hash, device->configuration_hash, sizeof out->configuration_hash);
	return OK;
}

/* The prober speaks of names alone, and each is proven by a challenge that can prove it. */
static status open_name(const struct message_signer_settings *settings, struct bytes sealed,
			bool is_vouched[identifiers_most], struct vouchers *out)
{
	struct message_name_voucher name;
	enum challenge challenge;
	size_t at;
	TRY(voucher_open(message_name_voucher, sealed, settings->name_key, &name));
	TRY(voucher_judge_expiry(name.expires_boot_s));
	if (!is_same(out, (struct bond){name.directory, name.order, name.account_thumbprint}) ||
	    !challenge_find(name.challenge, &challenge) || challenge == challenge_device_attest_01 ||
	    !challenge_fits(challenge, name.identifier_type, name.identifier))
		return REFUSE(voucher_mismatch);
	TRY(mark(out, name.identifier_type, name.identifier, is_vouched, &at));
	if (!out->has_device)
		memcpy(out->configuration_hash, name.configuration_hash, sizeof out->configuration_hash);
	return OK;
}

static status hash_evidence(const struct message_issue *ask, struct vouchers *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_hashed = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	for (size_t i = 0; is_hashed && i < ask->name_vouchers.count; i++)
		is_hashed = EVP_DigestUpdate(context, ask->name_vouchers.at[i].data, ask->name_vouchers.at[i].size) == 1;
	is_hashed = is_hashed && EVP_DigestFinal_ex(context, out->evidence_hash, NULL) == 1;
	EVP_MD_CTX_free(context);
	return is_hashed ? OK : REFUSE(internal);
}

status vouchers_open(const struct message_signer_settings *settings, const struct message_issue *request,
		     struct vouchers *out)
{
	bool is_vouched[identifiers_most] = {false};
	out->has_device = false;
	out->first = 0;
	TRY(open_request(settings, request, out));
	if (request->device_voucher.size != 0)
		TRY(open_device(settings, request->device_voucher, is_vouched, out));
	for (size_t i = 0; i < request->name_vouchers.count; i++)
		TRY(open_name(settings, request->name_vouchers.at[i], is_vouched, out));
	for (size_t i = 0; i < out->count; i++)
		if (!is_vouched[i])
			return REFUSE(voucher_missing);
	if (out->count == 0)
		return REFUSE(voucher_missing);
	return out->has_device ? OK : hash_evidence(request, out);
}
