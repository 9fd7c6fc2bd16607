/* SPDX-License-Identifier: Apache-2.0
 * Activations of AKs, whoever asks for them. The verifier draws the secret and keeps nothing; what it must know again is kept here,
 * sealed by it. An activation is used once, rightly or wrongly. */
#ifndef KEYWARD_REGISTRAR_ACTIVATION_H
#define KEYWARD_REGISTRAR_ACTIVATION_H

#include "ca/registrar/reply.h"

enum { activation_secret_most = 64, activation_certificate_most = 4096, activation_intermediates_most = 6, activation_public_most = 1024 };

/* Has the verifier judge the AK, and keeps its activation for the account (0: nobody's). The views in `out` last until the next
 * question to a neighbour. Refusals of the verifier; orders_full, activations_too_many. */
status activation_open(struct registrar *registrar, const struct message_ak_begin *ask, int64_t account, struct reply *reply,
		       struct message_ak_begun *out, int64_t *id);

/* Certifies the AK whose TPM gave this secret. `thumbprint`: that of the account, as when it was opened. activation_unknown: it was
 * used, has ended, or somebody else uses it now; activation_wrong. */
status activation_use(struct registrar *registrar, int64_t id, const uint8_t thumbprint[store_hash_size], struct bytes secret,
		      struct reply *reply);

/* The certificate that it led to, its octets in `room`. activation_unknown: none; certificate_revoked. */
status activation_certificate(struct registrar *registrar, int64_t id, struct buffer *room, struct certificate_row *out);

#endif
