/* SPDX-License-Identifier: Apache-2.0
 * The registrar's logic between fake neighbours that speak the real protocol over real socket pairs, and a client that
 * signs real requests. For tests/unit/test_registrar_*.c. */
#ifndef KEYWARD_TESTS_REGISTRAR_BENCH_H
#define KEYWARD_TESTS_REGISTRAR_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ca/registrar/registrar.h"

#define BENCH_ORIGIN "https://keyward.test:8443"

/* Keys of external account bindings, "tenant" and "other"; no account needs one until a test says so. */
#define BENCH_EAB_KEY "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
#define BENCH_OTHER_EAB_KEY "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BI2XrJMDHJrBM5NuQmQJQH1"

/* The issuing key's identifier in the certificates that the fake signer makes of no key. */
#define BENCH_KEY_ID "twenty octets of it!"

enum { bench_entries_most = 64 };

/* What the last activation was asked with, as text. */
struct fake_activation {
	char ek_certificate[33], ek_intermediate[33], ek_public[33], ek_spki[33], ak_public[33];
	char create_data[33], create_attestation[33], create_signature[33];
};

/* What the fake verifier does; read by its thread. */
struct fake_verifier {
	atomic_uint refusal; /* enum refusal to answer with; 0: none */
	atomic_bool is_deaf; /* hangs up when asked */
	atomic_uint delay_ms;
	atomic_uint orders, statements, finalizes;
	atomic_uint order_life_s;
	atomic_bool has_other_key; /* finalize: vouches for another key than the attested one */
	atomic_size_t record_size; /* of the last enrolment record that came along */
	char certified[65];	   /* what the device is certified as in the identifier's place; empty: that */
	atomic_uint record_sequence;
	uint8_t device; /* first octet of the device's hash; 0: nothing says which it is */
	atomic_size_t device_voucher_size; /* finalize: of the voucher that came along */
	uint8_t thumbprint[32]; /* of the last statement or activation */
	char secret[33];	/* of activations; empty: "secret" */
	struct fake_activation activation;
	uint8_t key_thumbprint[32]; /* finalize: of the request's key; the test's */
};

struct fake_entry {
	char kind, state;
	char order[65];
	uint8_t serial[20];
	uint64_t refers_to; /* of a revocation, with the rest */
	uint8_t reason, asked_by, thumbprint[32], request_hash[32];
};

/* What the fake signer does. Its ledger outlives its channels. */
struct fake_signer {
	atomic_uint refusal;
	atomic_bool is_deaf;	      /* hangs up when asked to issue */
	atomic_bool dies_after_entry; /* enters, then hangs up without an answer, once */
	atomic_bool gives_expired;    /* certificates that have expired */
	EVP_PKEY *certified;	      /* gives real certificates of this key; the test's */
	atomic_uint delay_ms;
	atomic_uint late_ms; /* answers `issue` so much later, and other requests meanwhile */
	atomic_uint issues, reads, voids, revocations;
	atomic_size_t device_size, names; /* of the last issue: the device voucher's, and how many of names, */
	char envelope[65];		  /* and what it was to be made in */
	uint32_t validity_s;
	atomic_size_t size;
	struct fake_entry entries[bench_entries_most];
};

/* What the fake prober does. */
struct fake_prober {
	atomic_uint refusal, delay_ms, probes;
	atomic_bool is_deaf;
	char identifier[257], type[33], challenge[33], token[129]; /* of the last probe */
	uint8_t thumbprint[32];
};

/* What a test wants in place of the one directory "devices"; bench_restart makes it so. */
struct bench_directory {
	const char *name, *path; /* path NULL: none */
	struct message_registrar_profile profiles[2];
	size_t profile_count;
	bool has_no_eab_keys, keeps_statements, is_attestation_ca;
};

struct bench {
	struct bench_directory directories[4];
	size_t directory_count;
	char folder[64], file[96];
	uint8_t boot_id[16];
	struct registrar registrar;
	struct fake_verifier verifier;
	struct fake_signer signer;
	struct fake_prober prober;
	EVP_PKEY *administrator, *auditor;
	char remote[64]; /* where requests come from */
};

/* Who sends requests. */
struct client {
	EVP_PKEY *key;
	char kid[513]; /* empty: sends its jwk */
};

struct answer {
	unsigned http_status, retry_after_s;
	char content_type[129], location[513], nonce[65], links[4][601];
	size_t link_count, size;
	char body[98305];
	json_t *json; /* borrowed from the bench until the next answer of the same thread; NULL: none */
};

/* For cmocka. */
int bench_set_up(void **state);
int bench_tear_down(void **state);
#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

/* The registrar ends and starts anew on the same database; `is_new_boot` with another boot id. */
void bench_restart(struct bench *bench, bool is_new_boot);
/* Changes the database while the registrar is down; it lets nobody else in. */
void bench_run(struct bench *bench, const char *sql);
/* A neighbour starts anew: new channel, same memory for the signer. */
void bench_wire_verifier(struct bench *bench);
void bench_wire_signer(struct bench *bench);
void bench_wire_prober(struct bench *bench);

/* Appends the record of one of its directories: "devices", unless the test says others. */
struct bytes bench_make_directory(const struct bench *bench, size_t number, struct buffer *room);

struct client bench_client(void);
void bench_forget(struct client *client);

void bench_send(struct bench *bench, char method, const char *path, const char *content_type, struct bytes body,
		struct answer *out);
/* payload NULL: POST-as-GET. A path may be a URL of ours. */
void bench_post(struct bench *bench, const struct client *client, const char *path, const char *payload,
		struct answer *out);
/* With a nonce and url of the caller's choice. */
void bench_post_as(struct bench *bench, const struct client *client, const char *path, const char *payload,
		   const char *nonce, const char *url, struct answer *out);
void bench_nonce(struct bench *bench, char out[65]);

/* The steps of an enrolment; each asserts that it worked. */
void bench_register(struct bench *bench, struct client *client);
void bench_order(struct bench *bench, const struct client *client, const char *identifier, char name[65]);
void bench_attest(struct bench *bench, const struct client *client, const char *name);
void bench_finalize(struct bench *bench, const struct client *client, const char *name);
/* The name of the certificate of an entry of the fake ledger (RFC 9773 4.1). */
void bench_name_certificate(const struct bench *bench, size_t entry, char out[80]);

/* Posts on a thread of its own. */
struct sender {
	struct bench *bench;
	const struct client *client;
	const char *path, *payload;
	pthread_t thread;
	unsigned http_status; /* once it was awaited, */
	char status[32];      /* and the member of the body */
};
void bench_post_apart(struct sender *sender);
void bench_await(struct sender *sender);

/* Four clients at once post the same. Counts those who hear 200 and the status. */
unsigned bench_race(struct bench *bench, const struct client *client, const char *path, const char *payload,
		    const char *expected);

/* The member of an object, or of the JSON body; "" when absent or no string. And the first item of a list in the body.
 */
const char *bench_member(const json_t *object, const char *name);
const char *bench_text(const struct answer *answer, const char *name);
json_t *bench_first(const struct answer *answer, const char *list);
void bench_assert_order(struct bench *bench, const struct client *client, const char *name, const char *expected);
void bench_assert_refused(const struct answer *answer, unsigned http_status, const char *refusal);
const char *bench_path(char room[600], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
