/* SPDX-License-Identifier: Apache-2.0
 * Start, end and start again of the processes. */
#ifndef KEYWARD_LIFE_H
#define KEYWARD_LIFE_H

#include "firmware/warden/appliance.h"

/* A process that did not yet serve has this long to say something, one that served the shorter time. */
enum { life_patience_starting_ms = 30000, life_patience_ms = 10000, life_patience_stopping_ms = 3000 };

/* Starts every process that is due. */
void life_attend(struct appliance *appliance, uint64_t now_ms);

/* Kills every process that was silent for too long; its end is then seen like any other. */
void life_judge_silence(struct appliance *appliance, uint64_t now_ms);

/* Takes down that a process ended with this wait status, and when it is due again. */
void life_end(struct appliance *appliance, enum process process, int wait_status, uint64_t now_ms);

/* Ends all in reverse order: each is asked by closing its control channel, and killed when the time for all is over. */
void life_stop(struct appliance *appliance);

/* The next moment at which life_attend or life_judge_silence has something to do, UINT64_MAX for none. */
uint64_t life_next_ms(const struct appliance *appliance);

#endif
