/* SPDX-License-Identifier: Apache-2.0
 * The ACME requests of one enrolment, over a connection that is kept. */
#include "tests/bench/enrolment.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/pages.h"
#include "tests/device/statement.h"

void enrolment_prepare(const struct device_authority *maker, unsigned number, struct device *out)
{
	struct device_octets der;
	out->is_server = maker == NULL;
	snprintf(out->identifier, sizeof out->identifier, "bench-%06u%s", number, out->is_server ? ".test" : "");
	device_key_new(device_role_key, device_p256, &out->key);
	device_account_new(&out->account);
	if (out->is_server)
		return;
	device_key_new(device_role_ak, device_p256, &out->ak);
	const struct device_certificate certificate = {
		.authority = maker, .key = &out->ak, .permanent_identifier = out->identifier};
	device_certificate_build(&certificate, &der);
	uint8_t *kept = malloc(der.size);
	DEVICE_NEED(kept != NULL);
	memcpy(kept, der.data, der.size);
	out->ak_certificate = bytes_from(kept, der.size);
}

static void copy_member(const json_t *object, const char *name, char *out, size_t room)
{
	const char *text = json_string_value(json_object_get(object, name));
	DEVICE_NEED(text != NULL && strlen(text) < room);
	memcpy(out, text, strlen(text) + 1);
}

void enrolment_read_directory(struct client *client, const char *url, struct directory *out)
{
	client_ask(client, "GET", url, bytes_from(NULL, 0));
	json_t *read = client_json(client);
	copy_member(read, "newNonce", out->new_nonce, sizeof out->new_nonce);
	copy_member(read, "newAccount", out->new_account, sizeof out->new_account);
	copy_member(read, "newOrder", out->new_order, sizeof out->new_order);
	json_decref(read);
	client_ask(client, "HEAD", out->new_nonce, bytes_from(NULL, 0));
}

/* A signed request; kid NULL: by the key itself. The answer must have that status. */
static void post(struct client *client, const struct device *device, const char *kid, const char *url, const char *payload,
		 unsigned http_status)
{
	struct device_octets body = {.size = 0};
	char nonce[sizeof client->nonce];
	memcpy(nonce, client->nonce, sizeof nonce);
	const struct device_jws jws = {
		.account = &device->account, .url = url, .kid = kid, .nonce = nonce, .payload = payload};
	device_jws_build(&jws, &body);
	client_ask(client, "POST", url, device_view(&body));
	if (client->http_status == http_status)
		return;
	fprintf(stderr, "%s\n%u %s\n", url, client->http_status, client->body);
	device_fail("the server refused a request of the bench");
}

/* {"NAME":"base64url"} */
static void wrap(const char *name, const struct device_octets *octets, struct device_octets *out)
{
	out->size = 0;
	device_append(out, "{\"", 2);
	device_append(out, name, strlen(name));
	device_append(out, "\":\"", 3);
	device_base64url(device_view(octets), out);
	device_append(out, "\"}", 3); /* with the NUL */
}

struct urls {
	char account[600], order[600], authorization[600], finalize[600], challenge[600], certificate[600], token[200];
};

static void open_order(struct client *client, const struct directory *directory, const struct device *device,
		       struct urls *urls)
{
	char payload[256];
	post(client, device, NULL, directory->new_account, "{\"termsOfServiceAgreed\":true}", 201);
	memcpy(urls->account, client->location, sizeof urls->account);
	snprintf(payload, sizeof payload, "{\"identifiers\":[{\"type\":\"%s\",\"value\":\"%s\"}]}",
		 device->is_server ? "dns" : "permanent-identifier", device->identifier);
	post(client, device, urls->account, directory->new_order, payload, 201);
	memcpy(urls->order, client->location, sizeof urls->order);
	json_t *order = client_json(client);
	const char *authorization = json_string_value(json_array_get(json_object_get(order, "authorizations"), 0));
	DEVICE_NEED(authorization != NULL);
	snprintf(urls->authorization, sizeof urls->authorization, "%s", authorization);
	copy_member(order, "finalize", urls->finalize, sizeof urls->finalize);
	json_decref(order);
}

