/* SPDX-License-Identifier: Apache-2.0
 * Probes of names against a resolver, a web server and a TLS server on loopback, good ones and hostile ones. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include "attest/token/token.h"
#include "ca/jose/base64url.h"
#include "ca/prober/acme_certificate.h"
#include "ca/prober/address.h"
#include "ca/prober/dns.h"
#include "ca/prober/http_01.h"
#include "ca/prober/prober.h"
#include "ca/prober/tls_alpn_01.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/prober/resolver.h"
#include "tests/prober/server.h"

static struct {
	struct prober prober;
	char resolvers[32];
	uint16_t http_port, https_port;
	EVP_PKEY *key;
	char token[129], key_authorization[256], path[300], answer[600];
	uint8_t room[1024];
	struct message_name_probed probed;
	struct detail detail;
} stage;

static struct message_name_probe ask_for(const char *type, const char *name, const char *challenge)
{
	struct message_name_probe ask = {.directory = bytes_from_text("servers"),
					 .order = bytes_from_text("order"),
					 .identifier_type = bytes_from_text(type),
					 .identifier = bytes_from_text(name),
					 .challenge = bytes_from_text(challenge)};
	const struct token_purpose purpose = {ask.directory, ask.order, ask.identifier_type, ask.identifier, ask.challenge};
	struct buffer token = {.data = (uint8_t *)stage.token, .room = sizeof stage.token - 1};
	char thumbprint[64] = "";
	struct buffer text = {.data = (uint8_t *)thumbprint, .room = sizeof thumbprint - 1};
	memset(ask.account_thumbprint, 7, sizeof ask.account_thumbprint);
	assert_false(is_refused(token_make(stage.prober.settings.name_token_key, &purpose, &token)));
	stage.token[token.size] = 0;
	assert_true(base64url_encode(BYTES_OF(ask.account_thumbprint), &text));
	snprintf(stage.key_authorization, sizeof stage.key_authorization, "%s.%s", stage.token, thumbprint);
	snprintf(stage.path, sizeof stage.path, "/.well-known/acme-challenge/%s", stage.token);
	ask.token = bytes_from_text(stage.token);
	return ask;
}

static enum refusal probe(const struct message_name_probe *ask)
{
	struct buffer room = BUFFER(stage.room);
	stage.detail.text[0] = 0;
	return prober_judge(&stage.prober, ask, &room, &stage.probed, &stage.detail).refusal;
}

#define EXPECT(ask, wanted)                                                                                            \
	do {                                                                                                           \
		const enum refusal got_ = probe(ask);                                                                  \
		if (got_ != refusal_##wanted)                                                                          \
			fail_msg("expected %s, got %s: %s", #wanted, status_entry(got_)->name, stage.detail.text);     \
	} while (0)

static const char *give(const char *status_line, const char *headers, const char *body)
{
	snprintf(stage.answer, sizeof stage.answer, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status_line, headers,
		 strlen(body), body);
	return stage.answer;
}

static int start_clean(void **state)
{
	(void)state;
	resolver_forget();
	server_forget();
	resolver_add("a.test", "A", "127.0.0.1");
	stage.prober.settings.networks = bytes_from_text("127.0.0.0/8 10.0.0.0/8");
	stage.prober.settings.patience_s = 2;
	return 0;
}

/* ---- http-01 ---- */

static void the_key_authorization_is_fetched_and_vouched_for(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	struct message_name_voucher voucher;
	char host[64];
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	EXPECT(&ask, none);
	assert_false(is_refused(voucher_open(message_name_voucher, stage.probed.voucher, stage.prober.settings.name_key, &voucher)));
	assert_true(bytes_equal_text(voucher.identifier, "a.test") && bytes_equal_text(voucher.identifier_type, "dns"));
	assert_true(bytes_equal_text(voucher.directory, "servers") && bytes_equal_text(voucher.order, "order"));
	assert_true(bytes_equal_text(voucher.challenge, "http-01"));
	assert_memory_equal(voucher.account_thumbprint, ask.account_thumbprint, 32);
	assert_false(is_refused(voucher_judge_expiry(voucher.expires_boot_s)));
	snprintf(host, sizeof host, "a.test:%u", stage.http_port);
	assert_string_equal(server_last_host(), host);
}

static void white_space_behind_the_key_authorization_is_taken(void **state)
{
	(void)state;
	char body[300];
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	snprintf(body, sizeof body, "%s \r\n\n", stage.key_authorization);
	server_answer(stage.path, give("200 OK", "", body));
	EXPECT(&ask, none);
}

