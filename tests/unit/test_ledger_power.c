/* SPDX-License-Identifier: Apache-2.0
 * The power goes at any point: what was not synced vanishes, in part or as a whole, and the ledger that is left opens
 * with everything that was answered. Then a disk that fails to sync or to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/signer/disk/disk.h"
#include "tests/signer/fixture.h"
#include "tests/signer/journal.h"

enum { most_marks = 32, seeds = 12, no_entry = 0 };

/* What had been answered when so many steps were made. */
static struct mark {
	size_t steps;
	uint64_t size, closed; /* entry 0 is never closed here */
} marks[most_marks];
static size_t mark_count;
static struct journal journal;
static char left[] = "/tmp/keyward-signer-left-XXXXXX", again[] = "/tmp/keyward-signer-again-XXXXXX";

static void must(status s, const struct journal *whose)
{
	if (is_refused(s))
		fail_msg("refused: %s: %s", status_entry(s.refusal)->name, whose->why);
}

static void mark(uint64_t closed)
{
	assert_true(mark_count < most_marks);
	marks[mark_count++] = (struct mark){disk_steps(), ledger_size(journal.ledger), closed};
}

static struct mark answered_at(size_t steps)
{
	struct mark out = {0};
	for (size_t i = 0; i < mark_count && marks[i].steps <= steps; i++)
		out = marks[i];
	return out;
}

static void append(size_t count, uint64_t closed)
{
	must(journal_append(&journal, count), &journal);
	mark(closed);
}

/* A first start; commits of one and of several entries; a void; checkpoints between. */
static void live(void)
{
	uint64_t number;
	journal_make(&journal, NULL);
	mark_count = 0;
	disk_begin(journal.path);
	must(journal_open(&journal), &journal);
	mark(no_entry);
	append(1, no_entry);
	append(3, no_entry);
	must(journal_checkpoint(&journal), &journal);
	append(1, no_entry);
	must(journal_stage(&journal, 'c', 0, &number), &journal);
	must(journal_stage(&journal, 'v', 2, &number), &journal);
	must(ledger_commit(journal.ledger), &journal);
	mark(2);
	append(5, 2);
	must(journal_checkpoint(&journal), &journal);
	append(2, 2);
}

static void end_life(void)
{
	journal_remove(&journal);
	disk_end();
}

static void empty(const char *folder)
{
	static const char *const names[] = {"entries", "hashes", "status", "synced", "checkpoint", "checkpoint.new"};
	char path[160];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
}

/* The machine has started again with what lies in the folder. */
static struct journal started(const char *folder)
{
	struct journal other = {.audit = journal.audit, .folder = -1, .now = journal.now, .boot = 2};
	snprintf(other.path, sizeof other.path, "%s", folder);
	return other;
}

static void expect(struct journal *other, struct mark answered)
{
	struct ledger_record record;
	assert_true(ledger_size(other->ledger) >= answered.size);
	for (uint64_t i = 0; i < ledger_size(other->ledger); i++)
		must(ledger_read(other->ledger, i, &record), other);
	if (answered.closed == no_entry)
		return;
	must(ledger_read(other->ledger, answered.closed, &record), other);
	assert_int_equal(record.status.state, status_file_void);
}

static void expect_all(const char *folder, size_t steps, unsigned seed, struct mark answered)
{
	struct journal other = started(folder);
	const status opened = journal_open(&other);
	if (is_refused(opened))
		fail_msg("after step %zu of %zu, seed %u: %s: %s", steps, disk_steps(), seed,
			 status_entry(opened.refusal)->name, other.why);
	expect(&other, answered);
	must(journal_append(&other, 2), &other);
	must(journal_checkpoint(&other), &other);
	journal_close(&other);
	must(journal_open(&other), &other);
	journal_close(&other);
}

static void case_91_whatever_a_loss_of_power_leaves_opens_with_all_that_was_answered(void **state)
{
	(void)state;
	live();
	for (size_t steps = 0; steps <= disk_steps(); steps++)
		for (unsigned seed = 0; seed < seeds; seed++) {
			empty(left);
			disk_lay_out(steps, seed, left);
			expect_all(left, steps, seed, answered_at(steps));
		}
	end_life();
}

