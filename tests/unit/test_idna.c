/* SPDX-License-Identifier: Apache-2.0
 * Labels that begin with xn--. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ca/registrar/idna.h"

static void a_label_is_the_one_encoding_of_characters_that_idna_allows(void **state)
{
	(void)state;
	static const char *const good[] = {"a.test", "xn--mnchen-3ya.test", "a.xn--bcher-kva.test", "*.xn--fa-hia.test", "xn-a.test"};
	static const char *const bad[] = {"xn--0.test",	      "xn--.test",  "a.xn--a.test", "xn--ls8h.test",
					  "xn--99zzzzzz9.test", "xn--abc-.test", "test.xn--n3h", "*.xn--0.test"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!idna_is_proper(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (idna_is_proper(bad[i]))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_is_the_one_encoding_of_characters_that_idna_allows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
