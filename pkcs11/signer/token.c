/* SPDX-License-Identifier: Apache-2.0
 * Opens the token through libp11 and signs with it. libp11 loads the module and finds the token; login, keys and
 * signatures are direct calls, because libp11 keeps the PIN in memory, lists no key beside an Ed25519 one, knows no
 * attributes, and hangs when its sessions run out. Distrusts the module: no signature leaves that does not verify. */
#include "pkcs11/signer/token.h"

#include <dlfcn.h>
#include <libp11.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>

#include "pkcs11/signer/token_direct.h"

enum { longest_id = 128 };

struct token {
	struct token_settings settings;
	PKCS11_CTX *context;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	/* Two sessions: the login ends with the last one, so the first stays open when the second has to be replaced.
	 * */
	struct token_direct lasting, working;
	CK_OBJECT_HANDLE keys[token_most_keys]; /* of the working session */
	EVP_PKEY_CTX *verifiers[token_most_keys]; /* ready to verify: making one costs a tenth of verifying */
	bool is_loaded, is_dead;
};

static status say(char why[token_why_room], const char *sentence, const char *name)
{
	(void)snprintf(why, token_why_room, "%s \"%s\"", sentence, name);
	return REFUSE(token_failed);
}

status token_load(const char *module, char why[token_why_room])
{
	/* Never closed: it must stay loaded for token_open, which no longer sees the file. */
	if (dlopen(module, RTLD_NOW | RTLD_LOCAL) == NULL)
		return say(why, "The PKCS#11 module cannot be loaded:", module);
	return OK;
}

static status take_functions(const char *module, CK_FUNCTION_LIST **out, char why[token_why_room])
{
	void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*give)(CK_FUNCTION_LIST **);
	void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
	if (symbol == NULL)
		return say(why, "This is no PKCS#11 module:", module);
	memcpy(&give, &symbol, sizeof give);
	return give(out) == CKR_OK && *out != NULL ? OK : say(why, "This is no PKCS#11 module:", module);
}

/* The one token of that label. */
static status find_token(struct token *token, CK_SLOT_ID *out, char why[token_why_room])
{
	const char *label = token->settings.label;
	PKCS11_SLOT *found = NULL;
	if (PKCS11_enumerate_slots(token->context, &token->slots, &token->slot_count) != 0)
		return say(why, "The PKCS#11 module lists no tokens:", token->settings.module);
	for (unsigned i = 0; i < token->slot_count; i++) {
		PKCS11_SLOT *slot = &token->slots[i];
		if (slot->token == NULL || slot->token->label == NULL || strcmp(slot->token->label, label) != 0)
			continue;
		if (found != NULL)
			return say(why, "There is more than one token", label);
		found = slot;
	}
	if (found == NULL) {
		(void)say(why, "There is no token", label);
		return REFUSE(token_absent);
	}
	*out = PKCS11_get_slotid_from_slot(found);
	return OK;
}

static status load_module(struct token *token, char why[token_why_room])
{
	/* SoftHSM2 reads the path of its configuration from nowhere else. The value is ours; nothing is taken from the
	 * environment. */
	if (token->settings.module_settings != NULL &&
	    setenv("SOFTHSM2_CONF", token->settings.module_settings, 1) != 0)
		return REFUSE(internal);
	TRY(take_functions(token->settings.module, &token->lasting.module, why));
	token->context = PKCS11_CTX_new();
	if (token->context == NULL || PKCS11_CTX_load(token->context, token->settings.module) != 0) {
		(void)say(why, "The PKCS#11 module does not start:", token->settings.module);
		return REFUSE(token_absent); /* SoftHSM2 when its folder cannot be read */
	}
	token->is_loaded = true;
	TRY(find_token(token, &token->lasting.slot, why));
	token->working = token->lasting;
	return OK;
}

