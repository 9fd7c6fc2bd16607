/* SPDX-License-Identifier: Apache-2.0
 * A failing token, a bad clock, a full disk and a ledger that others change, against a whole signer: each is refused by
 * name, nothing is signed, and the ledger is as it should be. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/signer/stage.h"

static void case_89_a_certificate_with_a_wrong_signature_is_not_released(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	stage.module->flips = 1;
	stage.module->flipped_bit = 100;
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_token_signature_wrong);
	assert_int_equal(ledger_size(stage.counter.signer->ledger),
			 2); /* the intent stays; the same request completes it */
	stage_must(counter_read(&stage.counter, 1, &given));
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	assert_int_equal(issued.entry, 1);
}

static void case_85_a_removed_token_refuses_and_ends_the_signer(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	stage.module->is_removed = 1;
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_token_absent);
	assert_true(signer_is_dead(stage.counter.signer));
	stage.module->is_removed = 0;
	stage_must(counter_reopen(&stage.counter, STAGE_MODULE));
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	assert_int_equal(issued.entry, 1);
}

static void case_89_a_checkpoint_with_a_wrong_signature_is_not_given(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	stage.module->flips = 1;
	stage_expect(counter_read(&stage.counter, 1, &given), refusal_token_signature_wrong);
	stage_must(counter_read(&stage.counter, 1, &given));
}

static void case_99_nothing_is_issued_while_the_clock_is_unsafe(void **state)
{
	struct message_issued issued;
	struct message_entry_voided voided;
	struct message_tls_certified certified;
	struct counter_ak ak;
	const struct moment good = stage.counter.now;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	issue_listener_came(stage.counter.signer);
	counter_ak(&stage.counter, &ak, 1, stage.key);
	const int64_t steps[] = {-1, -100000000, 3700, 100000000};
	for (size_t i = 0; i < 4; i++) {
		stage.counter.now.wall_s = good.wall_s + (uint64_t)steps[i];
		stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_clock_unsafe);
		stage_expect(counter_certify_ak(&stage.counter, &ak, &issued), refusal_clock_unsafe);
		stage_expect(counter_certify_tls(&stage.counter, stage.key, &certified), refusal_clock_unsafe);
	}
	assert_int_equal(ledger_size(stage.counter.signer->ledger), 1);
	stage.counter.now = good;
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	stage.counter.now.wall_s -= 50; /* what must be possible at any time is closing */
	stage_must(counter_void(&stage.counter, issued.entry, &voided));
}

static void case_99_a_start_with_the_clock_set_back_is_refused_or_waits(void **state)
{
	struct message_issued issued;
	const struct moment good = stage.counter.now;
	(void)state;
	stage.counter.now.wall_s -= 7200;
	stage_expect(counter_reopen(&stage.counter, STAGE_MODULE), refusal_clock_unsafe);
	assert_non_null(strstr(stage.counter.why, "set the clock"));
	stage.counter.now.wall_s = good.wall_s - 60;
	stage_must(counter_reopen(&stage.counter, STAGE_MODULE));
	assert_int_equal(ledger_size(stage.counter.signer->ledger), 1); /* this start is still to be written */
	counter_seal(&stage.counter, &stage.order);
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_clock_unsafe);
	stage.counter.now = good;
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	assert_int_equal(issued.entry, 2); /* the start came before it */
}

static void an_issuer_that_is_not_valid_issues_nothing(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	for (size_t i = 0; i < stage.counter.signer->authorities.count; i++)
		stage.counter.signer->authorities.at[i].issuer.not_after_s = stage.counter.now.wall_s;
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_clock_unsafe);
	assert_int_equal(ledger_next(stage.counter.signer->ledger), 1);
}

/* ---- a full disk ---- */

enum { many = 30 };

/* A signer whose ledger lies on a file system of 64 KiB. One module, one user at a time: the other is closed. */
static struct counter small_disk(char *path)
{
	assert_non_null(mkdtemp(path));
	assert_int_equal(mount("tmpfs", path, "tmpfs", MS_NOSUID, "size=64k"), 0);
	stage.fixture.settings.ledger_room_bytes = 0;
	struct counter small = stage.counter;
	small.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	small.signer = NULL;
	signer_close(stage.counter.signer);
	stage_must(counter_reopen(&small, STAGE_MODULE));
	return small;
}

static void remove_disk(struct counter *small, const char *path)
{
	signer_close(small->signer);
	free(small->signer);
	close(small->folder);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(rmdir(path), 0);
	stage.fixture.settings.ledger_room_bytes = 1 << 20;
	stage_must(counter_reopen(&stage.counter, STAGE_MODULE));
}

