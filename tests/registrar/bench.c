/* SPDX-License-Identifier: Apache-2.0
 * The bench: makes, restarts and takes down the registrar; signs and sends requests. */
#include "tests/registrar/bench.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jwk.h"
#include "ca/registrar/request.h"
#include "tests/registrar/bench_neighbours.h"
#include "tests/registrar/bench_sign.h"

/* Links live as long as the process; each bench wires them anew. */
static struct link *verifier_link, *signer_link, *prober_link;

static EVP_PKEY *new_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_non_null(key);
	return key;
}

static void wire(struct bench *bench, struct link *link, void (*serve)(struct bench *bench, int channel))
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	serve(bench, pair[1]);
	link_wire(link, pair[0]);
}

void bench_wire_verifier(struct bench *bench)
{
	wire(bench, verifier_link, neighbours_serve_verifier);
}

void bench_wire_signer(struct bench *bench)
{
	wire(bench, signer_link, neighbours_serve_signer);
	takeover_announce(&bench->registrar);
}

void bench_wire_prober(struct bench *bench)
{
	wire(bench, prober_link, neighbours_serve_prober);
}

/* A channel whose other end is closed: the neighbour is away. */
static void unwire(struct link *link)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	link_wire(link, pair[0]);
}

static struct bytes bench_limits(void)
{
	static uint8_t octets[320];
	struct buffer record = BUFFER(octets);
	const struct message_limits limits = {.pending_per_account = 32};
	assert_false(is_refused(wire_encode(message_limits, &limits, &record)));
	return buffer_view(&record);
}

static void add_eab_keys(struct message_registrar_directory *directory)
{
	static uint8_t records[2][200];
	for (size_t i = 0; i < 2; i++) {
		struct buffer record = BUFFER(records[i]);
		const struct message_eab_key eab = {.name = bytes_from_text(i == 0 ? "tenant" : "other"),
						    .key = bytes_from_text(i == 0 ? BENCH_EAB_KEY : BENCH_OTHER_EAB_KEY)};
		assert_false(is_refused(wire_encode(message_eab_key, &eab, &record)));
		directory->eab_keys.at[directory->eab_keys.count++] = buffer_view(&record);
	}
}

static void add_profile(const struct message_registrar_profile *profile, struct message_registrar_directory *directory)
{
	static uint8_t records[16][2600];
	static size_t next;
	struct buffer record = BUFFER(records[next++ % 16]);
	assert_false(is_refused(wire_encode(message_registrar_profile, profile, &record)));
	directory->profiles.at[directory->profiles.count++] = buffer_view(&record);
}

struct bytes bench_make_directory(const struct bench *bench, size_t number, struct buffer *room)
{
	static const struct message_registrar_profile only = {
	    .envelope = {(const uint8_t *)"device", 6}, .validity_s = 3600};
	const struct bench_directory *as = &bench->directories[number];
	struct message_registrar_directory directory = {
	    .name = bytes_from_text(bench->directory_count == 0 ? "devices" : as->name),
	    .path = bytes_from_text(as->path),
	    .identifiers = bytes_from_text("permanent-identifier"),
	    .challenges = bytes_from_text("device-attest-01"),
	    .accounts_most = 1000,
	    .orders_most = 1000,
	    .limits = bench_limits(),
	    .keeps_statements = as->keeps_statements,
	    .is_attestation_ca = as->is_attestation_ca,
	};
	for (size_t i = 0; i < as->profile_count; i++)
		add_profile(&as->profiles[i], &directory);
	if (as->profile_count == 0)
		add_profile(&only, &directory);
	if (!as->has_no_eab_keys)
		add_eab_keys(&directory);
	assert_false(is_refused(wire_encode(message_registrar_directory, &directory, room)));
	return buffer_view(room);
}

static void start(struct bench *bench)
{
	char sentence[256] = "";
	uint8_t records[2][1400];
	struct buffer ada = BUFFER(records[0]), otto = BUFFER(records[1]);
	struct message_registrar_settings settings = {
	    .origin = bytes_from_text(BENCH_ORIGIN),
	    .account_idle_s = 86400,
	    .longest_record_days = 90,
	};
	memcpy(settings.boot_id, bench->boot_id, sizeof settings.boot_id);
	sign_record(bench->administrator, "ada", "administrator", &ada);
	sign_record(bench->auditor, "otto", "auditor", &otto);
	settings.administrators.at[0] = buffer_view(&ada);
	settings.administrators.at[1] = buffer_view(&otto);
	settings.administrators.count = 2;
	static uint8_t rooms[registrar_most_directories][8192];
	for (size_t i = 0; i == 0 || i < bench->directory_count; i++) {
		struct buffer room = BUFFER(rooms[i]);
		settings.directories.at[settings.directories.count++] = bench_make_directory(bench, i, &room);
	}
	if (is_refused(registrar_open(&bench->registrar, &settings, bench->file, NULL, sentence)))
		fail_msg("%s", sentence);
	bench->registrar.verifier = verifier_link;
	bench->registrar.signer = signer_link;
	bench->registrar.prober = prober_link;
	bench->registrar.prober_patience_ms = 700;
	bench->registrar.verifier_patience_ms = bench->registrar.signer_patience_ms = 700;
}

