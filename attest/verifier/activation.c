/* SPDX-License-Identifier: Apache-2.0
 * Decides that an AK lives in the TPM of a maker's EK: first the EK and the AK are judged, then a secret is sent that only this
 * TPM opens. Keeps nothing in between; what has to be known again travels sealed. Distrusts every byte. */
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "attest/verifier/bundle.h"
#include "attest/verifier/creation.h"
#include "attest/verifier/credential.h"
#include "attest/verifier/rsa_key.h"
#include "attest/verifier/tpm_key.h"
#include "attest/verifier/vendor.h"
#include "attest/verifier/verifier.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

#define EK_CERTIFICATE_USAGE "2.23.133.8.1"
enum { secret_size = 32, made_here = tpm_fixed_tpm | tpm_fixed_parent | tpm_sensitive_data_origin | tpm_restricted };

/* What becomes known while the checks go on. */
struct enrolment {
	const struct verifier_directory *directory;
	X509 *certificate;
	EVP_PKEY *ek, *ak;
	struct tpm_public ek_public, ak_public;
	struct certificate_names names;
	uint8_t ek_hash[32], root_hash[32];
	uint8_t secret[secret_size];
};

static void close_enrolment(struct enrolment *enrolment)
{
	X509_free(enrolment->certificate);
	EVP_PKEY_free(enrolment->ek);
	EVP_PKEY_free(enrolment->ak);
	OPENSSL_cleanse(enrolment->secret, sizeof enrolment->secret);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_stack(STACK_OF(X509) **stack)
{
	bundle_free(*stack);
}

/* An NV index may be longer than its certificate; makers leave the rest as it was written or erased. */
static struct bytes trim_padding(struct bytes in)
{
	const uint8_t *at = in.data;
	long length = 0;
	int tag = 0, class = 0;
	if (in.size == 0 || in.size > INT32_MAX)
		return in;
	const int form = ASN1_get_object(&at, &length, &tag, &class, (long)in.size);
	if ((form & 0x80) != 0 || form != V_ASN1_CONSTRUCTED || length < 0)
		return in; /* certificate_parse refuses it */
	const size_t end = (size_t)(at - in.data) + (size_t)length;
	for (size_t i = end; i < in.size; i++)
		if (in.data[i] != in.data[end] || (in.data[i] != 0x00 && in.data[i] != 0xff))
			return in;
	return bytes_from(in.data, end < in.size ? end : in.size);
}

static status judge_chain(const struct message_ak_begin *ask, struct enrolment *enrolment,
			  struct detail *detail)
{
	__attribute__((cleanup(free_stack))) STACK_OF(X509) *intermediates = sk_X509_new_null();
	if (intermediates == NULL)
		return REFUSE(internal);
	for (size_t i = 0; i < ask->ek_intermediates.count; i++) {
		X509 *one = certificate_parse(ask->ek_intermediates.at[i]);
		if (one == NULL) {
			detail_say(detail, "intermediate %zu is not exactly one DER certificate", i + 1);
			return REFUSE(ek_certificate_malformed);
		}
		if (sk_X509_push(intermediates, one) <= 0) {
			X509_free(one);
			return REFUSE(internal);
		}
	}
	if (!bundle_add(enrolment->directory->ek_intermediates, intermediates))
		return REFUSE(internal);
	const struct chain_question question = {enrolment->certificate, intermediates, chain_any_order,
						&enrolment->directory->ek_roots, &enrolment->directory->revoked};
	const enum chain_verdict verdict = chain_verify(&question, enrolment->root_hash, detail);
	if (verdict == chain_revoked)
		return REFUSE(attestation_certificate_revoked);
	return verdict == chain_good ? OK : REFUSE(ek_certificate_untrusted);
}

/* Takes the certificate over, or frees it. */
static bool take_if_meant(X509 *certificate, const EVP_PKEY *ek, struct enrolment *enrolment)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	const bool is_meant = key != NULL && (ek != NULL ? EVP_PKEY_eq(key, ek) == 1 : EVP_PKEY_is_a(key, "RSA"));
	if (!is_meant) {
		X509_free(certificate);
		return false;
	}
	enrolment->certificate = certificate;
	return true;
}

