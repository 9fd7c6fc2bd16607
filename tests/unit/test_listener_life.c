/* SPDX-License-Identifier: Apache-2.0
 * Connections over time: slow, idle and stalled clients, certificates renewed, neighbours that start again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/listener/certify.h"
#include "firmware/boundary/clock.h"
#include "tests/http/listener_stage.h"

/* Sends one octet each 200 ms until the server ends the connection; seconds until then. */
static uint64_t drip(struct tls_client *client, const char *start)
{
	const uint64_t begun = clock_boot_ms();
	assert_true(tls_client_send(client, start, strlen(start)));
	while (clock_boot_ms() - begun < 20000) {
		struct pollfd waited = {.fd = client->socket, .events = POLLIN};
		if (poll(&waited, 1, 200) == 1 || !tls_client_send(client, "a", 1))
			break;
	}
	return (clock_boot_ms() - begun) / 1000;
}

static void case_13_a_slow_body_is_cut(void **state)
{
	(void)state;
	struct tls_client client;
	tls_client_open(listener_port, &client);
	assert_in_range(drip(&client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json\r\nContent-Length: 9999"
				      "\r\n\r\n"),
			0, 3 * listener_idle_s);
	tls_client_close(&client);
}

static void case_13_a_slow_head_is_cut_on_a_new_and_on_a_kept_connection(void **state)
{
	(void)state;
	struct tls_client client;
	tls_client_open(listener_port, &client);
	assert_in_range(drip(&client, "GET /"), 0, 3 * listener_idle_s);
	tls_client_close(&client);
	tls_client_open(listener_port, &client);
	static const char first[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
	assert_true(tls_client_send(&client, first, sizeof first - 1));
	assert_false(tls_client_read(&client, 1, 3000));
	assert_in_range(drip(&client, "GET /"), 0, 4 * listener_idle_s);
	tls_client_close(&client);
}

static void case_13_idle_connections_are_ended_and_make_room(void **state)
{
	(void)state;
	struct tls_client clients[listener_per_address];
	for (size_t i = 0; i < listener_per_address; i++)
		tls_client_open(listener_port, &clients[i]);
	struct tls_client more;
	assert_false(tls_client_try(listener_port, &more, "NORMAL"));
	tls_client_close(&more);
	sleep(3 * listener_idle_s);
	listener_ask("GET /room HTTP/1.1\r\nHost: ca\r\n\r\n");
	listener_assert_answer(200, "G/room|");
	for (size_t i = 0; i < listener_per_address; i++)
		tls_client_close(&clients[i]);
}

static void garbage_instead_of_tls_ends_the_connection(void **state)
{
	(void)state;
	static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\x16\x03\x01\xff\xff garbage", "\x80\x2e\x01",
					    "SSH-2.0-x\r\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char got[64];
		const int fd = tls_client_connect(listener_port);
		assert_int_equal(send(fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL), strlen(texts[i]));
		struct pollfd waited = {.fd = fd, .events = POLLIN};
		while (poll(&waited, 1, 5000) == 1 && recv(fd, got, sizeof got, 0) > 0)
			continue;
		assert_int_equal(poll(&waited, 1, 0), 1);
		close(fd);
	}
	listener_ask("GET /alive HTTP/1.1\r\nHost: ca\r\n\r\n");
	listener_assert_answer(200, "G/alive|");
}

