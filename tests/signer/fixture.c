/* SPDX-License-Identifier: Apache-2.0
 * Makes the token by direct PKCS#11 calls, as a ceremony would: keys are generated on it and never leave. */
#include "tests/signer/fixture.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <p11-kit-1/p11-kit/pkcs11.h>

#include "pkcs11/signer/der.h"

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static CK_FUNCTION_LIST *module(void)
{
	static CK_FUNCTION_LIST *list;
	CK_RV (*give)(CK_FUNCTION_LIST **);
	void *symbol;
	if (list != NULL)
		return list;
	void *library = dlopen(FIXTURE_MODULE, RTLD_NOW | RTLD_LOCAL);
	MUST(library != NULL && (symbol = dlsym(library, "C_GetFunctionList")) != NULL);
	memcpy(&give, &symbol, sizeof give);
	MUST(give(&list) == CKR_OK);
	return list;
}

static const char *const labels[] = {"root", "issuer", "ak-issuer", "audit", "rsa-issuer"};
static const char *const roles[] = {"root", "issuer", "ak-issuer", "audit", "issuer"};

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void generate(CK_SESSION_HANDLE session, const char *label, uint8_t id, bool is_rsa, bool is_extractable,
		     CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	static uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	uint8_t exponent[] = {1, 0, 1};
	CK_ULONG bits = 2048;
	char name[65];
	snprintf(name, sizeof name, "%s", label);
	CK_MECHANISM how = {.mechanism = is_rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN};
	CK_ATTRIBUTE public_side[] = {{CKA_TOKEN, &yes, sizeof yes},
				      {CKA_LABEL, name, strlen(name)},
				      {CKA_ID, &id, sizeof id},
				      {CKA_VERIFY, &yes, sizeof yes},
				      {is_rsa ? CKA_MODULUS_BITS : CKA_EC_PARAMS, is_rsa ? (void *)&bits : (void *)p256,
				       is_rsa ? sizeof bits : sizeof p256},
				      {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}};
	CK_ATTRIBUTE private_side[] = {{CKA_TOKEN, &yes, sizeof yes},
				       {CKA_PRIVATE, &yes, sizeof yes},
				       {CKA_LABEL, name, strlen(name)},
				       {CKA_ID, &id, sizeof id},
				       {CKA_SIGN, &yes, sizeof yes},
				       {CKA_SENSITIVE, is_extractable ? &no : &yes, sizeof yes},
				       {CKA_EXTRACTABLE, is_extractable ? &yes : &no, sizeof yes}};
	MUST(module()->C_GenerateKeyPair(session, &how, public_side, is_rsa ? 6 : 5, private_side, 7, public_key,
					 private_key) == CKR_OK);
}

static EVP_PKEY *read_ec(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				       0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
	uint8_t point[80], spki[sizeof head + 65];
	CK_ATTRIBUTE attribute = {CKA_EC_POINT, point, sizeof point};
	MUST(module()->C_GetAttributeValue(session, key, &attribute, 1) == CKR_OK && attribute.ulValueLen == 67);
	memcpy(spki, head, sizeof head);
	memcpy(spki + sizeof head, point + 2, 65);
	const unsigned char *at = spki;
	return d2i_PUBKEY(NULL, &at, sizeof spki);
}

static EVP_PKEY *read_rsa(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	uint8_t modulus[256], room[400], inner_room[300];
	static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	static const uint8_t exponent[] = {1, 0, 1}, zero[] = {0};
	CK_ATTRIBUTE attribute = {CKA_MODULUS, modulus, sizeof modulus};
	MUST(module()->C_GetAttributeValue(session, key, &attribute, 1) == CKR_OK && attribute.ulValueLen == 256);
	struct buffer out = BUFFER(room), inner = BUFFER(inner_room);
	struct der numbers = {.out = &inner}, der = {.out = &out};
	const size_t pair = der_open(&numbers, der_sequence), number = der_open(&numbers, der_integer);
	der_add(&numbers, BYTES_OF(zero));
	der_add(&numbers, BYTES_OF(modulus));
	der_close(&numbers, number);
	der_put(&numbers, der_integer, BYTES_OF(exponent));
	der_close(&numbers, pair);
	const size_t whole = der_open(&der, der_sequence);
	der_add(&der, BYTES_OF(algorithm));
	const size_t bits = der_open(&der, der_bit_string);
	der_add(&der, BYTES_OF(zero));
	der_add(&der, buffer_view(&inner));
	der_close(&der, bits);
	der_close(&der, whole);
	const unsigned char *at = out.data;
	return d2i_PUBKEY(NULL, &at, (long)out.size);
}

