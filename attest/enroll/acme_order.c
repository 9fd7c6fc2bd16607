/* SPDX-License-Identifier: Apache-2.0
 * Order, challenge, finalize, certificate and ledger entry. Distrusts every answer. */
#include <stdio.h>
#include <string.h>

#include "attest/enroll/acme.h"
#include "attest/enroll/answer.h"
#include "attest/enroll/post.h"

/* The device-attest-01 challenge of an authorization; NULL: none. */
static const json_t *find_challenge(const json_t *authorization)
{
	const json_t *list = json_object_get(authorization, "challenges");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(answer_word(json_array_get(list, i), "type"), "device-attest-01") == 0)
			return json_array_get(list, i);
	return NULL;
}

/* What a failed object of the CA says of itself, as a sentence. */
static outcome refused_by(const char *what, const json_t *object)
{
	const json_t *error = json_object_get(object, "error");
	const json_t *inner = json_array_get(json_object_get(error, "subproblems"), 0);
	const enum exit_code code =
		signed_may_pass(bytes_from_text(answer_word(error, "refusal"))) ? exit_later : exit_refused;
	if (!json_is_object(error))
		return outcome_fail(exit_refused, "the CA made %s %s and gave no reason", what,
				    answer_word(object, "status"));
	const char *detail = answer_word(error, "detail"), *more = answer_word(inner, "detail");
	const bool is_new = strstr(detail, more) == NULL; /* the empty text stands in any */
	return outcome_fail(code, "the CA refused %s: %.900s%s%.600s", what, detail, is_new ? "; " : "",
			    is_new ? more : "");
}

static outcome read_challenge(const json_t *authorization, struct acme_order *out)
{
	const json_t *challenge = find_challenge(authorization);
	if (challenge == NULL)
		return outcome_fail(exit_refused, "the CA does not offer device-attest-01 for this identifier");
	STEP(answer_text(challenge, "url", out->challenge, sizeof out->challenge));
	return answer_text(challenge, "token", out->token, sizeof out->token);
}

static outcome read_authorization(struct acme *acme, struct acme_order *out)
{
	struct http_answer answer;
	json_t *authorization = NULL;
	STEP(post_as_get(acme, out->authorization, &answer, &authorization));
	const outcome result = read_challenge(authorization, out);
	json_decref(authorization);
	return result;
}

static outcome post_order(struct acme *acme, const struct acme_wish *wish, const char *replaces, struct http_answer *out)
{
	json_t *payload = json_pack("{s:[{s:s, s:s}], s:s*, s:s*}", "identifiers", "type", "permanent-identifier", "value",
				    wish->identifier, "profile", wish->profile, "replaces", replaces);
	if (payload == NULL)
		return outcome_fail(exit_usage, "the identifier or the profile is not UTF-8");
	return post_object(acme, acme->new_order, payload, out);
}

/* Another order may have replaced it already, or the certificate was of another CA. */
static outcome open_order(struct acme *acme, const struct acme_wish *wish, struct http_answer *out)
{
	if (wish->replaces[0] == 0 || !acme->knows_renewal)
		return post_order(acme, wish, NULL, out);
	const outcome posted = post_order(acme, wish, wish->replaces, out);
	if (posted.code != exit_refused)
		return posted;
	outcome_note("ordering without saying which certificate is replaced");
	return post_order(acme, wish, NULL, out);
}

outcome acme_order_new(struct acme *acme, const struct acme_wish *wish, struct acme_order *out)
{
	struct acme_order order = {.url = ""};
	struct http_answer answer;
	json_t *object = NULL;
	STEP(open_order(acme, wish, &answer));
	if (answer.location[0] == 0)
		return outcome_fail(exit_network, "the CA does not say where the order is");
	memcpy(order.url, answer.location, sizeof order.url);
	STEP(answer_read(&answer, acme->new_order, &object));
	outcome result = answer_first(object, "authorizations", order.authorization, sizeof order.authorization);
	if (result.code == exit_done)
		result = answer_text(object, "finalize", order.finalize, sizeof order.finalize);
	json_decref(object);
	STEP(result);
	STEP(read_authorization(acme, &order));
	*out = order;
	return DONE;
}

const char *acme_order_name(const struct acme_order *order)
{
	const char *slash = strrchr(order->url, '/');
	return slash == NULL ? order->url : slash + 1;
}

outcome acme_binding(const struct acme *acme, const struct acme_order *order, uint8_t binding[tpm_digest_size])
{
	char text[acme_token_room + sizeof acme->thumbprint + 2];
	const int size = snprintf(text, sizeof text, "%s.%s", order->token, acme->thumbprint);
	if (size <= 0 || EVP_Digest(text, (size_t)size, binding, NULL, EVP_sha256(), NULL) != 1)
		return outcome_fail(exit_other, "there is no memory");
	return DONE;
}

