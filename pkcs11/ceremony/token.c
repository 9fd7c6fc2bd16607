/* SPDX-License-Identifier: Apache-2.0
 * Direct PKCS#11 calls. Distrusts what the module returns: lengths are checked, attributes are read back. */
#include "pkcs11/ceremony/token.h"

#include <dlfcn.h>
#include <openssl/rand.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_slots = 64 };

struct token {
	void *library;
	CK_FUNCTION_LIST *call;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	bool is_initialised, has_session;
};

static bool fails(const char *what, CK_RV code)
{
	fprintf(stderr, "The token: %s (PKCS#11 code 0x%lx)\n", what, code);
	return false;
}

static bool tried(const char *what, CK_RV code)
{
	return code == CKR_OK || fails(what, code);
}

/* ---- the module ---- */

/* The file is in memory only, so that nothing is left over; SoftHSM2 opens it by this process's own name for it,
 * libp11's time too: it stays open until the process ends. */
static bool point_softhsm_at(const char *folder)
{
	char text[4500], path[40];
	const int size = snprintf(
	    text, sizeof text,
	    "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
	    folder);
	const int file = memfd_create("softhsm2.conf", MFD_CLOEXEC);
	if (file < 0 || size <= 0 || (size_t)size >= sizeof text || write(file, text, (size_t)size) != size)
		return fails("its settings cannot be made", CKR_HOST_MEMORY);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return setenv("SOFTHSM2_CONF", path, 1) == 0;
}

static bool load_library(struct token *token, const char *module)
{
	CK_C_GetFunctionList list = NULL;
	token->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	if (token->library == NULL) {
		fprintf(stderr, "The PKCS#11 module cannot be loaded: %s\n", dlerror());
		return false;
	}
	*(void **)&list = dlsym(token->library, "C_GetFunctionList");
	if (list == NULL || list(&token->call) != CKR_OK || token->call == NULL) {
		fprintf(stderr, "%s is not a PKCS#11 module\n", module);
		return false;
	}
	return true;
}

bool token_load(const char *module, const char *folder, struct token **out)
{
	struct token *token = calloc(1, sizeof *token);
	*out = NULL;
	if (token == NULL)
		return fails("no memory", CKR_HOST_MEMORY);
	bool is_loaded = (folder == NULL || point_softhsm_at(folder)) && load_library(token, module);
	if (is_loaded)
		is_loaded = token->is_initialised =
		    tried("PKCS#11 cannot be initialised", token->call->C_Initialize(NULL));
	if (!is_loaded) {
		token_close(token);
		return false;
	}
	*out = token;
	return true;
}

void token_close(struct token *token)
{
	if (token == NULL)
		return;
	if (token->has_session)
		(void)token->call->C_CloseSession(token->session);
	if (token->is_initialised)
		(void)token->call->C_Finalize(NULL);
	if (token->library != NULL)
		dlclose(token->library);
	free(token);
}

/* ---- slots ---- */

static void pad(const char *label, CK_UTF8CHAR padded[32])
{
	memset(padded, ' ', 32);
	memcpy(padded, label, strnlen(label, 32));
}

struct slots {
	CK_SLOT_ID at[most_slots];
	CK_ULONG count;
};

static bool list_slots(const struct token *token, struct slots *slots)
{
	slots->count = most_slots;
	return tried("the slots cannot be listed", token->call->C_GetSlotList(CK_TRUE, slots->at, &slots->count));
}

enum sought { sought_empty, sought_label };

/* The first slot with an empty token, or with the token of that label. */
static bool find_slot(const struct token *token, enum sought sought, const char *label, CK_SLOT_ID *out, bool *is_found)
{
	struct slots slots;
	CK_UTF8CHAR padded[32];
	CK_TOKEN_INFO info;
	*is_found = false;
	pad(label, padded);
	if (!list_slots(token, &slots))
		return false;
	for (CK_ULONG i = 0; i < slots.count && !*is_found; i++) {
		if (token->call->C_GetTokenInfo(slots.at[i], &info) != CKR_OK)
			continue;
		const bool is_set_up = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
		if (sought == sought_empty)
			*is_found = !is_set_up;
		else
			*is_found = is_set_up && memcmp(info.label, padded, sizeof padded) == 0;
		*out = slots.at[i];
	}
	return true;
}

static bool require_slot(struct token *token, enum sought sought, const char *label)
{
	bool is_found;
	if (!find_slot(token, sought, label, &token->slot, &is_found))
		return false;
	if (!is_found && sought == sought_empty)
		fputs("The token: there is no slot with an empty token\n", stderr);
	if (!is_found && sought == sought_label)
		fprintf(stderr, "The token %s is missing\n", label);
	return is_found;
}