/* One round of many requests: how many were answered with a certificate, and as many signatures were made. */
static size_t ask_many(struct counter *small, unsigned round)
{
	static struct counter_order orders[many];
	static char names[many][48];
	struct message_issued issued;
	size_t good = 0;
	for (size_t i = 0; i < many; i++) {
		snprintf(names[i], sizeof names[i], "order-%u-%zu", round, i);
		counter_order(&orders[i], names[i], stage.key);
		counter_seal(small, &orders[i]);
		stage_must(issue_device(small->signer, counter_caller(small), &orders[i].issue, &small->now));
	}
	const uint64_t before = ledger_size(small->signer->ledger);
	const unsigned signatures = stage.module->signatures;
	issue_settle(small->signer);
	for (size_t i = 0; i < many; i++)
		good += !is_refused(counter_answer(small, message_issued, &issued));
	assert_int_equal(ledger_size(small->signer->ledger), before + good);
	assert_int_equal(stage.module->signatures, signatures + good);
	return good;
}

static void case_91_a_full_disk_refuses_every_one_of_a_round_and_signs_nothing(void **state)
{
	char path[] = "/tmp/keyward-signer-disk-XXXXXX";
	struct counter small = small_disk(path);
	size_t answered = 0;
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		const size_t good = ask_many(&small, round);
		assert_true(good == 0 || good == many);
		answered += good;
	}
	assert_true(answered < 3 * (size_t)many);
	remove_disk(&small, path);
}

static void case_91_an_order_that_a_full_disk_refused_is_not_used_up(void **state)
{
	char path[] = "/tmp/keyward-signer-disk-XXXXXX", name[48];
	struct counter small = small_disk(path);
	struct message_issued issued;
	status one = OK;
	(void)state;
	for (size_t i = 0; !is_refused(one); i++) {
		snprintf(name, sizeof name, "single-%zu", i);
		counter_order(&stage.order, name, stage.key);
		counter_seal(&small, &stage.order);
		one = counter_issue(&small, &stage.order, &issued);
	}
	stage_expect(one, refusal_ledger_full);
	assert_int_equal(mount("tmpfs", path, "tmpfs", MS_REMOUNT | MS_NOSUID, "size=1m"), 0);
	stage_must(counter_issue(&small, &stage.order, &issued));
	remove_disk(&small, path);
}

/* ---- a ledger that others change ---- */

static void case_91_a_ledger_that_vanishes_stops_issuing(void **state)
{
	struct message_issued issued;
	char path[160];
	(void)state;
	snprintf(path, sizeof path, "%s/entries", stage.fixture.ledger);
	assert_int_equal(unlink(path), 0);
	counter_seal(&stage.counter, &stage.order);
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_ledger_broken);
	assert_true(signer_is_dead(stage.counter.signer));
	stage_expect(counter_reopen(&stage.counter, STAGE_MODULE), refusal_ledger_broken);
	assert_non_null(strstr(stage.counter.why, "ledger"));
}

static void case_91_an_altered_entry_is_not_given_and_stops_issuing(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	char path[160];
	uint8_t octet = 'X';
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
	snprintf(path, sizeof path, "%s/entries", stage.fixture.ledger);
	const int file = open(path, O_WRONLY);
	assert_int_equal(pwrite(file, &octet, 1, 16 + 60), 1);
	close(file);
	stage_expect(counter_read(&stage.counter, 0, &given), refusal_ledger_broken);
	counter_order(&stage.order, "order-2", stage.key);
	counter_seal(&stage.counter, &stage.order);
	stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_ledger_broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(case_89_a_certificate_with_a_wrong_signature_is_not_released, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_85_a_removed_token_refuses_and_ends_the_signer, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_89_a_checkpoint_with_a_wrong_signature_is_not_given, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_99_nothing_is_issued_while_the_clock_is_unsafe, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_99_a_start_with_the_clock_set_back_is_refused_or_waits, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(an_issuer_that_is_not_valid_issues_nothing, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_91_a_full_disk_refuses_every_one_of_a_round_and_signs_nothing,
					    stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_91_an_order_that_a_full_disk_refused_is_not_used_up, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_91_a_ledger_that_vanishes_stops_issuing, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_91_an_altered_entry_is_not_given_and_stops_issuing, stage_begin,
					    stage_end),
	};
	return cmocka_run_group_tests_name("signer_failing", tests, stage_open, stage_close);
}
