/* SPDX-License-Identifier: Apache-2.0
 * The report of key custody: which keys there are, where, and on whose word. */
#ifndef KEYWARD_REPORT_H
#define KEYWARD_REPORT_H

#include <openssl/x509.h>

#include "firmware/warden/configuration.h"
#include "pkcs11/ceremony/token.h"

struct report_facts {
	const struct configuration *configuration;
	const struct token_name *token;
	X509 *const *certificates; /* as the keys of the configuration */
};

/* The text, to be freed; NULL: one sentence was written. */
char *report_build(const struct report_facts *facts);

#endif
