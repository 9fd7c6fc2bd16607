/* SPDX-License-Identifier: Apache-2.0
 * The token of the ceremony, asked directly: what leaves it, what copies inherit, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pkcs11/ceremony/secret.h"
#include "pkcs11/ceremony/token.h"

static const char module[] = "/usr/lib/softhsm/libsofthsm2.so";
static const char pin[] = "ABCD-ABCD-ABCD-ABCD-ABCD", so_pin[] = "SOSO-SOSO-SOSO-SOSO";
static char folder[64];

/* The module as the ceremony has it open: the same library, already initialised and logged in. */
static CK_FUNCTION_LIST *module_calls(void)
{
	CK_C_GetFunctionList list;
	CK_FUNCTION_LIST *calls;
	void *library = dlopen(module, RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(library);
	*(void **)&list = dlsym(library, "C_GetFunctionList");
	assert_int_equal(list(&calls), CKR_OK);
	dlclose(library);
	return calls;
}

static int setup(void **state)
{
	snprintf(folder, sizeof folder, "/tmp/keyward-token-XXXXXX");
	assert_non_null(mkdtemp(folder));
	struct token *token;
	assert_true(token_load(module, folder, &token));
	*state = token;
	return 0;
}

static int teardown(void **state)
{
	char command[96];
	token_close(*state);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

struct view {
	CK_FUNCTION_LIST *call;
	CK_SESSION_HANDLE session;
};

static CK_SLOT_ID slot_of(CK_FUNCTION_LIST *call)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;
	CK_TOKEN_INFO info;
	assert_int_equal(call->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	for (CK_ULONG i = 0; i < count; i++)
		if (call->C_GetTokenInfo(slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) != 0)
			return slots[i];
	fail();
	return 0;
}

static struct view view_of(void)
{
	struct view view = {.call = module_calls()};
	assert_int_equal(view.call->C_OpenSession(slot_of(view.call), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
						  &view.session),
			 CKR_OK);
	return view;
}

static CK_OBJECT_HANDLE private_key(const struct view *view)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count = 0;
	assert_int_equal(view->call->C_FindObjectsInit(view->session, &wanted, 1), CKR_OK);
	assert_int_equal(view->call->C_FindObjects(view->session, found, 2, &count), CKR_OK);
	assert_int_equal(view->call->C_FindObjectsFinal(view->session), CKR_OK);
	assert_int_equal(count, 1);
	return found[0];
}

static CK_BBOOL flag(const struct view *view, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 2;
	CK_ATTRIBUTE asked = {type, &value, sizeof value};
	assert_int_equal(view->call->C_GetAttributeValue(view->session, object, &asked, 1), CKR_OK);
	return value;
}

static void make_key(struct token *token, const char *algorithm)
{
	uint8_t id[token_id_size];
	assert_true(token_initialise(token, "keyward", so_pin, pin));
	assert_true(token_generate(token, "issuing", algorithm, id));
}

static void value_stays_inside(const struct view *view, CK_OBJECT_HANDLE object)
{
	CK_BYTE room[600];
	CK_ATTRIBUTE value = {CKA_VALUE, room, sizeof room};
	assert_int_equal(view->call->C_GetAttributeValue(view->session, object, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
}

static void a_private_key_does_not_leave_the_token(void **state)
{
	make_key(*state, "P-256");
	const struct view view = view_of();
	const CK_OBJECT_HANDLE key = private_key(&view);
	value_stays_inside(&view, key);
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE weaker[] = {{CKA_EXTRACTABLE, &yes, 1}, {CKA_SENSITIVE, &no, 1}};
	for (size_t i = 0; i < 2; i++)
		assert_int_not_equal(view.call->C_SetAttributeValue(view.session, key, &weaker[i], 1), CKR_OK);
}

static void a_session_copy_signs_and_stays_inside(void **state)
{
	make_key(*state, "P-256");
	const struct view view = view_of();
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE in_session = {CKA_TOKEN, &no, sizeof no};
	CK_OBJECT_HANDLE copy;
	assert_int_equal(view.call->C_CopyObject(view.session, private_key(&view), &in_session, 1, &copy), CKR_OK);
	assert_int_equal(flag(&view, copy, CKA_SENSITIVE), CK_TRUE);
	assert_int_equal(flag(&view, copy, CKA_EXTRACTABLE), CK_FALSE);
	assert_int_equal(flag(&view, copy, CKA_PRIVATE), CK_TRUE);
	value_stays_inside(&view, copy);
	CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
	CK_BYTE digest[32] = {1}, signature[64];
	CK_ULONG size = sizeof signature;
	assert_int_equal(view.call->C_SignInit(view.session, &ecdsa, copy), CKR_OK);
	assert_int_equal(view.call->C_Sign(view.session, digest, sizeof digest, signature, &size), CKR_OK);
	assert_int_equal(size, 64);
}

static void a_copy_cannot_be_made_weaker(void **state)
{
	make_key(*state, "P-256");
	const struct view view = view_of();
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE extractable[] = {{CKA_TOKEN, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
	CK_ATTRIBUTE open[] = {{CKA_TOKEN, &no, 1}, {CKA_SENSITIVE, &no, 1}};
	CK_OBJECT_HANDLE copy;
	assert_int_not_equal(view.call->C_CopyObject(view.session, private_key(&view), extractable, 2, &copy), CKR_OK);
	assert_int_not_equal(view.call->C_CopyObject(view.session, private_key(&view), open, 2, &copy), CKR_OK);
}

static void every_algorithm_makes_a_key_inside(void **state)
{
	static const char *const names[] = {"P-256", "P-384", "RSA-3072"};
	uint8_t id[token_id_size], before[token_id_size] = {0};
	assert_true(token_initialise(*state, "keyward", so_pin, pin));
	for (size_t i = 0; i < 3; i++) {
		assert_true(token_generate(*state, names[i], names[i], id));
		assert_memory_not_equal(id, before, sizeof id);
		memcpy(before, id, sizeof id);
	}
	assert_false(token_generate(*state, "weak", "RSA-1024", id));
}

static void a_token_of_that_label_is_not_made_twice(void **state)
{
	make_key(*state, "P-256");
	assert_false(token_initialise(*state, "keyward", so_pin, pin));
}

static void a_wrong_pin_is_refused_and_a_missing_token_too(void **state)
{
	assert_true(token_initialise(*state, "keyward", so_pin, pin));
	token_close(*state);
	struct token *token;
	assert_true(token_load(module, folder, &token));
	*state = token;
	assert_false(token_login(token, "other", pin));
	assert_false(token_login(token, "keyward", "WRONG-WRONG-WRONG"));
	assert_true(token_login(token, "keyward", pin));
}

static void a_library_that_is_no_module_is_refused(void **state)
{
	struct token *token;
	(void)state;
	assert_false(token_load("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", folder, &token));
	assert_null(token);
	assert_false(token_load("/nowhere/module.so", folder, &token));
	assert_null(token);
}

static void no_two_pins_are_alike(void **state)
{
	struct secret first, second;
	(void)state;
	assert_true(secret_draw(&first));
	assert_true(secret_draw(&second));
	assert_int_equal(strlen(first.text), secret_size);
	assert_string_not_equal(first.text, second.text);
	secret_wipe(&first);
	assert_int_equal(first.text[0], 0);
}

#define WITH_TOKEN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TOKEN(a_private_key_does_not_leave_the_token),
	    WITH_TOKEN(a_session_copy_signs_and_stays_inside),
	    WITH_TOKEN(a_copy_cannot_be_made_weaker),
	    WITH_TOKEN(every_algorithm_makes_a_key_inside),
	    WITH_TOKEN(a_token_of_that_label_is_not_made_twice),
	    WITH_TOKEN(a_wrong_pin_is_refused_and_a_missing_token_too),
	    cmocka_unit_test(a_library_that_is_no_module_is_refused),
	    cmocka_unit_test(no_two_pins_are_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