/* Among all that were sent, since who sends them need not know which one it is; those that stand in no way of it are passed over, and
 * are judged as parts of its chain. */
static status find_ek_certificate(const struct message_ak_begin *ask, struct enrolment *enrolment)
{
	const unsigned char *at = ask->ek_spki.data;
	__attribute__((cleanup(free_key))) EVP_PKEY *ek = ask->ek_spki.size == 0 ? NULL : d2i_PUBKEY(NULL, &at, (long)ask->ek_spki.size);
	if (ask->ek_spki.size != 0 && (ek == NULL || at != ask->ek_spki.data + ask->ek_spki.size))
		return REFUSE(ek_public_wrong);
	for (size_t i = 0; i <= ask->ek_intermediates.count; i++) {
		X509 *one = certificate_parse(i == 0 ? trim_padding(ask->ek_certificate) : ask->ek_intermediates.at[i - 1]);
		if (one == NULL)
			return REFUSE(ek_certificate_malformed);
		if (take_if_meant(one, ek, enrolment))
			return OK;
	}
	if (ek != NULL)
		return REFUSE(ek_certificate_absent);
	enrolment->certificate = certificate_parse(trim_padding(ask->ek_certificate));
	return enrolment->certificate != NULL ? OK : REFUSE(internal);
}

/* With its public area comes the one certificate that is its own. */
static status read_ek_certificate(const struct message_ak_begin *ask, struct enrolment *enrolment)
{
	if (ask->ek_public.size == 0)
		return find_ek_certificate(ask, enrolment);
	enrolment->certificate = certificate_parse(trim_padding(ask->ek_certificate));
	return enrolment->certificate != NULL ? OK : REFUSE(ek_certificate_malformed);
}

static status judge_ek_certificate(const struct message_ak_begin *ask, struct enrolment *enrolment, struct detail *detail)
{
	TRY(read_ek_certificate(ask, enrolment));
	if (!certificate_has_usage(enrolment->certificate, EK_CERTIFICATE_USAGE) ||
	    (X509_get_extension_flags(enrolment->certificate) & (EXFLAG_CA | EXFLAG_INVALID)) != 0)
		return REFUSE(ek_certificate_usage);
	TRY(judge_chain(ask, enrolment, detail));
	return certificate_spki_hash(enrolment->certificate, enrolment->ek_hash) ? OK : REFUSE(internal);
}

static bool has_attributes(const struct tpm_public *public, uint32_t set, uint32_t clear)
{
	return (public->attributes & set) == set && (public->attributes & clear) == 0;
}

static bool is_strong_key(const struct tpm_public *public, bool may_be_p521)
{
	if (public->type == tpm_rsa)
		return public->bits >= 2048 && public->exponent >= 65537 && public->exponent % 2 == 1;
	return public->curve == tpm_p256 || public->curve == tpm_p384 || (may_be_p521 && public->curve == tpm_p521);
}

/* What is wrong with a public area as an EK's; NULL: nothing. */
static const char *fault_of_ek(const struct tpm_public *ek)
{
	if (!has_attributes(ek, made_here | tpm_decrypt, tpm_sign))
		return "the EK is not a restricted decryption key made in the TPM";
	if (ek->symmetric != tpm_aes || ek->symmetric_mode != tpm_cfb ||
	    (ek->symmetric_bits != 128 && ek->symmetric_bits != 256) || ek->scheme != tpm_null)
		return "the EK does not protect its children by AES in CFB mode";
	if (!is_strong_key(ek, false))
		return "the EK is too weak or on an unsupported curve";
	return tpm_key_digest(ek->name_algorithm) != NULL ? NULL : "the EK's nameAlg is not taken";
}

