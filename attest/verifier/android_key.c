/* SPDX-License-Identifier: Apache-2.0
 * Reads KeyDescription. Distrusts every byte: an app may have chosen them, where the certificate is not yet judged. */
#include "attest/verifier/android_key.h"

#include "attest/verifier/der.h"

enum authorization {
	tag_purpose = 1,
	tag_all_applications = 600,
	tag_origin = 702,
	tag_root_of_trust = 704,
	tag_os_version = 705,
	tag_os_patch_level = 706,
	tag_serial = 713,
	tag_manufacturer = 716,
	tag_model = 717,
};
enum { tag_number = 0x00ffffff };

/* An element whose content is one number and no more. */
static bool read_number(struct bytes in, uint64_t *out)
{
	return der_number(&in, der_integer, out) && in.size == 0;
}

static bool read_text(struct bytes in, char *out, size_t room)
{
	struct bytes text;
	if (!der_expect(&in, der_octets, &text) || in.size != 0 || text.size == 0 || text.size >= room)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	memcpy(out, text.data, text.size);
	out[text.size] = 0;
	return true;
}

static bool read_purposes(struct bytes in, bool *may_sign)
{
	struct bytes set;
	uint64_t purpose = 0;
	if (!der_expect(&in, der_set, &set) || in.size != 0)
		return false;
	while (set.size != 0) {
		if (!der_number(&set, der_integer, &purpose))
			return false;
		*may_sign |= purpose == android_purpose_sign;
	}
	return true;
}

/* verifiedBootHash is there from version 3 on. */
static bool read_root_of_trust(struct bytes in, struct android_key *out)
{
	struct bytes sequence, boot_key, locked, hash;
	if (!der_expect(&in, der_sequence, &sequence) || in.size != 0 || !der_expect(&sequence, der_octets, &boot_key) ||
	    !der_expect(&sequence, der_boolean, &locked) || locked.size != 1 || (locked.data[0] != 0 && locked.data[0] != 0xff) ||
	    !der_number(&sequence, der_enumerated, &out->boot_state))
		return false;
	if (sequence.size != 0 && (!der_expect(&sequence, der_octets, &hash) || sequence.size != 0))
		return false;
	out->has_root_of_trust = true;
	out->is_locked = locked.data[0] == 0xff;
	return true;
}

static bool read_authorization(uint32_t number, struct bytes in, struct android_key *out)
{
	switch (number) {
	case tag_purpose:
		return read_purposes(in, &out->may_sign);
	case tag_all_applications:
		return out->is_for_all_applications = true;
	case tag_origin:
		return out->has_origin = read_number(in, &out->origin);
	case tag_root_of_trust:
		return read_root_of_trust(in, out);
	case tag_os_version:
		return read_number(in, &out->os_version);
	case tag_os_patch_level:
		return read_number(in, &out->os_patch_level);
	case tag_serial:
		return read_text(in, out->serial, sizeof out->serial);
	case tag_manufacturer:
		return read_text(in, out->manufacturer, sizeof out->manufacturer);
	case tag_model:
		return read_text(in, out->model, sizeof out->model);
	default:
		return true;
	}
}

/* In the order of their tags, so none is there twice. */
static bool read_authorizations(struct bytes in, struct android_key *out)
{
	for (uint32_t before = 0, tag = 0; in.size != 0; before = tag) {
		struct bytes content;
		if (!der_next(&in, &tag, &content) || (tag & ~(uint32_t)tag_number) != DER_EXPLICIT(0) || tag <= before ||
		    !read_authorization(tag & tag_number, content, out))
			return false;
	}
	return true;
}

bool android_key_read(struct bytes extension, struct android_key *out)
{
	struct android_key read = {.attestation_version = 0};
	struct bytes in, unique, software, hardware;
	uint64_t key_version = 0;
	if (!der_expect(&extension, der_sequence, &in) || extension.size != 0 ||
	    !der_number(&in, der_integer, &read.attestation_version) ||
	    !der_number(&in, der_enumerated, &read.attestation_security) || !der_number(&in, der_integer, &key_version) ||
	    !der_number(&in, der_enumerated, &read.key_security) || !der_expect(&in, der_octets, &read.challenge) ||
	    !der_expect(&in, der_octets, &unique) || !der_expect(&in, der_sequence, &software) ||
	    !der_expect(&in, der_sequence, &hardware) || in.size != 0 || !read_authorizations(hardware, &read))
		return false;
	*out = read;
	return true;
}