/* Keys of the working session; asked again after each change of session. */
static status take_keys(struct token *token, char why[token_why_room])
{
	for (size_t i = 0; i < token->settings.want_count; i++) {
		uint8_t room[longest_id];
		struct buffer id = BUFFER(room);
		CK_OBJECT_HANDLE key = 0;
		const char *label = token->settings.wants[i].label;
		TRY(token_direct_find(&token->working, label, &key, &id, why));
		TRY(token_direct_judge_key(&token->working, label, key, why));
		token->keys[i] = token_direct_copy(&token->working, key);
	}
	return OK;
}

static status judge_wants(const struct token_settings *settings, char why[token_why_room])
{
	if (settings->want_count == 0 || settings->want_count > token_most_keys)
		return say(why, "The number of keys is wrong for the token", settings->label);
	for (size_t i = 0; i < settings->want_count; i++) {
		const struct token_want *a = &settings->wants[i];
		if (!EVP_PKEY_is_a(a->public_key, "EC") && !EVP_PKEY_is_a(a->public_key, "RSA"))
			return say(why, "This key is neither EC nor RSA:", a->label);
		for (size_t k = 0; k < i; k++) {
			if (strcmp(a->label, settings->wants[k].label) == 0)
				return say(why, "Two roles share the label", a->label);
			if (EVP_PKEY_eq(a->public_key, settings->wants[k].public_key) == 1)
				return say(why, "Another role shares the key", a->label);
		}
	}
	return OK;
}

/* Signs with each key once: the proof that token and certificate belong together, whatever the public objects say.
 * The text is none that a certificate, a checkpoint or any other message could be. */
static status prove_keys(struct token *token, char why[token_why_room])
{
	for (size_t i = 0; i < token->settings.want_count; i++) {
		uint8_t room[token_longest_signature];
		struct buffer signature = BUFFER(room);
		const struct bytes text = bytes_from_text("keyward key check v1");
		const char *label = token->settings.wants[i].label;
		const status signed_it = token_sign(token, i, text, &signature);
		if (signed_it.refusal == refusal_token_signature_wrong)
			return say(why, "The token's key is not the one of its certificate:", label);
		if (is_refused(signed_it))
			return say(why, "The token does not sign with its key", label);
	}
	return OK;
}

static status make_verifiers(struct token *token)
{
	for (size_t i = 0; i < token->settings.want_count; i++) {
		EVP_PKEY *key = token->settings.wants[i].public_key;
		token->verifiers[i] = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
		if (token->verifiers[i] == NULL || EVP_PKEY_verify_init(token->verifiers[i]) != 1 ||
		    EVP_PKEY_CTX_set_signature_md(token->verifiers[i], token_digest(key)) != 1)
			return REFUSE(internal);
	}
	return OK;
}

static status open_token(struct token *token, struct bytes pin, char why[token_why_room])
{
	TRY(judge_wants(&token->settings, why));
	TRY(make_verifiers(token));
	TRY(load_module(token, why));
	TRY(token_direct_judge_flags(&token->lasting, why));
	TRY(token_direct_open_session(&token->lasting, why));
	TRY(token_direct_open_session(&token->working, why));
	TRY(token_direct_login(&token->lasting, pin, why));
	TRY(take_keys(token, why));
	return prove_keys(token, why);
}

status token_open(const struct token_settings *settings, struct bytes pin, struct token **out, char why[token_why_room])
{
	struct token *token = calloc(1, sizeof *token);
	why[0] = 0;
	if (token == NULL)
		return REFUSE(internal);
	token->settings = *settings;
	const status opened = open_token(token, pin, why);
	if (is_refused(opened)) {
		if (why[0] == 0)
			(void)say(why, "The token cannot be opened:", settings->label);
		token_close(token);
		return opened;
	}
	*out = token;
	return OK;
}

