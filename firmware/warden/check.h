/* SPDX-License-Identifier: Apache-2.0
 * keyward-warden --check: what would be found wrong at a start, found while the appliance serves. */
#ifndef KEYWARD_WARDEN_CHECK_H
#define KEYWARD_WARDEN_CHECK_H

#include "firmware/warden/configuration.h"

/* Builds the settings of all processes and has the verifier judge its own: roots, lists, what administrators signed. Starts nothing and
 * changes nothing. 0, and whose the roots are on standard output; 1, with a sentence on standard error. */
int check_run(const struct configuration *configuration, const char *programs);

#endif
