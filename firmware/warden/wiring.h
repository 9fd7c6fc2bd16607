/* SPDX-License-Identifier: Apache-2.0
 * The channels between processes: made by the warden as the table says, once both ends have reported their
 * confinement. */
#ifndef KEYWARD_WIRING_H
#define KEYWARD_WIRING_H

#include "firmware/warden/appliance.h"

/* Makes every channel that is lacking, due, and has both its ends confined; gives the logger its reading ends. */
void wiring_attend(struct appliance *appliance, uint64_t now_ms);

/* A child said that it closed its channel to the neighbour: both get a new one, at most one a second. False when the
 * table has no such channel. */
bool wiring_lose(struct appliance *appliance, enum process child, enum process neighbour);

/* Whether the running logger holds the reading end of everybody. */
bool wiring_has_logger(const struct appliance *appliance);

/* A child ended: its channels are gone. */
void wiring_forget(struct appliance *appliance, enum process child);

/* The next moment at which wiring_attend has something to do, UINT64_MAX for none. */
uint64_t wiring_next_ms(const struct appliance *appliance);

#endif
