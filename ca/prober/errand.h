/* SPDX-License-Identifier: Apache-2.0
 * What one probe is given. */
#ifndef KEYWARD_ERRAND_H
#define KEYWARD_ERRAND_H

#include "firmware/boundary/detail.h"
#include "firmware/boundary/wire.h"

enum { errand_name_room = 257, errand_key_authorization_room = 192 };

struct errand {
	const struct message_prober_settings *settings;
	char name[errand_name_room];	/* without "*." */
	bool is_ip;
	char token[129];
	char key_authorization[errand_key_authorization_room];
	uint8_t digest[32];		/* SHA-256 of the key authorization */
	uint64_t until_ms;		/* by the boot clock */
	struct detail *detail;
};

/* Milliseconds that are left, at least 1; 0: none. */
uint32_t errand_left_ms(const struct errand *errand);

#endif
