/* SPDX-License-Identifier: Apache-2.0
 * RFC 1035 as far as the tests go. */
#include "tests/prober/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 32, type_a = 1, type_txt = 16, type_aaaa = 28, nxdomain = 3, servfail = 2 };

static struct record {
	char name[256], value[256];
	unsigned type;
} records[most];
static struct asked {
	char name[256];
	unsigned type, count;
} asked[most];
static size_t record_count, asked_count;
static const char *truncated;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void resolver_forget(void)
{
	pthread_mutex_lock(&lock);
	record_count = asked_count = 0;
	truncated = NULL;
	pthread_mutex_unlock(&lock);
}

void resolver_add(const char *name, const char *type, const char *value)
{
	pthread_mutex_lock(&lock);
	assert(record_count < most);
	struct record *record = &records[record_count++];
	snprintf(record->name, sizeof record->name, "%s", name);
	snprintf(record->value, sizeof record->value, "%s", value);
	record->type = strcmp(type, "A") == 0 ? type_a : strcmp(type, "AAAA") == 0 ? type_aaaa : type_txt;
	pthread_mutex_unlock(&lock);
}

void resolver_truncate(const char *name)
{
	pthread_mutex_lock(&lock);
	truncated = name;
	pthread_mutex_unlock(&lock);
}

unsigned resolver_count(const char *name)
{
	unsigned count = 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < asked_count; i++)
		if (strcasecmp(asked[i].name, name) == 0)
			count += asked[i].count;
	pthread_mutex_unlock(&lock);
	return count;
}

static unsigned note(const char *name, unsigned type)
{
	for (size_t i = 0; i < asked_count; i++)
		if (strcasecmp(asked[i].name, name) == 0 && asked[i].type == type)
			return ++asked[i].count;
	assert(asked_count < most);
	asked[asked_count] = (struct asked){.type = type, .count = 1};
	snprintf(asked[asked_count++].name, sizeof asked[0].name, "%s", name);
	return 1;
}

static size_t write_data(const struct record *record, const char *value, uint8_t *out)
{
	if (record->type != type_txt)
		return inet_pton(record->type == type_a ? AF_INET : AF_INET6, value, out) == 1 ? (record->type == type_a ? 4 : 16)
											       : 0;
	size_t used = 0;
	for (const char *at = value;; at++) {
		const size_t size = strcspn(at, "|");
		out[used++] = (uint8_t)size;
		memcpy(out + used, at, size);
		used += size;
		at += size;
		if (*at == 0)
			return used;
	}
}

static size_t add_answer(const struct record *record, const char *value, uint8_t *out)
{
	const uint8_t head[10] = {0xc0, 12, 0, (uint8_t)record->type, 0, 1, 0, 0, 0, 1}; /* the name of the question; TTL below */
	memcpy(out, head, sizeof head);
	out[10] = out[11] = 0;
	const size_t size = write_data(record, value, out + 12);
	out[8] = 0, out[9] = 1;
	out[10] = (uint8_t)(size >> 8);
	out[11] = (uint8_t)size;
	return 12 + size;
}

/* 0: says nothing. */
static size_t answer(const uint8_t *in, size_t size, bool is_whole, uint8_t *out)
{
	char name[256] = "";
	size_t at = 12, used = 0;
	unsigned answers = 0, code = nxdomain;
	while (at < size && in[at] != 0) {
		memcpy(name + used, in + at + 1, in[at]);
		used += in[at];
		name[used++] = '.';
		at += 1U + in[at];
	}
	name[used == 0 ? 0 : used - 1] = 0;
	const unsigned type = (unsigned)in[at + 1] << 8 | in[at + 2];
	const unsigned times = note(name, type);
	const size_t question_end = at + 5;
	bool is_moved = false;
	memcpy(out, in, question_end);
	size_t end = question_end;
	for (size_t i = 0; i < record_count; i++)
		is_moved = is_moved || (strcasecmp(records[i].name, name) == 0 && records[i].type == type && times > 1 &&
					strncmp(records[i].value, "then ", 5) == 0);
	for (size_t i = 0; i < record_count; i++) {
		const struct record *record = &records[i];
		const bool is_then = strncmp(record->value, "then ", 5) == 0;
		if (strcasecmp(record->name, name) != 0)
			continue;
		if (strcmp(record->value, "silent") == 0)
			return 0;
		code = strcmp(record->value, "broken") == 0 ? servfail : 0;
		if (code != 0 || record->type != type || is_then != is_moved)
			continue;
		end += add_answer(record, record->value + (is_then ? 5 : 0), out + end);
		answers++;
	}
	const bool is_cut = !is_whole && truncated != NULL && strcasecmp(name, truncated) == 0;
	if (is_cut) {
		answers = 0;
		end = question_end;
	}
	out[2] = is_cut ? 0x83 : 0x81;
	out[3] = (uint8_t)(0x80 | code);
	out[6] = 0, out[7] = (uint8_t)answers;
	memset(out + 8, 0, 4);
	return end;
}

static void *serve(void *argument)
{
	const int socket = *(int *)argument;
	for (;;) {
		uint8_t in[512], out[4096];
		struct sockaddr_in from;
		socklen_t from_size = sizeof from;
		const ssize_t got = recvfrom(socket, in, sizeof in, 0, (struct sockaddr *)&from, &from_size);
		if (got < 17)
			continue;
		pthread_mutex_lock(&lock);
		const size_t size = answer(in, (size_t)got, false, out);
		pthread_mutex_unlock(&lock);
		if (size != 0)
			(void)!sendto(socket, out, size, 0, (struct sockaddr *)&from, from_size);
	}
	return NULL;
}

static void *serve_tcp(void *argument)
{
	for (;;) {
		uint8_t in[514], out[4098];
		const int connection = accept4(*(int *)argument, NULL, NULL, SOCK_CLOEXEC);
		const ssize_t got = recv(connection, in, sizeof in, 0);
		pthread_mutex_lock(&lock);
		const size_t size = got < 19 ? 0 : answer(in + 2, (size_t)got - 2, true, out + 2);
		pthread_mutex_unlock(&lock);
		out[0] = (uint8_t)(size >> 8);
		out[1] = (uint8_t)size;
		if (size != 0)
			(void)!send(connection, out, size + 2, MSG_NOSIGNAL);
		(void)!recv(connection, in, sizeof in, 0); /* until the client goes */
		close(connection);
	}
	return NULL;
}

uint16_t resolver_start(void)
{
	static int made, made_tcp;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	pthread_t thread;
	made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (made < 0 || bind(made, (struct sockaddr *)&at, sizeof at) != 0 ||
	    getsockname(made, (struct sockaddr *)&at, &size) != 0 || pthread_create(&thread, NULL, serve, &made) != 0)
		return 0;
	pthread_detach(thread);
	made_tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (made_tcp < 0 || bind(made_tcp, (struct sockaddr *)&at, sizeof at) != 0 || listen(made_tcp, 4) != 0 ||
	    pthread_create(&thread, NULL, serve_tcp, &made_tcp) != 0)
		return 0;
	pthread_detach(thread);
	return ntohs(at.sin_port);
}
