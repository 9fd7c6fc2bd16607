/* SPDX-License-Identifier: Apache-2.0
 * What a crash, a bad disk or a hostile hand may leave of the ledger: opened again it is either consistent or
 * refused, and no entry that was answered is lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/signer/fixture.h"
#include "tests/signer/journal.h"

enum { answered = 12, covered = 8, room_size = 1 << 16 };

static struct journal journal;
static char saved[128];
/* octets of entries at each number */
static size_t ends[answered + 1];

static void must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s: %s", status_entry(s.refusal)->name, journal.why);
}

static size_t size_of(const char *name)
{
	static uint8_t room[room_size];
	return fixture_read(journal.path, name, room, sizeof room);
}

/* Eight entries, a checkpoint, four more. */
static int make(void **state)
{
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	ends[0] = size_of("entries");
	for (size_t i = 1; i <= answered; i++) {
		must(journal_append(&journal, 1));
		ends[i] = size_of("entries");
		if (i == covered)
			must(journal_checkpoint(&journal));
	}
	journal_close(&journal);
	snprintf(saved, sizeof saved, "%s.saved", journal.path);
	fixture_copy(journal.path, saved);
	return 0;
}

static int give_up(void **state)
{
	char command[160];
	(void)state;
	journal_remove(&journal);
	snprintf(command, sizeof command, "rm -rf '%s'", saved);
	return system(command);
}

static int restore(void **state)
{
	static const char *const names[] = {"entries", "hashes", "status", "synced", "checkpoint"};
	static uint8_t room[room_size];
	(void)state;
	for (size_t i = 0; i < 5; i++)
		fixture_write(journal.path, names[i], room, fixture_read(saved, names[i], room, sizeof room));
	return 0;
}

/* What `synced` says after a crash of the machine: an earlier state of it, for it is written after the sync and not
 * synced itself. */
static void set_synced(size_t count)
{
	struct journal other;
	static uint8_t room[room_size];
	journal_make(&other, NULL);
	EVP_PKEY_free(other.audit);
	other.audit = journal.audit;
	must(journal_open(&other));
	must(journal_append(&other, count));
	journal_close(&other);
	fixture_write(journal.path, "synced", room, fixture_read(other.path, "synced", room, sizeof room));
	other.audit = NULL;
	journal_remove(&other);
}

