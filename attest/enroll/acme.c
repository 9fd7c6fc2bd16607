/* SPDX-License-Identifier: Apache-2.0
 * Directory, account and AK enrolment. Distrusts every answer. */
#include "attest/enroll/acme.h"

#include <stdio.h>
#include <stdlib.h>

#include "attest/enroll/answer.h"
#include "attest/enroll/post.h"
#include "ca/jose/base64url.h"
#include "ca/jose/jwk.h"

static outcome read_directory(struct acme *acme, const char *url)
{
	json_t *object = NULL;
	STEP(answer_get(acme->client.http, url, "the directory", &object));
	outcome result = answer_text(object, "newNonce", acme->client.new_nonce, sizeof acme->client.new_nonce);
	if (result.code == exit_done)
		result = answer_text(object, "newAccount", acme->new_account, sizeof acme->new_account);
	if (result.code == exit_done)
		result = answer_text(object, "newOrder", acme->new_order, sizeof acme->new_order);
	const json_t *own = json_object_get(object, "keyward");
	if (result.code == exit_done && own != NULL)
		result = answer_text(own, "akEnrolment", acme->ak_enrolment, sizeof acme->ak_enrolment);
	if (result.code == exit_done && json_object_get(object, "revokeCert") != NULL)
		result = answer_text(object, "revokeCert", acme->revoke, sizeof acme->revoke);
	acme->knows_renewal = json_object_get(object, "renewalInfo") != NULL;
	json_decref(object);
	return result;
}

static outcome set_thumbprint(struct acme *acme, EVP_PKEY *key)
{
	uint8_t form[jwk_canonical_room], digest[jwk_thumbprint_size];
	struct buffer canonical = BUFFER(form);
	struct buffer text = {.data = (uint8_t *)acme->thumbprint, .room = sizeof acme->thumbprint - 1};
	if (is_refused(jwk_build(key, &canonical)) ||
	    EVP_Digest(canonical.data, canonical.size, digest, NULL, EVP_sha256(), NULL) != 1 ||
	    !base64url_encode(BYTES_OF(digest), &text))
		return outcome_fail(exit_other, "the account's key is of no kind that ACME takes");
	return DONE;
}

static bool add_binding(const struct acme *acme, const struct binding *binding, struct buffer *out)
{
	static const char name[] = ",\"externalAccountBinding\":";
	return binding->kid == NULL || (buffer_add(out, name, sizeof name - 1) &&
					binding_write(binding, acme->client.key, acme->new_account, out));
}

/* The same request finds an account and opens one (RFC 8555 7.3.1). */
static outcome find_account(struct acme *acme, const struct binding *binding)
{
	static const char start[] = "{\"termsOfServiceAgreed\":true";
	uint8_t octets[8192];
	struct buffer payload = BUFFER(octets);
	struct http_answer answer;
	if (!buffer_add(&payload, start, sizeof start - 1) || !add_binding(acme, binding, &payload) || !buffer_add(&payload, "}", 1))
		return outcome_fail(exit_usage, "the name of the key of --eab-kid is too long, or not UTF-8");
	STEP(signed_post(&acme->client, acme->new_account, buffer_view(&payload), &answer));
	if (answer.location[0] == 0)
		return outcome_fail(exit_network, "the CA does not say where the account is");
	memcpy(acme->client.kid, answer.location, sizeof acme->client.kid);
	return DONE;
}

outcome acme_open(struct http *http, EVP_PKEY *key, const char *directory, const struct binding *binding, struct acme *out)
{
	struct acme acme = {.client = {.http = http, .key = key}};
	STEP(set_thumbprint(&acme, key));
	STEP(read_directory(&acme, directory));
	STEP(find_account(&acme, binding));
	*out = acme;
	return DONE;
}

static json_t *build_intermediates(const struct acme_endorsement *endorsement)
{
	json_t *list = json_array();
	for (size_t i = 0; i < endorsement->intermediate_count; i++) {
		uint8_t text[tpm_certificate_room * 2];
		struct buffer out = BUFFER(text);
		if (!base64url_encode(endorsement->intermediates[i], &out) ||
		    json_array_append_new(list, json_stringn((const char *)text, out.size)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static outcome read_credential(const json_t *object, struct acme_activation *out)
{
	struct buffer credential = BUFFER(out->credential), secret = BUFFER(out->encrypted_secret);
	STEP(answer_octets(object, "credential", &credential));
	STEP(answer_octets(object, "encryptedSecret", &secret));
	out->credential_size = credential.size;
	out->encrypted_secret_size = secret.size;
	return DONE;
}

outcome acme_ak_begin(struct acme *acme, const struct acme_endorsement *endorsement, struct acme_activation *out)
{
	const struct tpm_ek *ek = endorsement->ek;
	struct http_answer answer;
	struct acme_activation activation = {.url = ""};
	json_t *payload = json_object(), *object = NULL;
	if (acme->ak_enrolment[0] == 0 || payload == NULL ||
	    !answer_add_octets(payload, "ekCertificate", bytes_from(ek->certificate, ek->certificate_size)) ||
	    json_object_set_new(payload, "ekIntermediates", build_intermediates(endorsement)) != 0 ||
	    !answer_add_octets(payload, "ekPublic", bytes_from(ek->area, ek->area_size)) ||
	    !answer_add_octets(payload, "akPublic", endorsement->ak_area)) {
		json_decref(payload);
		return outcome_fail(exit_refused, "this CA does not enrol attestation keys");
	}
	STEP(post_object(acme, acme->ak_enrolment, payload, &answer));
	memcpy(activation.url, answer.location, sizeof activation.url);
	if (activation.url[0] == 0)
		return outcome_fail(exit_network, "the CA does not say where the activation goes on");
	STEP(answer_read(&answer, acme->ak_enrolment, &object));
	const outcome result = read_credential(object, &activation);
	json_decref(object);
	STEP(result);
	*out = activation;
	return DONE;
}

outcome acme_ak_finish(struct acme *acme, const struct acme_activation *activation, struct bytes secret,
		       struct bytes *pem)
{
	struct http_answer answer;
	json_t *payload = json_object();
	if (payload == NULL || !answer_add_octets(payload, "secret", secret)) {
		json_decref(payload);
		return outcome_fail(exit_other, "there is no memory");
	}
	STEP(post_object(acme, activation->url, payload, &answer));
	*pem = answer.body;
	return DONE;
}

outcome acme_revoke(struct acme *acme, struct bytes certificate, uint64_t reason)
{
	struct http_answer answer;
	json_t *payload = json_pack("{s:I}", "reason", (json_int_t)reason);
	if (acme->revoke[0] == 0 || payload == NULL || !answer_add_octets(payload, "certificate", certificate)) {
		json_decref(payload);
		return outcome_fail(exit_refused, "this CA revokes no certificates");
	}
	return post_object(acme, acme->revoke, payload, &answer);
}