/* The power goes, and again while the ledger is opened and goes on. */
static void case_91_a_second_loss_of_power_while_it_opens_leaves_all_that_was_answered(void **state)
{
	(void)state;
	live();
	const size_t whole = disk_steps();
	for (size_t steps = 5; steps <= whole; steps += 4) {
		if (steps != 5)
			end_life();
		if (steps != 5)
			live();
		empty(left);
		disk_lay_out(steps, 2 + (unsigned)steps, left);
		struct mark answered = answered_at(steps);
		struct journal other = started(left);
		disk_begin(left);
		must(journal_open(&other), &other);
		answered.size = ledger_size(other.ledger); /* what it now counts as entered, it may answer */
		const size_t opened = disk_steps();
		must(journal_append(&other, 1), &other);
		journal_close(&other);
		for (size_t more = 0; more <= disk_steps(); more++)
			for (unsigned seed = 0; seed < 4; seed++) {
				empty(again);
				disk_lay_out(more, seed, again);
				expect_all(again, more, seed, more < opened ? answered_at(steps) : answered);
			}
	}
	end_life();
}

/* What is still in memory after a sync that failed never comes to the disk by another sync. */
static void what_a_failed_sync_lost_is_written_again_before_it_counts(void **state)
{
	static const char *const names[] = {"entries", "synced", "hashes", "status"};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		live();
		disk_fail_sync(names[i]);
		const status appended = journal_append(&journal, 2), covered = journal_checkpoint(&journal);
		assert_true(is_refused(appended) || is_refused(covered));
		assert_true(ledger_is_dead(journal.ledger));
		journal_close(&journal);
		must(journal_open(&journal), &journal); /* a new start of the signer, not of the machine */
		const size_t opened = disk_steps();
		mark(2);
		append(1, 2);
		must(journal_checkpoint(&journal), &journal);
		append(1, 2);
		for (size_t steps = opened; steps <= disk_steps(); steps++)
			for (unsigned seed = 0; seed < 4; seed++) {
				empty(left);
				disk_lay_out(steps, seed, left);
				expect_all(left, steps, seed, answered_at(steps));
			}
		end_life();
	}
}

static uint64_t size_of(const char *folder, const char *name)
{
	char path[160];
	struct stat facts;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(stat(path, &facts), 0);
	return (uint64_t)facts.st_size;
}

/* A record that cannot be read is not one that is torn: it may have been answered. */
static void a_read_that_fails_cuts_nothing(void **state)
{
	(void)state;
	live();
	empty(left);
	disk_lay_out(disk_steps(), 0, left); /* the last entries lie behind what `synced` counts */
	const struct mark answered = answered_at(disk_steps());
	const uint64_t size = size_of(left, "entries");
	struct journal other = started(left);
	disk_begin(left);
	disk_fail_read("entries", size - 10);
	const status opened = journal_open(&other);
	assert_string_equal(status_entry(opened.refusal)->name, "internal");
	assert_non_null(strstr(other.why, "could not be read"));
	journal_close(&other);
	assert_int_equal(size_of(left, "entries"), size);
	must(journal_open(&other), &other);
	assert_int_equal(ledger_size(other.ledger), answered.size);
	disk_fail_read("entries", size - 10);
	struct ledger_record record;
	assert_string_equal(status_entry(ledger_read(other.ledger, answered.size - 1, &record).refusal)->name,
			    "internal");
	must(ledger_read(other.ledger, answered.size - 1, &record), &other);
	journal_close(&other);
	end_life();
}

static int make(void **state)
{
	(void)state;
	return mkdtemp(left) == NULL || mkdtemp(again) == NULL ? -1 : 0;
}

static int give_up(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s' '%s'", left, again);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(case_91_whatever_a_loss_of_power_leaves_opens_with_all_that_was_answered),
	    cmocka_unit_test(case_91_a_second_loss_of_power_while_it_opens_leaves_all_that_was_answered),
	    cmocka_unit_test(what_a_failed_sync_lost_is_written_again_before_it_counts),
	    cmocka_unit_test(a_read_that_fails_cuts_nothing),
	};
	return cmocka_run_group_tests_name("ledger_power", tests, make, give_up);
}
