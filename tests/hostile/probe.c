/* SPDX-License-Identifier: Apache-2.0
 * The registrar, hijacked, against the real prober in its confinement: that probes what a challenge asks for, and is no way
 * into the network beyond that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/device/identifier.h"
#include "tests/hostile/world.h"
#include "tests/prober/server.h"

static struct stage stage;
static struct world world;

/* A challenge as the verifier made it: of a new order for one name, by the place of its token. */
struct challenged {
	char order[65], token[129];
};

static struct message_name_probe begin(const char *type, const char *name, const char *challenge, size_t place,
				       struct challenged *out)
{
	const struct message_order_open ask = {.directory = bytes_from_text("devices"),
					       .identifiers = {{device_identifier(type, name)}, 1}};
	struct message_order_opened opened;
	assert_false(is_refused(stage_call(&stage, process_VERIFIER, message_order_open, &ask, &opened)));
	assert_true(place < opened.tokens.count);
	snprintf(out->order, sizeof out->order, "%.*s", (int)opened.order.size, (const char *)opened.order.data);
	snprintf(out->token, sizeof out->token, "%.*s", (int)opened.tokens.at[place].size,
		 (const char *)opened.tokens.at[place].data);
	struct message_name_probe probe = {.directory = bytes_from_text("devices"),
					   .order = bytes_from_text(out->order),
					   .identifier_type = bytes_from_text(type),
					   .identifier = bytes_from_text(name),
					   .challenge = bytes_from_text(challenge),
					   .token = bytes_from_text(out->token)};
	memcpy(probe.account_thumbprint, world.account.thumbprint, sizeof probe.account_thumbprint);
	return probe;
}

static const char *ask_for(const struct message_name_probe *probe)
{
	struct message_name_probed probed;
	const status got = stage_call(&stage, process_PROBER, message_name_probe, probe, &probed);
	return is_refused(got) ? status_entry(got.refusal)->name : "none";
}

static void it_probes_by_each_challenge(void **state)
{
	struct challenged of;
	char path[256], answer[512];
	struct device_octets thumbprint = {0};
	(void)state;
	struct message_name_probe probe = begin("ip", "127.0.0.1", "http-01", 0, &of);
	device_base64url(BYTES_OF(world.account.thumbprint), &thumbprint);
	snprintf(path, sizeof path, "/.well-known/acme-challenge/%s", of.token);
	snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s.%.*s", of.token, (int)thumbprint.size,
		 (const char *)thumbprint.data);
	assert_string_equal(ask_for(&probe), "probe_http_status");
	server_answer(path, answer);
	assert_string_equal(ask_for(&probe), "none");
	probe = begin("ip", "127.0.0.1", "tls-alpn-01", 1, &of);
	assert_string_equal(ask_for(&probe), "probe_tls_failed");
	probe = begin("dns", "www.corp.example", "dns-01", 1, &of); /* nobody answers for the resolver */
	assert_string_equal(ask_for(&probe), "probe_name_unresolved");
	server_forget();
}

static void no_probe_that_no_challenge_asks_for(void **state)
{
	struct challenged of, other;
	(void)state;
	server_forget();
	const struct message_name_probe honest = begin("ip", "127.0.0.1", "http-01", 0, &of);
	const struct message_name_probe another = begin("ip", "127.0.0.2", "http-01", 0, &other);
	struct message_name_probe probe = honest;
	probe.token = another.token;
	assert_string_equal(ask_for(&probe), "token_forged");
	probe = honest;
	probe.identifier = another.identifier;
	assert_string_equal(ask_for(&probe), "token_forged");
	probe = honest;
	probe.order = another.order;
	assert_string_equal(ask_for(&probe), "token_forged");
	probe = honest;
	probe.challenge = bytes_from_text("tls-alpn-01");
	assert_string_equal(ask_for(&probe), "token_forged");
	probe.challenge = bytes_from_text("device-attest-01");
	assert_string_equal(ask_for(&probe), "challenge_unavailable");
	assert_int_equal(server_connections(), 0);
}

static void no_probe_outside_the_networks(void **state)
{
	struct challenged of;
	(void)state;
	const struct message_name_probe probe = begin("ip", "192.0.2.1", "http-01", 0, &of);
	assert_string_equal(ask_for(&probe), "probe_address_forbidden");
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_probes_by_each_challenge),
		cmocka_unit_test(no_probe_that_no_challenge_asks_for),
		cmocka_unit_test(no_probe_outside_the_networks),
	};
	char command[512];
	world_new(&world, 14807);
	snprintf(command, sizeof command,
		 "sed -i 's|^#\tnetworks = .*|\tnetworks = { \"127.0.0.0/30\" }|; s|^#\tresolvers = .*|\tresolvers = { \"127.0.0.1:9\" }|; "
		 "s|http_port = 80|http_port = %u|; s|https_port = 443|https_port = %u|' %s",
		 server_start_http(), server_start_tls(), world.configuration);
	if (system(command) != 0)
		return 1;
	server_forget();
	stage_start(&stage, count > 1 ? arguments[1] : "build", process_REGISTRAR, world.configuration, NULL);
	world_settle(&stage);
	const int failed = cmocka_run_group_tests_name("probe", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
