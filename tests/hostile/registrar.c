/* SPDX-License-Identifier: Apache-2.0
 * The registrar, hijacked: it holds its own channels to the real verifier and the real signer, stores what it likes and says
 * what it likes. Each attempt is refused by name, and the ledger holds nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <time.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"
#include "tests/hostile/world.h"

static struct stage stage;
static struct world world;
static uint64_t before;

static int remember_ledger(void **state)
{
	(void)state;
	before = world_ledger_size(&stage);
	return 0;
}

static void expect(status got, enum refusal wanted)
{
	assert_string_equal(got.refusal == refusal_none ? "none" : status_entry(got.refusal)->name,
			    status_entry(wanted)->name);
}

static void ledger_is_as_before(uint64_t more)
{
	assert_int_equal(world_ledger_size(&stage), before + more);
}

static struct device_csr csr_for(const struct device_key *key)
{
	return (struct device_csr){.key = key->key, .subject = WORLD_IDENTIFIER};
}

static void an_honest_enrolment_is_issued_and_entered(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	uint8_t hash[32];
	world_vouch(&stage, &world, &enrolment);
	assert_false(is_refused(world_issue(&stage, &enrolment, 0, &issued)));
	const struct message_entry_read read = {.entry = issued.entry};
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given)));
	assert_false(is_refused(wire_decode(message_ledger_entry, given.leaf, &leaf)));
	SHA256(given.tbs.data, given.tbs.size, hash);
	assert_memory_equal(hash, leaf.tbs_hash, sizeof hash);
	assert_true(bytes_equal_text(leaf.identifier, WORLD_IDENTIFIER));
	ledger_is_as_before(1);
}

static void no_certificate_without_vouchers(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	world_vouch(&stage, &world, &enrolment);
	struct enrolment bent = enrolment;
	bent.device_voucher.size = bent.request_voucher.size = 0;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_forged);
	bent = enrolment;
	bent.request_voucher.size = 0;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_forged);
	bent = enrolment;
	bent.request_voucher = enrolment.device_voucher;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_forged);
	bent = enrolment;
	bent.device_voucher.data[40] ^= 1;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_forged);
	ledger_is_as_before(0);
}

static void no_voucher_of_another_order(void **state)
{
	(void)state;
	struct enrolment first, second;
	struct message_issued issued;
	world_vouch(&stage, &world, &first);
	world_vouch(&stage, &world, &second);
	struct enrolment bent = first;
	bent.request_voucher = second.request_voucher;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_mismatch);
	bent.device_voucher = second.device_voucher;
	expect(world_issue(&stage, &bent, 0, &issued), refusal_voucher_mismatch);
	ledger_is_as_before(0);
}

static void no_voucher_of_another_account(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	const struct device_csr csr = csr_for(&world.key);
	world_vouch(&stage, &world, &enrolment);
	assert_false(is_refused(
		world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.other_account, &csr, &enrolment)));
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_voucher_mismatch);
	ledger_is_as_before(0);
}

static void case_63_no_key_swapped_after_the_challenge(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	const struct device_csr csr = csr_for(&world.other_key);
	world_vouch(&stage, &world, &enrolment);
	assert_false(
		is_refused(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment)));
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_voucher_mismatch);
	ledger_is_as_before(0);
}

static void case_66_one_order_one_certificate(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued, again;
	uint8_t serial[20];
	const struct device_csr csr = csr_for(&world.other_key);
	world_vouch(&stage, &world, &enrolment);
	assert_false(is_refused(world_issue(&stage, &enrolment, 0, &issued)));
	memcpy(serial, issued.serial, sizeof serial);
	assert_false(is_refused(world_issue(&stage, &enrolment, 0, &again)));
	assert_memory_equal(serial, again.serial, sizeof serial);
	assert_false(is_refused(world_attest(&stage, &world, WORLD_IDENTIFIER, &world.account, &world.other_key,
					     (struct bytes){0}, &enrolment)));
	assert_false(
		is_refused(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment)));
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_order_used);
	ledger_is_as_before(1);
}

static void no_name_that_the_statement_does_not_carry(void **state)
{
	(void)state;
	struct enrolment enrolment;
	memset(&enrolment, 0, sizeof enrolment);
	assert_false(is_refused(world_open(&stage, "the-director", &enrolment)));
	expect(world_attest(&stage, &world, "the-director", &world.account, &world.key, (struct bytes){0}, &enrolment),
	       refusal_identity_mismatch);
	/* nor under an order that was opened for another name */
	assert_false(is_refused(world_open(&stage, "the-director", &enrolment)));
	expect(world_attest(&stage, &world, WORLD_IDENTIFIER, &world.account, &world.key, (struct bytes){0}, &enrolment),
	       refusal_token_forged);
	ledger_is_as_before(0);
}

