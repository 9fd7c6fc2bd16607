/* SPDX-License-Identifier: Apache-2.0
 * Decides whether an administrator gave an identifier to a device. Distrusts every byte, and whoever brings it: the signature is
 * verified here once more against the settings' own keys. */
#include "attest/verifier/record.h"

#include "attest/verifier/administrator.h"
#include "firmware/boundary/clock.h"

enum { longest_record = 8192, members_of_all = 5, seconds_of_a_day = 86400 };

struct claim {
	struct bytes identifier_type, identifier;
	struct record_device device; /* of its names exactly one */
	bool is_one_time;
	uint64_t sequence, issued_s, expires_s;
};

static bool is_hash_in_hex(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!(text.data[i] >= '0' && text.data[i] <= '9') && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
			return false;
	return text.size == 64;
}

/* By its EK, or by what statements of one format say: two formats' serial numbers may be the same. Counts the members. */
static bool read_device(const struct json_read *read, struct record_device *out, size_t *count)
{
	if (!is_refused(json_text(read, "ek", &out->ek)))
		return ++*count && is_hash_in_hex(out->ek);
	*count += 2;
	if (is_refused(json_text(read, "format", &out->format)) || out->format.size == 0)
		return false;
	if (!is_refused(json_text(read, "serial", &out->serial)))
		return out->serial.size != 0;
	return !is_refused(json_text(read, "udid", &out->udid)) && out->udid.size != 0;
}

static bool read_one_time(const struct json_read *read, bool *out, size_t *count)
{
	const struct json_member *member = json_find(read, "oneTime");
	*out = member != NULL;
	*count += *out ? 1 : 0;
	return !*out || (member->kind == json_literal && bytes_equal_text(member->value, "true"));
}

static status read_claim(struct bytes payload, struct buffer *room, struct claim *out)
{
	struct json_read read;
	struct claim claim = {.sequence = 0};
	size_t count = members_of_all;
	if (is_refused(json_parse(payload, room, &read)) ||
	    is_refused(json_text(&read, "identifierType", &claim.identifier_type)) ||
	    is_refused(json_text(&read, "identifier", &claim.identifier)) ||
	    is_refused(json_whole(&read, "sequence", &claim.sequence)) || claim.sequence == 0 ||
	    is_refused(json_whole(&read, "issued", &claim.issued_s)) ||
	    is_refused(json_whole(&read, "expires", &claim.expires_s)) || !read_device(&read, &claim.device, &count) ||
	    !read_one_time(&read, &claim.is_one_time, &count) || read.count != count)
		return REFUSE(record_malformed);
	if (claim.is_one_time && !bytes_equal_text(claim.identifier_type, "permanent-identifier"))
		return REFUSE(record_malformed);
	*out = claim;
	return OK;
}

/* Each name that the record has is the evidence's. */
static bool is_device(const struct record_device *claimed, const struct record_device *attested)
{
	if (claimed->ek.size != 0)
		return bytes_equal(claimed->ek, attested->ek);
	return bytes_equal(claimed->format, attested->format) &&
	       (claimed->serial.size != 0 ? bytes_equal(claimed->serial, attested->serial)
					  : bytes_equal(claimed->udid, attested->udid));
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

status record_judge(const struct verifier *verifier, const struct record_question *question, struct record *out)
{
	const struct message_verifier_settings *settings = &verifier->settings;
	const struct bytes record = question->record;
	struct bytes administrator;
	uint8_t octets[3 * longest_record]; /* twice for the JWS, once for the payload's strings */
	struct buffer room = BUFFER(octets);
	struct jws jws;
	struct claim claim;
	if (record.size > longest_record || is_refused(jws_parse(record, &room, &jws)))
		return REFUSE(record_malformed);
	if (!administrator_signed(settings, &jws, &administrator))
		return REFUSE(record_forged);
	if (!administrator_meant(settings, &jws, "/admin/enrolment-record"))
		return REFUSE(record_malformed);
	TRY(read_claim(jws.payload, &room, &claim));
	TRY(judge_life(question->longest_days, &claim));
	const bool is_this = bytes_equal(claim.identifier_type, question->identifier_type) &&
			     bytes_equal(claim.identifier, question->identifier) && is_device(&claim.device, &question->device);
	if (!is_this)
		return REFUSE(record_mismatch);
	struct record made = {.sequence = claim.sequence, .is_one_time = claim.is_one_time};
	if (!hash_signed(&jws, made.hash))
		return REFUSE(internal);
	*out = made;
	return OK;
}
