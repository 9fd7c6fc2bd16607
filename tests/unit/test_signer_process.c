/* SPDX-License-Identifier: Apache-2.0
 * The real keyward-signer in its real confinement. The test plays the warden, the sealer, the registrar and the
 * listener; so it shows that module, token, ledger and signatures work with nothing but what the promises give. Runs
 * as root. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/confine/child.h"
#include "firmware/warden/spawn.h"
#include "tests/signer/counter.h"

enum { patience_ms = 15000 };

static struct fixture fixture;
static char programs[PATH_MAX], said[8192];
static EVP_PKEY *key, *other;

/* One run of the program, and our ends. */
struct run {
	pid_t child;
	int control, log, sealer, registrar, listener;
	uint32_t calls;
};

static int make(void **state)
{
	char text[] = "directories.tokendir = /token\nobjectstore.backend = file\nlog.level = ERROR\n", command[500];
	(void)state;
	fixture_open(&fixture);
	key = fixture_device_key();
	other = fixture_device_key();
	fixture_write(fixture.folder, "softhsm2.conf", text, strlen(text));
	close(fixture_new_ledger(&fixture));
	snprintf(command, sizeof command, "chmod 755 '%s' && chmod 644 '%s/softhsm2.conf' && chown -R %u:%u '%s/token' '%s/ledger'",
		 fixture.folder, fixture.folder, table_row(process_SIGNER)->uid, table_row(process_SIGNER)->uid, fixture.folder,
		 fixture.folder);
	return system(command) == 0 && realpath("build/bin", programs) != NULL ? 0 : -1;
}

static int give_up(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	fixture_close(&fixture);
	return 0;
}

static void pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static int settings_file(const struct message_signer_settings *settings)
{
	static uint8_t room[1 << 17];
	struct buffer out = BUFFER(room);
	assert_false(is_refused(wire_encode(message_signer_settings, settings, &out)));
	const int file = memfd_create("settings", MFD_CLOEXEC);
	assert_int_equal(write(file, room, out.size), (ssize_t)out.size);
	return file;
}

static bool has_input(int channel, int wait_ms)
{
	struct pollfd slot = {.fd = channel, .events = POLLIN};
	return poll(&slot, 1, wait_ms) == 1;
}

static struct run start(const struct message_signer_settings *settings)
{
	int control[2], logged[2];
	struct run run = {.sealer = -1, .registrar = -1, .listener = -1};
	pair(control);
	pair(logged);
	const int file = settings_file(settings);
	const struct spawn spawn = {.process = process_SIGNER,
				    .control = control[1],
				    .log = logged[1],
				    .settings = file,
				    .listening = -1,
				    .programs = programs,
				    .state = fixture.folder,
				    .tpm_path = "/dev/null"};
	run.child = spawn_start(&spawn);
	assert_true(run.child > 0);
	close(control[1]);
	close(logged[1]);
	close(file);
	run.control = control[0];
	run.log = logged[0];
	return run;
}

/* Everything that was logged so far. */
static const char *read_log(struct run *run)
{
	static uint8_t room[wire_packet_room];
	struct packet packet;
	struct message_log_line line;
	size_t size = 0;
	said[0] = 0;
	while (has_input(run->log, 0)) {
		struct buffer into = BUFFER(room);
		if (is_refused(channel_receive(run->log, &into, &packet)) ||
		    is_refused(wire_decode(message_log_line, packet.body, &line)))
			break;
		size += (size_t)snprintf(said + size, sizeof said - size, "%.*s\n", (int)line.text.size,
					 (const char *)line.text.data);
		if (size >= sizeof said - 1100)
			break;
	}
	return said;
}

static void expect_byte(struct run *run, char wanted)
{
	char byte = 0;
	while (has_input(run->control, patience_ms) && read(run->control, &byte, 1) == 1)
		if (byte == wanted)
			return;
	fail_msg("the signer did not say %c: %s", wanted, read_log(run));
}

static int wire(struct run *run, enum process neighbour)
{
	int ends[2];
	pair(ends);
	uint8_t byte = (uint8_t)neighbour;
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec piece = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &ends[1], sizeof ends[1]);
	assert_int_equal(sendmsg(run->control, &message, 0), 1);
	close(ends[1]);
	return ends[0];
}

static status receive(int channel, struct packet *packet)
{
	static uint8_t room[wire_packet_room];
	struct buffer into = BUFFER(room);
	if (!has_input(channel, patience_ms))
		return REFUSE(neighbour_away);
	return channel_receive(channel, &into, packet);
}

/* Plays the sealer for one start. */
static void seal(struct run *run, const char *pin)
{
	const struct message_pin_given given = {.pin = bytes_from_text(pin)};
	struct packet packet;
	expect_byte(run, child_says_confined);
	run->sealer = wire(run, process_SEALER);
	assert_false(is_refused(receive(run->sealer, &packet)));
	assert_int_equal(packet.id, message_pin_ask);
	assert_false(is_refused(channel_send(run->sealer, packet.call, message_pin_given, &given)));
}