/* A device with a name beside it: opened, attested and finalized, but nobody has probed the name. */
static void no_name_that_nobody_proved(void **state)
{
	(void)state;
	static struct enrolment enrolment, alone;
	struct message_issued issued;
	const struct device_csr csr = {.key = world.key.key, .alternative_name = "DNS:www.director.example"};
	memset(&enrolment, 0, sizeof enrolment);
	enrolment.name = "www.director.example";
	assert_false(is_refused(world_open(&stage, WORLD_IDENTIFIER, &enrolment)));
	assert_false(is_refused(world_attest(&stage, &world, WORLD_IDENTIFIER, &world.account, &world.key, (struct bytes){0},
					     &enrolment)));
	assert_false(is_refused(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment)));
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_voucher_missing);
	/* what others vouched for, in place of the prober's word */
	const struct bytes others[] = {device_view(&enrolment.device_voucher), device_view(&enrolment.request_voucher)};
	for (size_t i = 0; i < 2; i++) {
		const struct message_issue ask = {.order = bytes_from_text(enrolment.order),
						  .envelope = bytes_from_text("device"),
						  .device_voucher = others[0],
						  .name_vouchers = {{others[i]}, 1},
						  .request_voucher = others[1]};
		expect(stage_call(&stage, process_SIGNER, message_issue, &ask, &issued), refusal_voucher_forged);
	}
	/* the token of the name's challenge is none of the device's */
	memcpy(enrolment.token, enrolment.name_token, sizeof enrolment.token);
	expect(world_attest(&stage, &world, WORLD_IDENTIFIER, &world.account, &world.key, (struct bytes){0}, &enrolment),
	       refusal_token_forged);
	/* an order that was opened for the device alone, or for another name */
	memset(&alone, 0, sizeof alone);
	assert_false(is_refused(world_open(&stage, WORLD_IDENTIFIER, &alone)));
	alone.name = "www.director.example";
	expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &alone), refusal_order_forged);
	enrolment.name = "ftp.director.example";
	expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment), refusal_order_forged);
	enrolment.name = NULL;
	expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment), refusal_order_forged);
	/* a request that leaves the name out, or has one more */
	const struct device_csr fewer = {.key = world.key.key, .subject = WORLD_IDENTIFIER};
	const struct device_csr more = {.key = world.key.key,
					.alternative_name = "DNS:www.director.example,DNS:ftp.director.example"};
	enrolment.name = "www.director.example";
	expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &fewer, &enrolment), refusal_csr_name_wrong);
	expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &more, &enrolment), refusal_csr_name_wrong);
	ledger_is_as_before(0);
}

static void begin_for(struct message_ak_begin *ask, struct bytes certificate, const struct device_key *ak)
{
	*ask = (struct message_ak_begin){.directory = bytes_from_text("devices"),
					 .ek_certificate = certificate,
					 .ek_public = bytes_from(world.ek.area, world.ek.area_size),
					 .ak_public = bytes_from(ak->area, ak->area_size)};
	memcpy(ask->account_thumbprint, world.account.thumbprint, sizeof ask->account_thumbprint);
}