static void an_address_is_asked_itself(void **state)
{
	(void)state;
	char host[64];
	const struct message_name_probe ask = ask_for("ip", "127.0.0.1", "http-01");
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	EXPECT(&ask, none);
	snprintf(host, sizeof host, "127.0.0.1:%u", stage.http_port);
	assert_string_equal(server_last_host(), host);
	assert_int_equal(resolver_count("127.0.0.1"), 0);
	stage.prober.settings.networks = bytes_from_text("::1/128");
	const struct message_name_probe six = ask_for("ip", "::1", "http-01");
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	EXPECT(&six, none);
	snprintf(host, sizeof host, "[::1]:%u", stage.http_port);
	assert_string_equal(server_last_host(), host);
}

static void another_answer_is_refused(void **state)
{
	(void)state;
	static char flood[9000];
	char body[300];
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	server_answer(stage.path, give("200 OK", "", stage.token));
	EXPECT(&ask, probe_answer_wrong);
	snprintf(body, sizeof body, " %s", stage.key_authorization);
	server_answer(stage.path, give("200 OK", "", body));
	EXPECT(&ask, probe_answer_wrong);
	server_answer(stage.path, give("200 OK", "", ""));
	EXPECT(&ask, probe_answer_wrong);
	int used = snprintf(flood, sizeof flood, "HTTP/1.1 200 OK\r\n\r\n%s", stage.key_authorization);
	memset(flood + used, ' ', sizeof flood - 1 - (size_t)used);
	server_answer(stage.path, flood);
	EXPECT(&ask, probe_answer_wrong);
	assert_non_null(strstr(stage.detail.text, "too long"));
}

static void a_status_other_than_200_is_refused(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	EXPECT(&ask, probe_http_status);
	assert_non_null(strstr(stage.detail.text, "404"));
	server_answer(stage.path, give("500 No", "", stage.key_authorization));
	EXPECT(&ask, probe_http_status);
	server_answer(stage.path, give("302 No", "", stage.key_authorization)); /* to nowhere */
	EXPECT(&ask, probe_http_status);
}

static void a_server_that_is_not_there_or_silent_ends_in_time(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	server_answer(stage.path, NULL);
	const uint64_t before_ms = clock_boot_ms();
	EXPECT(&ask, probe_connection_failed);
	assert_in_range(clock_boot_ms() - before_ms, 1500, 4000);
	resolver_forget();
	resolver_add("a.test", "A", "127.9.9.9"); /* nobody listens there */
	EXPECT(&ask, probe_connection_failed);
}

static void redirects_are_followed_to_where_one_may_go(void **state)
{
	(void)state;
	static char first[600], last[600];
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	resolver_add("b.test", "A", "127.0.0.1");
	snprintf(first, sizeof first, "HTTP/1.1 301 Moved\r\nLocation: http://b.test:%u/else?where=1\r\nContent-Length: 0\r\n\r\n",
		 stage.http_port);
	snprintf(last, sizeof last, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(stage.key_authorization),
		 stage.key_authorization);
	server_answer(stage.path, first);
	server_answer("/else?where=1", last);
	EXPECT(&ask, none);
	assert_non_null(strstr(server_last_host(), "b.test"));
	server_answer(stage.path, "HTTP/1.1 307 Moved\r\nLocation: /else?where=1\r\nContent-Length: 0\r\n\r\n");
	EXPECT(&ask, none);
}

static void a_redirect_to_https_needs_no_good_certificate(void **state)
{
	(void)state;
	static char first[600], last[600];
	X509 *certificate = X509_new();
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	X509_gmtime_adj(X509_getm_notBefore(certificate), -100);
	X509_gmtime_adj(X509_getm_notAfter(certificate), -50);
	X509_set_pubkey(certificate, stage.key);
	X509_sign(certificate, stage.key, EVP_sha256());
	server_show(certificate, stage.key, NULL);
	snprintf(first, sizeof first, "HTTP/1.1 308 Moved\r\nLocation: https://a.test:%u/s\r\nContent-Length: 0\r\n\r\n",
		 stage.https_port);
	snprintf(last, sizeof last, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(stage.key_authorization),
		 stage.key_authorization);
	server_answer(stage.path, first);
	server_answer("/s", last);
	EXPECT(&ask, none);
	server_forget();
	X509_free(certificate);
}