/* The public area, or, where none was sent, what the TCG's template makes of the certificate's key. */
static const char *read_ek_public(struct bytes area, struct enrolment *enrolment)
{
	EVP_PKEY *certified = X509_get0_pubkey(enrolment->certificate);
	if (area.size == 0)
		return certified != NULL && tpm_key_ek_area(certified, &enrolment->ek_public) ? NULL : "no template of the TCG is for the EK's key";
	return is_refused(tpm_public_parse(area, &enrolment->ek_public)) ? "the EK's public area does not parse" : NULL;
}

static const char *open_ek(struct bytes area, struct enrolment *enrolment)
{
	EVP_PKEY *certified = X509_get0_pubkey(enrolment->certificate);
	enrolment->ek = area.size == 0 ? X509_get_pubkey(enrolment->certificate) : tpm_key_open(&enrolment->ek_public);
	if (enrolment->ek == NULL || certified == NULL || EVP_PKEY_eq(enrolment->ek, certified) != 1)
		return "the public area is of another key than the EK certificate";
	return rsa_key_is_factorable(enrolment->ek) ? "the EK was made by a faulty generator" : NULL;
}

static status judge_ek_public(struct bytes area, struct enrolment *enrolment, struct detail *detail)
{
	const char *fault = read_ek_public(area, enrolment);
	if (fault == NULL)
		fault = fault_of_ek(&enrolment->ek_public);
	if (fault == NULL)
		fault = open_ek(area, enrolment);
	if (fault == NULL)
		return OK;
	detail_say(detail, "%s", fault);
	return REFUSE(ek_public_wrong);
}

/* Each root that is the chain's last certificate and is for this vendor permits it. */
static bool may_certify(const struct verifier_directory *directory, const uint8_t root_hash[32], const struct vendor *vendor)
{
	uint8_t hash[32];
	for (size_t i = 0; i < directory->ek_roots.count; i++)
		if (vendor_set_has(directory->ek_vendors[i], vendor) &&
		    X509_digest(directory->ek_roots.at[i], EVP_sha256(), hash, NULL) == 1 && memcmp(hash, root_hash, sizeof hash) == 0)
			return true;
	return false;
}

static status judge_vendor(struct enrolment *enrolment, struct detail *detail)
{
	const struct certificate_names *names = &enrolment->names;
	if (!certificate_names_read(enrolment->certificate, &enrolment->names) || !names->is_printable ||
	    names->model[0] == 0 || names->version[0] == 0) { /* the AK certificate will have to say them */
		detail_say(detail, "the EK certificate's alternative name lacks the TPM's model or version, or cannot be read");
		return REFUSE(tpm_vendor_unknown);
	}
	const struct vendor *vendor = vendor_find(names->manufacturer);
	if (vendor == NULL) {
		detail_say(detail, "manufacturer %s", names->manufacturer);
		return REFUSE(tpm_vendor_unknown);
	}
	if (vendor->is_virtual && enrolment->directory->rules.may_be_virtual != 1) {
		detail_say(detail, "manufacturer %s (%s)", names->manufacturer, vendor->name);
		return REFUSE(tpm_vendor_virtual);
	}
	if (!may_certify(enrolment->directory, enrolment->root_hash, vendor)) {
		detail_say(detail, "manufacturer %s (%s)", names->manufacturer, vendor->name);
		return REFUSE(ek_vendor_wrong);
	}
	return OK;
}

static bool is_signature_scheme(const struct tpm_public *ak)
{
	const bool fits = ak->type == tpm_rsa ? ak->scheme == tpm_rsassa || ak->scheme == tpm_rsapss : ak->scheme == tpm_ecdsa;
	return fits && tpm_key_digest(ak->scheme_hash) != NULL;
}