static void expect_broken(const char *part)
{
	const status opened = journal_open(&journal);
	journal_close(&journal);
	assert_string_equal(status_entry(opened.refusal)->name, "ledger_broken");
	if (strstr(journal.why, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", journal.why, part);
}

static void expect_size(uint64_t size)
{
	struct ledger_record record;
	must(journal_open(&journal));
	assert_int_equal(ledger_size(journal.ledger), size);
	for (uint64_t i = 0; i < size; i++)
		must(ledger_read(journal.ledger, i, &record));
	must(journal_append(&journal, 1));
	must(journal_checkpoint(&journal));
	journal_close(&journal);
}

static void cut(const char *name, size_t size)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", journal.path, name);
	assert_int_equal(truncate(path, (off_t)size), 0);
}

static void case_91_entries_cut_at_any_octet_of_what_was_answered_are_refused(void **state)
{
	for (size_t size = 0; size < ends[answered]; size += size < ends[covered] ? 3 : 1) {
		restore(state);
		cut("entries", size);
		expect_broken(size < 16 ? "header" : "(entry ");
	}
}

static void a_torn_record_that_nobody_was_told_of_is_cut_at_any_octet(void **state)
{
	/* the machine stopped while the last four were on their way: nothing says that they were synced */
	for (size_t size = ends[covered]; size <= ends[answered]; size++) {
		size_t whole = covered;
		restore(state);
		set_synced(covered);
		cut("entries", size);
		while (whole < answered && ends[whole + 1] <= size)
			whole++;
		expect_size(whole);
		assert_int_equal(size_of("hashes"), tree_stored(whole + 1) * 32);
		assert_int_equal(size_of("status"), (whole + 1) * 64);
	}
}

static void a_torn_record_is_never_cut_below_the_checkpoint(void **state)
{
	for (size_t size = 16; size < ends[covered]; size += 3) {
		restore(state);
		set_synced(covered);
		cut("entries", size);
		expect_broken("(entry ");
	}
}

static void zeros_where_a_record_never_arrived_are_cut(void **state)
{
	static uint8_t room[room_size];
	restore(state);
	set_synced(covered + 1);
	assert_int_equal(fixture_read(saved, "entries", room, sizeof room), ends[answered]);
	memset(room + ends[covered + 1] + 5, 0, ends[answered] - ends[covered + 1] - 5);
	fixture_write(journal.path, "entries", room, ends[answered]);
	expect_size(covered + 1);
}

static void hashes_and_status_cut_at_any_octet_are_made_anew(void **state)
{
	static const char *const names[] = {"hashes", "status"};
	for (size_t i = 0; i < 2; i++) {
		restore(state);
		const size_t whole = size_of(names[i]);
		for (size_t size = 0; size < whole; size += 13) {
			restore(state);
			cut(names[i], size);
			expect_size(answered);
		}
	}
}

static void case_91_a_changed_bit_of_any_entry_is_refused_and_its_entry_named(void **state)
{
	static uint8_t room[room_size];
	for (size_t at = 16; at < ends[answered]; at += 7) {
		size_t number = 0;
		char named[32];
		restore(state);
		assert_int_equal(fixture_read(saved, "entries", room, sizeof room), ends[answered]);
		room[at] ^= 0x20;
		fixture_write(journal.path, "entries", room, ends[answered]);
		while (ends[number + 1] <= at)
			number++;
		snprintf(named, sizeof named, "(entry %zu)", number);
		expect_broken(named);
	}
}

static void case_91_two_swapped_entries_are_refused_and_the_first_named(void **state)
{
	static uint8_t room[room_size], other[room_size];
	for (size_t first = 0; first + 1 < answered; first++) {
		const size_t a = ends[first + 1] - ends[first], b = ends[first + 2] - ends[first + 1];
		char named[32];
		restore(state);
		assert_int_equal(fixture_read(saved, "entries", room, sizeof room), ends[answered]);
		memcpy(other, room, sizeof room);
		memcpy(other + ends[first], room + ends[first + 1], b);
		memcpy(other + ends[first] + b, room + ends[first], a);
		fixture_write(journal.path, "entries", other, ends[answered]);
		snprintf(named, sizeof named, "(entry %zu)", first);
		expect_broken(named);
	}
}

static void case_91_an_inserted_or_a_removed_entry_is_refused(void **state)
{
	static uint8_t room[room_size], other[room_size];
	for (size_t at = 0; at < answered; at++) {
		const size_t size = ends[at + 1] - ends[at];
		assert_int_equal(fixture_read(saved, "entries", room, sizeof room), ends[answered]);
		restore(state);
		memcpy(other, room, ends[at + 1]);
		memcpy(other + ends[at + 1], room + ends[at], ends[answered] - ends[at]);
		fixture_write(journal.path, "entries", other, ends[answered] + size);
		/* a copy behind the last is an entry that nobody was told of; one in between is a contradiction */
		if (at + 1 < answered)
			expect_broken("(entry ");
		restore(state);
		memcpy(other + ends[at], room + ends[at + 1], ends[answered] - ends[at + 1]);
		memcpy(other, room, ends[at]);
		fixture_write(journal.path, "entries", other, ends[answered] - size);
		expect_broken("(entry ");
	}
}

static void case_91_a_ledger_replaced_by_an_older_one_is_refused(void **state)
{
	static const char *const names[] = {"entries", "hashes", "status", "synced"};
	struct journal old;
	static uint8_t room[room_size];
	restore(state);
	journal_make(&old, NULL);
	EVP_PKEY_free(old.audit);
	old.audit = journal.audit;
	must(journal_open(&old));
	must(journal_append(&old, covered - 2));
	journal_close(&old);
	for (size_t i = 0; i < 4; i++)
		fixture_write(journal.path, names[i], room, fixture_read(old.path, names[i], room, sizeof room));
	expect_broken("older than its checkpoint");
	old.audit = NULL;
	journal_remove(&old);
}

static void case_91_another_history_of_the_same_length_is_refused(void **state)
{
	static const char *const names[] = {"entries", "hashes", "status", "synced"};
	struct journal other;
	static uint8_t room[room_size];
	restore(state);
	journal_make(&other, NULL);
	EVP_PKEY_free(other.audit);
	other.audit = journal.audit;
	other.now.wall_s++;
	must(journal_open(&other));
	must(journal_append(&other, answered));
	journal_close(&other);
	for (size_t i = 0; i < 4; i++)
		fixture_write(journal.path, names[i], room, fixture_read(other.path, names[i], room, sizeof room));
	expect_broken("not what the checkpoint signed");
	other.audit = NULL;
	journal_remove(&other);
}

static void case_91_a_missing_file_is_refused(void **state)
{
	static const struct {
		const char *name, *part;
	} rows[] = {{"entries", "header"}, {"synced", "synced"}, {"checkpoint", "no checkpoint"}};
	for (size_t i = 0; i < 3; i++) {
		char path[160];
		restore(state);
		snprintf(path, sizeof path, "%s/%s", journal.path, rows[i].name);
		assert_int_equal(unlink(path), 0);
		expect_broken(rows[i].part);
	}
}

static void a_checkpoint_or_a_note_of_what_was_synced_with_a_changed_bit_is_refused(void **state)
{
	static const char *const names[] = {"checkpoint", "synced"};
	static uint8_t room[room_size];
	for (size_t i = 0; i < 2; i++) {
		restore(state);
		const size_t size = size_of(names[i]);
		for (size_t at = 0; at < size; at += 3) {
			restore(state);
			assert_int_equal(fixture_read(saved, names[i], room, sizeof room), size);
			room[at] ^= 4;
			fixture_write(journal.path, names[i], room, size);
			expect_broken(names[i]);
		}
	}
}

static void a_first_start_that_was_interrupted_begins_again(void **state)
{
	struct journal fresh;
	(void)state;
	journal_make(&fresh, NULL);
	fixture_write(fresh.path, "entries", "keyward", 7);
	fixture_write(fresh.path, "hashes", "", 0);
	must(journal_open(&fresh));
	must(journal_append(&fresh, 2));
	journal_close(&fresh);
	must(journal_open(&fresh));
	assert_int_equal(ledger_size(fresh.ledger), 2);
	journal_remove(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_91_entries_cut_at_any_octet_of_what_was_answered_are_refused),
		cmocka_unit_test(a_torn_record_that_nobody_was_told_of_is_cut_at_any_octet),
		cmocka_unit_test(a_torn_record_is_never_cut_below_the_checkpoint),
		cmocka_unit_test(zeros_where_a_record_never_arrived_are_cut),
		cmocka_unit_test(hashes_and_status_cut_at_any_octet_are_made_anew),
		cmocka_unit_test(case_91_a_changed_bit_of_any_entry_is_refused_and_its_entry_named),
		cmocka_unit_test(case_91_two_swapped_entries_are_refused_and_the_first_named),
		cmocka_unit_test(case_91_an_inserted_or_a_removed_entry_is_refused),
		cmocka_unit_test(case_91_a_ledger_replaced_by_an_older_one_is_refused),
		cmocka_unit_test(case_91_another_history_of_the_same_length_is_refused),
		cmocka_unit_test(case_91_a_missing_file_is_refused),
		cmocka_unit_test(a_checkpoint_or_a_note_of_what_was_synced_with_a_changed_bit_is_refused),
		cmocka_unit_test(a_first_start_that_was_interrupted_begins_again),
	};
	return cmocka_run_group_tests_name("ledger_crash", tests, make, give_up);
}
