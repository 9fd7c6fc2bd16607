/* SPDX-License-Identifier: Apache-2.0
 * Opens one for a group of tests, begins anew for each. */
#include "tests/signer/stage.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct stage stage;

int stage_open(void **state)
{
	(void)state;
	fixture_open(&stage.fixture);
	stage.key = fixture_device_key();
	stage.other = fixture_device_key();
	void *library = dlopen(STAGE_MODULE, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return -1;
	stage.module = dlsym(library, "faulty_module");
	return stage.module == NULL ? -1 : 0;
}

int stage_close(void **state)
{
	(void)state;
	EVP_PKEY_free(stage.key);
	EVP_PKEY_free(stage.other);
	fixture_close(&stage.fixture);
	return 0;
}

int stage_begin(void **state)
{
	(void)state;
	*stage.module = (struct faulty_module){0};
	counter_open(&stage.counter, &stage.fixture, STAGE_MODULE);
	counter_order(&stage.order, "order-1", stage.key);
	return 0;
}

int stage_end(void **state)
{
	(void)state;
	counter_close(&stage.counter);
	return 0;
}

void stage_must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s: %s", status_entry(s.refusal)->name, stage.counter.why);
}

void stage_expect(status s, enum refusal wanted)
{
	assert_string_equal(status_entry(s.refusal)->name, status_entry(wanted)->name);
}

void stage_expect_nothing(enum refusal wanted)
{
	struct message_issued issued;
	const uint64_t before = ledger_next(stage.counter.signer->ledger);
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), wanted);
	assert_int_equal(ledger_next(stage.counter.signer->ledger), before);
	counter_order(&stage.order, "order-1", stage.key);
}