static void no_ek_root_and_no_enrolment_record_of_its_own(void **state)
{
	(void)state;
	struct device_octets certificate = {0}, record = {0};
	struct message_ak_begin ask;
	struct message_ak_begun begun;
	struct enrolment enrolment;
	char url[128], kid[128], payload[256];
	device_certificate_build(&(struct device_certificate){.authority = &world.stranger, .key = &world.ek},
				 &certificate);
	begin_for(&ask, device_view(&certificate), &world.ak);
	expect(stage_call(&stage, process_VERIFIER, message_ak_begin, &ask, &begun), refusal_ek_certificate_untrusted);
	snprintf(url, sizeof url, "%s/admin/enrolment-record", world.origin);
	snprintf(kid, sizeof kid, "%s/admin/administrator/first", world.origin);
	snprintf(payload, sizeof payload,
		 "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"the-director\",\"ek\":\"%064d\","
		 "\"sequence\":1,\"issued\":3999999999,\"expires\":4000000000}", 0);
	device_jws_build(&(struct device_jws){.account = &world.other_account, .url = url, .kid = kid, .payload = payload},
			 &record);
	memset(&enrolment, 0, sizeof enrolment);
	assert_false(is_refused(world_open(&stage, "the-director", &enrolment)));
	assert_true(is_refused(world_attest(&stage, &world, "the-director", &world.account, &world.key,
					    device_view(&record), &enrolment)));
	ledger_is_as_before(0);
}

/* That the device's EK is press-7's. */
static void sign_record(unsigned sequence, struct device_octets *out)
{
	char members[80] = "\"ek\":\"";
	for (size_t i = 0; i < sizeof world.ek.spki_hash; i++)
		snprintf(members + 6 + 2 * i, 3, "%02x", world.ek.spki_hash[i]);
	strcat(members, "\"");
	world_sign_record(&stage, &world, "press-7", members, sequence, out);
}

static void enrol_by_record(const struct world *with, struct bytes record, struct message_ledger_entry *leaf)
{
	struct enrolment enrolment = {.order = ""};
	struct message_issued issued;
	static struct message_entry_given given;
	const struct device_csr csr = {.key = world.key.key, .subject = "press-7"};
	assert_false(is_refused(world_open(&stage, "press-7", &enrolment)));
	assert_false(is_refused(world_attest(&stage, with, "press-7", &world.account, &world.key, record, &enrolment)));
	assert_false(is_refused(world_finalize(&stage, with, "press-7", &world.account, &csr, &enrolment)));
	assert_false(is_refused(world_issue(&stage, &enrolment, 0, &issued)));
	const struct message_entry_read read = {.entry = issued.entry};
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given)));
	assert_false(is_refused(wire_decode(message_ledger_entry, given.leaf, leaf)));
}

/* It can hold back the newer record, and the verifier cannot know; but the older one's number then stands in the ledger. */
static void a_superseded_record_that_is_used_again_shows_in_the_ledger(void **state)
{
	(void)state;
	static struct world with;
	static struct device_octets older, newer;
	static const uint8_t none[32];
	struct message_ledger_entry leaf;
	uint8_t newer_hash[32];
	older.size = newer.size = 0;
	with = world;
	device_certificate_build(&(struct device_certificate){.authority = &world.ak_maker, .key = &world.ak, .ek = &world.ek},
				 &with.ak_certificate);
	sign_record(1, &older);
	sign_record(2, &newer);
	enrol_by_record(&with, device_view(&newer), &leaf);
	assert_int_equal(leaf.record_sequence, 2);
	memcpy(newer_hash, leaf.record_hash, sizeof newer_hash);
	assert_memory_not_equal(newer_hash, none, sizeof none);
	enrol_by_record(&with, device_view(&older), &leaf);
	assert_int_equal(leaf.record_sequence, 1);
	assert_memory_not_equal(leaf.record_hash, newer_hash, sizeof newer_hash);
	assert_memory_not_equal(leaf.record_hash, none, sizeof none);
	ledger_is_as_before(2);
}

static void case_48_no_activation_without_the_tpm(void **state)
{
	(void)state;
	struct message_ak_begin ask;
	struct message_ak_begun begun;
	struct message_ak_finished finished;
	uint8_t state_octets[2048];
	begin_for(&ask, device_view(&world.ek_certificate), &world.ak);
	assert_false(is_refused(stage_call(&stage, process_VERIFIER, message_ak_begin, &ask, &begun)));
	assert_true(begun.state.size <= sizeof state_octets);
	memcpy(state_octets, begun.state.data, begun.state.size);
	struct message_ak_finish finish = {.secret = BYTES_OF(begun.secret_hash),
					   .state = bytes_from(state_octets, begun.state.size)};
	memcpy(finish.account_thumbprint, world.account.thumbprint, 32);
	const size_t state_size = begun.state.size;
	expect(stage_call(&stage, process_VERIFIER, message_ak_finish, &finish, &finished), refusal_activation_wrong);
	finish.secret = bytes_from(NULL, 0);
	expect(stage_call(&stage, process_VERIFIER, message_ak_finish, &finish, &finished), refusal_activation_wrong);
	memcpy(finish.account_thumbprint, world.other_account.thumbprint, 32);
	expect(stage_call(&stage, process_VERIFIER, message_ak_finish, &finish, &finished), refusal_activation_unknown);
	state_octets[state_size / 2] ^= 1;
	memcpy(finish.account_thumbprint, world.account.thumbprint, 32);
	expect(stage_call(&stage, process_VERIFIER, message_ak_finish, &finish, &finished), refusal_activation_unknown);
	struct enrolment enrolment;
	struct message_issued issued;
	world_vouch(&stage, &world, &enrolment);
	const struct message_ak_certify certify = {.voucher = device_view(&enrolment.device_voucher)};
	expect(stage_call(&stage, process_SIGNER, message_ak_certify, &certify, &issued), refusal_voucher_forged);
	ledger_is_as_before(0);
}