static const char *fault_of_ak(const struct tpm_public *ak)
{
	if (!has_attributes(ak, made_here | tpm_sign, tpm_decrypt))
		return "the AK is not a restricted signing key made in the TPM";
	if (!is_signature_scheme(ak))
		return "the AK's scheme is not RSASSA, RSAPSS or ECDSA with SHA-256 or better";
	if (!is_strong_key(ak, true))
		return "the AK is too weak or on an unsupported curve";
	if (ak->symmetric != tpm_null)
		return "the AK has a symmetric algorithm";
	return tpm_key_digest(ak->name_algorithm) != NULL ? NULL : "the AK's nameAlg is not taken";
}

static status judge_ak_public(struct bytes area, struct enrolment *enrolment, struct detail *detail)
{
	if (is_refused(tpm_public_parse(area, &enrolment->ak_public))) {
		detail_say(detail, "the AK's public area does not parse");
		return REFUSE(ak_public_wrong);
	}
	const char *fault = fault_of_ak(&enrolment->ak_public);
	if (fault == NULL) {
		enrolment->ak = tpm_key_open(&enrolment->ak_public);
		if (enrolment->ak == NULL)
			fault = "the AK's numbers are no key";
		else if (rsa_key_is_factorable(enrolment->ak))
			fault = "the AK was made by a faulty generator";
	}
	if (fault == NULL)
		return OK;
	detail_say(detail, "%s", fault);
	return REFUSE(ak_public_wrong);
}

/* Who sends no public area of the EK sends how the AK was made. */
static status judge_creation(const struct message_ak_begin *ask, const struct enrolment *enrolment, struct detail *detail)
{
	const struct creation_ak ak = {&enrolment->ak_public, ask->ak_public, enrolment->ak};
	return ask->ek_public.size != 0 ? OK : creation_judge(ask, ak, detail);
}

/* The fields of the voucher to be, without what is only known when the secret came back. */
static status encode_voucher(const struct message_ak_begin *ask, const struct enrolment *enrolment, struct buffer *out)
{
	uint8_t spki_room[1024];
	struct buffer spki = BUFFER(spki_room);
	struct message_ak_voucher voucher = {
		.directory = ask->directory,
		.tpm_manufacturer = bytes_from_text(enrolment->names.manufacturer),
		.tpm_model = bytes_from_text(enrolment->names.model),
		.tpm_version = bytes_from_text(enrolment->names.version),
	};
	if (!tpm_key_spki(enrolment->ak, &spki) || RAND_bytes(voucher.activation, sizeof voucher.activation) != 1)
		return REFUSE(internal);
	voucher.ak_spki = buffer_view(&spki);
	memcpy(voucher.account_thumbprint, ask->account_thumbprint, sizeof voucher.account_thumbprint);
	memcpy(voucher.ek_hash, enrolment->ek_hash, sizeof voucher.ek_hash);
	memcpy(voucher.ek_root_hash, enrolment->root_hash, sizeof voucher.ek_root_hash);
	return wire_encode(message_ak_voucher, &voucher, out);
}

