/* SPDX-License-Identifier: Apache-2.0
 * What administrators ask for. An enrolment record is kept as it was signed; the verifier checks it again each time, so
 * that this process could neither make nor change one. */
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

enum { record_most = 8192, seconds_of_a_day = 86400 };

static status read_hex(const char *text, uint8_t out[store_hash_size])
{
	static const char digits[] = "0123456789abcdef";
	if (strlen(text) != 2 * store_hash_size || strspn(text, digits) != 2 * store_hash_size)
		return REFUSE(payload_malformed);
	for (size_t i = 0; i < store_hash_size; i++)
		out[i] =
		    (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
	return OK;
}

static status read_number(const json_t *payload, const char *name, uint64_t *out)
{
	const json_t *value = json_object_get(payload, name);
	if (!json_is_integer(value) || json_integer_value(value) <= 0 ||
	    json_integer_value(value) > (json_int_t)1 << 53)
		return REFUSE(payload_malformed);
	*out = (uint64_t)json_integer_value(value);
	return OK;
}

/* Told at once what the verifier would refuse later, when the record had taken the place of a good one. */
static status judge_life(const struct registrar *registrar, uint64_t issued_s, uint64_t expires_s)
{
	const uint64_t now = clock_wall_s(), longest_s = (uint64_t)registrar->longest_record_days * seconds_of_a_day;
	if (expires_s <= now)
		return REFUSE(record_expired);
	return issued_s <= expires_s && expires_s - issued_s <= longest_s && expires_s - now <= longest_s
		       ? OK
		       : REFUSE(record_too_long);
}

static status read_record(const struct registrar *registrar, const struct request *request, struct record_row *out)
{
	const char *type = NULL, *identifier = NULL, *ek = NULL;
	uint64_t issued_s = 0;
	TRY(payload_text(request->payload, "identifierType", &type));
	TRY(payload_text(request->payload, "identifier", &identifier));
	TRY(payload_text(request->payload, "ek", &ek));
	if (!identifier_is_device(bytes_from_text(type)))
		return REFUSE(identifier_type_unsupported);
	TRY(identifier_judge(bytes_from_text(type), bytes_from_text(identifier)));
	TRY(read_hex(ek, out->ek_hash));
	TRY(read_number(request->payload, "sequence", &out->sequence));
	TRY(read_number(request->payload, "issued", &issued_s));
	TRY(read_number(request->payload, "expires", &out->expires_s));
	out->identifier_type = bytes_from_text(type);
	out->identifier = bytes_from_text(identifier);
	out->administrator = bytes_from_text(request->administrator);
	out->request = request->body;
	return judge_life(registrar, issued_s, out->expires_s);
}

status administration_add_record(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct record_row record = {0};
	if (request->body.size > record_most)
		return REFUSE(body_too_long);
	TRY(read_record(registrar, request, &record));
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_record_add(registrar->store, &record, clock_wall_s())));
	if (registrar->log != NULL)
		registrar->log(5, "administrator %s enrolled identifier %s for an EK", request->administrator,
			       (const char *)record.identifier.data);
	return reply_json(reply, 201,
			  json_pack("{s:s, s:s, s:I}", "identifierType", (const char *)record.identifier_type.data,
				    "identifier", (const char *)record.identifier.data, "sequence",
				    (json_int_t)record.sequence));
}
