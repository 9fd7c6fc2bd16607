/* SPDX-License-Identifier: Apache-2.0
 * What a failing disk, an absent neighbour and a restart leave behind: nothing half made, and no certificate in the
 * ledger that is neither delivered nor closed. */
#include "tests/registrar/bench.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void take_over(struct bench *bench)
{
	status held = takeover_hold(&bench->registrar);
	if (is_refused(held))
		fail_msg("refused as %s", status_entry(held.refusal)->name);
	takeover_release(&bench->registrar);
}

static void assert_order(struct bench *bench, const struct client *client, const char *name, const char *expected,
			 const char *refusal)
{
	struct answer answer;
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), expected);
	const char *found = json_string_value(json_object_get(json_object_get(answer.json, "error"), "refusal"));
	assert_string_equal(found == NULL ? "" : found, refusal);
}

static void finalize(struct bench *bench, const struct client *client, const char *name, struct answer *answer)
{
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", answer);
}

static void make_ready(struct bench *bench, const struct client *client, char name[65])
{
	bench_order(bench, client, "ABC", name);
	bench_attest(bench, client, name);
}

static void case_66_an_intent_that_was_never_delivered_is_closed_after_a_restart(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char lost[65], kept[65], untouched[65];
	bench_register(bench, &client);
	make_ready(bench, &client, kept);
	bench_finalize(bench, &client, kept);
	make_ready(bench, &client, lost);
	make_ready(bench, &client, untouched);
	/* The signer enters and dies; the registrar gives up, then restarts. */
	bench->signer.dies_after_entry = true;
	finalize(bench, &client, lost, &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	assert_true(answer.retry_after_s > 0);
	assert_order(bench, &client, lost, "ready", "");
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.voids, 1);
	assert_int_equal(bench->signer.entries[1].state, 'v');
	assert_int_equal(bench->signer.entries[0].state, 'i');
	assert_order(bench, &client, lost, "invalid", "order_void");
	assert_order(bench, &client, kept, "valid", "");
	assert_order(bench, &client, untouched, "ready", "");
	finalize(bench, &client, lost, &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	bench_finalize(bench, &client, untouched);
	bench_forget(&client);
}

static void a_takeover_reads_only_what_is_new(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char name[65];
	bench_register(bench, &client);
	for (int i = 0; i < 5; i++) {
		make_ready(bench, &client, name);
		bench_finalize(bench, &client, name);
	}
	bench->signer.entries[5] = (struct fake_entry){.kind = 't', .state = 'i', .order = "listener"};
	bench->signer.entries[6] = (struct fake_entry){.kind = 's', .state = '-'};
	bench->signer.size = 7;
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.reads, 2);
	assert_int_equal(bench->signer.voids, 0);
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.reads, 2);
	bench_forget(&client);
}

static void an_entry_closed_before_we_could_write_so_is_recorded_and_not_closed_twice(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	make_ready(bench, &client, name);
	bench->signer.dies_after_entry = true;
	finalize(bench, &client, name, &answer);
	bench->signer.entries[0].state = 'v';
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.voids, 0);
	assert_order(bench, &client, name, "invalid", "order_void");
	bench_forget(&client);
}

static void an_ak_certificate_that_was_never_delivered_is_closed(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	bench_post(bench, &client, "/acme/devices/ak",
		   "{\"ekCertificate\":\"MIIB\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}", &answer);
	snprintf(url, sizeof url, "%s", answer.location);
	bench->signer.dies_after_entry = true;
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.entries[0].state, 'v');
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "order_void");
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	bench_forget(&client);
}

static void an_issue_in_hand_is_not_closed_when_the_signer_starts_again(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char name[65], other[65], path[600];
	bench_register(bench, &client);
	make_ready(bench, &client, name);
	make_ready(bench, &client, other);
	take_over(bench);
	bench->registrar.signer_patience_ms = 5000;
	bench->signer.dies_after_entry = true;
	struct sender first = {.bench = bench,
			       .client = &client,
			       .path = bench_path(path, "order/%s/finalize", name),
			       .payload = "{\"csr\":\"MIIB\"}"};
	bench_post_apart(&first);
	while (bench->signer.size == 0)
		usleep(1000);
	usleep(50000);
	bench->signer.late_ms = 150;
	bench_wire_signer(bench);
	bench_finalize(bench, &client, other); /* takes over first, and waits for the one in hand */
	bench_await(&first);
	assert_int_equal(first.http_status, 200);
	assert_int_equal(bench->signer.voids, 0);
	assert_order(bench, &client, name, "valid", "");
	assert_order(bench, &client, other, "valid", "");
	bench_forget(&client);
}