int bench_set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	if (verifier_link == NULL) {
		verifier_link = link_new(process_VERIFIER);
		signer_link = link_new(process_SIGNER);
		prober_link = link_new(process_PROBER);
	}
	strcpy(bench->folder, "/tmp/registrar-bench-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof bench->file, "%s/keyward.db", bench->folder);
	bench->boot_id[0] = 1;
	strcpy(bench->remote, "192.0.2.1");
	bench->verifier.order_life_s = 3600;
	bench->administrator = new_key();
	bench->auditor = new_key();
	start(bench);
	bench_wire_verifier(bench);
	bench_wire_signer(bench);
	bench_wire_prober(bench);
	*state = bench;
	return 0;
}

int bench_tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];
	unwire(verifier_link);
	unwire(signer_link);
	unwire(prober_link);
	neighbours_await_end();
	registrar_close(&bench->registrar);
	snprintf(command, sizeof command, "rm -r %s", bench->folder);
	assert_int_equal(system(command), 0);
	EVP_PKEY_free(bench->administrator);
	EVP_PKEY_free(bench->auditor);
	free(bench);
	return 0;
}

static void start_again(struct bench *bench)
{
	start(bench);
	bench_wire_verifier(bench);
	bench_wire_signer(bench);
}

void bench_restart(struct bench *bench, bool is_new_boot)
{
	registrar_close(&bench->registrar);
	bench->boot_id[0] = (uint8_t)(bench->boot_id[0] + (is_new_boot ? 1 : 0));
	start_again(bench);
}

