/* SPDX-License-Identifier: Apache-2.0
 * Orders and tokens of the verifier in the hands of a client: only its own, only for what they were made, only while
 * they last. The hour is skipped in a time namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attest/token/token.h"
#include "attest/verifier/verifier.h"
#include "tests/device/identifier.h"
#include "firmware/boundary/clock.h"

#define DIRECTORY bytes_from_text("devices")
#define TYPE "permanent-identifier"
#define NAME "press-7"

static struct verifier verifier;
static uint8_t order_room[256], token_room[256];
static struct bytes order, token;

static status make_order(const char *type, const char *name, struct buffer *out)
{
	const struct bytes named = device_identifier(type, name);
	return token_make_order(verifier.settings.token_key, DIRECTORY, &named, 1, out);
}

static status open_order(struct bytes directory, struct bytes text, const char *type, const char *name)
{
	const struct bytes named = device_identifier(type, name);
	return token_open_order(verifier.settings.token_key, directory, &named, 1, text);
}

static struct token_purpose purpose_of(struct bytes of)
{
	return (struct token_purpose){DIRECTORY, of, bytes_from_text(TYPE), bytes_from_text(NAME),
				      bytes_from_text("device-attest-01")};
}

static status open_token(struct bytes of, struct bytes text)
{
	const struct token_purpose purpose = purpose_of(of);
	return token_open(verifier.settings.token_key, &purpose, text);
}

static int set_up(void **state)
{
	(void)state;
	struct buffer out = BUFFER(order_room), next = BUFFER(token_room);
	memset(verifier.settings.token_key, 7, sizeof verifier.settings.token_key);
	assert_false(is_refused(make_order(TYPE, NAME, &out)));
	order = buffer_view(&out);
	const struct token_purpose purpose = purpose_of(order);
	assert_false(is_refused(token_make(verifier.settings.token_key, &purpose, &next)));
	token = buffer_view(&next);
	return 0;
}

#define assert_refused(given, wanted) assert_string_equal(status_entry((given).refusal)->name, #wanted)

/* What a process answers whose boot clock is so many seconds ahead: the refusal is its exit code. */
static status later(long ahead, bool asks_the_order)
{
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char text[64];
		const uint64_t before = clock_boot_s();
		const int size = snprintf(text, sizeof text, "boottime %ld 0\n", ahead);
		if (unshare(CLONE_NEWTIME) != 0)
			_exit(255);
		const int offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		if (offsets < 0 || write(offsets, text, (size_t)size) != size)
			_exit(255);
		/* the namespace is its children's */
		const pid_t grandchild = fork();
		if (grandchild == 0) {
			if ((int64_t)(clock_boot_s() - before) < ahead)
				_exit(255);
			const status s = asks_the_order ? open_order(DIRECTORY, order, TYPE, NAME)
							: open_token(order, token);
			_exit((int)s.refusal);
		}
		int ended;
		_exit(grandchild > 0 && waitpid(grandchild, &ended, 0) == grandchild && WIFEXITED(ended)
			      ? WEXITSTATUS(ended)
			      : 255);
	}
	int ended;
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_true(WIFEXITED(ended));
	assert_int_not_equal(WEXITSTATUS(ended), 255);
	return (status){(enum refusal)WEXITSTATUS(ended)};
}

static void tokens_are_of_192_random_bits_in_base64url_without_padding(void **state)
{
	enum { count = 64, random_characters = 32 };
	static char seen[count][random_characters];
	(void)state;
	const struct token_purpose purpose = purpose_of(order);
	for (size_t i = 0; i < count; i++) {
		uint8_t room[256];
		struct buffer out = BUFFER(room);
		assert_false(is_refused(token_make(verifier.settings.token_key, &purpose, &out)));
		for (size_t at = 0; at < out.size; at++)
			assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", room[at], 64));
		memcpy(seen[i], room, random_characters);
	}
	for (size_t at = 0; at < random_characters; at++) { /* no character stays for 64 tokens */
		size_t others = 0;
		for (size_t i = 1; i < count; i++)
			others += seen[i][at] != seen[0][at];
		assert_true(others > 0);
	}
}