static status seal_state(const struct verifier *verifier, const struct message_ak_begin *ask, const struct enrolment *enrolment,
			 struct buffer *room, struct message_ak_begun *out)
{
	uint8_t fields_room[1600];
	struct buffer fields = BUFFER(fields_room);
	struct message_ak_state state = {.expires_boot_s = clock_boot_s() + verifier_activation_life_s};
	const size_t before = room->size;
	TRY(encode_voucher(ask, enrolment, &fields));
	state.voucher_fields = buffer_view(&fields);
	memcpy(state.account_thumbprint, ask->account_thumbprint, sizeof state.account_thumbprint);
	if (EVP_Digest(enrolment->secret, secret_size, state.secret_hash, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	TRY(voucher_seal(message_ak_state, &state, verifier->settings.token_key, room));
	memcpy(out->secret_hash, state.secret_hash, sizeof out->secret_hash);
	out->state = bytes_from(room->data + before, room->size - before);
	return OK;
}

static status send_secret(const struct message_ak_begin *ask, struct enrolment *enrolment, struct buffer *room,
			  struct message_ak_begun *out)
{
	struct tpm_octets name;
	uint8_t credential_room[512], encrypted_room[2 + 512];
	struct buffer credential = BUFFER(credential_room), encrypted = BUFFER(encrypted_room);
	const size_t before = room->size;
	if (!tpm_key_name(&enrolment->ak_public, ask->ak_public, &name) ||
	    RAND_priv_bytes(enrolment->secret, secret_size) != 1 ||
	    !credential_make(enrolment->ek, &enrolment->ek_public, bytes_from(name.data, name.size),
			     bytes_from(enrolment->secret, secret_size), &credential, &encrypted) ||
	    !buffer_add(room, credential.data, credential.size) || !buffer_add(room, encrypted.data, encrypted.size))
		return REFUSE(internal);
	out->credential = bytes_from(room->data + before, credential.size);
	out->encrypted_secret = bytes_from(room->data + before + credential.size, encrypted.size);
	return OK;
}

static status begin(const struct verifier *verifier, const struct message_ak_begin *ask, struct buffer *room,
		    struct message_ak_begun *out, struct detail *detail)
{
	__attribute__((cleanup(close_enrolment))) struct enrolment enrolment = {.certificate = NULL};
	TRY(verifier_find_directory(verifier, ask->directory, &enrolment.directory));
	TRY(judge_ek_certificate(ask, &enrolment, detail));
	TRY(judge_ek_public(ask->ek_public, &enrolment, detail));
	TRY(judge_vendor(&enrolment, detail));
	TRY(judge_ak_public(ask->ak_public, &enrolment, detail));
	TRY(judge_creation(ask, &enrolment, detail));
	TRY(send_secret(ask, &enrolment, room, out));
	return seal_state(verifier, ask, &enrolment, room, out);
}

status verifier_ak_begin(const struct verifier *verifier, const struct message_ak_begin *ask, struct buffer *room,
			 struct message_ak_begun *out, struct detail *detail)
{
	struct message_ak_begun answer = {.credential = {0}};
	const size_t before = room->size;
	const status result = begin(verifier, ask, room, &answer, detail);
	if (is_refused(result))
		room->size = before;
	else
		*out = answer;
	return result;
}

static status open_state(const struct verifier *verifier, const struct message_ak_finish *ask, struct message_ak_state *state)
{
	if (is_refused(voucher_open(message_ak_state, ask->state, verifier->settings.token_key, state)) ||
	    is_refused(voucher_judge_expiry(state->expires_boot_s)) ||
	    CRYPTO_memcmp(state->account_thumbprint, ask->account_thumbprint, sizeof state->account_thumbprint) != 0)
		return REFUSE(activation_unknown);
	return OK;
}

static status judge_secret(struct bytes secret, const uint8_t secret_hash[32])
{
	uint8_t hash[32];
	if (secret.size != secret_size)
		return REFUSE(activation_wrong);
	if (EVP_Digest(secret.data, secret.size, hash, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	return CRYPTO_memcmp(hash, secret_hash, sizeof hash) == 0 ? OK : REFUSE(activation_wrong);
}

status verifier_ak_finish(const struct verifier *verifier, const struct message_ak_finish *ask, struct buffer *room,
			  struct message_ak_finished *out)
{
	struct message_ak_state state;
	struct message_ak_voucher voucher;
	const size_t before = room->size;
	TRY(open_state(verifier, ask, &state));
	TRY(judge_secret(ask->secret, state.secret_hash));
	TRY(wire_decode(message_ak_voucher, state.voucher_fields, &voucher));
	voucher.expires_boot_s = clock_boot_s() + verifier_voucher_life_s;
	memcpy(voucher.configuration_hash, verifier->configuration_hash, sizeof voucher.configuration_hash);
	TRY(voucher_seal(message_ak_voucher, &voucher, verifier->settings.ak_key, room));
	out->voucher = bytes_from(room->data + before, room->size - before);
	memcpy(out->ek_hash, voucher.ek_hash, sizeof out->ek_hash);
	return OK;
}
