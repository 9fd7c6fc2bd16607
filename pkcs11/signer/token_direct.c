/* SPDX-License-Identifier: Apache-2.0
 * Direct calls to the module: flags, login, attributes, session copies, signatures. Distrusts every length that
 * comes back. */
#include "pkcs11/signer/token_direct.h"

#include <stdio.h>

enum { longest_id = 128, most_found = 2 };

static status complain(char why[token_why_room], const char *format, const char *name, unsigned long number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(why, token_why_room, format, name, number);
#pragma GCC diagnostic pop
	return REFUSE(token_failed);
}

static bool is_away(CK_RV answer)
{
	return answer == CKR_TOKEN_NOT_PRESENT || answer == CKR_DEVICE_REMOVED || answer == CKR_SLOT_ID_INVALID;
}

static status say(char why[token_why_room], const char *sentence)
{
	(void)snprintf(why, token_why_room, "%s", sentence);
	return REFUSE(token_failed);
}

status token_direct_judge_flags(const struct token_direct *direct, char why[token_why_room])
{
	static const struct {
		CK_FLAGS flag;
		bool must_be_set;
		const char *sentence;
	} rules[] = {
		{CKF_TOKEN_INITIALIZED, true, "The token is not initialised; run keyward-ceremony"},
		{CKF_LOGIN_REQUIRED, true, "The token asks for no PIN, so it guards nothing; initialise it anew"},
		{CKF_USER_PIN_INITIALIZED, true, "The token has no user PIN; run keyward-ceremony"},
		{CKF_USER_PIN_LOCKED, false, "The token's PIN is locked; its security officer must set a new one"},
		{CKF_USER_PIN_FINAL_TRY, false,
		 "The token allows one last attempt with the PIN, which is not spent; find out why the others failed"},
		{CKF_USER_PIN_TO_BE_CHANGED, false, "The token's PIN must be changed first"},
	};
	CK_TOKEN_INFO info;
	const CK_RV got = direct->module->C_GetTokenInfo(direct->slot, &info);
	if (got != CKR_OK)
		(void)complain(why, "The %s does not describe itself (CKR 0x%lx)", "token", got);
	if (got != CKR_OK)
		return is_away(got) ? REFUSE(token_absent) : REFUSE(token_failed);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (((info.flags & rules[i].flag) != 0) != rules[i].must_be_set)
			return say(why, rules[i].sentence);
	return OK;
}

status token_direct_open_session(struct token_direct *direct, char why[token_why_room])
{
	const CK_RV opened =
		direct->module->C_OpenSession(direct->slot, CKF_SERIAL_SESSION, NULL, NULL, &direct->session);
	direct->has_session = opened == CKR_OK;
	if (opened == CKR_OK)
		return OK;
	(void)complain(why, "The %s opens no session (CKR 0x%lx)", "token", opened);
	return is_away(opened) ? REFUSE(token_absent) : REFUSE(token_failed);
}

status token_direct_login(const struct token_direct *direct, struct bytes pin, char why[token_why_room])
{
	/* The interface takes a pointer to changeable octets but does not change them: a copy, wiped. */
	uint8_t copy[64];
	if (pin.size == 0 || pin.size > sizeof copy)
		return say(why, "The sealed PIN is empty or too long");
	memcpy(copy, pin.data, pin.size);
	const CK_RV done = direct->module->C_Login(direct->session, CKU_USER, copy, pin.size);
	explicit_bzero(copy, sizeof copy);
	if (done == CKR_PIN_INCORRECT || done == CKR_PIN_INVALID || done == CKR_PIN_LEN_RANGE)
		return say(why, "The token refused the sealed PIN; it is not tried again before a new start");
	if (done == CKR_PIN_LOCKED)
		return say(why, "The token's PIN is locked; its security officer must set a new one");
	if (done != CKR_OK)
		return complain(why, "The %s refused the login (CKR 0x%lx)", "token", done);
	return OK;
}

/* How many private keys of the token fit one more attribute: at most most_found are looked at. */
static status count_keys(const struct token_direct *direct, CK_ATTRIBUTE_TYPE type, const void *value, size_t size,
			 CK_OBJECT_HANDLE found[most_found], CK_ULONG *count)
{
	CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	uint8_t copy[longest_id];
	if (size > sizeof copy)
		return REFUSE(token_failed);
	memcpy(copy, value, size);
	/* On the token: a session copy has the same label. */
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &private_key, sizeof private_key},
				 {CKA_TOKEN, &yes, sizeof yes},
				 {type, copy, size}};
	if (direct->module->C_FindObjectsInit(direct->session, wanted, sizeof wanted / sizeof wanted[0]) != CKR_OK)
		return REFUSE(token_failed);
	const CK_RV listed = direct->module->C_FindObjects(direct->session, found, most_found, count);
	const CK_RV ended = direct->module->C_FindObjectsFinal(direct->session);
	return listed == CKR_OK && ended == CKR_OK ? OK : REFUSE(token_failed);
}

