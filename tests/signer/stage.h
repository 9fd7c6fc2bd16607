/* SPDX-License-Identifier: Apache-2.0
 * What tests of a whole signer share: an authority, a signer on the module that fails as it is told to, an order. */
#ifndef KEYWARD_TESTS_SIGNER_STAGE_H
#define KEYWARD_TESTS_SIGNER_STAGE_H

#include "tests/signer/counter.h"
#include "tests/signer/faulty_module.h"

#define STAGE_MODULE "build/helpers/faulty_module.so"

struct stage {
	struct fixture fixture;
	struct counter counter;
	struct counter_order order; /* "order-1", not sealed yet */
	EVP_PKEY *key, *other;
	struct faulty_module *module;
};
extern struct stage stage;

/* For cmocka: of a group of tests, and of each test. */
int stage_open(void **state);
int stage_close(void **state);
int stage_begin(void **state);
int stage_end(void **state);

void stage_must(status s);
void stage_expect(status s, enum refusal wanted);
/* The order is refused and nothing was written; it is as it was before it was spoiled. */
void stage_expect_nothing(enum refusal wanted);

#endif
