/* SPDX-License-Identifier: Apache-2.0
 * Who made a TPM, by the list vendors.def. */
#ifndef KEYWARD_VERIFIER_VENDOR_H
#define KEYWARD_VERIFIER_VENDOR_H

#include "firmware/boundary/bytes.h"

struct vendor {
	const char *identifier; /* id:XXXXXXXX */
	const char *name;
	bool is_virtual; /* its TPMs are software, or may be, so they prove no hardware */
};

/* NULL: not in the list; case counts. */
const struct vendor *vendor_find(const char *identifier);

/* Several of the list: bit N is its Nth; 0: all. */
typedef uint64_t vendor_set;
/* Of their identifiers with spaces between; of none: all. False: one is not in the list. */
bool vendor_set_read(struct bytes identifiers, vendor_set *out);
bool vendor_set_has(vendor_set set, const struct vendor *vendor);

#endif