static void quote(struct run *run)
{
	const struct message_quote_given given = {.attest = bytes_from_text("attest"),
						  .signature = bytes_from_text("signature"),
						  .ak_public = bytes_from_text("ak")};
	struct packet packet;
	if (is_refused(receive(run->sealer, &packet)))
		fail_msg("no quote was asked for: %s", read_log(run));
	assert_int_equal(packet.id, message_quote_ask);
	assert_false(is_refused(channel_send(run->sealer, packet.call, message_quote_given, &given)));
}

static struct run serving(void)
{
	struct run run = start(&fixture.settings);
	seal(&run, FIXTURE_PIN);
	quote(&run);
	expect_byte(&run, child_says_serving);
	run.registrar = wire(&run, process_REGISTRAR);
	run.listener = wire(&run, process_LISTENER);
	return run;
}

static int ended(struct run *run)
{
	int how = 0;
	assert_int_equal(waitpid(run->child, &how, 0), run->child);
	(void)read_log(run);
	const int ends[] = {run->control, run->log, run->sealer, run->registrar, run->listener};
	for (size_t i = 0; i < 5; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return WIFEXITED(how) ? WEXITSTATUS(how) : 1000 + WTERMSIG(how);
}

static int stop(struct run *run)
{
	shutdown(run->control, SHUT_RDWR);
	return ended(run);
}

static status ask(struct run *run, int channel, enum message id, const void *request, void *answer)
{
	struct packet packet;
	struct message_refused refused;
	TRY(channel_send(channel, ++run->calls, id, request));
	TRY(receive(channel, &packet));
	assert_int_equal(packet.call, run->calls);
	if (packet.id == message_refused) {
		TRY(wire_decode(message_refused, packet.body, &refused));
		return channel_refusal(&refused);
	}
	assert_int_equal(packet.id, wire_entry(id)->answer);
	return wire_decode(packet.id, packet.body, answer);
}

static void must(struct run *run, status s)
{
	if (is_refused(s))
		fail_msg("refused: %s: %s", status_entry(s.refusal)->name, read_log(run));
}

static const struct counter keys = {.fixture = &fixture};

static void it_issues_in_its_confinement_and_again_after_it_was_killed(void **state)
{
	struct counter_order order;
	struct message_issued issued, again;
	struct message_entry_given given;
	struct message_tls_certified certified;
	uint8_t spki[100];
	const struct message_tls_certify certify = {.spki = fixture_spki(key, spki, sizeof spki)};
	(void)state;
	struct run run = serving();
	counter_order(&order, "order-1", key);
	counter_seal(&keys, &order);
	must(&run, ask(&run, run.registrar, message_issue, &order.issue, &issued));
	const uint64_t entry = issued.entry;
	must(&run, ask(&run, run.listener, message_tls_certify, &certify, &certified));
	must(&run, ask(&run, run.registrar, message_entry_read, &(struct message_entry_read){entry}, &given));
	assert_int_equal(given.state, 'i');
	for (int round = 0; round < 3; round++) {
		kill(run.child, SIGKILL);
		assert_int_equal(ended(&run), 1000 + SIGKILL);
		run = serving();
		must(&run, ask(&run, run.registrar, message_issue, &order.issue, &again));
		assert_int_equal(again.entry, entry);
	}
	assert_int_equal(stop(&run), 0);
	uint8_t kept[4096];
	assert_true(fixture_read(fixture.ledger, "quote", kept, sizeof kept) > 100);
}

static void many_orders_at_once_are_answered_each_with_its_own(void **state)
{
	enum { many = 40 };
	static struct counter_order orders[many];
	static char names[many][48];
	(void)state;
	struct run run = serving();
	for (size_t i = 0; i < many; i++) {
		snprintf(names[i], sizeof names[i], "many-%zu", i);
		counter_order(&orders[i], names[i], key);
		counter_seal(&keys, &orders[i]);
		must(&run, channel_send(run.registrar, (uint32_t)i + 1000, message_issue, &orders[i].issue));
	}
	uint64_t seen = 0;
	for (size_t i = 0; i < many; i++) {
		struct packet packet;
		struct message_issued issued;
		must(&run, receive(run.registrar, &packet));
		assert_int_equal(packet.id, message_issued);
		must(&run, wire_decode(message_issued, packet.body, &issued));
		assert_in_range(packet.call, 1000, 1000 + many - 1);
		assert_false((seen >> (packet.call - 1000)) & 1);
		seen |= (uint64_t)1 << (packet.call - 1000);
	}
	assert_int_equal(stop(&run), 0);
}

static void case_83_a_request_of_the_wrong_neighbour_costs_it_its_channel(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	uint8_t spki[100];
	const struct message_tls_certify certify = {.spki = fixture_spki(key, spki, sizeof spki)};
	struct packet packet;
	(void)state;
	struct run run = serving();
	must(&run, channel_send(run.registrar, 1, message_tls_certify, &certify));
	assert_int_equal(receive(run.registrar, &packet).refusal, refusal_neighbour_away);
	counter_order(&order, "order-2", key);
	counter_seal(&keys, &order);
	must(&run, channel_send(run.listener, 1, message_issue, &order.issue));
	assert_int_equal(receive(run.listener, &packet).refusal, refusal_neighbour_away);
	close(run.registrar);
	run.registrar = wire(&run, process_REGISTRAR);
	must(&run, ask(&run, run.registrar, message_issue, &order.issue, &issued));
	assert_int_equal(stop(&run), 0);
}

static void what_waits_when_the_registrar_dies_is_in_the_ledger_and_given_again(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	(void)state;
	struct run run = serving();
	counter_order(&order, "order-3", key);
	counter_seal(&keys, &order);
	must(&run, channel_send(run.registrar, 1, message_issue, &order.issue));
	close(run.registrar);
	run.registrar = wire(&run, process_REGISTRAR);
	must(&run, ask(&run, run.registrar, message_issue, &order.issue, &issued));
	counter_order(&order, "order-3", other);
	counter_seal(&keys, &order);
	assert_int_equal(ask(&run, run.registrar, message_issue, &order.issue, &issued).refusal, refusal_order_used);
	assert_int_equal(stop(&run), 0);
}

static void expect_end(struct run *run, int code, const char *part)
{
	assert_int_equal(ended(run), code);
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", said, part);
	assert_null(strstr(said, FIXTURE_PIN));
}

static void expect_person(struct run *run, const char *part)
{
	expect_end(run, status_exit_person, part);
}

static void case_85_a_wrong_pin_ends_it_for_a_person_to_act(void **state)
{
	(void)state;
	struct run run = start(&fixture.settings);
	seal(&run, "wrong-pin-1");
	expect_person(&run, "refused the sealed PIN");
	assert_null(strstr(said, "wrong-pin-1")); /* case 88 */
}

static void case_85_a_missing_token_ends_it_until_it_is_back(void **state)
{
	struct message_signer_settings settings = fixture.settings;
	(void)state;
	settings.token_label = bytes_from_text("no such token");
	struct run run = start(&settings);
	seal(&run, FIXTURE_PIN);
	expect_end(&run, status_exit_absent, "There is no token \"no such token\"");
}

static void case_85_a_missing_module_ends_it_for_a_person_to_act(void **state)
{
	struct message_signer_settings settings = fixture.settings;
	(void)state;
	settings.module = bytes_from_text("/nowhere/module.so");
	struct run run = start(&settings);
	expect_person(&run, "cannot be loaded");
	settings = fixture.settings;
	settings.tls_issuer = bytes_from_text("nobody");
	run = start(&settings);
	expect_person(&run, "nobody");
}

static void a_sealer_without_a_pin_ends_it_for_a_person_to_act(void **state)
{
	struct packet packet;
	(void)state;
	struct run run = start(&fixture.settings);
	expect_byte(&run, child_says_confined);
	run.sealer = wire(&run, process_SEALER);
	assert_false(is_refused(receive(run.sealer, &packet)));
	must(&run, channel_refuse(run.sealer, packet.call, REFUSE(pin_sealed), NULL));
	expect_person(&run, "gives no PIN");
}

static void case_91_a_removed_ledger_ends_it_for_a_person_to_act(void **state)
{
	char path[160], aside[170];
	(void)state;
	snprintf(path, sizeof path, "%s/entries", fixture.ledger);
	snprintf(aside, sizeof aside, "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	struct run run = start(&fixture.settings);
	seal(&run, FIXTURE_PIN);
	expect_person(&run, "The ledger contradicts itself");
	assert_int_equal(rename(aside, path), 0);
	run = serving();
	assert_int_equal(stop(&run), 0);
}

static void without_a_quote_it_serves_and_says_so(void **state)
{
	struct packet packet;
	(void)state;
	struct run run = start(&fixture.settings);
	seal(&run, FIXTURE_PIN);
	assert_false(is_refused(receive(run.sealer, &packet)));
	must(&run, channel_refuse(run.sealer, packet.call, REFUSE(tpm_failed), NULL));
	expect_byte(&run, child_says_serving);
	assert_non_null(strstr(read_log(&run), "no quote"));
	assert_int_equal(stop(&run), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_issues_in_its_confinement_and_again_after_it_was_killed),
		cmocka_unit_test(many_orders_at_once_are_answered_each_with_its_own),
		cmocka_unit_test(case_83_a_request_of_the_wrong_neighbour_costs_it_its_channel),
		cmocka_unit_test(what_waits_when_the_registrar_dies_is_in_the_ledger_and_given_again),
		cmocka_unit_test(case_85_a_wrong_pin_ends_it_for_a_person_to_act),
		cmocka_unit_test(case_85_a_missing_token_ends_it_until_it_is_back),
		cmocka_unit_test(case_85_a_missing_module_ends_it_for_a_person_to_act),
		cmocka_unit_test(a_sealer_without_a_pin_ends_it_for_a_person_to_act),
		cmocka_unit_test(case_91_a_removed_ledger_ends_it_for_a_person_to_act),
		cmocka_unit_test(without_a_quote_it_serves_and_says_so),
	};
	return cmocka_run_group_tests_name("signer_process", tests, make, give_up);
}