static void read_challenge(struct client *client, const struct device *device, struct urls *urls)
{
	size_t i;
	const json_t *challenge;
	post(client, device, urls->account, urls->authorization, "", 200);
	json_t *authorization = client_json(client);
	json_array_foreach(json_object_get(authorization, "challenges"), i, challenge)
	{
		const char *type = json_string_value(json_object_get(challenge, "type"));
		if (type == NULL || strcmp(type, device->is_server ? "http-01" : "device-attest-01") != 0)
			continue;
		copy_member(challenge, "url", urls->challenge, sizeof urls->challenge);
		copy_member(challenge, "token", urls->token, sizeof urls->token);
	}
	DEVICE_NEED(urls->challenge[0] != 0);
	json_decref(authorization);
}

static void assert_status(const struct client *client, const char *wanted)
{
	json_t *read = client_json(client);
	const char *status = json_string_value(json_object_get(read, "status"));
	if (status == NULL || strcmp(status, wanted) != 0) {
		fprintf(stderr, "wanted status %s: %s\n", wanted, client->body);
		device_fail("the server did not grant what the bench asked for");
	}
	json_decref(read);
}

/* Asks for a resource until it has that status, first at once, then after pauses that grow from 1 ms to 64; no more than 160 times,
 * which takes ten seconds. */
static void await_status(struct client *client, const struct device *device, const struct urls *urls, const char *url,
			 const char *wanted)
{
	struct timespec pause = {.tv_nsec = 1000000};
	for (unsigned i = 0; i < 160; i++) {
		post(client, device, urls->account, url, "", 200);
		json_t *read = client_json(client);
		const char *status = json_string_value(json_object_get(read, "status"));
		const bool is_over = status == NULL || strcmp(status, wanted) == 0 || strcmp(status, "invalid") == 0;
		json_decref(read);
		if (is_over)
			break;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 64000000)
			pause.tv_nsec *= 2;
	}
	assert_status(client, wanted);
}

/* Servers say to wait for a second or more. This client knows better, for it sees the page being fetched, and so measures neither
 * the waiting nor requests that come too early. */
static void answer_for_name(struct client *client, const struct device *device, const struct urls *urls)
{
	pages_give(urls->token, &device->account);
	post(client, device, urls->account, urls->challenge, "{}", 200);
	if (!pages_await(urls->token))
		device_fail("nobody fetched the page of a challenge for ten seconds");
	await_status(client, device, urls, urls->authorization, "valid");
}

static void answer_challenge(struct client *client, const struct device *device, const struct urls *urls)
{
	struct device_octets object = {.size = 0}, payload = {.size = 0};
	const struct device_statement statement = {
		.ak = &device->ak,
		.key = &device->key,
		.token = bytes_from_text(urls->token),
		.thumbprint = device->account.thumbprint,
		.chain = &device->ak_certificate,
		.chain_count = 1,
	};
	device_statement_build(&statement, &object);
	wrap("attObj", &object, &payload);
	post(client, device, urls->account, urls->challenge, (const char *)payload.data, 200);
	assert_status(client, "valid");
}

static void fetch_certificate(struct client *client, const struct device *device, struct urls *urls)
{
	struct device_octets csr = {.size = 0}, payload = {.size = 0};
	char name[sizeof device->identifier + 4];
	snprintf(name, sizeof name, "DNS:%s", device->identifier);
	const struct device_csr request = {.key = device->key.key,
					   .permanent_identifier = device->is_server ? NULL : device->identifier,
					   .alternative_name = device->is_server ? name : NULL};
	device_csr_build(&request, &csr);
	wrap("csr", &csr, &payload);
	post(client, device, urls->account, urls->finalize, (const char *)payload.data, 200);
	await_status(client, device, urls, urls->order, "valid");
	json_t *order = client_json(client);
	copy_member(order, "certificate", urls->certificate, sizeof urls->certificate);
	json_decref(order);
	post(client, device, urls->account, urls->certificate, "", 200);
	DEVICE_NEED(strstr(client->body, "-----BEGIN CERTIFICATE-----") != NULL);
}

void enrolment_run(struct client *client, const struct directory *directory, const struct device *device)
{
	struct urls urls = {0};
	open_order(client, directory, device, &urls);
	read_challenge(client, device, &urls);
	if (device->is_server)
		answer_for_name(client, device, &urls);
	else
		answer_challenge(client, device, &urls);
	fetch_certificate(client, device, &urls);
}
