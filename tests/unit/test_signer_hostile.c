/* SPDX-License-Identifier: Apache-2.0
 * Hostile neighbours, a failing token, a bad clock and a full disk, against a whole signer: each is refused by name,
 * nothing is signed, and the ledger is as it should be. */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "firmware/boundary/voucher.h"
#include "tests/signer/counter.h"
#include "tests/signer/faulty_module.h"

#define FAULTY "build/helpers/faulty_module.so"

static struct fixture fixture;
static struct counter counter;
static struct counter_order order;
static EVP_PKEY *key, *other;
static struct faulty_module *module;

static int make(void **state)
{
	(void)state;
	fixture_open(&fixture);
	key = fixture_device_key();
	other = fixture_device_key();
	void *library = dlopen(FAULTY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return -1;
	module = dlsym(library, "faulty_module");
	return module == NULL ? -1 : 0;
}

static int give_up(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	fixture_close(&fixture);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	*module = (struct faulty_module){0};
	counter_open(&counter, &fixture, FAULTY);
	counter_order(&order, "order-1", key);
	return 0;
}

static int end(void **state)
{
	(void)state;
	counter_close(&counter);
	return 0;
}

static void must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s: %s", status_entry(s.refusal)->name, counter.why);
}

static void expect(status s, enum refusal wanted)
{
	assert_string_equal(status_entry(s.refusal)->name, status_entry(wanted)->name);
}

/* Refused, and nothing was written; afterwards the honest order still gets its certificate. */
static void expect_nothing(enum refusal wanted)
{
	struct message_issued issued;
	const uint64_t before = ledger_next(counter.signer->ledger);
	expect(counter_issue(&counter, &order, &issued), wanted);
	assert_int_equal(ledger_next(counter.signer->ledger), before);
	counter_order(&order, "order-1", key);
}

static void case_83_a_request_without_vouchers_is_refused(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&counter, &order);
	order.issue.device_voucher.size = 0;
	expect_nothing(refusal_voucher_forged);
	counter_seal(&counter, &order);
	order.issue.request_voucher.size = 0;
	expect_nothing(refusal_voucher_forged);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
}

static void case_83_a_voucher_with_any_changed_bit_or_cut_is_refused(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&counter, &order);
	for (size_t at = 0; at < order.issue.device_voucher.size; at++) {
		order.device_room[at] ^= (uint8_t)(1 << at % 8);
		expect(counter_issue(&counter, &order, &issued), refusal_voucher_forged);
		order.device_room[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t at = 0; at < order.issue.request_voucher.size; at++) {
		order.asked_room[at] ^= (uint8_t)(1 << at % 8);
		expect(counter_issue(&counter, &order, &issued), refusal_voucher_forged);
		order.asked_room[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t size = 0; size < order.issue.device_voucher.size; size++) {
		struct counter_order cut = order;
		cut.issue.device_voucher = bytes_from(order.device_room, size);
		expect(counter_issue(&counter, &cut, &issued), refusal_voucher_forged);
	}
	assert_int_equal(ledger_size(counter.signer->ledger), 1);
	must(counter_issue(&counter, &order, &issued));
}

static void case_83_a_voucher_of_another_kind_or_key_is_refused(void **state)
{
	struct buffer sealed = BUFFER(order.device_room);
	struct counter_ak ak;
	(void)state;
	counter_seal(&counter, &order);
	const struct bytes swapped = order.issue.device_voucher;
	order.issue.device_voucher = order.issue.request_voucher;
	order.issue.request_voucher = swapped;
	expect_nothing(refusal_voucher_forged);
	/* the key of requests under a device voucher: the prober or a request cannot vouch for a device */
	counter_seal(&counter, &order);
	sealed.size = 0;
	must(voucher_seal(message_device_voucher, &order.device, fixture.settings.request_key, &sealed));
	order.issue.device_voucher = buffer_view(&sealed);
	expect_nothing(refusal_voucher_forged);
	counter_seal(&counter, &order);
	counter_ak(&counter, &ak, 1, key);
	order.issue.device_voucher = ak.request.voucher;
	expect_nothing(refusal_voucher_forged);
	struct message_issued issued;
	counter_seal(&counter, &order);
	ak.request.voucher = order.issue.device_voucher;
	expect(counter_certify_ak(&counter, &ak, &issued), refusal_voucher_forged);
}

static void case_83_an_expired_or_far_dated_voucher_is_refused(void **state)
{
	struct counter_ak ak;
	struct message_issued issued;
	struct buffer sealed = BUFFER(ak.room);
	(void)state;
	order.device.expires_boot_s = clock_boot_s();
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_expired);
	order.asked.expires_boot_s = 1;
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_expired);
	order.device.expires_boot_s = clock_boot_s() + 3700;
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_expired);
	counter_ak(&counter, &ak, 1, key);
	ak.voucher.expires_boot_s = 1;
	must(voucher_seal(message_ak_voucher, &ak.voucher, fixture.settings.ak_key, &sealed));
	ak.request.voucher = buffer_view(&sealed);
	expect(counter_certify_ak(&counter, &ak, &issued), refusal_voucher_expired);
}

