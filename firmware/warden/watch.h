/* SPDX-License-Identifier: Apache-2.0
 * The warden's loop. */
#ifndef KEYWARD_WATCH_H
#define KEYWARD_WATCH_H

#include "firmware/warden/appliance.h"

/* Starts all processes, wires them, watches them, until SIGTERM, SIGINT or SIGHUP, or until one needs a person before
 * it ever served; then stops them all. Returns the warden's exit code. */
int watch_run(struct appliance *appliance);

#endif
