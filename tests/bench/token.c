/* SPDX-License-Identifier: Apache-2.0
 * The bare token: how fast a P-256 key of it signs when nothing else happens. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <time.h>

#include "tests/bench/measure.h"
#include "tests/device/key.h"

#define NEED_OK(call) DEVICE_NEED((call) == CKR_OK)

static CK_SESSION_HANDLE log_in(CK_FUNCTION_LIST_PTR token, const char *pin)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;
	CK_SESSION_HANDLE session;
	CK_UTF8CHAR text[128];
	const size_t size = strlen(pin);
	DEVICE_NEED(size < sizeof text);
	memcpy(text, pin, size);
	NEED_OK(token->C_Initialize(NULL));
	NEED_OK(token->C_GetSlotList(CK_TRUE, slots, &count));
	DEVICE_NEED(count != 0);
	NEED_OK(token->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	NEED_OK(token->C_Login(session, CKU_USER, text, size));
	return session;
}

/* A key pair on the token and a copy of its private key that lives in the session. */
static CK_OBJECT_HANDLE make_key(CK_FUNCTION_LIST_PTR token, CK_SESSION_HANDLE session)
{
	CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, p256, sizeof p256}, {CKA_VERIFY, &yes, sizeof yes}};
	CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, sizeof yes},
				  {CKA_PRIVATE, &yes, sizeof yes},
				  {CKA_SENSITIVE, &yes, sizeof yes},
				  {CKA_EXTRACTABLE, &no, sizeof no},
				  {CKA_SIGN, &yes, sizeof yes}};
	CK_ATTRIBUTE copied[] = {{CKA_TOKEN, &no, sizeof no}};
	CK_OBJECT_HANDLE public_key, private_key, copy;
	NEED_OK(token->C_GenerateKeyPair(session, &mechanism, public, 2, private, 5, &public_key, &private_key));
	NEED_OK(token->C_CopyObject(session, private_key, copied, 1, &copy));
	return copy;
}

static double now_s(void)
{
	struct timespec now;
	DEVICE_NEED(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double measure_token(const char *module, const char *pin)
{
	enum { rounds = 5000 };
	void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	DEVICE_NEED(library != NULL);
	CK_C_GetFunctionList list;
	void *symbol = dlsym(library, "C_GetFunctionList");
	DEVICE_NEED(symbol != NULL);
	memcpy(&list, &symbol, sizeof list);
	CK_FUNCTION_LIST_PTR token;
	NEED_OK(list(&token));
	const CK_SESSION_HANDLE session = log_in(token, pin);
	const CK_OBJECT_HANDLE key = make_key(token, session);
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	CK_BYTE digest[32] = {1}, signature[64];
	const double before = now_s();
	for (int i = 0; i < rounds; i++) {
		CK_ULONG size = sizeof signature;
		NEED_OK(token->C_SignInit(session, &mechanism, key));
		NEED_OK(token->C_Sign(session, digest, sizeof digest, signature, &size));
	}
	const double took = now_s() - before;
	NEED_OK(token->C_Finalize(NULL));
	return rounds / took;
}
