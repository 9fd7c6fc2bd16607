/* SPDX-License-Identifier: Apache-2.0
 * The ledger while all goes well, while the disk fills, while the clock jumps. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/signer/fixture.h"
#include "tests/signer/journal.h"

static void must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s", status_entry(s.refusal)->name);
}

static void expect(status s, enum refusal wanted)
{
	assert_string_equal(status_entry(s.refusal)->name, status_entry(wanted)->name);
}

static void entries_are_read_back_and_proven_after_a_new_start(void **state)
{
	struct journal journal;
	struct ledger_record record;
	struct tree_hash path[tree_deepest];
	unsigned count;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	assert_int_equal(ledger_size(journal.ledger), 0);
	must(journal_append(&journal, 70));
	expect(ledger_prove(journal.ledger, 0, path, &count), refusal_entry_unknown);
	must(journal_checkpoint(&journal));
	journal_close(&journal);
	must(journal_open(&journal));
	assert_int_equal(ledger_size(journal.ledger), 70);
	for (uint64_t i = 0; i < 70; i++) {
		char order[32];
		snprintf(order, sizeof order, "order %llu", (unsigned long long)i);
		must(ledger_read(journal.ledger, i, &record));
		assert_true(bytes_equal_text(record.entry.order, order));
		assert_int_equal(record.status.state, status_file_issued);
		must(ledger_prove(journal.ledger, i, path, &count));
	}
	expect(ledger_read(journal.ledger, 70, &record), refusal_entry_unknown);
	expect(ledger_prove(journal.ledger, 70, path, &count), refusal_entry_unknown);
	journal_remove(&journal);
}

static void an_entry_counts_only_after_the_commit(void **state)
{
	struct journal journal;
	struct ledger_record record;
	uint64_t number;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_stage(&journal, 'c', 0, &number));
	assert_int_equal(number, 0);
	assert_int_equal(ledger_size(journal.ledger), 0);
	expect(ledger_read(journal.ledger, 0, &record), refusal_entry_unknown);
	must(ledger_commit(journal.ledger));
	must(ledger_read(journal.ledger, 0, &record));
	journal_remove(&journal);
}

static void the_stage_has_an_end(void **state)
{
	struct journal journal;
	uint64_t number;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	for (unsigned i = 0; i < ledger_most_staged; i++)
		must(journal_stage(&journal, 'c', 0, &number));
	expect(journal_stage(&journal, 'c', 0, &number), refusal_ledger_full);
	must(ledger_commit(journal.ledger));
	assert_int_equal(ledger_size(journal.ledger), ledger_most_staged);
	journal_remove(&journal);
}

static void a_void_or_revocation_closes_the_entry_that_it_names_also_after_the_status_file_was_lost(void **state)
{
	struct journal journal;
	struct ledger_record record;
	uint64_t number;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_append(&journal, 5));
	must(journal_stage(&journal, 'v', 3, &number));
	must(journal_stage(&journal, 'r', 4, &number));
	must(ledger_commit(journal.ledger));
	must(journal_append(&journal, 5));
	must(journal_checkpoint(&journal));
	for (int round = 0; round < 8; round++) {
		/* a state that no entry explains, or one that an entry denies */
		static const struct {
			char state;
			int entry;
		} lies[] = {{'v', 1}, {'r', 1}, {'i', 3}, {'r', 3}, {'i', 4}, {'v', 4}};
		journal_close(&journal);
		if (round == 1) /* lost */
			fixture_write(journal.path, "status", "", 0);
		if (round >= 2) {
			char path[160];
			snprintf(path, sizeof path, "%s/status", journal.path);
			const int file = open(path, O_WRONLY);
			assert_int_equal(pwrite(file, &lies[round - 2].state, 1, lies[round - 2].entry * 64), 1);
			close(file);
		}
		must(journal_open(&journal));
		for (uint64_t i = 0; i < 12; i++) {
			must(ledger_read(journal.ledger, i, &record));
			assert_int_equal(record.status.state, "iiivr--iiiii"[i]);
		}
	}
	journal_remove(&journal);
}