/* The AK may be good for another directory, or for issuers that are not trusted any more. */
static bool is_about_ak(const json_t *challenge)
{
	const char *refusal = answer_word(json_object_get(challenge, "error"), "refusal");
	return strcmp(refusal, "tpm_ak_directory") == 0 || strcmp(refusal, "tpm_chain_untrusted") == 0;
}

/* Whether the challenge has been judged; the answer's sentence when it failed. */
static outcome judge_challenge(const json_t *challenge, bool *is_valid)
{
	const char *word = answer_word(challenge, "status");
	*is_valid = strcmp(word, "valid") == 0;
	if (*is_valid || strcmp(word, "pending") == 0 || strcmp(word, "processing") == 0)
		return DONE;
	return refused_by("the attestation", challenge);
}

outcome acme_attest(struct acme *acme, struct acme_order *order, struct bytes statement)
{
	struct http_answer answer;
	json_t *challenge = NULL, *payload = json_object();
	bool is_valid = false;
	if (payload == NULL || !answer_add_octets(payload, "attObj", statement)) {
		json_decref(payload);
		return outcome_fail(exit_other, "there is no memory");
	}
	STEP(post_object(acme, order->challenge, payload, &answer));
	STEP(answer_read(&answer, order->challenge, &challenge));
	for (;;) {
		const outcome result = judge_challenge(challenge, &is_valid);
		order->is_ak_refused = result.code == exit_refused && is_about_ak(challenge);
		json_decref(challenge);
		STEP(result);
		if (is_valid)
			return DONE;
		if (!http_wait(acme->client.http, answer.retry_after_s))
			return outcome_fail(exit_later, "the CA does not come to a decision about the attestation");
		STEP(post_as_get(acme, order->challenge, &answer, &challenge));
	}
}

enum order_end { order_open, order_again, order_done };

/* Whether the certificate is there; the answer's sentence when the order failed. Ready once more: the CA could not finish
 * it, and takes the request again. */
static outcome judge_order(const json_t *object, struct acme_order *order, enum order_end *out)
{
	const char *word = answer_word(object, "status");
	*out = strcmp(word, "valid") == 0 ? order_done : strcmp(word, "ready") == 0 ? order_again : order_open;
	if (*out == order_done)
		return answer_text(object, "certificate", order->certificate, sizeof order->certificate);
	return *out == order_again || strcmp(word, "processing") == 0 ? DONE : refused_by("the order", object);
}

/* Refused, or no answer: the request may have been taken all the same, so the order itself says how it stands (RFC 8555
 * 7.4). The refusal stands unless it is valid. */
static outcome look_again(struct acme *acme, struct acme_order *order, outcome refusal, struct http_answer *answer,
			  json_t **object)
{
	STEP(post_as_get(acme, order->url, answer, object));
	const char *status = json_string_value(json_object_get(*object, "status"));
	if (status != NULL && strcmp(status, "valid") == 0) {
		outcome_note("the order was finalized all the same; going on");
		return DONE;
	}
	json_decref(*object);
	return refusal;
}

static outcome send_csr(struct acme *acme, struct acme_order *order, struct bytes csr, struct http_answer *answer,
			json_t **object)
{
	json_t *payload = json_object();
	if (payload == NULL || !answer_add_octets(payload, "csr", csr)) {
		json_decref(payload);
		return outcome_fail(exit_other, "there is no memory");
	}
	const outcome posted = post_object(acme, order->finalize, payload, answer);
	if (posted.code == exit_refused || posted.code == exit_later)
		return look_again(acme, order, posted, answer, object);
	STEP(posted);
	return answer_read(answer, order->finalize, object);
}

outcome acme_finalize(struct acme *acme, struct acme_order *order, struct bytes csr, struct bytes *pem)
{
	struct http_answer answer;
	json_t *object = NULL;
	enum order_end end = order_again;
	for (;;) {
		if (end == order_again)
			STEP(send_csr(acme, order, csr, &answer, &object));
		else
			STEP(post_as_get(acme, order->url, &answer, &object));
		const outcome result = judge_order(object, order, &end);
		json_decref(object);
		STEP(result);
		if (end == order_done)
			break;
		if (!http_wait(acme->client.http, answer.retry_after_s))
			return outcome_fail(exit_later, "the CA does not finish the order");
	}
	STEP(signed_post(&acme->client, order->certificate, (struct bytes){0}, &answer));
	*pem = answer.body;
	return DONE;
}

outcome acme_entry(struct acme *acme, const struct acme_order *order, json_t **out)
{
	static const char before[] = "/order", after[] = "/entry";
	struct http_answer answer;
	char url[http_url_room];
	memcpy(url, order->url, sizeof url);
	char *last = strrchr(url, '/');
	if (last == NULL || last - url < (ptrdiff_t)(sizeof before - 1) ||
	    memcmp(last - (sizeof before - 1), before, sizeof before - 1) != 0)
		return outcome_fail(exit_network, "the order %s has no entry beside it", order->url);
	memcpy(last - (sizeof after - 1), after, sizeof after - 1);
	return post_as_get(acme, url, &answer, out);
}
