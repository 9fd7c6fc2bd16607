/* SPDX-License-Identifier: Apache-2.0
 * Decides whether an administrator gave an identifier to a device. Distrusts every byte, and whoever brings it: the signature is
 * verified here once more against the settings' own keys. */
#include "attest/verifier/record.h"

#include "ca/jose/jws.h"
#include "firmware/boundary/clock.h"

enum { longest_record = 8192, member_count = 6, seconds_of_a_day = 86400, longest_kid = 256 + 64 + 64 };

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* text == origin || path || rest */
static bool is_url(struct bytes text, struct bytes origin, const char *path, struct bytes rest)
{
	uint8_t expected_room[longest_kid];
	struct buffer expected = BUFFER(expected_room);
	return buffer_add(&expected, origin.data, origin.size) && buffer_add(&expected, path, strlen(path)) &&
	       buffer_add(&expected, rest.data, rest.size) && bytes_equal(text, buffer_view(&expected));
}

static bool is_signed_by(const struct jws *jws, const struct message_administrator *administrator)
{
	uint8_t canonical_room[jwk_canonical_room], thumbprint[jwk_thumbprint_size];
	struct buffer canonical = BUFFER(canonical_room);
	__attribute__((cleanup(free_key))) EVP_PKEY *key = NULL;
	return !is_refused(jwk_parse(administrator->jwk, &canonical, thumbprint, &key)) && !is_refused(jws_verify(jws, key));
}

static status judge_signer(const struct message_verifier_settings *settings, const struct jws *jws)
{
	for (size_t i = 0; i < settings->administrators.count; i++) {
		struct message_administrator one;
		if (is_refused(wire_decode(message_administrator, settings->administrators.at[i], &one)) ||
		    !is_url(jws->kid, settings->origin, "/admin/administrator/", one.name))
			continue;
		return bytes_equal_text(one.role, "administrator") && is_signed_by(jws, &one) ? OK : REFUSE(record_forged);
	}
	return REFUSE(record_forged);
}

struct claim {
	struct bytes identifier_type, identifier, ek;
	uint64_t sequence, issued_s, expires_s;
};

static bool is_hash_in_hex(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!(text.data[i] >= '0' && text.data[i] <= '9') && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
			return false;
	return text.size == 64;
}

static status read_claim(struct bytes payload, struct buffer *room, struct claim *out)
{
	struct json_read read;
	if (is_refused(json_parse(payload, room, &read)) || read.count != member_count ||
	    is_refused(json_text(&read, "identifierType", &out->identifier_type)) ||
	    is_refused(json_text(&read, "identifier", &out->identifier)) || is_refused(json_text(&read, "ek", &out->ek)) ||
	    is_refused(json_whole(&read, "sequence", &out->sequence)) || out->sequence == 0 ||
	    is_refused(json_whole(&read, "issued", &out->issued_s)) ||
	    is_refused(json_whole(&read, "expires", &out->expires_s)) || !is_hash_in_hex(out->ek))
		return REFUSE(record_malformed);
	return OK;
}

/* Nothing here remembers that a record was superseded, so that its own life is what bounds its use. That nobody issues one ahead
 * of time is seen by the second bound. */
static status judge_life(uint32_t longest_days, const struct claim *claim)
{
	const uint64_t now = clock_wall_s(), longest_s = (uint64_t)longest_days * seconds_of_a_day;
	if (claim->expires_s <= now)
		return REFUSE(record_expired);
	const bool is_short = claim->issued_s <= claim->expires_s && claim->expires_s - claim->issued_s <= longest_s &&
			      claim->expires_s - now <= longest_s;
	return is_short ? OK : REFUSE(record_too_long);
}

static bool hash_signed(const struct jws *jws, uint8_t out[32])
{
	uint8_t text_room[2 * longest_record];
	struct buffer text = BUFFER(text_room);
	return buffer_add(&text, jws->protected_text.data, jws->protected_text.size) && buffer_add(&text, ".", 1) &&
	       buffer_add(&text, jws->payload_text.data, jws->payload_text.size) &&
	       EVP_Digest(text.data, text.size, out, NULL, EVP_sha256(), NULL) == 1;
}

status record_judge(const struct verifier *verifier, uint32_t longest_days, struct bytes record,
		    struct bytes identifier_type, struct bytes identifier, struct bytes ek_hash_hex, struct record *out)
{
	const struct message_verifier_settings *settings = &verifier->settings;
	uint8_t octets[3 * longest_record]; /* twice for the JWS, once for the payload's strings */
	struct buffer room = BUFFER(octets);
	struct jws jws;
	struct claim claim;
	if (record.size > longest_record || is_refused(jws_parse(record, &room, &jws)))
		return REFUSE(record_malformed);
	TRY(judge_signer(settings, &jws));
	if (!is_url(jws.url, settings->origin, "/admin/enrolment-record", bytes_from(NULL, 0)))
		return REFUSE(record_malformed);
	TRY(read_claim(jws.payload, &room, &claim));
	TRY(judge_life(longest_days, &claim));
	const bool is_this = bytes_equal(claim.identifier_type, identifier_type) && bytes_equal(claim.identifier, identifier) &&
			     bytes_equal(claim.ek, ek_hash_hex);
	if (!is_this)
		return REFUSE(record_mismatch);
	struct record made = {.sequence = claim.sequence};
	if (!hash_signed(&jws, made.hash))
		return REFUSE(internal);
	*out = made;
	return OK;
}