status token_direct_find(const struct token_direct *direct, const char *label, CK_OBJECT_HANDLE *key, struct buffer *id,
			 char why[token_why_room])
{
	CK_OBJECT_HANDLE found[most_found];
	CK_ULONG count = 0;
	uint8_t octets[longest_id];
	(void)complain(why, "The token cannot be searched for the key \"%s\"%.0lu", label, 0);
	TRY(count_keys(direct, CKA_LABEL, label, strlen(label), found, &count));
	if (count == 0)
		return complain(why, "The token has no private key \"%s\"%.0lu", label, 0);
	if (count != 1)
		return complain(why, "The token has more than one private key \"%s\"; remove the false one%.0lu", label,
				0);
	CK_ATTRIBUTE attribute = {CKA_ID, octets, sizeof octets};
	if (direct->module->C_GetAttributeValue(direct->session, found[0], &attribute, 1) != CKR_OK ||
	    attribute.ulValueLen == 0 || attribute.ulValueLen > sizeof octets)
		return complain(why, "The key \"%s\" has no CKA_ID%.0lu", label, 0);
	const CK_OBJECT_HANDLE one = found[0];
	TRY(count_keys(direct, CKA_ID, octets, attribute.ulValueLen, found, &count));
	if (count != 1)
		return complain(why, "Another private key has the CKA_ID of the key \"%s\"%.0lu", label, 0);
	if (!buffer_add(id, octets, attribute.ulValueLen))
		return REFUSE(token_failed);
	*key = one;
	why[0] = 0;
	return OK;
}

status token_direct_judge_key(const struct token_direct *direct, const char *label, CK_OBJECT_HANDLE key,
			      char why[token_why_room])
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL wanted;
		const char *sentence;
	} rules[] = {
		{CKA_PRIVATE, CK_TRUE, "The key \"%s\" can be used without the PIN%.0lu"},
		{CKA_SENSITIVE, CK_TRUE, "The key \"%s\" is not sensitive%.0lu"},
		{CKA_ALWAYS_SENSITIVE, CK_TRUE, "The key \"%s\" was not always sensitive%.0lu"},
		{CKA_EXTRACTABLE, CK_FALSE, "The key \"%s\" is extractable%.0lu"},
		{CKA_NEVER_EXTRACTABLE, CK_TRUE, "The key \"%s\" was extractable once%.0lu"},
		{CKA_LOCAL, CK_TRUE, "The key \"%s\" was not made on the token%.0lu"},
		{CKA_SIGN, CK_TRUE, "The key \"%s\" is not for signing%.0lu"},
	};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		CK_BBOOL value = rules[i].wanted == CK_TRUE ? CK_FALSE : CK_TRUE;
		CK_ATTRIBUTE attribute = {rules[i].type, &value, sizeof value};
		if (direct->module->C_GetAttributeValue(direct->session, key, &attribute, 1) != CKR_OK ||
		    attribute.ulValueLen != sizeof value || value != rules[i].wanted)
			return complain(why, rules[i].sentence, label, 0);
	}
	return OK;
}

CK_OBJECT_HANDLE token_direct_copy(const struct token_direct *direct, CK_OBJECT_HANDLE key)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE in_session[] = {{CKA_TOKEN, &no, sizeof no}};
	CK_OBJECT_HANDLE copy = 0;
	return direct->module->C_CopyObject(direct->session, key, in_session, 1, &copy) == CKR_OK ? copy : key;
}

status token_direct_sign(const struct token_direct *direct, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
			 struct bytes input, struct buffer *signature)
{
	CK_MECHANISM how = {.mechanism = mechanism};
	uint8_t copy[4096], raw[token_longest_signature];
	CK_ULONG size = sizeof raw;
	if (input.size > sizeof copy)
		return REFUSE(token_failed);
	memcpy(copy, input.data, input.size);
	if (direct->module->C_SignInit(direct->session, &how, key) != CKR_OK)
		return REFUSE(token_failed);
	if (direct->module->C_Sign(direct->session, copy, input.size, raw, &size) != CKR_OK || size > sizeof raw)
		return REFUSE(token_failed);
	return buffer_add(signature, raw, size) ? OK : REFUSE(token_failed);
}

status token_direct_renew_session(struct token_direct *direct)
{
	char why[token_why_room];
	if (direct->has_session)
		(void)direct->module->C_CloseSession(direct->session);
	direct->has_session = false;
	return token_direct_open_session(direct, why);
}
