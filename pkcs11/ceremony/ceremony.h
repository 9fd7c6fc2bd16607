/* SPDX-License-Identifier: Apache-2.0
 * The first state of an appliance, whole or not at all. */
#ifndef KEYWARD_CEREMONY_H
#define KEYWARD_CEREMONY_H

#include <stdbool.h>

#include "firmware/warden/configuration.h"

/* Seals a new PIN, makes the token, its keys and certificates, and the administrators' keys; prints what was made to
 * standard output, with the recovery PIN when may_show_pin, and only then puts it in place. False: one sentence was
 * written, and nothing is left. */
bool ceremony_begin(const struct configuration *configuration, bool may_show_pin);

/* After programs or configuration were changed by someone who may: takes the recovery PIN from standard input, tries it
 * once on the token, and has it sealed for what is there now. */
bool ceremony_reseal(const struct configuration *configuration);

#endif