static void a_redirect_to_anywhere_else_is_refused(void **state)
{
	(void)state;
	static char answer[600];
	const char *places[] = {
		"http://a.test:22/",	     "http://a.test/",		"ftp://a.test:%u/",	   "file:///etc/passwd",
		"gopher://127.0.0.1:%u/_x",  "http://user@a.test:%u/",	"http://user:p@a.test:%u/", "http://A.test:%u/",
		"http://a_b.test:%u/",	     "http://*.test:%u/",	"http://[::ffff:127.0.0.1]:%u/",
		"unix:///run/x",	     "http://a.test:%u:1/",
	};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		char place[200];
		const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
		_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"");
		snprintf(place, sizeof place, places[i], stage.http_port);
		_Pragma("GCC diagnostic pop");
		snprintf(answer, sizeof answer, "HTTP/1.1 302 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", place);
		server_forget();
		server_answer(stage.path, answer);
		const enum refusal got = probe(&ask);
		if (got != refusal_probe_redirect_refused && got != refusal_probe_address_forbidden)
			fail_msg("%s: %s: %s", place, status_entry(got)->name, stage.detail.text);
		assert_int_equal(server_connections(), 1);
	}
}

static void a_redirect_round_in_circles_ends(void **state)
{
	(void)state;
	static char answer[600];
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	snprintf(answer, sizeof answer, "HTTP/1.1 302 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", stage.path);
	server_answer(stage.path, answer);
	EXPECT(&ask, probe_redirect_refused);
	assert_int_equal(server_connections(), 11);
}

static void addresses_outside_the_networks_are_not_connected_to(void **state)
{
	(void)state;
	static char answer[600];
	const char *addresses[] = {"192.0.2.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255"};
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		const struct message_name_probe ask = ask_for("dns", "c.test", "http-01");
		resolver_forget();
		resolver_add("c.test", "A", addresses[i]);
		EXPECT(&ask, probe_address_forbidden);
		assert_non_null(strstr(stage.detail.text, addresses[i]));
	}
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01"), literal = ask_for("ip", "192.0.2.1", "http-01");
	EXPECT(&literal, probe_address_forbidden);
	resolver_add("a.test", "A", "127.0.0.1");
	resolver_add("d.test", "A", "192.0.2.1");
	(void)ask_for("dns", "a.test", "http-01");
	snprintf(answer, sizeof answer, "HTTP/1.1 302 Moved\r\nLocation: http://d.test:%u/\r\nContent-Length: 0\r\n\r\n",
		 stage.http_port);
	snprintf(stage.path, sizeof stage.path, "/.well-known/acme-challenge/%.*s", (int)ask.token.size,
		 (const char *)ask.token.data);
	server_answer(stage.path, answer);
	const struct message_name_probe again = ask;
	EXPECT(&again, probe_address_forbidden);
}

/* A name that points elsewhere at its second look-up gets none. */
static void an_address_is_looked_up_once(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "e.test", "http-01");
	resolver_add("e.test", "A", "127.0.0.1");
	resolver_add("e.test", "A", "then 192.0.2.1");
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	EXPECT(&ask, none);
	assert_int_equal(resolver_count("e.test"), 2); /* A and AAAA */
	EXPECT(&ask, probe_address_forbidden);
}

static void loopback_is_probed_only_where_it_is_named(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	stage.prober.settings.networks = bytes_from_text("0.0.0.0/0 ::/0");
	EXPECT(&ask, probe_address_forbidden);
	resolver_add("f.test", "AAAA", "::1");
	const struct message_name_probe six = ask_for("dns", "f.test", "http-01");
	EXPECT(&six, probe_address_forbidden);
}

