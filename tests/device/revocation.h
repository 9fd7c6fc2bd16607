/* SPDX-License-Identifier: Apache-2.0
 * CRLs of test authorities, and status lists. For tests only. */
#ifndef KEYWARD_DEVICE_REVOCATION_H
#define KEYWARD_DEVICE_REVOCATION_H

#include "tests/device/certificate.h"

struct device_crl {
	const struct device_authority *authority; /* who signs */
	const X509 *revoked;			  /* NULL: none is */
	/* ---- knobs ---- */
	const X509 *named;     /* whose subject stands as issuer; NULL: the authority's */
	int64_t ends_s;	       /* next update, from now; 0: an hour */
	const char *extension; /* OID of one more, and its value in OpenSSL's words */
	const char *value;
	bool is_pem;
};
void device_crl_build(const struct device_crl *crl, struct device_octets *out);

/* {"entries":{SPELLING:{"status":STATUS}}} */
void device_status_list_build(const char *spelling, const char *status, struct device_octets *out);

/* The serial in lower-case hexadecimal, as Google writes it; lasts until the next. */
const char *device_serial(const X509 *certificate);

#endif
