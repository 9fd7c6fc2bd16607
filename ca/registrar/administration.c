/* SPDX-License-Identifier: Apache-2.0
 * What administrators ask for. An enrolment record is kept as it was signed; the verifier checks it again each time, so
 * that this process could neither make nor change one. */
#include <openssl/evp.h>
#include <stdio.h>

#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

enum { record_most = 8192, seconds_of_a_day = 86400 };

/* SHA-256 over format, kind of name and name, for the row; the verifier reads the record itself. */
static status hash_name(const char *format, const char *kind, const char *name, uint8_t out[store_hash_size])
{
	char text[512];
	const int size = snprintf(text, sizeof text, "%s %s %s", format, kind, name);
	if (format[0] == 0 || name[0] == 0 || size < 0 || (size_t)size >= sizeof text)
		return REFUSE(payload_malformed);
	return EVP_Digest(text, (size_t)size, out, NULL, EVP_sha256(), NULL) == 1 ? OK : REFUSE(internal);
}

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

/* An EK, or the serial number or UDID that statements of a format attest. */
static status read_device(const json_t *payload, uint8_t out[store_hash_size])
{
	const char *format = NULL, *name = NULL;
	const bool has_serial = json_object_get(payload, "serial") != NULL, has_udid = json_object_get(payload, "udid") != NULL;
	const char *kind = has_serial ? "serial" : "udid";
	if (json_object_get(payload, "ek") != NULL) {
		TRY(payload_text(payload, "ek", &name));
		return has_serial || has_udid || json_object_get(payload, "format") != NULL ? REFUSE(payload_malformed)
											  : read_hex(name, out);
	}
	if (has_serial && has_udid)
		return REFUSE(payload_malformed);
	TRY(payload_text(payload, "format", &format));
	TRY(payload_text(payload, kind, &name));
	return hash_name(format, kind, name, out);
}

static status read_one_time(const json_t *payload, const char *type, bool *out)
{
	const json_t *value = json_object_get(payload, "oneTime");
	*out = value != NULL;
	return value == NULL || (json_is_true(value) && strcmp(type, "permanent-identifier") == 0) ? OK : REFUSE(payload_malformed);
}

static status read_record(const struct registrar *registrar, const struct request *request, struct record_row *out)
{
	const char *type = NULL, *identifier = NULL;
	uint64_t issued_s = 0;
	TRY(payload_text(request->payload, "identifierType", &type));
	TRY(payload_text(request->payload, "identifier", &identifier));
	if (!identifier_is_device(bytes_from_text(type)))
		return REFUSE(identifier_type_unsupported);
	TRY(identifier_judge(bytes_from_text(type), bytes_from_text(identifier)));
	TRY(read_device(request->payload, out->device_hash));
	TRY(read_one_time(request->payload, type, &out->is_one_time));
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
		registrar->log(5, "administrator %s enrolled identifier %s for a device", request->administrator,
			       (const char *)record.identifier.data);
	return reply_json(reply, 201,
			  json_pack("{s:s, s:s, s:I}", "identifierType", (const char *)record.identifier_type.data,
				    "identifier", (const char *)record.identifier.data, "sequence",
				    (json_int_t)record.sequence));
}