static uint64_t cpu_ms(void)
{
	struct rusage usage;
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void a_client_that_stalls_within_a_tls_record_costs_no_cpu(void **state)
{
	(void)state;
	struct tls_client client;
	tls_client_open(listener_port, &client);
	const int fresh = tls_client_connect(listener_port);
	assert_int_equal(send(client.socket, "\x17\x03\x03\x10\x00", 5, MSG_NOSIGNAL), 5);
	assert_int_equal(send(fresh, "\x16\x03\x01\x02\x00", 5, MSG_NOSIGNAL), 5);
	const uint64_t before = cpu_ms();
	usleep(800000);
	assert_in_range(cpu_ms() - before, 0, 200);
	close(fresh);
	tls_client_close(&client);
}

static void tls_before_1_2_and_weak_suites_are_refused(void **state)
{
	(void)state;
	static const char *const weak[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.0",
					   "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
					   "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC"};
	static const char *const strong[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"};
	for (size_t i = 0; i < sizeof weak / sizeof weak[0] + sizeof strong / sizeof strong[0]; i++) {
		struct tls_client client;
		const size_t weak_count = sizeof weak / sizeof weak[0];
		assert_int_equal(tls_client_try(listener_port, &client, i < weak_count ? weak[i] : strong[i - weak_count]), i >= weak_count);
		tls_client_close(&client);
	}
}

static void assert_presented(const struct tls_client *client, const uint8_t *leaf, size_t size, bool same)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(client->session, &count);
	assert_non_null(chain);
	assert_int_equal(count, 2);
	assert_int_equal(chain[0].size == size && memcmp(chain[0].data, leaf, size) == 0, same);
}

static void a_renewed_certificate_serves_new_handshakes_and_leaves_old_connections(void **state)
{
	(void)state;
	struct tls_client old, new;
	uint8_t leaf[4096];
	const size_t size = listener_leaf_size;
	uint64_t renew_after_s = 0;
	static const char text[] = "GET /old HTTP/1.1\r\nHost: ca\r\n\r\n";
	memcpy(leaf, listener_leaf, sizeof leaf);
	tls_client_open(listener_port, &old);
	assert_presented(&old, leaf, size, true);
	for (int i = 0; i < 6; i++)
		assert_false(is_refused(certify_once(listener_signer_link, &renew_after_s)));
	tls_client_open(listener_port, &new);
	assert_presented(&new, leaf, size, false);
	assert_presented(&new, listener_leaf, listener_leaf_size, true);
	assert_true(tls_client_send(&old, text, sizeof text - 1));
	assert_false(tls_client_read(&old, 1, 3000));
	listener_assert_answer(200, "G/old|");
	tls_client_close(&old);
	tls_client_close(&new);
}

static void a_certificate_for_another_key_is_not_installed(void **state)
{
	(void)state;
	uint64_t renew_after_s = 77;
	uint8_t leaf[4096];
	struct tls_client client;
	memcpy(leaf, listener_leaf, sizeof leaf);
	listener_signer = listener_signer_for_another_key;
	assert_int_equal(certify_once(listener_signer_link, &renew_after_s).refusal, refusal_internal);
	listener_signer = listener_signer_empty;
	assert_int_equal(certify_once(listener_signer_link, &renew_after_s).refusal, refusal_internal);
	listener_signer = listener_signer_too_soon;
	assert_int_equal(certify_once(listener_signer_link, &renew_after_s).refusal, refusal_tls_too_soon);
	listener_signer = listener_signer_good;
	assert_int_equal(renew_after_s, 77);
	tls_client_open(listener_port, &client);
	assert_presented(&client, leaf, listener_leaf_size, true);
	tls_client_close(&client);
}

static void aborted_requests_leave_nothing_behind(void **state)
{
	(void)state;
	static const char part[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json\r\nContent-Length: 9000"
				   "\r\n\r\n{\"protected\":\"";
	for (int i = 0; i < 40; i++) {
		struct tls_client client;
		tls_client_open(listener_port, &client);
		assert_true(tls_client_send(&client, part, (size_t)(i + 1) * (sizeof part - 1) / 40));
		tls_client_close(&client);
	}
	listener_ask("GET /alive HTTP/1.1\r\nHost: ca\r\n\r\n");
	listener_assert_answer(200, "G/alive|");
}

static void *wire_later(void *unused)
{
	(void)unused;
	sleep(2);
	listener_wire_registrar();
	return NULL;
}

static void a_request_waits_for_a_registrar_that_starts_again(void **state)
{
	(void)state;
	pthread_t thread;
	listener_end_registrar();
	assert_int_equal(pthread_create(&thread, NULL, wire_later, NULL), 0);
	listener_ask(listener_post("/waited", LISTENER_ENVELOPE));
	listener_assert_answer(200, "P/waited|");
	pthread_join(thread, NULL);
}

static void without_a_registrar_the_client_is_told_to_try_again(void **state)
{
	(void)state;
	listener_end_registrar();
	listener_assert_refused("GET /a HTTP/1.1\r\nHost: ca\r\n\r\n", REFUSE(neighbour_away));
	listener_assert_answer(503, "Retry-After: 2\r\n");
	const uint64_t before = clock_boot_ms(); /* the next one keeps no thread for eight seconds */
	listener_assert_refused("GET /a HTTP/1.1\r\nHost: ca\r\n\r\n", REFUSE(neighbour_away));
	assert_in_range(clock_boot_ms() - before, 0, 5000);
	listener_wire_registrar();
}

#define HEALTH(method) method " /health HTTP/1.1\r\nHost: ca\r\n\r\n"

static void the_health_resource_says_whether_the_registrar_answers_and_nothing_of_it(void **state)
{
	(void)state;
	listener_ask(HEALTH("GET"));
	listener_assert_answer(200, "\r\n\r\n{\"status\":\"ok\",\"registrar\":\"answers\"}\n");
	listener_assert_answer(200, "Content-Type: application/json\r\n");
	assert_null(strstr(tls_answer, "Replay-Nonce"));
	listener_ask(HEALTH("HEAD"));
	listener_assert_answer(200, "Content-Type: application/json\r\n");
	listener_ask(listener_post("/health", LISTENER_ENVELOPE)); /* no resource of the listener */
	listener_assert_answer(200, "P/health|");
	listener_end_registrar();
	const uint64_t before = clock_boot_ms();
	listener_ask(HEALTH("GET"));
	assert_in_range(clock_boot_ms() - before, 0, 3000);
	listener_assert_answer(503, "\r\n\r\n{\"status\":\"unavailable\",\"registrar\":\"away\"}\n");
	listener_assert_answer(503, "Retry-After: 2\r\n");
	listener_wire_registrar();
	listener_ask(HEALTH("GET"));
	listener_assert_answer(200, "\"ok\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_13_a_slow_body_is_cut),
		cmocka_unit_test(case_13_a_slow_head_is_cut_on_a_new_and_on_a_kept_connection),
		cmocka_unit_test(case_13_idle_connections_are_ended_and_make_room),
		cmocka_unit_test(garbage_instead_of_tls_ends_the_connection),
		cmocka_unit_test(a_client_that_stalls_within_a_tls_record_costs_no_cpu),
		cmocka_unit_test(tls_before_1_2_and_weak_suites_are_refused),
		cmocka_unit_test(a_renewed_certificate_serves_new_handshakes_and_leaves_old_connections),
		cmocka_unit_test(a_certificate_for_another_key_is_not_installed),
		cmocka_unit_test(aborted_requests_leave_nothing_behind),
		cmocka_unit_test(a_request_waits_for_a_registrar_that_starts_again),
		cmocka_unit_test(without_a_registrar_the_client_is_told_to_try_again),
		cmocka_unit_test(the_health_resource_says_whether_the_registrar_answers_and_nothing_of_it),
	};
	return cmocka_run_group_tests(tests, listener_start, NULL);
}