static void addresses_are_judged_by_network(void **state)
{
	(void)state;
	static const struct {
		const char *address, *networks;
		bool is_allowed;
	} rows[] = {
		{"10.1.2.3", "10.0.0.0/8", true},	     {"11.1.2.3", "10.0.0.0/8", false},
		{"10.1.2.3", "", false},		     {"fd00::1", "10.0.0.0/8 fc00::/7", true},
		{"fe80::1", "::/0", false},		     {"ff02::1", "::/0", false},
		{"::", "::/0", false},			     {"::127.0.0.1", "::/0", false},
		{"64:ff9b::7f00:1", "::/0", false},	     {"2001:db8::1", "::/0", true},
		{"64:ff9b:1::a9fe:a9fe", "::/0", false},     {"2002:7f00:1::1", "::/0", false},
		{"169.254.1.1", "0.0.0.0/0", false},	     {"224.0.0.251", "0.0.0.0/0", false},
		{"0.1.2.3", "0.0.0.0/0", false},	     {"8.8.8.8", "0.0.0.0/0", true},
		{"127.0.0.1", "0.0.0.0/0", false},	     {"127.0.0.1", "127.0.0.1/32", true},
		{"127.0.0.2", "10.0.0.0/8 127.0.0.1/32", false}, {"::1", "::1/128", true},
		{"::1", "::/0 10.0.0.0/8", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct address address;
		assert_true(address_read(rows[i].address, &address));
		if (address_is_allowed(&address, bytes_from_text(rows[i].networks)) != rows[i].is_allowed)
			fail_msg("%s in %s", rows[i].address, rows[i].networks);
	}
	const struct address mapped = {{[10] = 0xff, [11] = 0xff, [12] = 10}, 16}; /* ::ffff:10.0.0.0 */
	assert_false(address_is_allowed(&mapped, bytes_from_text("::/0 10.0.0.0/8")));
}

static void a_name_that_the_resolver_does_not_know_is_refused(void **state)
{
	(void)state;
	const struct message_name_probe unknown = ask_for("dns", "unknown.test", "http-01");
	EXPECT(&unknown, probe_name_unresolved);
	resolver_add("broken.test", "A", "broken");
	resolver_add("silent.test", "A", "silent");
	const struct message_name_probe broken = ask_for("dns", "broken.test", "http-01");
	EXPECT(&broken, probe_name_unresolved);
	const struct message_name_probe silent = ask_for("dns", "silent.test", "tls-alpn-01");
	const uint64_t before_ms = clock_boot_ms();
	EXPECT(&silent, probe_name_unresolved);
	assert_in_range(clock_boot_ms() - before_ms, 1500, 4000);
}

/* ---- dns-01 ---- */

static void write_digest(char out[64])
{
	uint8_t digest[32];
	struct buffer text = {.data = (uint8_t *)out, .room = 63};
	EVP_Digest(stage.key_authorization, strlen(stage.key_authorization), digest, NULL, EVP_sha256(), NULL);
	assert_true(base64url_encode(BYTES_OF(digest), &text));
	out[text.size] = 0;
}

static void the_right_record_is_found_among_others(void **state)
{
	(void)state;
	char digest[64], split[80];
	const struct message_name_probe ask = ask_for("dns", "a.test", "dns-01");
	write_digest(digest);
	resolver_add("_acme-challenge.a.test", "TXT", "v=spf1 -all");
	resolver_add("_acme-challenge.a.test", "TXT", digest);
	resolver_add("_acme-challenge.a.test", "TXT", "another");
	EXPECT(&ask, none);
	resolver_forget();
	snprintf(split, sizeof split, "%.10s|%s", digest, digest + 10);
	resolver_add("_acme-challenge.a.test", "TXT", split);
	EXPECT(&ask, none);
}

static void what_is_too_long_for_udp_is_asked_for_by_tcp(void **state)
{
	(void)state;
	char digest[64];
	const struct message_name_probe ask = ask_for("dns", "a.test", "dns-01");
	write_digest(digest);
	for (unsigned i = 0; i < 20; i++)
		resolver_add("_acme-challenge.a.test", "TXT", "a record of somebody else's, long enough to fill a packet with others");
	resolver_add("_acme-challenge.a.test", "TXT", digest);
	resolver_truncate("_acme-challenge.a.test");
	EXPECT(&ask, none);
}

static void a_wildcard_is_proven_below_its_star(void **state)
{
	(void)state;
	char digest[64];
	struct message_name_voucher voucher;
	const struct message_name_probe ask = ask_for("dns", "*.a.test", "dns-01");
	write_digest(digest);
	resolver_add("_acme-challenge.a.test", "TXT", digest);
	EXPECT(&ask, none);
	assert_false(is_refused(voucher_open(message_name_voucher, stage.probed.voucher, stage.prober.settings.name_key, &voucher)));
	assert_true(bytes_equal_text(voucher.identifier, "*.a.test"));
	const struct message_name_probe http = ask_for("dns", "*.a.test", "http-01");
	EXPECT(&http, challenge_unavailable);
	const struct message_name_probe alpn = ask_for("dns", "*.a.test", "tls-alpn-01");
	EXPECT(&alpn, challenge_unavailable);
	const struct message_name_probe address = ask_for("ip", "127.0.0.1", "dns-01");
	EXPECT(&address, challenge_unavailable);
}

static void no_record_and_a_wrong_one_are_told_apart(void **state)
{
	(void)state;
	char digest[64], longer[80];
	const struct message_name_probe ask = ask_for("dns", "a.test", "dns-01");
	EXPECT(&ask, probe_record_absent);
	resolver_add("_acme-challenge.a.test", "A", "127.0.0.1"); /* the name is there, the record not */
	EXPECT(&ask, probe_record_absent);
	write_digest(digest);
	snprintf(longer, sizeof longer, "%sA", digest);
	resolver_add("_acme-challenge.a.test", "TXT", longer);
	EXPECT(&ask, probe_record_wrong);
	resolver_add("_acme-challenge.a.test", "TXT", "");
	EXPECT(&ask, probe_record_wrong);
	resolver_forget();
	resolver_add("_acme-challenge.a.test", "TXT", "silent");
	EXPECT(&ask, probe_name_unresolved);
}

/* ---- tls-alpn-01 ---- */

struct knobs {
	const char *names;     /* subjectAltName; NULL: of the name */
	const char *protocol;  /* NULL: acme-tls/1 */
	bool is_not_critical, is_absent, is_twice, is_other_digest, is_padded, is_issued_by_another;
};

static void add_identifier(X509 *certificate, const struct knobs *knobs)
{
	uint8_t value[35] = {0x04, 32};
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	EVP_Digest(stage.key_authorization, strlen(stage.key_authorization), value + 2, NULL, EVP_sha256(), NULL);
	value[2] ^= knobs->is_other_digest;
	ASN1_OCTET_STRING_set(octets, value, knobs->is_padded ? 35 : 34);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, !knobs->is_not_critical, octets);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(oid);
}

