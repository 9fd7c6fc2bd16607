/* SPDX-License-Identifier: Apache-2.0
 * tls-alpn-01 (RFC 8737, and RFC 8738 for addresses). */
#ifndef KEYWARD_TLS_ALPN_01_H
#define KEYWARD_TLS_ALPN_01_H

#include "ca/prober/errand.h"

/* At start. False: OpenSSL does not start. */
bool tls_alpn_01_start(void);

/* The server name to ask for: the name itself, or that of an address in the reverse tree (RFC 8738 6). */
void tls_alpn_01_server_name(const char *name, bool is_ip, char out[errand_name_room]);

/* probe_name_unresolved, probe_address_forbidden, probe_connection_failed, probe_tls_failed, probe_certificate_wrong. */
status tls_alpn_01_probe(const struct errand *errand);

#endif