static void trim(const CK_UTF8CHAR *padded, size_t size, char *out)
{
	while (size > 0 && (padded[size - 1] == ' ' || padded[size - 1] == 0))
		size--;
	memcpy(out, padded, size);
	out[size] = 0;
}

void token_describe(const struct token *token, struct token_name *out)
{
	CK_TOKEN_INFO info;
	memset(out, 0, sizeof *out);
	if (token->call->C_GetTokenInfo(token->slot, &info) != CKR_OK)
		return;
	trim(info.label, sizeof info.label, out->label);
	trim(info.manufacturerID, sizeof info.manufacturerID, out->manufacturer);
	trim(info.model, sizeof info.model, out->model);
	trim(info.serialNumber, sizeof info.serialNumber, out->serial);
}

/* ---- PINs ---- */

/* The interface wants octets that it could write to; this copy is wiped again. */
struct pin {
	CK_UTF8CHAR octets[65];
	CK_ULONG size;
};

static void pin_wipe(struct pin *pin)
{
	explicit_bzero(pin, sizeof *pin);
}

#define PIN(name, text)                                                                                                \
	struct pin name __attribute__((cleanup(pin_wipe))) = {.size = strnlen(text, 64)};                              \
	memcpy(name.octets, text, name.size)

static bool open_session(struct token *token)
{
	token->has_session = tried(
	    "no session can be opened",
	    token->call->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &token->session));
	return token->has_session;
}

static bool set_user_pin(struct token *token, const char *so_pin, const char *pin)
{
	PIN(officer, so_pin);
	PIN(user, pin);
	return tried("the security officer cannot log in",
		     token->call->C_Login(token->session, CKU_SO, officer.octets, officer.size)) &&
	       tried("the PIN cannot be set", token->call->C_InitPIN(token->session, user.octets, user.size)) &&
	       tried("the security officer cannot log out", token->call->C_Logout(token->session)) &&
	       tried("the user cannot log in", token->call->C_Login(token->session, CKU_USER, user.octets, user.size));
}

bool token_initialise(struct token *token, const char *label, const char *so_pin, const char *pin)
{
	CK_UTF8CHAR padded[32];
	CK_SLOT_ID other;
	bool is_taken;
	if (!find_slot(token, sought_label, label, &other, &is_taken))
		return false;
	if (is_taken) {
		fprintf(stderr, "The token %s exists already; nothing was changed\n", label);
		return false;
	}
	PIN(officer, so_pin);
	pad(label, padded);
	return require_slot(token, sought_empty, label) &&
	       tried("the token cannot be initialised",
		     token->call->C_InitToken(token->slot, officer.octets, officer.size, padded)) &&
	       require_slot(token, sought_label, label) && /* SoftHSM2 gives it another slot number */
	       open_session(token) && set_user_pin(token, so_pin, pin);
}

bool token_login(struct token *token, const char *label, const char *pin)
{
	CK_TOKEN_INFO info;
	PIN(user, pin);
	if (!require_slot(token, sought_label, label) ||
	    !tried("the token does not describe itself", token->call->C_GetTokenInfo(token->slot, &info)))
		return false;
	if ((info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) != 0) {
		fputs("The token says that one more wrong PIN locks it, or that it is locked; not trying\n", stderr);
		return false;
	}
	return open_session(token) &&
	       tried("the PIN is wrong", token->call->C_Login(token->session, CKU_USER, user.octets, user.size));
}

/* ---- keys ---- */

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* PKCS#11 has one type for giving and for taking, so what is given cannot be const; nothing writes there. */
static CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t size)
{
	CK_ATTRIBUTE made = {.type = type, .ulValueLen = size};
	memcpy(&made.pValue, &value, sizeof value);
	return made;
}

#define FLAG(type, value) attribute(type, &(value), sizeof(CK_BBOOL))

struct algorithm {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	CK_ULONG bits;	   /* RSA */
	CK_BYTE curve[10]; /* EC: the DER object identifier */
	CK_ULONG curve_size;
};