static X509 *make_certificate(const char *names, const struct knobs *knobs)
{
	X509V3_CTX context;
	X509 *made = X509_new();
	X509_set_version(made, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
	X509_gmtime_adj(X509_getm_notBefore(made), -100);
	X509_gmtime_adj(X509_getm_notAfter(made), 1000);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8, (const uint8_t *)"x", -1, -1, 0);
	X509_set_issuer_name(made, X509_get_subject_name(made));
	X509_set_pubkey(made, stage.key);
	X509V3_set_ctx(&context, made, made, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
	X509_add_ext(made, extension, -1);
	X509_EXTENSION_free(extension);
	if (!knobs->is_absent)
		add_identifier(made, knobs);
	if (knobs->is_twice)
		add_identifier(made, knobs);
	EVP_PKEY *other = knobs->is_issued_by_another ? EVP_EC_gen("P-256") : NULL;
	X509_sign(made, other == NULL ? stage.key : other, EVP_sha256());
	EVP_PKEY_free(other);
	return made;
}

static enum refusal show(const struct message_name_probe *ask, const char *names, const struct knobs *knobs)
{
	X509 *certificate = make_certificate(knobs->names == NULL ? names : knobs->names, knobs);
	server_show(certificate, stage.key, knobs->protocol == NULL ? "acme-tls/1" : knobs->protocol);
	const enum refusal got = probe(ask);
	server_forget();
	X509_free(certificate);
	return got;
}

static void the_certificate_of_the_challenge_is_taken(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "tls-alpn-01");
	X509 *certificate = make_certificate("DNS:a.test", &(struct knobs){0});
	server_show(certificate, stage.key, "acme-tls/1");
	EXPECT(&ask, none);
	assert_string_equal(server_last_server_name(), "a.test");
	server_forget();
	X509_free(certificate);
	const struct message_name_probe address = ask_for("ip", "127.0.0.1", "tls-alpn-01");
	certificate = make_certificate("IP:127.0.0.1", &(struct knobs){0});
	server_show(certificate, stage.key, "acme-tls/1");
	EXPECT(&address, none);
	assert_string_equal(server_last_server_name(), "1.0.0.127.in-addr.arpa");
	server_forget();
	X509_free(certificate);
}

