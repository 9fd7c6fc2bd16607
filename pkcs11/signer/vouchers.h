/* SPDX-License-Identifier: Apache-2.0
 * All that was vouched for one certificate: by the verifier for a device and for the request, by the prober for each
 * name. Distrusts who brings them: they must be of the same order, account and directory, and leave no identifier out. */
#ifndef KEYWARD_VOUCHERS_H
#define KEYWARD_VOUCHERS_H

#include "firmware/boundary/identifier.h"
#include "firmware/boundary/wire.h"

struct vouchers {
	struct message_request_voucher request;
	struct message_device_voucher device; /* when there is one */
	bool has_device;
	struct message_identifier identifiers[identifiers_most]; /* of the request voucher, each vouched for, as they are certified */
	size_t count, first;		 /* `first`: the device's, or the first of the names */
	uint8_t evidence_hash[32], configuration_hash[32]; /* of the device voucher, or of the name vouchers */
};

/* voucher_forged, voucher_expired; voucher_mismatch: of another order, account, directory, key or identifier, for an
 * identifier twice, or by a challenge that does not prove it; voucher_missing: an identifier has none;
 * identifier_malformed, identifier_type_unsupported. Views into the request. */
status vouchers_open(const struct message_signer_settings *settings, const struct message_issue *request,
		     struct vouchers *out);

#endif