static void case_64_no_wish_of_the_request_is_granted(void **state)
{
	(void)state;
	struct enrolment enrolment;
	const struct {
		struct device_csr csr;
		enum refusal refusal;
	} wishes[] = {
		{{.subject = "the-director"}, refusal_csr_name_wrong},
		{{.permanent_identifier = "the-director"}, refusal_csr_name_wrong},
		{{.alternative_name = "DNS:director.example"}, refusal_csr_name_wrong},
		{{.constraints = "critical,CA:TRUE"}, refusal_csr_extension_refused},
		{{.key_usage = "keyCertSign"}, refusal_csr_extension_refused},
		{{.extended_usage = "codeSigning"}, refusal_csr_extension_refused},
		{{.extension_oid = "1.3.6.1.4.1.311.25.2"}, refusal_csr_extension_refused},
		{{.has_challenge_password = true}, refusal_csr_attribute_refused},
		{{.signer = world.other_key.key}, refusal_csr_signature_wrong},
	};
	world_vouch(&stage, &world, &enrolment);
	for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
		struct device_csr csr = wishes[i].csr;
		csr.key = world.key.key;
		expect(world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment),
		       wishes[i].refusal);
	}
	ledger_is_as_before(0);
}

static void case_83_nothing_beyond_the_envelope(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	world_vouch(&stage, &world, &enrolment);
	expect(world_issue(&stage, &enrolment, 86401, &issued), refusal_envelope_exceeded);
	expect(world_issue(&stage, &enrolment, UINT32_MAX, &issued), refusal_envelope_exceeded);
	struct message_issue ask = {.order = bytes_from_text(enrolment.order),
				    .envelope = bytes_from_text("root"),
				    .device_voucher = device_view(&enrolment.device_voucher),
				    .request_voucher = device_view(&enrolment.request_voucher)};
	expect(stage_call(&stage, process_SIGNER, message_issue, &ask, &issued), refusal_envelope_unknown);
	ledger_is_as_before(0);
}

static void what_was_closed_stays_closed(void **state)
{
	(void)state;
	struct enrolment enrolment;
	struct message_issued issued;
	struct message_entry_voided voided;
	struct message_entry_given given;
	world_vouch(&stage, &world, &enrolment);
	assert_false(is_refused(world_issue(&stage, &enrolment, 0, &issued)));
	const struct message_entry_void close_it = {.entry = issued.entry};
	const struct message_entry_read read = {.entry = issued.entry};
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_void, &close_it, &voided)));
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_order_void);
	expect(stage_call(&stage, process_SIGNER, message_entry_void, &close_it, &voided), refusal_entry_final);
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given)));
	assert_int_equal(given.state, 'v');
	ledger_is_as_before(2);
}

/* A certificate of the honest account. */
struct given {
	struct message_issued issued;
	struct device_octets certificate;
};

static void obtain(struct given *out, struct enrolment *enrolment)
{
	world_vouch(&stage, &world, enrolment);
	assert_false(is_refused(world_issue(&stage, enrolment, 0, &out->issued)));
	out->certificate.size = 0;
	device_append(&out->certificate, out->issued.chain.at[0].data, out->issued.chain.at[0].size);
}