void bench_run(struct bench *bench, const char *sql)
{
	sqlite3 *connection = NULL;
	registrar_close(&bench->registrar);
	assert_int_equal(sqlite3_open(bench->file, &connection), SQLITE_OK);
	assert_int_equal(sqlite3_exec(connection, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(connection);
	start_again(bench);
}

struct client bench_client(void)
{
	return (struct client){.key = new_key()};
}

void bench_forget(struct client *client)
{
	EVP_PKEY_free(client->key);
	client->key = NULL;
}

static void copy(struct bytes from, char *to, size_t room)
{
	assert_true(from.size < room);
	if (from.size != 0)
		memcpy(to, from.data, from.size);
	to[from.size] = 0;
}

/* The body of the last answer of a thread, released with the next. */
static json_t **kept_json(void)
{
	static _Thread_local json_t *kept;
	return &kept;
}

void bench_send(struct bench *bench, char method, const char *path, const char *content_type, struct bytes body,
		struct answer *out)
{
	struct message_response response;
	if (strncmp(path, BENCH_ORIGIN, sizeof BENCH_ORIGIN - 1) == 0)
		path += sizeof BENCH_ORIGIN - 1;
	const struct message_request request = {.method = (uint8_t)method,
						.path = bytes_from_text(path),
						.body = body,
						.content_type = bytes_from_text(content_type),
						.remote = bytes_from_text(bench->remote)};
	request_answer(&bench->registrar, &request, &response);
	/* What goes to the listener must fit its message. */
	uint8_t *octets = malloc(wire_packet_room);
	struct buffer packet = {.data = octets, .room = wire_packet_room};
	assert_false(is_refused(wire_encode(message_response, &response, &packet)));
	free(octets);
	out->http_status = response.http_status;
	out->retry_after_s = response.retry_after_s;
	copy(response.content_type, out->content_type, sizeof out->content_type);
	copy(response.location, out->location, sizeof out->location);
	copy(response.nonce, out->nonce, sizeof out->nonce);
	for (size_t i = 0; i < response.links.count; i++)
		copy(response.links.at[i], out->links[i], sizeof out->links[i]);
	out->link_count = response.links.count;
	copy(response.body, out->body, sizeof out->body);
	out->size = response.body.size;
	json_decref(*kept_json());
	*kept_json() = out->json = json_loadb(out->body, out->size, JSON_REJECT_DUPLICATES, NULL);
}

void bench_nonce(struct bench *bench, char out[65])
{
	struct answer *answer = malloc(sizeof *answer);
	bench_send(bench, 'H', "/acme/devices/new-nonce", "", bytes_from(NULL, 0), answer);
	assert_int_equal(answer->http_status, 200);
	strcpy(out, answer->nonce);
	free(answer);
}

void bench_post_as(struct bench *bench, const struct client *client, const char *path, const char *payload,
		   const char *nonce, const char *url, struct answer *out)
{
	uint8_t octets[20000];
	struct buffer body = BUFFER(octets);
	sign_request(client->key, client->kid, nonce, url, payload == NULL ? "" : payload, &body);
	bench_send(bench, 'P', path, "application/jose+json", buffer_view(&body), out);
}

void bench_post(struct bench *bench, const struct client *client, const char *path, const char *payload,
		struct answer *out)
{
	char nonce[65], url[700];
	bench_nonce(bench, nonce);
	snprintf(url, sizeof url, "%s%s", path[0] == '/' ? BENCH_ORIGIN : "", path);
	bench_post_as(bench, client, path, payload, nonce, url, out);
}

const char *bench_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

const char *bench_text(const struct answer *answer, const char *name)
{
	return bench_member(answer->json, name);
}

json_t *bench_first(const struct answer *answer, const char *list)
{
	return json_array_get(json_object_get(answer->json, list), 0);
}

void bench_assert_refused(const struct answer *answer, unsigned http_status, const char *refusal)
{
	if (strcmp(bench_text(answer, "refusal"), refusal) != 0)
		fail_msg("expected %s, got %u %s", refusal, answer->http_status, answer->body);
	assert_int_equal(answer->http_status, http_status);
	assert_string_equal(answer->content_type, "application/problem+json");
	assert_true(strlen(bench_text(answer, "detail")) > 0);
	assert_int_equal(json_integer_value(json_object_get(answer->json, "status")), http_status);
}

const char *bench_path(char room[600], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int lead = snprintf(room, 600, "/acme/devices/");
	vsnprintf(room + lead, (size_t)(600 - lead), format, arguments);
	va_end(arguments);
	return room;
}

void bench_register(struct bench *bench, struct client *client)
{
	struct answer *answer = malloc(sizeof *answer);
	bench_post(bench, client, "/acme/devices/new-account", "{\"termsOfServiceAgreed\":true}", answer);
	assert_int_equal(answer->http_status, 201);
	snprintf(client->kid, sizeof client->kid, "%s", answer->location);
	free(answer);
}

void bench_order(struct bench *bench, const struct client *client, const char *identifier, char name[65])
{
	struct answer *answer = malloc(sizeof *answer);
	char payload[600];
	snprintf(payload, sizeof payload, "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"%s\"}]}",
		 identifier);
	bench_post(bench, client, "/acme/devices/new-order", payload, answer);
	assert_int_equal(answer->http_status, 201);
	const char *prefix = BENCH_ORIGIN "/acme/devices/order/";
	assert_int_equal(strncmp(answer->location, prefix, strlen(prefix)), 0);
	snprintf(name, 65, "%s", answer->location + strlen(prefix));
	free(answer);
}

void bench_attest(struct bench *bench, const struct client *client, const char *name)
{
	struct answer *answer = malloc(sizeof *answer);
	char path[600];
	bench_post(bench, client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", answer);
	assert_int_equal(answer->http_status, 200);
	assert_string_equal(bench_text(answer, "status"), "valid");
	free(answer);
}

void bench_finalize(struct bench *bench, const struct client *client, const char *name)
{
	struct answer *answer = malloc(sizeof *answer);
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", answer);
	assert_int_equal(answer->http_status, 200);
	assert_string_equal(bench_text(answer, "status"), "valid");
	free(answer);
}

void bench_name_certificate(const struct bench *bench, size_t entry, char out[80])
{
	struct buffer text = {.data = (uint8_t *)out, .room = 79};
	assert_true(base64url_encode(bytes_from(BENCH_KEY_ID, 20), &text) && buffer_add(&text, ".", 1) &&
		    base64url_encode(BYTES_OF(bench->signer.entries[entry].serial), &text));
	out[text.size] = 0;
}

void bench_assert_order(struct bench *bench, const struct client *client, const char *name, const char *expected)
{
	struct answer *answer = malloc(sizeof *answer);
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s", name), NULL, answer);
	assert_int_equal(answer->http_status, 200);
	assert_string_equal(bench_text(answer, "status"), expected);
	free(answer);
}

static void *send_apart(void *argument)
{
	struct sender *sender = argument;
	struct answer *answer = malloc(sizeof *answer);
	bench_post(sender->bench, sender->client, sender->path, sender->payload, answer);
	sender->http_status = answer->http_status;
	snprintf(sender->status, sizeof sender->status, "%s", bench_text(answer, "status"));
	json_decref(answer->json);
	free(answer);
	return NULL;
}

void bench_post_apart(struct sender *sender)
{
	assert_int_equal(pthread_create(&sender->thread, NULL, send_apart, sender), 0);
}

void bench_await(struct sender *sender)
{
	pthread_join(sender->thread, NULL);
}

unsigned bench_race(struct bench *bench, const struct client *client, const char *path, const char *payload,
		    const char *expected)
{
	struct sender all[4];
	unsigned winners = 0;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		all[i] = (struct sender){.bench = bench, .client = client, .path = path, .payload = payload};
		bench_post_apart(&all[i]);
	}
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		bench_await(&all[i]);
		winners += all[i].http_status == 200 && strcmp(all[i].status, expected) == 0;
	}
	return winners;
}
