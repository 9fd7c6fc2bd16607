/* SPDX-License-Identifier: Apache-2.0
 * The process table beside the messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "firmware/boundary/wire.h"
#include "firmware/warden/table.h"

static void every_process_has_a_row_with_a_user_of_its_own(void **state)
{
	(void)state;
	assert_null(table_row(process_ANY));
	assert_null(table_row(process_WARDEN));
	assert_null(table_row(process_count));
	for (enum process a = process_LOGGER; a < process_count; a++) {
		assert_non_null(table_row(a));
		assert_true(table_row(a)->uid >= 62001 && table_row(a)->uid < 62100);
		assert_true(table_row(a)->memory_mib > 0 && table_row(a)->open_files > 8);
		assert_true(table_row(a)->settings == message_none || wire_entry(table_row(a)->settings)->is_record);
		for (enum process b = process_LOGGER; b < a; b++) {
			assert_true(table_row(a)->uid != table_row(b)->uid);
			assert_string_not_equal(table_row(a)->program, table_row(b)->program);
		}
	}
}

static void no_folder_is_two_processes_own(void **state)
{
	const struct table_own *own, *other;
	(void)state;
	for (enum process a = process_LOGGER; a < process_count; a++)
		for (size_t i = 0; (own = table_own(a, i)) != NULL; i++) {
			assert_true(i < table_most_own);
			for (enum process b = process_LOGGER; b < a; b++)
				for (size_t k = 0; (other = table_own(b, k)) != NULL; k++)
					assert_string_not_equal(own->argument, other->argument);
		}
}

static bool has_call(enum process caller, enum process callee)
{
	const struct table_call *call;
	for (size_t i = 0; (call = table_call(i)) != NULL; i++)
		if (call->caller == caller && call->callee == callee)
			return true;
	return false;
}

static void every_request_has_its_channel_and_every_channel_its_request(void **state)
{
	const struct table_call *call;
	bool is_used[table_most_calls] = {false};
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		const struct wire_entry *entry = wire_entry(id);
		if (entry->is_record || entry->sender == process_ANY || entry->answer == message_none)
			continue;
		assert_true(has_call(entry->sender, entry->receiver));
		for (size_t i = 0; (call = table_call(i)) != NULL; i++)
			is_used[i] = is_used[i] || (call->caller == entry->sender && call->callee == entry->receiver);
	}
	for (size_t i = 0; (call = table_call(i)) != NULL; i++) {
		assert_true(is_used[i]);
		assert_false(has_call(call->callee, call->caller)); /* one byte names a channel */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_process_has_a_row_with_a_user_of_its_own),
		cmocka_unit_test(no_folder_is_two_processes_own),
		cmocka_unit_test(every_request_has_its_channel_and_every_channel_its_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
