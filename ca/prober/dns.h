/* SPDX-License-Identifier: Apache-2.0
 * Questions to the configured resolvers, and dns-01 (RFC 8555 8.4). */
#ifndef KEYWARD_DNS_H
#define KEYWARD_DNS_H

#include "ca/prober/address.h"
#include "ca/prober/errand.h"

enum { dns_channels = 16 }; /* as many threads may ask at a time */

/* At start, with the host's files in sight. Resolvers: ADDRESS:PORT or [ADDRESS]:PORT, with spaces between; empty: each
 * name is unresolved. False: c-ares does not start with them. */
bool dns_start(struct bytes resolvers);

/* The addresses of a host that may be connected to, at most address_most, IPv6 first; of an address, itself.
 * probe_name_unresolved: there are none, or the resolver does not know; probe_address_forbidden: all are outside. */
status dns_resolve(const struct errand *errand, const char *host, struct address_list *out);

/* dns-01: probe_record_absent, probe_record_wrong, probe_name_unresolved. */
status dns_01_probe(const struct errand *errand);

#endif