/* The token signs a TBS with ECDSA. */
static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, struct bytes tbs, struct buffer *out)
{
	CK_MECHANISM how = {.mechanism = CKM_ECDSA};
	uint8_t digest[32], raw[64];
	CK_ULONG size = sizeof raw;
	MUST(EVP_Digest(tbs.data, tbs.size, digest, NULL, EVP_sha256(), NULL) == 1);
	MUST(module()->C_SignInit(session, &how, key) == CKR_OK);
	MUST(module()->C_Sign(session, digest, sizeof digest, raw, &size) == CKR_OK && size == sizeof raw);
	struct der der = {.out = out};
	const size_t whole = der_open(&der, der_sequence);
	for (int half = 0; half < 2; half++) {
		const uint8_t *at = raw + 32 * half;
		const size_t mark = der_open(&der, der_integer);
		size_t skip = 0;
		while (skip < 31 && at[skip] == 0)
			skip++;
		if (at[skip] >= 0x80)
			der_add(&der, bytes_from("", 1));
		der_add(&der, bytes_from(at + skip, 32 - skip));
		der_close(&der, mark);
	}
	der_close(&der, whole);
}

static void put_extension(struct der *der, uint8_t number, bool critical, struct bytes value)
{
	const uint8_t oid[] = {0x55, 0x1d, number}, true_octet[] = {0xff};
	const size_t whole = der_open(der, der_sequence);
	der_put(der, der_oid, BYTES_OF(oid));
	if (critical)
		der_put(der, der_boolean, BYTES_OF(true_octet));
	der_put(der, der_octet_string, value);
	der_close(der, whole);
}

static void key_id(struct fixture *fixture, size_t key, uint8_t out[20])
{
	uint8_t digest[32];
	MUST(EVP_Digest(fixture->spkis[key], fixture->spki_sizes[key], digest, NULL, EVP_sha256(), NULL) == 1);
	memcpy(out, digest, 20);
}

static void put_extensions(struct der *der, struct fixture *fixture, size_t key)
{
	static const uint8_t is_ca[] = {0x30, 0x03, 0x01, 0x01, 0xff}, is_none[] = {0x30, 0x00};
	static const uint8_t certifies[] = {0x03, 0x02, 0x01, 0x06}, signs[] = {0x03, 0x02, 0x07, 0x80};
	uint8_t subject[22] = {0x04, 20}, authority[24] = {0x30, 22, 0x80, 20};
	const bool is_audit = key == fixture_audit;
	key_id(fixture, key, subject + 2);
	key_id(fixture, fixture_root, authority + 4);
	const size_t tagged = der_open(der, 0xa3), list = der_open(der, der_sequence);
	put_extension(der, 19, true, is_audit ? BYTES_OF(is_none) : BYTES_OF(is_ca));
	put_extension(der, 15, true, is_audit ? BYTES_OF(signs) : BYTES_OF(certifies));
	put_extension(der, 14, false, BYTES_OF(subject));
	put_extension(der, 35, false, BYTES_OF(authority));
	der_close(der, list);
	der_close(der, tagged);
}

static void certify(struct fixture *fixture, size_t key, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE root)
{
	static const uint8_t head[] = {0xa0, 0x03, 0x02, 0x01, 0x02}, serial[] = {0x41};
	static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	uint8_t room[1000], signature_room[80];
	struct buffer tbs = BUFFER(room), signature = BUFFER(signature_room);
	struct buffer out = BUFFER(fixture->certificates[key]);
	struct der der = {.out = &tbs};
	const size_t whole = der_open(&der, der_sequence);
	der_add(&der, BYTES_OF(head));
	der_put(&der, der_integer, BYTES_OF(serial));
	der_add(&der, BYTES_OF(algorithm));
	MUST(!is_refused(certificate_subject(bytes_from_text(labels[fixture_root]), &tbs)));
	const size_t validity = der_open(&der, der_sequence);
	der_put(&der, der_utc_time, bytes_from_text("200101000000Z"));
	der_put(&der, der_utc_time, bytes_from_text("491231235959Z"));
	der_close(&der, validity);
	MUST(!is_refused(certificate_subject(bytes_from_text(labels[key]), &tbs)));
	der_add(&der, bytes_from(fixture->spkis[key], fixture->spki_sizes[key]));
	put_extensions(&der, fixture, key);
	der_close(&der, whole);
	MUST(!der.is_full);
	sign(session, root, buffer_view(&tbs), &signature);
	MUST(!is_refused(certificate_assemble(buffer_view(&tbs), BYTES_OF(algorithm), buffer_view(&signature), &out)));
	fixture->certificate_sizes[key] = out.size;
}

static CK_SESSION_HANDLE log_in(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE session;
	uint8_t pin[] = FIXTURE_PIN;
	MUST(module()->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK);
	MUST(module()->C_Login(session, CKU_USER, pin, sizeof pin - 1) == CKR_OK);
	return session;
}