static void a_certificate_that_lacks_anything_is_refused(void **state)
{
	(void)state;
	static const struct {
		struct knobs knobs;
		const char *said;
	} rows[] = {
		{{.is_absent = true}, "no acmeIdentifier"},
		{{.is_twice = true}, "more than one"},
		{{.is_not_critical = true}, "not critical"},
		{{.is_other_digest = true}, "not the digest"},
		{{.is_padded = true}, "not the digest"},
		{{.is_issued_by_another = true}, "self-signed"},
		{{.names = "DNS:b.test"}, "subjectAltName"},
		{{.names = "DNS:a.test,DNS:b.test"}, "subjectAltName"},
		{{.names = "IP:127.0.0.1"}, "subjectAltName"},
		{{.names = "email:a@a.test"}, "subjectAltName"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct message_name_probe ask = ask_for("dns", "a.test", "tls-alpn-01");
		const enum refusal got = show(&ask, "DNS:a.test", &rows[i].knobs);
		if (got != refusal_probe_certificate_wrong || strstr(stage.detail.text, rows[i].said) == NULL)
			fail_msg("row %zu: %s: %s", i, status_entry(got)->name, stage.detail.text);
	}
	const struct message_name_probe address = ask_for("ip", "127.0.0.1", "tls-alpn-01");
	assert_int_equal(show(&address, "DNS:127.0.0.1", &(struct knobs){0}), refusal_probe_certificate_wrong);
	assert_int_equal(show(&address, "IP:127.0.0.2", &(struct knobs){0}), refusal_probe_certificate_wrong);
}

static void a_server_without_the_protocol_is_refused(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "tls-alpn-01");
	assert_int_equal(show(&ask, "DNS:a.test", &(struct knobs){.protocol = "http/1.1"}), refusal_probe_tls_failed);
	X509 *certificate = make_certificate("DNS:a.test", &(struct knobs){0});
	server_show(certificate, stage.key, NULL);
	EXPECT(&ask, probe_tls_failed);
	assert_non_null(strstr(stage.detail.text, "acme-tls/1"));
	server_forget(); /* no TLS at all */
	EXPECT(&ask, probe_tls_failed);
	X509_free(certificate);
	resolver_forget();
	resolver_add("a.test", "A", "127.9.9.9");
	EXPECT(&ask, probe_connection_failed);
}

static void acme_tls_1_alone_is_offered_and_no_data_follows(void **state)
{
	(void)state;
	const struct message_name_probe ask = ask_for("dns", "a.test", "tls-alpn-01");
	X509 *certificate = make_certificate("DNS:A.Test", &(struct knobs){0}); /* in whatever case */
	server_show(certificate, stage.key, "acme-tls/1");
	EXPECT(&ask, none);
	assert_string_equal(server_last_server_name(), "a.test");
	assert_string_equal(server_last_offer(), "\x0a" "acme-tls/1");
	assert_int_equal(server_last_data(), 0);
	server_speak(TLS1_2_VERSION);
	EXPECT(&ask, none);
	server_speak(TLS1_1_VERSION);
	EXPECT(&ask, probe_tls_failed);
	server_forget();
	X509_free(certificate);
}