static void orders_and_tokens_are_taken_within_their_hour(void **state)
{
	(void)state;
	assert_false(is_refused(open_order(DIRECTORY, order, TYPE, NAME)));
	assert_false(is_refused(open_token(order, token)));
	assert_false(is_refused(later(token_life_s - 60, true)));
	assert_false(is_refused(later(token_life_s - 60, false)));
}

static void an_order_or_token_of_an_hour_ago_is_token_expired(void **state)
{
	(void)state;
	assert_refused(later(token_life_s, true), token_expired);
	assert_refused(later(token_life_s, false), token_expired);
}

static void an_order_or_token_dated_ahead_of_the_clock_is_token_expired(void **state)
{
	(void)state;
	/* a clock that stands below a minute cannot be set back by one */
	if (clock_boot_s() <= 60)
		skip();
	assert_refused(later(-60, true), token_expired);
	assert_refused(later(-60, false), token_expired);
}

static void an_order_with_any_character_changed_is_order_forged(void **state)
{
	(void)state;
	for (size_t i = 0; i < order.size; i++) {
		const uint8_t was = order_room[i];
		order_room[i] = was == 'A' ? 'B' : 'A';
		assert_refused(open_order(DIRECTORY, order, TYPE, NAME), order_forged);
		order_room[i] = was;
	}
}

static void a_token_with_any_character_changed_is_token_forged(void **state)
{
	(void)state;
	for (size_t i = 0; i < token.size; i++) {
		const uint8_t was = token_room[i];
		token_room[i] = was == 'A' ? 'B' : 'A';
		assert_refused(open_token(order, token), token_forged);
		token_room[i] = was;
	}
}

static void an_order_cut_anywhere_or_of_another_directory_type_or_name_is_order_forged(void **state)
{
	(void)state;
	for (size_t size = 0; size < order.size; size++)
		assert_refused(open_order(DIRECTORY, bytes_from(order.data, size), TYPE, NAME), order_forged);
	assert_refused(open_order(bytes_from_text(NAME), order, TYPE, NAME), order_forged);
	assert_refused(open_order(DIRECTORY, order, NAME, NAME), order_forged);
	assert_refused(open_order(DIRECTORY, order, TYPE, TYPE), order_forged);
	/* the same characters, divided elsewhere */
	assert_refused(open_order(bytes_from_text("devicesp"), order, "ermanent-identifier", NAME), order_forged);
}

static void a_token_cut_anywhere_or_of_another_order_is_token_forged(void **state)
{
	(void)state;
	uint8_t room[256];
	struct buffer other = BUFFER(room);
	assert_false(is_refused(make_order(TYPE, NAME, &other)));
	assert_refused(open_token(buffer_view(&other), token), token_forged);
	for (size_t size = 0; size < token.size; size++)
		assert_refused(open_token(order, bytes_from(token.data, size)), token_forged);
	assert_refused(open_token(order, order), token_forged);
}

static void what_another_start_of_the_verifier_made_is_forged(void **state)
{
	(void)state;
	verifier.settings.token_key[0] ^= 1;
	assert_refused(open_order(DIRECTORY, order, TYPE, NAME), order_forged);
	assert_refused(open_token(order, token), token_forged);
	verifier.settings.token_key[0] ^= 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_of_192_random_bits_in_base64url_without_padding),
		cmocka_unit_test(orders_and_tokens_are_taken_within_their_hour),
		cmocka_unit_test(an_order_or_token_of_an_hour_ago_is_token_expired),
		cmocka_unit_test(an_order_or_token_dated_ahead_of_the_clock_is_token_expired),
		cmocka_unit_test(an_order_with_any_character_changed_is_order_forged),
		cmocka_unit_test(a_token_with_any_character_changed_is_token_forged),
		cmocka_unit_test(an_order_cut_anywhere_or_of_another_directory_type_or_name_is_order_forged),
		cmocka_unit_test(a_token_cut_anywhere_or_of_another_order_is_token_forged),
		cmocka_unit_test(what_another_start_of_the_verifier_made_is_forged),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
