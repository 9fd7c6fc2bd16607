/* SPDX-License-Identifier: Apache-2.0
 * Hands a PIN to keyward-seal, the program beside this one. */
#ifndef KEYWARD_SEALING_H
#define KEYWARD_SEALING_H

#include <stdbool.h>

#include "pkcs11/ceremony/secret.h"

/* Starts it with an empty environment and the PIN on its standard input alone, and waits. Only while PKCS#11 is not
 * initialised: a child of a process that is logged in could sign. False: a sentence was written, by it or here. */
bool sealing_run(const char *configuration, const struct secret *pin, bool is_reseal);

#endif