static void sign_plea(const struct device_account *by, const struct given *given, struct device_octets *out)
{
	static const char lead[] = "{\"reason\":1,\"certificate\":\"";
	static struct device_octets payload;
	char url[128], kid[128];
	snprintf(url, sizeof url, "%s/acme/devices/revoke-certificate", world.origin);
	snprintf(kid, sizeof kid, "%s/acme/devices/account/1", world.origin);
	payload.size = out->size = 0;
	device_append(&payload, lead, sizeof lead - 1);
	device_base64url(device_view(&given->certificate), &payload);
	device_append(&payload, "\"}", 3);
	device_jws_build(&(struct device_jws){.account = by, .url = url, .kid = kid, .payload = (const char *)payload.data},
			 out);
}

static status revoke_it(const struct given *given, struct bytes request, struct message_entry_revoked *revoked)
{
	struct message_entry_revoke ask = {
		.entry = given->issued.entry, .reason = 1, .asked_by = 'a', .request = request};
	memcpy(ask.serial, given->issued.serial, sizeof ask.serial);
	memcpy(ask.thumbprint, world.account.thumbprint, sizeof ask.thumbprint);
	return stage_call(&stage, process_SIGNER, message_entry_revoke, &ask, revoked);
}

static void read_entry(uint64_t entry, struct message_ledger_entry *leaf, struct device_octets *beside)
{
	static uint8_t rooms[2][8192];
	static unsigned turn;
	static struct message_entry_given given;
	const struct message_entry_read read = {.entry = entry};
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given)));
	uint8_t *room = rooms[turn++ % 2]; /* the leaf's views outlive the next call */
	memcpy(room, given.leaf.data, given.leaf.size);
	beside->size = 0;
	device_append(beside, given.tbs.data, given.tbs.size);
	assert_false(is_refused(wire_decode(message_ledger_entry, bytes_from(room, given.leaf.size), leaf)));
}

/* What an auditor does with the ledger and the public key of an account alone. */
static bool was_asked_for(uint64_t revocation, const struct device_account *account)
{
	static struct device_octets request, tbs;
	static uint8_t room[16384], payload[8192];
	struct message_ledger_entry revoked, certificate;
	struct buffer jws_room = BUFFER(room), decoded = BUFFER(payload);
	struct jws jws;
	uint8_t hash[32];
	static const char lead[] = "\"certificate\":\"";
	read_entry(revocation, &revoked, &request);
	read_entry(revoked.refers_to, &certificate, &tbs);
	SHA256(request.data, request.size, hash);
	assert_memory_equal(hash, revoked.tbs_hash, sizeof hash);
	if (memcmp(certificate.thumbprint, account->thumbprint, 32) != 0 ||
	    is_refused(jws_parse(device_view(&request), &jws_room, &jws)) || is_refused(jws_verify(&jws, account->key)))
		return false;
	const uint8_t *at = memmem(jws.payload.data, jws.payload.size, lead, sizeof lead - 1);
	assert_non_null(at);
	at += sizeof lead - 1;
	const uint8_t *end = memchr(at, '"', jws.payload.size - (size_t)(at - jws.payload.data));
	assert_false(is_refused(base64url_decode(bytes_from(at, (size_t)(end - at)), &decoded)));
	return memmem(payload, decoded.size, tbs.data, tbs.size) != NULL;
}

/* It can deny service by that; but nobody can take it for the account's own wish. */
static void a_revocation_that_nobody_asked_for_shows_in_the_ledger(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	static struct given first, second;
	static struct device_octets genuine, forged;
	struct message_entry_revoked revoked;
	obtain(&first, &enrolment);
	obtain(&second, &enrolment);
	expect(revoke_it(&first, (struct bytes){0}, &revoked), refusal_revocation_unasked);
	sign_plea(&world.account, &first, &genuine);
	assert_false(is_refused(revoke_it(&first, device_view(&genuine), &revoked)));
	assert_true(was_asked_for(revoked.entry, &world.account));
	assert_false(was_asked_for(revoked.entry, &world.other_account));
	/* the same request for another certificate of the account */
	assert_false(is_refused(revoke_it(&second, device_view(&genuine), &revoked)));
	assert_false(was_asked_for(revoked.entry, &world.account));
	obtain(&second, &enrolment);
	sign_plea(&world.other_account, &second, &forged);
	assert_false(is_refused(revoke_it(&second, device_view(&forged), &revoked)));
	assert_false(was_asked_for(revoked.entry, &world.account));
	assert_false(was_asked_for(revoked.entry, &world.other_account));
	ledger_is_as_before(6);
}

