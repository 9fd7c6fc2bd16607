/* SPDX-License-Identifier: Apache-2.0
 * The list vendors.def, searched. */
#include "attest/verifier/vendor.h"

#include <stddef.h>
#include <string.h>

static const struct vendor vendors[] = {
#define VENDOR(identifier, name, is_virtual) {identifier, name, is_virtual},
#include "attest/verifier/vendors.def"
#undef VENDOR
};

const struct vendor *vendor_find(const char *identifier)
{
	for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
		if (strcmp(vendors[i].identifier, identifier) == 0)
			return &vendors[i];
	return NULL;
}
