/* SPDX-License-Identifier: Apache-2.0
 * The PKCS#11 token while it is made: initialise, set the PIN, generate keys inside, read their attributes back. Direct
 * calls to the module, because libp11 has none for attributes. Each function that returns false wrote one sentence to
 * standard error. */
#ifndef KEYWARD_TOKEN_H
#define KEYWARD_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { token_id_size = 16 };

struct token; /* at most one a process: PKCS#11 is initialised once */

struct token_name {
	char label[33], manufacturer[33], model[17], serial[17];
};

/* Loads the module and initialises PKCS#11. SoftHSM2 gets `folder` as its token folder (NULL: another module's own
 * settings). Owner: token_close, which also finalises PKCS#11. */
bool token_load(const char *module, const char *folder, struct token **out);
void token_close(struct token *token);

/* Initialises the first empty slot with that label and sets both PINs; refused when a token has the label already. The
 * user is logged in afterwards. */
bool token_initialise(struct token *token, const char *label, const char *so_pin, const char *pin);

/* Logs the user in to the token of that label: one try, and none at all when the token says that it would be the last
 * before a lock-out. */
bool token_login(struct token *token, const char *label, const char *pin);

/* A pair generated inside under the algorithm "P-256", "P-384", "RSA-3072" or "RSA-4096" with a random id. Refused,
 * too, when the attributes that the token then reports are not those of a key that was made inside, signs only and
 * never leaves. */
bool token_generate(struct token *token, const char *label, const char *algorithm, uint8_t id[token_id_size]);

void token_describe(const struct token *token, struct token_name *out);

#endif