static void case_83_vouchers_that_do_not_belong_together_are_refused(void **state)
{
	(void)state;
	order.device.order = bytes_from_text("order-2");
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
	order.asked.order = bytes_from_text("order-2");
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
	order.issue.order = bytes_from_text("order-2");
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
	order.asked.directory = bytes_from_text("others");
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
	order.asked.account_thumbprint[31] ^= 1;
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
	order.issue.order = order.device.order = order.asked.order = bytes_from_text("");
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
}

static void case_63_a_key_other_than_the_attested_is_refused(void **state)
{
	struct counter_order theirs;
	(void)state;
	counter_order(&theirs, "order-1", other);
	order.asked.spki = theirs.asked.spki;
	counter_seal(&counter, &order);
	expect_nothing(refusal_voucher_mismatch);
}

static void a_key_that_is_none_is_refused(void **state)
{
	static const uint8_t junk[] = {0x30, 0x03, 0x02, 0x01, 0x05};
	struct message_tls_certified certified;
	(void)state;
	order.asked.spki = BYTES_OF(junk);
	assert_int_equal(EVP_Digest(junk, sizeof junk, order.device.spki_hash, NULL, EVP_sha256(), NULL), 1);
	counter_seal(&counter, &order);
	expect_nothing(refusal_public_key_bad);
	EVP_PKEY *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1");
	counter_order(&order, "order-1", weak);
	counter_seal(&counter, &order);
	expect_nothing(refusal_public_key_bad);
	issue_listener_came(counter.signer);
	expect(counter_certify_tls(&counter, odd, &certified), refusal_public_key_bad);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
}

static void case_83_an_envelope_is_not_left(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	(void)state;
	order.issue.envelope = bytes_from_text("administrator");
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_unknown);
	order.device.assurance = 1;
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_unsatisfied);
	order.device.format = bytes_from_text("step");
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_unsatisfied);
	order.issue.validity_s = 86401;
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_exceeded);
	counter_order(&order, "order-1", rsa);
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_exceeded);
	EVP_PKEY_free(rsa);
}

static void case_15_an_identifier_outside_its_grammar_is_refused(void **state)
{
	static const char *const bad[] = {"", "a/", "/1.2", "a/1.2/3"};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		order.device.identifier = bytes_from_text(bad[i]);
		order.issue.envelope = bytes_from_text("named");
		counter_seal(&counter, &order);
		expect_nothing(refusal_identifier_malformed);
	}
	order.device.identifier = bytes_from_text("a\nb");
	counter_seal(&counter, &order);
	expect_nothing(refusal_envelope_exceeded);
	order.device.identifier_type = bytes_from_text("dns");
	counter_seal(&counter, &order);
	expect_nothing(refusal_identifier_type_unsupported);
}

static void a_listener_without_a_configured_name_gets_nothing(void **state)
{
	struct message_tls_certified certified;
	(void)state;
	counter.signer->settings.server_name = bytes_from_text("");
	issue_listener_came(counter.signer);
	expect(counter_certify_tls(&counter, key, &certified), refusal_tls_name_unset);
}

