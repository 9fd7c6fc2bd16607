/* SPDX-License-Identifier: Apache-2.0
 * Opens attestation objects, finds the format of each, and walks its table. Distrusts every byte. */
#include "attest/verifier/format.h"

static const struct format *const formats[] = {&format_tpm, &format_apple, &format_android, &format_packed, &format_step};

const struct format *format_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (bytes_equal_text(name, formats[i]->name))
			return formats[i];
	return NULL;
}

const struct format *format_row(size_t row)
{
	return row < sizeof formats / sizeof formats[0] ? formats[row] : NULL;
}

static bool is_taken(const struct verifier_directory *directory, struct bytes name)
{
	for (size_t i = 0; i < directory->rules.formats.count; i++)
		if (bytes_equal(directory->rules.formats.at[i], name))
			return true;
	return false;
}

/* Members beyond fmt, attStmt and authData are refused: nobody sends them. */
status format_open(struct bytes octets, struct statement *s)
{
	const struct cbor *object = &s->object;
	TRY(cbor_parse(octets, &s->object));
	if (object->items[0].kind != cbor_map)
		return REFUSE(statement_malformed);
	const size_t name = cbor_member(object, 0, "fmt"), map = cbor_member(object, 0, "attStmt");
	const size_t auth_data = cbor_member(object, 0, "authData");
	if (name == 0 || object->items[name].kind != cbor_text || map == 0 || object->items[map].kind != cbor_map ||
	    (auth_data != 0 && object->items[auth_data].kind != cbor_octets) ||
	    object->items[0].count != (auth_data != 0 ? 3U : 2U))
		return REFUSE(statement_malformed);
	const struct bytes text = object->items[name].octets;
	const struct format *format = format_find(text);
	if (format == NULL || !is_taken(s->directory, text)) {
		detail_say(s->detail, "the format %.*s is %s", text.size < 64 ? (int)text.size : 64, (const char *)text.data,
			   format == NULL ? "unknown" : "not taken by this directory");
		return REFUSE(format_unsupported);
	}
	s->format = format;
	s->map = map;
	return OK;
}

void format_close(struct statement *s)
{
	for (size_t i = 0; i < s->chain_count; i++)
		X509_free(s->chain[i]);
	s->chain_count = 0;
	EVP_PKEY_free(s->key);
	s->key = NULL;
	if (s->format != NULL && s->format->close != NULL)
		s->format->close(s);
	s->format = NULL;
}

status format_judge(struct statement *s)
{
	for (s->passed = 0; s->passed < s->format->check_count; s->passed++)
		if (!s->format->checks[s->passed].passes(s))
			return s->format->checks[s->passed].refusal;
	return OK;
}

const struct cbor_item *format_member(const struct statement *s, const char *name, enum cbor_kind kind)
{
	const size_t at = cbor_member(&s->object, s->map, name);
	return at != 0 && s->object.items[at].kind == kind ? &s->object.items[at] : NULL;
}

bool format_chain_is_there(struct statement *s)
{
	const struct cbor_item *chain = format_member(s, "x5c", cbor_array);
	return chain != NULL && chain->count > 0 && chain->count <= format_most_chain;
}

/* In order, each issued by the next: x5c is no bag of certificates. */
bool format_chain_is_read(struct statement *s)
{
	const struct cbor_item *chain = format_member(s, "x5c", cbor_array);
	if (chain == NULL)
		return false;
	for (size_t i = 0; i < chain->count; i++) {
		const struct cbor_item *at = chain + 1 + i;
		X509 *certificate = at->kind != cbor_octets ? NULL
				    : i == 0		     ? certificate_parse(at->octets)
							     : certificate_parse_issuer(at->octets);
		if (certificate == NULL)
			return false;
		s->chain[s->chain_count++] = certificate;
		if (i > 0 && X509_NAME_cmp(X509_get_issuer_name(s->chain[i - 1]), X509_get_subject_name(certificate)) != 0)
			return false;
	}
	return true;
}

bool format_leaf_is_no_ca(struct statement *s)
{
	return X509_check_ca(s->chain[0]) == 0 && (X509_get_extension_flags(s->chain[0]) & (EXFLAG_CA | EXFLAG_INVALID)) == 0;
}

bool format_chain_is_trusted(struct statement *s, const struct chain_roots *roots)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	bool is_good = others != NULL;
	for (size_t i = 1; is_good && i < s->chain_count; i++)
		is_good = sk_X509_push(others, s->chain[i]) > 0;
	const struct chain_question question = {s->chain[0], others, chain_in_order, roots, &s->directory->revoked};
	const enum chain_verdict verdict = is_good ? chain_verify(&question, s->root_hash, s->detail) : chain_untrusted;
	sk_X509_free(others);
	s->is_revoked = verdict == chain_revoked;
	if (verdict == chain_good)
		detail_say(s->detail, "%s", "");
	return verdict != chain_untrusted;
}

bool format_chain_is_in_force(struct statement *s)
{
	return !s->is_revoked;
}