static CK_SLOT_ID initialise(void)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;
	CK_SESSION_HANDLE session;
	uint8_t label[32], so_pin[] = "so-pin-77", pin[] = FIXTURE_PIN;
	memset(label, ' ', sizeof label);
	memcpy(label, FIXTURE_LABEL, sizeof FIXTURE_LABEL - 1);
	MUST(module()->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count == 1);
	MUST(module()->C_InitToken(slots[0], so_pin, sizeof so_pin - 1, label) == CKR_OK);
	count = 8;
	MUST(module()->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count >= 1);
	MUST(module()->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK);
	MUST(module()->C_Login(session, CKU_SO, so_pin, sizeof so_pin - 1) == CKR_OK);
	MUST(module()->C_InitPIN(session, pin, sizeof pin - 1) == CKR_OK);
	MUST(module()->C_CloseAllSessions(slots[0]) == CKR_OK);
	return slots[0];
}

static void make_keys(struct fixture *fixture, CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE public_key, private_key, root = 0;
	for (size_t i = 0; i < fixture_key_count; i++) {
		const bool is_rsa = i == fixture_rsa;
		generate(session, labels[i], (uint8_t)(i + 1), is_rsa, false, &public_key, &private_key);
		if (i == fixture_root)
			root = private_key;
		fixture->public_keys[i] = is_rsa ? read_rsa(session, public_key) : read_ec(session, public_key);
		MUST(fixture->public_keys[i] != NULL);
		const struct bytes spki =
			fixture_spki(fixture->public_keys[i], fixture->spkis[i], sizeof fixture->spkis[i]);
		fixture->spki_sizes[i] = spki.size;
		certify(fixture, i, session, root);
	}
}

static void fill_settings(struct fixture *fixture)
{
	static const char *const envelope_names[] = {"device", "device-rsa", "named", "server"};
	static const char *const templates[] = {"{identifier}", "", "device {identifier} of the fleet", "{identifier}"};
	struct message_signer_settings *settings = &fixture->settings;
	*settings = (struct message_signer_settings){.module = bytes_from_text(FIXTURE_MODULE),
						     .token_label = bytes_from_text(FIXTURE_LABEL),
						     .origin_name = bytes_from_text("ledger.keyward.test/1"),
						     .server_name = bytes_from_text("keyward.test"),
						     .server_address = bytes_from_text("127.0.0.1"),
						     .tls_issuer = bytes_from_text("issuer"),
						     .ledger_room_bytes = 1 << 20};
	memset(settings->device_key, 0xd1, 32);
	memset(settings->request_key, 0xe2, 32);
	memset(settings->name_key, 0xc4, 32);
	memset(settings->ak_key, 0xf3, 32);
	for (size_t i = 0; i < fixture_key_count; i++) {
		struct buffer out = BUFFER(fixture->records[i]);
		const struct message_signer_key key = {
			.role = bytes_from_text(roles[i]),
			.label = bytes_from_text(labels[i]),
			.certificate = bytes_from(fixture->certificates[i], fixture->certificate_sizes[i])};
		MUST(!is_refused(wire_encode(message_signer_key, &key, &out)));
		settings->keys.at[settings->keys.count++] = buffer_view(&out);
	}
	const struct message_ak_rule rule = {bytes_from_text("devices"), 30 * 86400};
	struct buffer rule_room = BUFFER(fixture->ak_rule);
	MUST(!is_refused(wire_encode(message_ak_rule, &rule, &rule_room)));
	settings->ak_rules.at[settings->ak_rules.count++] = buffer_view(&rule_room);
	for (size_t i = 0; i < 4; i++) {
		struct buffer out = BUFFER(fixture->envelopes[i]);
		const struct message_envelope envelope = {.name = bytes_from_text(envelope_names[i]),
							  .issuer = bytes_from_text(i == 1 ? "rsa-issuer" : "issuer"),
							  .directories = bytes_from_text("devices"),
							  .format = bytes_from_text("tpm"),
							  .assurance = i == 3 ? 0 : 2,
							  .longest_validity_s = 86400,
							  .subject_cn = bytes_from_text(templates[i]),
							  .may_hold_rsa = i == 1,
							  .may_hold_ec = 1,
							  .extended_usage = bytes_from_text(i == 3 ? "serverAuth" : "clientAuth"),
							  .dns_suffixes = bytes_from_text(i == 1 ? "" : "example.test shop.test"),
							  .ip_ranges = bytes_from_text(i == 1 ? "" : "192.0.2.0/25 2001:db8::/33")};
		MUST(!is_refused(wire_encode(message_envelope, &envelope, &out)));
		settings->envelopes.at[settings->envelopes.count++] = buffer_view(&out);
	}
}