static void what_was_revoked_stays_revoked(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	static struct given given;
	static struct device_octets request;
	struct message_entry_revoked revoked;
	struct message_entry_voided voided;
	struct message_issued again;
	struct message_entry_given shown;
	obtain(&given, &enrolment);
	sign_plea(&world.account, &given, &request);
	assert_false(is_refused(revoke_it(&given, device_view(&request), &revoked)));
	expect(revoke_it(&given, device_view(&request), &revoked), refusal_already_revoked);
	struct message_entry_revoke lift = {
		.entry = given.issued.entry, .reason = 8, .asked_by = 'm', .request = device_view(&request)};
	memcpy(lift.serial, given.issued.serial, sizeof lift.serial);
	expect(stage_call(&stage, process_SIGNER, message_entry_revoke, &lift, &revoked), refusal_revocation_reason_bad);
	const struct message_entry_void close_it = {.entry = given.issued.entry};
	expect(stage_call(&stage, process_SIGNER, message_entry_void, &close_it, &voided), refusal_entry_final);
	expect(world_issue(&stage, &enrolment, 0, &again), refusal_certificate_revoked);
	const struct message_entry_read read = {.entry = given.issued.entry};
	assert_false(is_refused(stage_call(&stage, process_SIGNER, message_entry_read, &read, &shown)));
	assert_int_equal(shown.state, 'r');
	ledger_is_as_before(2);
}

/* Whatever is no message of the registrar's closes the channel, and the warden wires a new one. */
static void case_83_what_is_no_message_closes_the_channel(void **state)
{
	(void)state;
	static const uint8_t short_packet[] = {0, 0, 0}, unknown[] = {0, 0, 0, 1, 0xff, 0xff, 0};
	static uint8_t long_packet[wire_packet_room];
	static const struct message_pin_ask pin;
	struct message_pin_given given;
	const struct message_tls_certify tls = {.spki = BYTES_OF(unknown)};
	struct message_tls_certified certified;
	static const enum process both[] = {process_SIGNER, process_VERIFIER};
	for (size_t i = 0; i < 2; i++) {
		expect(stage_send_raw(&stage, both[i], BYTES_OF(short_packet)), refusal_neighbour_away);
		expect(stage_send_raw(&stage, both[i], BYTES_OF(unknown)), refusal_neighbour_away);
		expect(stage_send_raw(&stage, both[i], BYTES_OF(long_packet)), refusal_neighbour_away);
		expect(stage_call(&stage, both[i], message_pin_ask, &pin, &given), refusal_neighbour_away);
		expect(stage_call(&stage, both[i], message_tls_certify, &tls, &certified), refusal_neighbour_away);
	}
	ledger_is_as_before(0);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
#define HOSTILE(name) cmocka_unit_test_setup(name, remember_ledger)
		HOSTILE(an_honest_enrolment_is_issued_and_entered),
		HOSTILE(no_certificate_without_vouchers),
		HOSTILE(no_voucher_of_another_order),
		HOSTILE(no_voucher_of_another_account),
		HOSTILE(case_63_no_key_swapped_after_the_challenge),
		HOSTILE(case_66_one_order_one_certificate),
		HOSTILE(no_name_that_the_statement_does_not_carry),
		HOSTILE(no_name_that_nobody_proved),
		HOSTILE(no_ek_root_and_no_enrolment_record_of_its_own),
		HOSTILE(a_superseded_record_that_is_used_again_shows_in_the_ledger),
		HOSTILE(case_48_no_activation_without_the_tpm),
		HOSTILE(case_64_no_wish_of_the_request_is_granted),
		HOSTILE(case_83_nothing_beyond_the_envelope),
		HOSTILE(what_was_closed_stays_closed),
		HOSTILE(a_revocation_that_nobody_asked_for_shows_in_the_ledger),
		HOSTILE(what_was_revoked_stays_revoked),
		HOSTILE(case_83_what_is_no_message_closes_the_channel),
	};
	world_new(&world, 14801);
	stage_start(&stage, count > 1 ? arguments[1] : "build", process_REGISTRAR, world.configuration, NULL);
	world_settle(&stage);
	const int failed = cmocka_run_group_tests_name("registrar", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
