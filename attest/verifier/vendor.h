/* SPDX-License-Identifier: Apache-2.0
 * Who made a TPM, by the list vendors.def. */
#ifndef KEYWARD_VERIFIER_VENDOR_H
#define KEYWARD_VERIFIER_VENDOR_H

#include <stdbool.h>

struct vendor {
	const char *identifier; /* id:XXXXXXXX */
	const char *name;
	bool is_virtual; /* its TPMs are software, or may be, so they prove no hardware */
};

/* NULL: not in the list; case counts. */
const struct vendor *vendor_find(const char *identifier);

#endif