static void hashes_and_status_are_made_anew_when_they_are_missing_or_wrong(void **state)
{
	static const char *const names[] = {"hashes", "status"};
	struct journal journal;
	struct ledger_record record;
	static uint8_t before[2][8192], after[8192];
	size_t sizes[2];
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_append(&journal, 50));
	must(journal_checkpoint(&journal));
	must(journal_append(&journal, 3));
	journal_close(&journal);
	for (int i = 0; i < 2; i++)
		sizes[i] = fixture_read(journal.path, names[i], before[i], sizeof before[i]);
	for (int i = 0; i < 2; i++) {
		for (int harm = 0; harm < 3; harm++) {
			memcpy(after, before[i], sizes[i]);
			after[sizes[i] / 2] ^= 0x10;
			fixture_write(journal.path, names[i], after, harm == 0 ? 0 : harm == 1 ? sizes[i] / 2 : sizes[i]);
			must(journal_open(&journal));
			must(ledger_read(journal.ledger, 52, &record));
			journal_close(&journal);
			assert_int_equal(fixture_read(journal.path, names[i], after, sizeof after), sizes[i]);
			assert_memory_equal(after, before[i], sizes[i]);
		}
	}
	/* the same while it is open */
	must(journal_open(&journal));
	memcpy(after, before[1], sizes[1]);
	after[7 * 64 + 30] ^= 1;
	char path[160];
	snprintf(path, sizeof path, "%s/status", journal.path);
	const int file = open(path, O_WRONLY);
	assert_int_equal(pwrite(file, after, sizes[1], 0), (ssize_t)sizes[1]);
	close(file);
	must(ledger_read(journal.ledger, 7, &record));
	assert_true(bytes_equal_text(record.entry.order, "order 7"));
	journal_remove(&journal);
}

static void a_checkpoint_that_would_contradict_the_last_is_not_signed(void **state)
{
	struct journal journal;
	uint8_t octets[32] = {1};
	char path[160];
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_append(&journal, 8));
	must(journal_checkpoint(&journal));
	must(journal_append(&journal, 1));
	snprintf(path, sizeof path, "%s/hashes", journal.path);
	const int file = open(path, O_WRONLY);
	assert_int_equal(pwrite(file, octets, 32, (off_t)tree_place(3, 0) * 32), 32);
	close(file);
	expect(journal_checkpoint(&journal), refusal_ledger_broken);
	expect(journal_append(&journal, 1), refusal_ledger_broken);
	assert_true(ledger_is_dead(journal.ledger));
	journal_remove(&journal);
}

static void a_second_signer_on_the_same_ledger_is_refused(void **state)
{
	struct journal journal, second;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	second = journal;
	expect(journal_open(&second), refusal_busy);
	assert_non_null(strstr(second.why, "Another signer"));
	close(second.folder);
	journal_remove(&journal);
}

/* ---- the clock ---- */

static void case_99_a_clock_behind_the_last_entry_is_unsafe(void **state)
{
	struct journal journal;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_append(&journal, 1));
	const struct moment back = {journal.now.wall_s - 1, journal.now.boot_s + 10};
	const struct moment same = {journal.now.wall_s, journal.now.boot_s + 10};
	expect(ledger_judge_clock(journal.ledger, &back), refusal_clock_unsafe);
	must(ledger_judge_clock(journal.ledger, &same));
	assert_int_equal(ledger_plausible_s(journal.ledger, &back), journal.now.wall_s);
	journal.now = back;
	uint64_t number;
	expect(journal_stage(&journal, 'c', 0, &number), refusal_clock_unsafe);
	journal_remove(&journal);
}

static void case_99_a_clock_that_jumped_ahead_is_unsafe_also_after_a_new_start_in_the_same_boot(void **state)
{
	struct journal journal;
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	const struct moment first = journal.now;
	const struct moment later = {first.wall_s + 500, first.boot_s + 500};
	const struct moment ahead = {first.wall_s + 500 + 3601, first.boot_s + 500};
	must(ledger_judge_clock(journal.ledger, &later));
	expect(ledger_judge_clock(journal.ledger, &ahead), refusal_clock_unsafe);
	assert_int_equal(ledger_plausible_s(journal.ledger, &ahead), ahead.wall_s - 1);
	journal_close(&journal);
	journal.now = ahead;
	must(journal_open(&journal));
	expect(ledger_judge_clock(journal.ledger, &ahead), refusal_clock_unsafe);
	journal_close(&journal);
	journal.boot = 2; /* in another boot nothing is known but the last entry */
	must(journal_open(&journal));
	must(ledger_judge_clock(journal.ledger, &ahead));
	journal_remove(&journal);
}

/* ---- the disk ---- */

static void *map_small_disk(struct journal *journal)
{
	char path[] = "/tmp/keyward-signer-disk-XXXXXX";
	if (mkdtemp(path) == NULL || mount("tmpfs", path, "tmpfs", MS_NOSUID, "size=256k") != 0)
		return NULL;
	journal_make(journal, path);
	return journal;
}

static void unmap_small_disk(struct journal *journal)
{
	journal_close(journal);
	EVP_PKEY_free(journal->audit);
	assert_int_equal(umount2(journal->path, MNT_DETACH), 0);
	assert_int_equal(rmdir(journal->path), 0);
}

