/* SPDX-License-Identifier: Apache-2.0
 * A PKCS#11 module that passes everything on to SoftHSM2 and fails where it is told to: what a broken, removed or
 * hostile token does. */
#include <dlfcn.h>
#include <string.h>

#include <p11-kit-1/p11-kit/pkcs11.h>

#include "tests/signer/faulty_module.h"

__attribute__((visibility("default"))) extern struct faulty_module faulty_module;
struct faulty_module faulty_module;

static CK_FUNCTION_LIST *real, shown;
static CK_SESSION_HANDLE stuck;

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const CK_RV done = real->C_GetTokenInfo(slot, info);
	info->flags = (info->flags | faulty_module.flags_set) & ~faulty_module.flags_cleared;
	return done;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	if (faulty_module.is_removed || faulty_module.opens_no_session)
		return faulty_module.is_removed ? CKR_TOKEN_NOT_PRESENT : CKR_SESSION_COUNT;
	faulty_module.sessions++;
	return real->C_OpenSession(slot, flags, application, notify, out);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG size)
{
	faulty_module.logins++;
	return real->C_Login(session, user, pin, size);
}

static CK_RV get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	static const CK_ATTRIBUTE_TYPE custody[] = {CKA_PRIVATE,          CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_EXTRACTABLE,
						    CKA_NEVER_EXTRACTABLE, CKA_LOCAL,     CKA_SIGN};
	const CK_RV done = real->C_GetAttributeValue(session, object, attributes, count);
	if (faulty_module.lies_about != 0 && attributes[0].type == custody[faulty_module.lies_about - 1])
		*(CK_BBOOL *)attributes[0].pValue = !*(CK_BBOOL *)attributes[0].pValue;
	return done;
}

static CK_RV copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
			 CK_OBJECT_HANDLE *out)
{
	if (faulty_module.refuses_copies)
		return CKR_ACTION_PROHIBITED;
	const CK_RV done = real->C_CopyObject(session, object, attributes, count, out);
	faulty_module.copies += done == CKR_OK;
	return done;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_OBJECT_HANDLE key)
{
	if (faulty_module.is_removed)
		return CKR_DEVICE_REMOVED;
	if (session == stuck)
		return CKR_OPERATION_ACTIVE;
	return real->C_SignInit(session, how, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG size, unsigned char *out, CK_ULONG *out_size)
{
	if (faulty_module.sticks) {
		faulty_module.sticks--;
		stuck = session;
		return CKR_DEVICE_ERROR;
	}
	const CK_RV done = real->C_Sign(session, data, size, out, out_size);
	faulty_module.signatures += done == CKR_OK;
	if (done == CKR_OK && faulty_module.flips) {
		faulty_module.flips--;
		out[faulty_module.flipped_bit / 8 % *out_size] ^= (unsigned char)(1U << faulty_module.flipped_bit % 8);
	}
	return done;
}

static CK_RV initialize(void *arguments)
{
	stuck = 0;
	return real->C_Initialize(arguments);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	CK_RV (*give)(CK_FUNCTION_LIST **);
	void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
	if (symbol == NULL)
		return CKR_GENERAL_ERROR;
	memcpy(&give, &symbol, sizeof give);
	if (give(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	shown = *real;
	shown.C_Initialize = initialize;
	shown.C_GetTokenInfo = get_token_info;
	shown.C_OpenSession = open_session;
	shown.C_Login = login;
	shown.C_GetAttributeValue = get_attribute;
	shown.C_CopyObject = copy_object;
	shown.C_SignInit = sign_init;
	shown.C_Sign = sign;
	*list = &shown;
	return CKR_OK;
}
