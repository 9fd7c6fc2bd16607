/* SPDX-License-Identifier: Apache-2.0
 * The list vendors.def, searched. */
#include "attest/verifier/vendor.h"

#include <stdio.h>

static const struct vendor vendors[] = {
#define VENDOR(identifier, name, is_virtual) {identifier, name, is_virtual},
#include "attest/verifier/vendors.def"
#undef VENDOR
};
_Static_assert(sizeof vendors / sizeof vendors[0] <= 64, "a vendor_set has a bit for each");

const struct vendor *vendor_find(const char *identifier)
{
	for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
		if (strcmp(vendors[i].identifier, identifier) == 0)
			return &vendors[i];
	return NULL;
}

bool vendor_set_read(struct bytes identifiers, vendor_set *out)
{
	char one[16];
	vendor_set set = 0;
	for (const uint8_t *at = identifiers.data, *end = at + identifiers.size; at < end; at += strlen(one) + 1) {
		const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
		snprintf(one, sizeof one, "%.*s", (int)((space == NULL ? end : space) - at), (const char *)at);
		const struct vendor *vendor = vendor_find(one);
		if (vendor == NULL)
			return false;
		set |= UINT64_C(1) << (vendor - vendors);
	}
	*out = set;
	return true;
}

bool vendor_set_has(vendor_set set, const struct vendor *vendor)
{
	return set == 0 || (set >> (vendor - vendors) & 1) != 0;
}