static const struct algorithm algorithms[] = {
    {"P-256", CKM_EC_KEY_PAIR_GEN, 0, {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 10},
    {"P-384", CKM_EC_KEY_PAIR_GEN, 0, {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}, 7},
    {"RSA-3072", CKM_RSA_PKCS_KEY_PAIR_GEN, 3072, {0}, 0},
    {"RSA-4096", CKM_RSA_PKCS_KEY_PAIR_GEN, 4096, {0}, 0},
};

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static bool generate(struct token *token, const struct algorithm *algorithm, const char *label,
		     const uint8_t id[token_id_size], CK_OBJECT_HANDLE *private)
{
	static const CK_BYTE exponent[] = {1, 0, 1};
	CK_OBJECT_HANDLE public;
	CK_MECHANISM mechanism = {.mechanism = algorithm->mechanism};
	CK_ATTRIBUTE public_template[8] = {FLAG(CKA_TOKEN, yes),
					   FLAG(CKA_PRIVATE, no),
					   FLAG(CKA_VERIFY, yes),
					   FLAG(CKA_MODIFIABLE, no),
					   attribute(CKA_ID, id, token_id_size),
					   attribute(CKA_LABEL, label, strlen(label))};
	CK_ULONG count = 6;
	if (algorithm->bits == 0) {
		public_template[count++] = attribute(CKA_EC_PARAMS, algorithm->curve, algorithm->curve_size);
	} else {
		public_template[count++] = attribute(CKA_MODULUS_BITS, &algorithm->bits, sizeof algorithm->bits);
		public_template[count++] = attribute(CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
	}
	/* The signer signs with session copies, and SoftHSM2 copies only what is copyable and modifiable. Neither lets
	 * anyone take back that a key is sensitive and stays inside (PKCS#11 4.9). */
	CK_ATTRIBUTE private_template[] = {FLAG(CKA_TOKEN, yes),
					   FLAG(CKA_PRIVATE, yes),
					   FLAG(CKA_SENSITIVE, yes),
					   FLAG(CKA_EXTRACTABLE, no),
					   FLAG(CKA_SIGN, yes),
					   FLAG(CKA_DECRYPT, no),
					   FLAG(CKA_UNWRAP, no),
					   FLAG(CKA_DERIVE, no),
					   FLAG(CKA_SIGN_RECOVER, no),
					   FLAG(CKA_MODIFIABLE, yes),
					   FLAG(CKA_COPYABLE, yes),
					   attribute(CKA_ID, id, token_id_size),
					   attribute(CKA_LABEL, label, strlen(label))};
	return tried(
	    "the key cannot be generated",
	    token->call->C_GenerateKeyPair(token->session, &mechanism, public_template, count, private_template,
					   sizeof private_template / sizeof private_template[0], &public, private));
}

static bool check_attributes(struct token *token, CK_OBJECT_HANDLE private, const char *label)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL expected;
		const char *name;
	} rows[] = {
	    {CKA_TOKEN, CK_TRUE, "CKA_TOKEN"},
	    {CKA_PRIVATE, CK_TRUE, "CKA_PRIVATE"},
	    {CKA_SENSITIVE, CK_TRUE, "CKA_SENSITIVE"},
	    {CKA_ALWAYS_SENSITIVE, CK_TRUE, "CKA_ALWAYS_SENSITIVE"},
	    {CKA_EXTRACTABLE, CK_FALSE, "CKA_EXTRACTABLE"},
	    {CKA_NEVER_EXTRACTABLE, CK_TRUE, "CKA_NEVER_EXTRACTABLE"},
	    {CKA_LOCAL, CK_TRUE, "CKA_LOCAL"},
	    {CKA_SIGN, CK_TRUE, "CKA_SIGN"},
	    {CKA_DECRYPT, CK_FALSE, "CKA_DECRYPT"},
	    {CKA_UNWRAP, CK_FALSE, "CKA_UNWRAP"},
	    {CKA_DERIVE, CK_FALSE, "CKA_DERIVE"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CK_BBOOL value = 2;
		CK_ATTRIBUTE asked = {.type = rows[i].type, .pValue = &value, .ulValueLen = sizeof value};
		const CK_RV code = token->call->C_GetAttributeValue(token->session, private, &asked, 1);
		if (code == CKR_OK && asked.ulValueLen == sizeof value && value == rows[i].expected)
			continue;
		fprintf(stderr, "The token: %s of the key %s is not as asked for\n", rows[i].name, label);
		return false;
	}
	return true;
}

bool token_generate(struct token *token, const char *label, const char *name, uint8_t id[token_id_size])
{
	const struct algorithm *algorithm = find_algorithm(name);
	CK_OBJECT_HANDLE private;
	if (algorithm == NULL) {
		fprintf(stderr, "The key %s: the algorithm %s is unknown\n", label, name);
		return false;
	}
	if (RAND_bytes(id, token_id_size) != 1)
		return fails("there is no randomness", CKR_RANDOM_NO_RNG);
	return generate(token, algorithm, label, id, &private) && check_attributes(token, private, label);
}