static void case_89_a_certificate_with_a_wrong_signature_is_not_released(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	(void)state;
	counter_seal(&counter, &order);
	module->flips = 1;
	module->flipped_bit = 100;
	expect(counter_issue(&counter, &order, &issued), refusal_token_signature_wrong);
	assert_int_equal(ledger_size(counter.signer->ledger), 2); /* the intent stays; the same request completes it */
	must(counter_read(&counter, 1, &given));
	must(counter_issue(&counter, &order, &issued));
	assert_int_equal(issued.entry, 1);
}

static void case_85_a_removed_token_refuses_and_ends_the_signer(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&counter, &order);
	module->is_removed = 1;
	expect(counter_issue(&counter, &order, &issued), refusal_token_absent);
	assert_true(signer_is_dead(counter.signer));
	module->is_removed = 0;
	must(counter_reopen(&counter, FAULTY));
	must(counter_issue(&counter, &order, &issued));
	assert_int_equal(issued.entry, 1);
}

static void case_89_a_checkpoint_with_a_wrong_signature_is_not_given(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	(void)state;
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	module->flips = 1;
	expect(counter_read(&counter, 1, &given), refusal_token_signature_wrong);
	must(counter_read(&counter, 1, &given));
}

static void case_99_nothing_is_issued_while_the_clock_is_unsafe(void **state)
{
	struct message_issued issued;
	struct message_entry_voided voided;
	struct message_tls_certified certified;
	struct counter_ak ak;
	const struct moment good = counter.now;
	(void)state;
	counter_seal(&counter, &order);
	issue_listener_came(counter.signer);
	counter_ak(&counter, &ak, 1, key);
	const int64_t steps[] = {-1, -100000000, 3700, 100000000};
	for (size_t i = 0; i < 4; i++) {
		counter.now.wall_s = good.wall_s + (uint64_t)steps[i];
		expect(counter_issue(&counter, &order, &issued), refusal_clock_unsafe);
		expect(counter_certify_ak(&counter, &ak, &issued), refusal_clock_unsafe);
		expect(counter_certify_tls(&counter, key, &certified), refusal_clock_unsafe);
	}
	assert_int_equal(ledger_size(counter.signer->ledger), 1);
	counter.now = good;
	must(counter_issue(&counter, &order, &issued));
	counter.now.wall_s -= 50; /* what must be possible at any time is closing */
	must(counter_void(&counter, issued.entry, &voided));
}

static void case_99_a_start_with_the_clock_set_back_is_refused_or_waits(void **state)
{
	struct message_issued issued;
	const struct moment good = counter.now;
	(void)state;
	counter.now.wall_s -= 7200;
	expect(counter_reopen(&counter, FAULTY), refusal_clock_unsafe);
	assert_non_null(strstr(counter.why, "set the clock"));
	counter.now.wall_s = good.wall_s - 60;
	must(counter_reopen(&counter, FAULTY));
	assert_int_equal(ledger_size(counter.signer->ledger), 1); /* this start is still to be written */
	counter_seal(&counter, &order);
	expect(counter_issue(&counter, &order, &issued), refusal_clock_unsafe);
	counter.now = good;
	must(counter_issue(&counter, &order, &issued));
	assert_int_equal(issued.entry, 2); /* the start came before it */
}

static void an_issuer_that_is_not_valid_issues_nothing(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&counter, &order);
	for (size_t i = 0; i < counter.signer->authorities.count; i++)
		counter.signer->authorities.at[i].issuer.not_after_s = counter.now.wall_s;
	expect(counter_issue(&counter, &order, &issued), refusal_clock_unsafe);
	assert_int_equal(ledger_next(counter.signer->ledger), 1);
}

