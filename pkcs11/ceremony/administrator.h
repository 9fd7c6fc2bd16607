/* SPDX-License-Identifier: Apache-2.0
 * The first keys of the administrators: P-256, made in software, the private half for its owner to take away. */
#ifndef KEYWARD_ADMINISTRATOR_H
#define KEYWARD_ADMINISTRATOR_H

#include "pkcs11/ceremony/folder.h"

/* Makes a key for each administrator of the configuration: the canonical JWK to its key_file, the private key to
 * administrators/NAME.pem of STATE.new, from where folder_finish moves it. False: one sentence was written. */
bool administrator_make_all(const struct folder *folder, const struct configuration *configuration);

#endif
