/* SPDX-License-Identifier: Apache-2.0
 * Judges a voucher's facts against an envelope and renders the subject. Distrusts the registrar's choice and the
 * identifier's characters. */
#include "pkcs11/signer/envelope.h"

static const char place[] = "{identifier}";
enum { place_size = sizeof place - 1 };

status envelope_find(const struct message_envelope *envelopes, size_t count, struct bytes name,
		     const struct message_envelope **out)
{
	for (size_t i = 0; i < count; i++) {
		if (!bytes_equal(envelopes[i].name, name))
			continue;
		*out = &envelopes[i];
		return OK;
	}
	return REFUSE(envelope_unknown);
}

static status judge_names(const struct message_envelope *envelope, const struct vouchers *vouchers)
{
	for (size_t i = 0; i < vouchers->count; i++) {
		const struct message_identifier *name = &vouchers->identifiers[i];
		if (!identifier_is_device(name->type) &&
		    !identifier_is_within(name->type, name->value, envelope->dns_suffixes, envelope->ip_ranges))
			return REFUSE(envelope_name_outside);
	}
	return OK;
}

status envelope_judge(const struct message_envelope *envelope, const struct vouchers *vouchers, const struct spki *key,
		      uint32_t validity_s, uint32_t *granted_s)
{
	const struct message_device_voucher *device = &vouchers->device;
	const bool is_satisfied = vouchers->has_device ? identifier_is_among(envelope->format, device->format) &&
								 device->assurance >= envelope->assurance
						       : envelope->assurance == 0;
	if (!identifier_is_among(envelope->directories, vouchers->request.directory) || !is_satisfied)
		return REFUSE(envelope_unsatisfied);
	TRY(judge_names(envelope, vouchers));
	if ((key->kind == spki_rsa && !envelope->may_hold_rsa) || (key->kind == spki_ec && !envelope->may_hold_ec))
		return REFUSE(envelope_exceeded);
	if (validity_s > envelope->longest_validity_s)
		return REFUSE(envelope_exceeded);
	*granted_s = validity_s == 0 ? envelope->longest_validity_s : validity_s;
	return OK;
}

static bool is_place(struct bytes template, size_t at)
{
	return template.size - at >= place_size && memcmp(template.data + at, place, place_size) == 0;
}

bool envelope_is_template(struct bytes template)
{
	for (size_t at = 0; at < template.size; at++) {
		if (is_place(template, at))
			at += place_size - 1;
		else if (template.data[at] == '{' || template.data[at] == '}')
			return false;
	}
	return true;
}

/* Characters of UTF-8 text that was checked; 0 when one is a control character (C0, DEL, C1). */
static size_t printable_characters(struct bytes text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t octet = text.data[i];
		if (octet < 0x20 || octet == 0x7f || (octet == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0))
			return 0;
		count += (octet & 0xc0) != 0x80;
	}
	return count;
}

static status fill(struct bytes template, struct bytes identifier, struct buffer *out)
{
	size_t at = 0;
	while (at < template.size) {
		const bool is_field = is_place(template, at);
		const struct bytes piece = is_field ? identifier : bytes_from(template.data + at, 1);
		if (!buffer_add(out, piece.data, piece.size))
			return REFUSE(envelope_exceeded);
		at += is_field ? place_size : 1;
	}
	return OK;
}

status envelope_render(struct bytes template, const struct vouchers *vouchers, struct buffer *out)
{
	uint8_t room[4 * envelope_longest_common_name + identifier_most];
	struct buffer name = BUFFER(room);
	TRY(fill(template, vouchers->identifiers[vouchers->first].value, &name));
	const size_t characters = printable_characters(buffer_view(&name));
	if (!vouchers->has_device && characters > envelope_longest_common_name)
		return OK;
	if (name.size != 0 && (characters == 0 || characters > envelope_longest_common_name))
		return REFUSE(envelope_exceeded);
	return buffer_add(out, name.data, name.size) ? OK : REFUSE(envelope_exceeded);
}