static void case_91_a_full_disk_refuses_every_one_of_a_round_and_signs_nothing(void **state)
{
	enum { many = 30 };
	static struct counter_order orders[many];
	static char names[many][48];
	struct message_issued issued;
	struct counter small = {.fixture = &fixture, .now = moment_now()};
	char path[] = "/tmp/keyward-signer-disk-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(mount("tmpfs", path, "tmpfs", MS_NOSUID, "size=64k"), 0);
	counter_close(&counter);
	fixture.settings.ledger_room_bytes = 0;
	counter_open(&counter, &fixture, FAULTY);
	small = counter;
	small.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	small.signer = NULL;
	signer_close(counter.signer); /* one module, one user at a time */
	must(counter_reopen(&small, FAULTY));
	size_t answered = 0;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < many; i++) {
			snprintf(names[i], sizeof names[i], "order-%u-%zu", round, i);
			counter_order(&orders[i], names[i], key);
			counter_seal(&small, &orders[i]);
			must(issue_device(small.signer, counter_caller(&small), &orders[i].issue, &small.now));
		}
		const uint64_t before = ledger_size(small.signer->ledger);
		issue_settle(small.signer);
		size_t good = 0;
		for (size_t i = 0; i < many; i++)
			good += !is_refused(counter_answer(&small, message_issued, &issued));
		assert_int_equal(ledger_size(small.signer->ledger), before + good);
		assert_true(good == 0 || good == many);
		answered += good;
	}
	assert_true(answered < 3 * (size_t)many);
	/* one by one until not even one fits */
	status one = OK;
	for (size_t i = 0; !is_refused(one); i++) {
		snprintf(names[0], sizeof names[0], "single-%zu", i);
		counter_order(&orders[0], names[0], key);
		counter_seal(&small, &orders[0]);
		one = counter_issue(&small, &orders[0], &issued);
	}
	expect(one, refusal_ledger_full);
	/* what was refused is not remembered as used */
	assert_int_equal(mount("tmpfs", path, "tmpfs", MS_REMOUNT | MS_NOSUID, "size=1m"), 0);
	must(counter_issue(&small, &orders[0], &issued));
	signer_close(small.signer);
	free(small.signer);
	close(small.folder);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(rmdir(path), 0);
	fixture.settings.ledger_room_bytes = 1 << 20;
	must(counter_reopen(&counter, FAULTY));
}

static void case_91_a_ledger_that_vanishes_stops_issuing(void **state)
{
	struct message_issued issued;
	char path[160];
	(void)state;
	snprintf(path, sizeof path, "%s/entries", fixture.ledger);
	assert_int_equal(unlink(path), 0);
	counter_seal(&counter, &order);
	expect(counter_issue(&counter, &order, &issued), refusal_ledger_broken);
	assert_true(signer_is_dead(counter.signer));
	expect(counter_reopen(&counter, FAULTY), refusal_ledger_broken);
	assert_non_null(strstr(counter.why, "ledger"));
}

static void case_91_an_altered_entry_is_not_given_and_stops_issuing(void **state)
{
	struct message_issued issued;
	struct message_entry_given given;
	char path[160];
	uint8_t octet = 'X';
	(void)state;
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	snprintf(path, sizeof path, "%s/entries", fixture.ledger);
	const int file = open(path, O_WRONLY);
	assert_int_equal(pwrite(file, &octet, 1, 16 + 60), 1);
	close(file);
	expect(counter_read(&counter, 0, &given), refusal_ledger_broken);
	counter_order(&order, "order-2", key);
	counter_seal(&counter, &order);
	expect(counter_issue(&counter, &order, &issued), refusal_ledger_broken);
}

/* ---- settings that a person must put right ---- */

static void expect_sentence(const struct message_signer_settings *settings, const char *part)
{
	struct signer *signer = calloc(1, sizeof *signer);
	char why[signer_why_room];
	expect(signer_configure(settings, signer, why), refusal_internal);
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", why, part);
	signer_close(signer);
	free(signer);
}

static struct bytes key_record(uint8_t *room, size_t size, size_t certificate, const char *role, const char *label)
{
	struct buffer out = {.data = room, .room = size};
	const struct message_signer_key record = {
		.role = bytes_from_text(role),
		.label = bytes_from_text(label),
		.certificate = bytes_from(fixture.certificates[certificate], fixture.certificate_sizes[certificate])};
	must(wire_encode(message_signer_key, &record, &out));
	return buffer_view(&out);
}