void token_close(struct token *token)
{
	if (token == NULL)
		return;
	if (token->working.has_session)
		(void)token->working.module->C_CloseSession(token->working.session);
	if (token->lasting.has_session)
		(void)token->lasting.module->C_CloseSession(token->lasting.session);
	if (token->slots != NULL)
		PKCS11_release_all_slots(token->context, token->slots, token->slot_count);
	if (token->is_loaded)
		PKCS11_CTX_unload(token->context);
	if (token->context != NULL)
		PKCS11_CTX_free(token->context);
	for (size_t i = 0; i < token_most_keys; i++)
		EVP_PKEY_CTX_free(token->verifiers[i]);
	free(token);
}

bool token_is_dead(const struct token *token)
{
	return token->is_dead;
}

const EVP_MD *token_digest(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

/* r || s as PKCS#11 gives it, to ECDSA-Sig-Value. */
static status encode_ecdsa(struct bytes raw, struct buffer *out)
{
	uint8_t room[token_longest_signature], *end = room;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.data, (int)(raw.size / 2), NULL);
	BIGNUM *s = BN_bin2bn(raw.data + raw.size / 2, (int)(raw.size / 2), NULL);
	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		ECDSA_SIG_free(pair);
		BN_free(r);
		BN_free(s);
		return REFUSE(internal);
	}
	const int size = i2d_ECDSA_SIG(pair, NULL);
	const bool is_written = size > 0 && (size_t)size <= sizeof room && i2d_ECDSA_SIG(pair, &end) == size;
	ECDSA_SIG_free(pair);
	return is_written && buffer_add(out, room, (size_t)size) ? OK : REFUSE(token_failed);
}

static status sign_once(struct token *token, size_t key, struct bytes message, struct buffer *out)
{
	EVP_PKEY *public_key = token->settings.wants[key].public_key;
	uint8_t digest[EVP_MAX_MD_SIZE], room[token_longest_signature];
	struct buffer raw = BUFFER(room);
	unsigned digest_size = 0;
	if (!EVP_PKEY_is_a(public_key, "EC"))
		return token_direct_sign(&token->working, token->keys[key], CKM_SHA256_RSA_PKCS, message, out);
	if (EVP_Digest(message.data, message.size, digest, &digest_size, token_digest(public_key), NULL) != 1)
		return REFUSE(internal);
	TRY(token_direct_sign(&token->working, token->keys[key], CKM_ECDSA, bytes_from(digest, digest_size), &raw));
	if (raw.size == 0 || raw.size % 2 != 0)
		return REFUSE(token_failed);
	return encode_ecdsa(buffer_view(&raw), out);
}

static status verify(struct token *token, size_t key, struct bytes message, struct bytes signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	const EVP_MD *kind = token_digest(token->settings.wants[key].public_key);
	const bool is_right = EVP_Digest(message.data, message.size, digest, &size, kind, NULL) == 1 &&
			      EVP_PKEY_verify(token->verifiers[key], signature.data, signature.size, digest, size) == 1;
	return is_right ? OK : REFUSE(token_signature_wrong);
}

/* C_Sign that fails without ending the operation leaves its session unusable for ever. */
static status renew(struct token *token)
{
	char why[token_why_room];
	TRY(token_direct_renew_session(&token->working));
	return take_keys(token, why);
}

status token_sign(struct token *token, size_t key, struct bytes message, struct buffer *signature)
{
	uint8_t room[token_longest_signature];
	struct buffer made = BUFFER(room);
	if (token->is_dead || key >= token->settings.want_count)
		return REFUSE(token_failed);
	status done = sign_once(token, key, message, &made);
	if (is_refused(done)) {
		made.size = 0;
		done = renew(token);
		if (!is_refused(done))
			done = sign_once(token, key, message, &made);
		token->is_dead = is_refused(done);
	}
	TRY(done);
	TRY(verify(token, key, message, buffer_view(&made)));
	return buffer_add(signature, made.data, made.size) ? OK : REFUSE(internal);
}