static void the_thread_takes_over_although_nobody_asks(void **state)
{
	struct bench *bench = *state;
	bench->signer.entries[0] = (struct fake_entry){.kind = 'c', .state = 'i', .order = "forgotten", .serial = {9}};
	bench->signer.size = 1;
	/* Its own registrar, for the thread lives as long as the process. */
	static struct registrar registrar;
	char sentence[256] = "", file[96];
	snprintf(file, sizeof file, "%s/thread.db", bench->folder);
	static uint8_t octets[8192];
	struct buffer room = BUFFER(octets);
	const struct message_registrar_settings settings = {.origin = bytes_from_text(BENCH_ORIGIN),
							    .directories = {{bench_make_directory(bench, 0, &room)}, 1}};
	assert_false(is_refused(registrar_open(&registrar, &settings, file, NULL, sentence)));
	registrar.signer = bench->registrar.signer;
	registrar.signer_patience_ms = 700;
	takeover_start(&registrar);
	for (int i = 0; i < 200 && bench->signer.voids == 0; i++)
		usleep(10000);
	assert_int_equal(bench->signer.voids, 1);
	assert_int_equal(bench->signer.entries[0].state, 'v');
}

static void a_ledger_that_became_shorter_stops_issuing(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	make_ready(bench, &client, name);
	bench->signer.entries[0] = (struct fake_entry){.kind = 's', .state = '-'};
	bench->signer.entries[1] = (struct fake_entry){.kind = 's', .state = '-'};
	bench->signer.size = 2;
	take_over(bench);
	bench->signer.size = 1;
	bench_wire_signer(bench);
	finalize(bench, &client, name, &answer);
	bench_assert_refused(&answer, 503, "ledger_broken");
	assert_order(bench, &client, name, "ready", "");
	bench_forget(&client);
}

static void another_boot_closes_pending_and_ready_orders(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char pending[65], ready[65], valid[65], path[600];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", pending);
	make_ready(bench, &client, ready);
	make_ready(bench, &client, valid);
	bench_finalize(bench, &client, valid);
	bench_restart(bench, true);
	assert_order(bench, &client, valid, "valid", "");
	bench_post(bench, &client, bench_path(path, "order/%s", pending), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(json_string_value(json_object_get(json_object_get(answer.json, "error"), "refusal")),
			    "order_expired");
	assert_non_null(strstr(answer.body, "started anew"));
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", pending), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	finalize(bench, &client, ready, &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", ready), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "expired");
	bench_forget(&client);
}

static void a_neighbour_that_is_away_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], path[600];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.is_deaf = true;
	bench_post(bench, &client, "/acme/devices/new-order",
		   "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"A\"}]}", &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	assert_int_equal(answer.retry_after_s, 2);
	assert_int_equal(strlen(answer.nonce), 32);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	assert_order(bench, &client, name, "pending", "");
	bench->verifier.is_deaf = false;
	bench_wire_verifier(bench);
	bench_attest(bench, &client, name);
	bench->signer.is_deaf = true;
	finalize(bench, &client, name, &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	assert_order(bench, &client, name, "ready", "");
	bench->signer.is_deaf = false;
	bench_wire_signer(bench);
	bench_finalize(bench, &client, name);
	bench_forget(&client);
}

static void allow_file_size(rlim_t size)
{
	const struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void case_91_a_full_disk_makes_nothing_half_and_the_order_can_be_repeated(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65], pending[65], path[600];
	bench_register(bench, &client);
	make_ready(bench, &client, name);
	bench_order(bench, &client, "ABC", pending);
	take_over(bench);
	signal(SIGXFSZ, SIG_IGN);
	allow_file_size(0);
	bench_post(bench, &other, "/acme/devices/new-account", "{}", &answer);
	bench_assert_refused(&answer, 503, "store_failed");
	assert_true(answer.retry_after_s > 0);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", pending), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 503, "store_failed");
	finalize(bench, &client, name, &answer);
	allow_file_size(RLIM_INFINITY);
	bench_assert_refused(&answer, 503, "store_failed");
	assert_order(bench, &client, name, "ready", "");
	assert_order(bench, &client, pending, "pending", "");
	bench_post(bench, &other, "/acme/devices/new-account", "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	/* The signer has the entry and gives the same certificate again. */
	bench_finalize(bench, &client, name);
	assert_int_equal(bench->signer.issues, 2);
	assert_int_equal(bench->signer.size, 1);
	bench_forget(&client);
	bench_forget(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(case_66_an_intent_that_was_never_delivered_is_closed_after_a_restart),
	    ON_A_BENCH(a_takeover_reads_only_what_is_new),
	    ON_A_BENCH(an_entry_closed_before_we_could_write_so_is_recorded_and_not_closed_twice),
	    ON_A_BENCH(an_ak_certificate_that_was_never_delivered_is_closed),
	    ON_A_BENCH(an_issue_in_hand_is_not_closed_when_the_signer_starts_again),
	    ON_A_BENCH(the_thread_takes_over_although_nobody_asks),
	    ON_A_BENCH(a_ledger_that_became_shorter_stops_issuing),
	    ON_A_BENCH(another_boot_closes_pending_and_ready_orders),
	    ON_A_BENCH(a_neighbour_that_is_away_changes_nothing),
	    ON_A_BENCH(case_91_a_full_disk_makes_nothing_half_and_the_order_can_be_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