static CK_SLOT_ID enter(struct fixture *fixture)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = 8;
	MUST(setenv("SOFTHSM2_CONF", fixture->module_settings, 1) == 0);
	MUST(module()->C_Initialize(NULL) == CKR_OK);
	MUST(module()->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count >= 1);
	return slots[0];
}

void fixture_open(struct fixture *fixture)
{
	char tokens[96], text[256];
	*fixture = (struct fixture){.folder = "/tmp/keyward-signer-XXXXXX"};
	MUST(mkdtemp(fixture->folder) != NULL);
	snprintf(fixture->module_settings, sizeof fixture->module_settings, "%s/softhsm2.conf", fixture->folder);
	snprintf(fixture->ledger, sizeof fixture->ledger, "%s/ledger", fixture->folder);
	snprintf(tokens, sizeof tokens, "%s/token", fixture->folder);
	MUST(mkdir(tokens, 0700) == 0);
	const int size = snprintf(text, sizeof text,
				  "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens);
	fixture_write(fixture->folder, "softhsm2.conf", text, (size_t)size);
	(void)enter(fixture);
	const CK_SLOT_ID slot = initialise();
	make_keys(fixture, log_in(slot));
	MUST(module()->C_Finalize(NULL) == CKR_OK);
	fill_settings(fixture);
}

static void run(const char *format, const char *a, const char *b)
{
	char command[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof command, format, a, b);
#pragma GCC diagnostic pop
	MUST(system(command) == 0);
}

void fixture_close(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture_key_count; i++)
		EVP_PKEY_free(fixture->public_keys[i]);
	run("rm -rf '%s'%s", fixture->folder, "");
}

size_t fixture_wants(const struct fixture *fixture, struct token_want wants[fixture_key_count])
{
	for (size_t i = 0; i < fixture_key_count; i++) {
		snprintf(wants[i].label, sizeof wants[i].label, "%s", labels[i]);
		wants[i].public_key = fixture->public_keys[i];
	}
	return fixture_key_count;
}

struct token_settings fixture_token(const struct fixture *fixture, const struct token_want *wants, size_t count)
{
	return (struct token_settings){.module = FIXTURE_MODULE,
				       .module_settings = fixture->module_settings,
				       .label = FIXTURE_LABEL,
				       .wants = wants,
				       .want_count = count};
}

int fixture_new_ledger(struct fixture *fixture)
{
	run("rm -rf '%s' && mkdir -m 700 '%s'", fixture->ledger, fixture->ledger);
	const int folder = open(fixture->ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(folder >= 0);
	return folder;
}

void fixture_generate(struct fixture *fixture, const char *label, uint8_t id, bool is_extractable)
{
	CK_OBJECT_HANDLE public_key, private_key;
	generate(log_in(enter(fixture)), label, id, false, is_extractable, &public_key, &private_key);
	MUST(module()->C_Finalize(NULL) == CKR_OK);
}

void fixture_destroy(struct fixture *fixture, const char *label, uint8_t id)
{
	char name[65];
	CK_OBJECT_HANDLE found[8];
	CK_ULONG count = 0;
	snprintf(name, sizeof name, "%s", label);
	CK_ATTRIBUTE wanted[] = {{CKA_LABEL, name, strlen(name)}, {CKA_ID, &id, sizeof id}};
	const CK_SESSION_HANDLE session = log_in(enter(fixture));
	MUST(module()->C_FindObjectsInit(session, wanted, 2) == CKR_OK);
	MUST(module()->C_FindObjects(session, found, 8, &count) == CKR_OK && count == 2);
	MUST(module()->C_FindObjectsFinal(session) == CKR_OK);
	for (CK_ULONG i = 0; i < count; i++)
		MUST(module()->C_DestroyObject(session, found[i]) == CKR_OK);
	MUST(module()->C_Finalize(NULL) == CKR_OK);
}

EVP_PKEY *fixture_device_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	MUST(key != NULL);
	return key;
}

struct bytes fixture_spki(EVP_PKEY *key, uint8_t *room, size_t size)
{
	unsigned char *at = room;
	const int needed = i2d_PUBKEY(key, NULL);
	MUST(needed > 0 && (size_t)needed <= size && i2d_PUBKEY(key, &at) == needed);
	return bytes_from(room, (size_t)needed);
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, mode);
	MUST(file != NULL);
	return file;
}

size_t fixture_read(const char *folder, const char *name, uint8_t *room, size_t size)
{
	FILE *file = open_in(folder, name, "r");
	const size_t got = fread(room, 1, size, file);
	MUST(fclose(file) == 0 && got < size);
	return got;
}

void fixture_write(const char *folder, const char *name, const void *data, size_t size)
{
	FILE *file = open_in(folder, name, "w");
	MUST(fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

void fixture_copy(const char *from, const char *to)
{
	run("rm -rf '%s'%s", to, "");
	run("cp -a '%s' '%s'", from, to);
}