static void case_91_a_full_disk_stops_issuing_and_leaves_nothing_half_made(void **state)
{
	struct journal journal;
	struct stat facts;
	char path[160];
	uint64_t issued = 0, number;
	status done = OK;
	(void)state;
	assert_non_null(map_small_disk(&journal));
	must(journal_open(&journal));
	while (!is_refused(done)) {
		done = journal_append(&journal, 7);
		if (!is_refused(done))
			issued += 7;
	}
	expect(done, refusal_ledger_full);
	assert_true(issued > 100);
	assert_int_equal(ledger_size(journal.ledger), issued);
	assert_false(ledger_is_dead(journal.ledger));
	expect(journal_append(&journal, 7), refusal_ledger_full);
	snprintf(path, sizeof path, "%s/hashes", journal.path);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_size, tree_stored(issued) * 32);
	journal_close(&journal);
	must(journal_open(&journal));
	assert_int_equal(ledger_size(journal.ledger), issued);
	/* more room: it goes on where it stopped */
	assert_int_equal(mount("tmpfs", journal.path, "tmpfs", MS_REMOUNT | MS_NOSUID, "size=1m"), 0);
	must(journal_stage(&journal, 'c', 0, &number));
	assert_int_equal(number, issued);
	must(ledger_commit(journal.ledger));
	unmap_small_disk(&journal);
}

static void below_the_high_water_mark_only_voids_revocations_and_starts_are_written(void **state)
{
	struct journal journal;
	uint64_t number;
	(void)state;
	assert_non_null(map_small_disk(&journal));
	must(journal_open(&journal));
	must(journal_append(&journal, 3));
	journal_close(&journal);
	journal.room_bytes = 1 << 20;
	must(journal_open(&journal));
	expect(journal_stage(&journal, 'c', 0, &number), refusal_ledger_full);
	expect(journal_stage(&journal, 'a', 0, &number), refusal_ledger_full);
	expect(journal_stage(&journal, 't', 0, &number), refusal_ledger_full);
	must(journal_stage(&journal, 's', 0, &number));
	must(journal_stage(&journal, 'v', 1, &number));
	must(journal_stage(&journal, 'r', 2, &number));
	must(ledger_commit(journal.ledger));
	assert_int_equal(ledger_size(journal.ledger), 6);
	unmap_small_disk(&journal);
}

static void case_91_a_ledger_that_is_removed_renamed_or_cut_while_it_is_open_stops_issuing(void **state)
{
	(void)state;
	for (int harm = 0; harm < 3; harm++) {
		struct journal journal;
		char path[160], other[170];
		journal_make(&journal, NULL);
		must(journal_open(&journal));
		must(journal_append(&journal, 3));
		snprintf(path, sizeof path, "%s/entries", journal.path);
		snprintf(other, sizeof other, "%s.1", path);
		assert_int_equal(harm == 0 ? unlink(path) : harm == 1 ? rename(path, other) : truncate(path, 400), 0);
		expect(journal_append(&journal, 1), refusal_ledger_broken);
		expect(journal_append(&journal, 1), refusal_ledger_broken);
		assert_int_equal(ledger_size(journal.ledger), 3);
		journal_remove(&journal);
	}
}

static void a_long_ledger_opens_with_a_bounded_part_read_and_falls_back_to_all_of_it(void **state)
{
	struct journal journal;
	struct ledger_record record;
	char path[160];
	(void)state;
	journal_make(&journal, NULL);
	must(journal_open(&journal));
	must(journal_append(&journal, 17000));
	must(journal_checkpoint(&journal));
	must(journal_append(&journal, 100));
	for (int harm = 0; harm < 2; harm++) {
		journal_close(&journal);
		must(journal_open(&journal));
		assert_int_equal(ledger_size(journal.ledger), 17100);
		must(ledger_read(journal.ledger, 5, &record));
		must(ledger_read(journal.ledger, 17099, &record));
		snprintf(path, sizeof path, "%s/hashes", journal.path);
		assert_int_equal(truncate(path, 4096), 0);
	}
	journal_remove(&journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_back_and_proven_after_a_new_start),
		cmocka_unit_test(an_entry_counts_only_after_the_commit),
		cmocka_unit_test(the_stage_has_an_end),
		cmocka_unit_test(a_void_or_revocation_closes_the_entry_that_it_names_also_after_the_status_file_was_lost),
		cmocka_unit_test(hashes_and_status_are_made_anew_when_they_are_missing_or_wrong),
		cmocka_unit_test(a_checkpoint_that_would_contradict_the_last_is_not_signed),
		cmocka_unit_test(a_second_signer_on_the_same_ledger_is_refused),
		cmocka_unit_test(case_99_a_clock_behind_the_last_entry_is_unsafe),
		cmocka_unit_test(case_99_a_clock_that_jumped_ahead_is_unsafe_also_after_a_new_start_in_the_same_boot),
		cmocka_unit_test(case_91_a_full_disk_stops_issuing_and_leaves_nothing_half_made),
		cmocka_unit_test(below_the_high_water_mark_only_voids_revocations_and_starts_are_written),
		cmocka_unit_test(case_91_a_ledger_that_is_removed_renamed_or_cut_while_it_is_open_stops_issuing),
		cmocka_unit_test(a_long_ledger_opens_with_a_bounded_part_read_and_falls_back_to_all_of_it),
	};
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