static void addresses_have_their_names_in_the_reverse_tree(void **state)
{
	(void)state;
	char out[errand_name_room];
	tls_alpn_01_server_name("192.0.2.7", true, out);
	assert_string_equal(out, "7.2.0.192.in-addr.arpa");
	tls_alpn_01_server_name("2001:db8::1", true, out);
	assert_string_equal(out, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	tls_alpn_01_server_name("a.test", false, out);
	assert_string_equal(out, "a.test");
}

static void every_flipped_bit_of_the_certificate_is_refused(void **state)
{
	(void)state;
	uint8_t digest[32], *der = NULL;
	(void)ask_for("dns", "a.test", "tls-alpn-01");
	EVP_Digest(stage.key_authorization, strlen(stage.key_authorization), digest, NULL, EVP_sha256(), NULL);
	X509 *certificate = make_certificate("DNS:a.test", &(struct knobs){0});
	const int size = i2d_X509(certificate, &der);
	assert_null(acme_certificate_judge(bytes_from(der, (size_t)size), "a.test", false, digest));
	for (int bit = 0; bit < size * 8; bit++) {
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (acme_certificate_judge(bytes_from(der, (size_t)size), "a.test", false, digest) == NULL)
			fail_msg("bit %d of octet %d flipped, and taken", bit % 8, bit / 8);
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (int cut = 0; cut < size; cut++)
		assert_non_null(acme_certificate_judge(bytes_from(der, (size_t)cut), "a.test", false, digest));
	OPENSSL_free(der);
	X509_free(certificate);
}

/* ---- tokens ---- */

static void a_token_of_anything_else_is_refused(void **state)
{
	(void)state;
	struct message_name_probe ask = ask_for("dns", "a.test", "http-01");
	server_answer(stage.path, give("200 OK", "", stage.key_authorization));
	ask.challenge = bytes_from_text("dns-01");
	EXPECT(&ask, token_forged);
	ask = ask_for("dns", "a.test", "http-01");
	ask.order = bytes_from_text("another");
	EXPECT(&ask, token_forged);
	ask = ask_for("dns", "a.test", "http-01");
	ask.identifier = bytes_from_text("b.test");
	EXPECT(&ask, token_forged);
	ask = ask_for("dns", "a.test", "http-01");
	ask.directory = bytes_from_text("lax");
	EXPECT(&ask, token_forged);
	ask = ask_for("permanent-identifier", "a.test", "device-attest-01");
	EXPECT(&ask, challenge_unavailable);
	ask = ask_for("dns", "A.test", "http-01");
	EXPECT(&ask, identifier_malformed);
	ask = ask_for("ip", "0177.0.0.1", "http-01");
	EXPECT(&ask, identifier_malformed);
	assert_int_equal(server_connections(), 0);
}

static int open_stage(void **state)
{
	(void)state;
	struct message_prober_settings settings = {.patience_s = 2};
	(void)signal(SIGPIPE, SIG_IGN);
	const uint16_t resolver = resolver_start();
	stage.http_port = server_start_http();
	stage.https_port = server_start_tls();
	stage.key = EVP_EC_gen("P-256");
	if (resolver == 0 || stage.http_port == 0 || stage.https_port == 0 || stage.key == NULL)
		return -1;
	snprintf(stage.resolvers, sizeof stage.resolvers, "127.0.0.1:%u", resolver);
	settings.resolvers = bytes_from_text(stage.resolvers);
	settings.networks = bytes_from_text("127.0.0.0/8");
	settings.http_port = stage.http_port;
	settings.https_port = stage.https_port;
	memset(settings.name_key, 1, sizeof settings.name_key);
	memset(settings.name_token_key, 2, sizeof settings.name_token_key);
	return tls_alpn_01_start() && http_01_start() && dns_start(settings.resolvers) &&
			       !is_refused(prober_open(&settings, &stage.prober))
		       ? 0
		       : -1;
}

static int close_stage(void **state)
{
	(void)state;
	EVP_PKEY_free(stage.key);
	return 0;
}

#define CLEAN(name) cmocka_unit_test_setup(name, start_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEAN(the_key_authorization_is_fetched_and_vouched_for),
		CLEAN(white_space_behind_the_key_authorization_is_taken),
		CLEAN(an_address_is_asked_itself),
		CLEAN(another_answer_is_refused),
		CLEAN(a_status_other_than_200_is_refused),
		CLEAN(a_server_that_is_not_there_or_silent_ends_in_time),
		CLEAN(redirects_are_followed_to_where_one_may_go),
		CLEAN(a_redirect_to_https_needs_no_good_certificate),
		CLEAN(a_redirect_to_anywhere_else_is_refused),
		CLEAN(a_redirect_round_in_circles_ends),
		CLEAN(addresses_outside_the_networks_are_not_connected_to),
		CLEAN(an_address_is_looked_up_once),
		CLEAN(loopback_is_probed_only_where_it_is_named),
		CLEAN(addresses_are_judged_by_network),
		CLEAN(a_name_that_the_resolver_does_not_know_is_refused),
		CLEAN(the_right_record_is_found_among_others),
		CLEAN(what_is_too_long_for_udp_is_asked_for_by_tcp),
		CLEAN(a_wildcard_is_proven_below_its_star),
		CLEAN(no_record_and_a_wrong_one_are_told_apart),
		CLEAN(the_certificate_of_the_challenge_is_taken),
		CLEAN(a_certificate_that_lacks_anything_is_refused),
		CLEAN(a_server_without_the_protocol_is_refused),
		CLEAN(acme_tls_1_alone_is_offered_and_no_data_follows),
		CLEAN(addresses_have_their_names_in_the_reverse_tree),
		CLEAN(every_flipped_bit_of_the_certificate_is_refused),
		CLEAN(a_token_of_anything_else_is_refused),
	};
	return cmocka_run_group_tests(tests, open_stage, close_stage);
}