static void wrong_keys_in_the_settings_are_said(void **state)
{
	uint8_t room[1500];
	struct message_signer_settings settings = fixture.settings;
	(void)state;
	settings.keys.count = fixture_audit;
	expect_sentence(&settings, "lack one of the roles");
	settings = fixture.settings;
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_rsa, "audit", "second");
	expect_sentence(&settings, "audit key's certificate is a CA");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_audit, "audit", "second");
	expect_sentence(&settings, "has a key already");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_audit, "issuer", "second");
	expect_sentence(&settings, "not one of a CA");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_rsa, "janitor", "second");
	expect_sentence(&settings, "no such role");
	settings.keys.at[fixture_rsa] = bytes_from("junk", 4);
	expect_sentence(&settings, "malformed");
	settings = fixture.settings;
	settings.keys.at[fixture_root] = key_record(room, sizeof room, fixture_issuer, "root", "root");
	expect_sentence(&settings, "signed by none");
}

static void wrong_envelopes_and_names_in_the_settings_are_said(void **state)
{
	static const struct {
		const char *name, *issuer, *usage, *subject, *part;
		uint32_t longest_s;
	} rows[] = {
		{"a", "nobody", "clientAuth", "", "No key of role issuer", 60},
		{"a", "audit", "clientAuth", "", "No key of role issuer", 60},
		{"a", "issuer", "anyExtendedKeyUsage", "", "does not issue", 60},
		{"a", "issuer", "clientAuth", "{serial}", "other than {identifier}", 60},
		{"a", "issuer", "clientAuth", "", "allows no validity", 0},
		{"device", "issuer", "clientAuth", "", "Two envelopes", 60},
	};
	struct message_signer_settings settings;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t room[400];
		struct buffer out = BUFFER(room);
		const struct message_envelope envelope = {.name = bytes_from_text(rows[i].name),
							  .issuer = bytes_from_text(rows[i].issuer),
							  .longest_validity_s = rows[i].longest_s,
							  .subject_cn = bytes_from_text(rows[i].subject),
							  .extended_usage = bytes_from_text(rows[i].usage)};
		must(wire_encode(message_envelope, &envelope, &out));
		settings = fixture.settings;
		settings.envelopes.at[settings.envelopes.count++] = buffer_view(&out);
		expect_sentence(&settings, rows[i].part);
	}
	settings = fixture.settings;
	settings.origin_name = bytes_from_text("a b");
	expect_sentence(&settings, "no name for a ledger");
	settings = fixture.settings;
	settings.tls_issuer = bytes_from_text("ak-issuer");
	expect_sentence(&settings, "listener names");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(case_83_a_request_without_vouchers_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_83_a_voucher_with_any_changed_bit_or_cut_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_83_a_voucher_of_another_kind_or_key_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_83_an_expired_or_far_dated_voucher_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_83_vouchers_that_do_not_belong_together_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_63_a_key_other_than_the_attested_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_key_that_is_none_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(case_83_an_envelope_is_not_left, begin, end),
		cmocka_unit_test_setup_teardown(case_15_an_identifier_outside_its_grammar_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_listener_without_a_configured_name_gets_nothing, begin, end),
		cmocka_unit_test_setup_teardown(case_89_a_certificate_with_a_wrong_signature_is_not_released, begin, end),
		cmocka_unit_test_setup_teardown(case_85_a_removed_token_refuses_and_ends_the_signer, begin, end),
		cmocka_unit_test_setup_teardown(case_89_a_checkpoint_with_a_wrong_signature_is_not_given, begin, end),
		cmocka_unit_test_setup_teardown(case_99_nothing_is_issued_while_the_clock_is_unsafe, begin, end),
		cmocka_unit_test_setup_teardown(case_99_a_start_with_the_clock_set_back_is_refused_or_waits, begin, end),
		cmocka_unit_test_setup_teardown(an_issuer_that_is_not_valid_issues_nothing, begin, end),
		cmocka_unit_test_setup_teardown(case_91_a_full_disk_refuses_every_one_of_a_round_and_signs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(case_91_a_ledger_that_vanishes_stops_issuing, begin, end),
		cmocka_unit_test_setup_teardown(case_91_an_altered_entry_is_not_given_and_stops_issuing, begin, end),
		cmocka_unit_test(wrong_keys_in_the_settings_are_said),
		cmocka_unit_test(wrong_envelopes_and_names_in_the_settings_are_said),
	};
	return cmocka_run_group_tests_name("signer_hostile", tests, make, give_up);
}
