/* SPDX-License-Identifier: Apache-2.0
 * Who of the settings' administrators signed a request that is brought or stored by others. */
#ifndef KEYWARD_VERIFIER_ADMINISTRATOR_H
#define KEYWARD_VERIFIER_ADMINISTRATOR_H

#include "ca/jose/jws.h"
#include "firmware/boundary/wire.h"

/* True when an administrator of the settings, whose role is administrator and whose URL is the request's kid, signed it. The name is
 * a view into the settings. The nonce is not looked at. */
bool administrator_signed(const struct message_verifier_settings *settings, const struct jws *jws, struct bytes *name);

/* Whether its kid is that of an administrator of this appliance, by its present name and port. */
bool administrator_is_ours(const struct message_verifier_settings *settings, const struct jws *jws);

/* Whether the request was signed for this path of the appliance, which says what it asks for. */
bool administrator_meant(const struct message_verifier_settings *settings, const struct jws *jws, const char *path);

#endif
