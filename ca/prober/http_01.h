/* SPDX-License-Identifier: Apache-2.0
 * http-01 (RFC 8555 8.3). */
#ifndef KEYWARD_HTTP_01_H
#define KEYWARD_HTTP_01_H

#include "ca/prober/errand.h"

/* At start, with the host's files in sight. False: libcurl does not start. */
bool http_01_start(void);

/* Fetches the key authorization from the name's server. Redirects are followed to hosts, ports and addresses that are
 * judged like the first. probe_name_unresolved, probe_address_forbidden, probe_connection_failed, probe_redirect_refused,
 * probe_http_status, probe_answer_wrong. */
status http_01_probe(const struct errand *errand);

#endif
