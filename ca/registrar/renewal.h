/* SPDX-License-Identifier: Apache-2.0
 * Renewal by RFC 9773: when a certificate should be renewed, and which order succeeds it.
 *
 * A certificate has one successor at a time. An order of the account that got the certificate succeeds it from the start.
 * An order of another account, for step CLI makes one for each run, only wishes to: it says nothing yet about the device
 * that it names, and a stranger could keep the device itself from renewing. It succeeds once its challenge was judged valid. An
 * order that fails or expires, or whose certificate is revoked, is no successor any more. */
#ifndef KEYWARD_RENEWAL_H
#define KEYWARD_RENEWAL_H

#include <jansson.h>

#include "ca/registrar/registrar.h"

struct renewal_window {
	uint64_t start_s, end_s;
	uint32_t retry_after_s;
};
/* Within the last third of the certificate's life, leaving a sixth; in the past when it was revoked (0: it was not). The
 * end is always after the start. */
struct renewal_window renewal_suggest(uint64_t not_before_s, uint64_t not_after_s, uint64_t revoked_s);

/* The member `replaces` of a new order, if any. payload_malformed, renewal_id_malformed. */
status renewal_read(const json_t *payload, struct order_row *order);

/* Whether a new order may replace what it says, and whether it does so from the start; in the work that adds it.
 * renewal_unknown, replaces_mismatch, already_replaced. Costs nothing when the order replaces nothing. */
status renewal_judge(struct store *store, struct order_row *order);
/* The same, as far as it can have changed, when the order's challenge was judged valid; in the work that keeps that. */
status renewal_claim(struct store *store, const struct order_row *order);

#endif
