/* SPDX-License-Identifier: Apache-2.0
 * The bench's one program; tests/bench/run calls it:
 *   bench maker FOLDER                       makes a maker's root: FOLDER/maker.pem, FOLDER/maker.key
 *   bench first URL ROOT                     waits for the first answer, prints the boot clock in milliseconds
 *   bench load URL ROOT FOLDER FIRST COUNT CLIENTS PID...   prints: U ns, server ns an enrolment, enrolments a second, signed requests an
 *                                            enrolment, ns of each PID
 *   bench names URL ROOT PORT FIRST COUNT CLIENTS PID...   the same for names, with pages for http-01 on that port
 *   bench token MODULE PIN                   prints signatures a second */
#include <openssl/pem.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "tests/bench/enrolment.h"
#include "tests/bench/measure.h"
#include "tests/bench/pages.h"

enum { most_pids = 32, most_clients = 64 };

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
	char path[500];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, mode);
	DEVICE_NEED(file != NULL);
	return file;
}

static void make_maker(const char *folder)
{
	struct device_authority maker = {0};
	device_authority_new(&(struct device_authority_options){.name = "Bench TPM Maker"}, &maker);
	FILE *certificate = open_in(folder, "maker.pem", "we"), *key = open_in(folder, "maker.key", "we");
	DEVICE_NEED(PEM_write_X509(certificate, maker.certificate) == 1);
	DEVICE_NEED(PEM_write_PrivateKey(key, maker.key, NULL, NULL, 0, NULL, NULL) == 1);
	DEVICE_NEED(fclose(certificate) == 0 && fclose(key) == 0);
	device_authority_free(&maker);
}

static void load_maker(const char *folder, struct device_authority *out)
{
	FILE *certificate = open_in(folder, "maker.pem", "re"), *key = open_in(folder, "maker.key", "re");
	uint8_t *at = out->der;
	out->certificate = PEM_read_X509(certificate, NULL, NULL, NULL);
	out->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
	DEVICE_NEED(out->certificate != NULL && out->key != NULL);
	fclose(certificate);
	fclose(key);
	const int size = i2d_X509(out->certificate, NULL);
	DEVICE_NEED(size > 0 && (size_t)size <= sizeof out->der && i2d_X509(out->certificate, &at) == size);
	out->size = (size_t)size;
}

/* The answer counts, not the connection: the socket listens before anybody serves. */
static void await_first(const char *url, const char *root)
{
	static struct client client;
	const struct timespec pause = {.tv_nsec = 2000000};
	while (access(root, R_OK) != 0 || !client_open(&client, url, root))
		nanosleep(&pause, NULL);
	client_ask(&client, "GET", url, bytes_from(NULL, 0));
	DEVICE_NEED(client.http_status == 200);
	printf("%llu\n", (unsigned long long)clock_boot_ms());
	client_close(&client);
}

/* ---- the load ---- */

struct load {
	const char *url, *root;
	struct directory directory;
	struct device *devices;
	unsigned count;
	atomic_uint next, signed_requests;
};

static void *run_client(void *argument)
{
	struct load *load = argument;
	struct client *client = calloc(1, sizeof *client);
	if (client == NULL || !client_open(client, load->url, load->root))
		device_fail("the server opened no TLS connection within ten seconds, or one of another root");
	struct directory directory;
	enrolment_read_directory(client, load->url, &directory);
	for (unsigned i; (i = load->next++) < load->count;)
		enrolment_run(client, &directory, &load->devices[i]);
	load->signed_requests += client->signed_requests;
	client_close(client);
	free(client);
	return NULL;
}

static uint64_t wall_ns(void)
{
	struct timespec now;
	DEVICE_NEED(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t run_clients(struct load *load, unsigned clients)
{
	pthread_t threads[most_clients];
	DEVICE_NEED(clients <= most_clients);
	const uint64_t before = wall_ns();
	for (unsigned i = 0; i < clients; i++)
		DEVICE_NEED(pthread_create(&threads[i], NULL, run_client, load) == 0);
	for (unsigned i = 0; i < clients; i++)
		pthread_join(threads[i], NULL);
	return wall_ns() - before;
}

/* maker NULL: for names. */
static void run_load(const struct device_authority *maker, char **argument, int pid_count, char **pids)
{
	struct load load = {.url = argument[0], .root = argument[1], .count = (unsigned)strtoul(argument[4], NULL, 10)};
	uint64_t before[most_pids], sum = 0, each[most_pids];
	const unsigned first = (unsigned)strtoul(argument[3], NULL, 10);
	DEVICE_NEED(pid_count <= most_pids);
	load.devices = calloc(load.count, sizeof *load.devices);
	DEVICE_NEED(load.devices != NULL);
	for (unsigned i = 0; i < load.count; i++)
		enrolment_prepare(maker, first + i, &load.devices[i]);
	const uint64_t u_ns = measure_u_ns();
	for (int i = 0; i < pid_count; i++)
		before[i] = measure_process_ns(pids[i]);
	const uint64_t took_ns = run_clients(&load, (unsigned)strtoul(argument[5], NULL, 10));
	for (int i = 0; i < pid_count; i++)
		sum += each[i] = measure_process_ns(pids[i]) - before[i];
	printf("%llu %llu %.1f %.1f", (unsigned long long)u_ns, (unsigned long long)(sum / load.count),
	       load.count * 1e9 / (double)took_ns, (double)load.signed_requests / load.count);
	for (int i = 0; i < pid_count; i++)
		printf(" %llu", (unsigned long long)(each[i] / load.count));
	printf("\n");
}

static void load_devices(char **argument, int pid_count, char **pids)
{
	struct device_authority maker = {0};
	load_maker(argument[2], &maker);
	run_load(&maker, argument, pid_count, pids);
}

static void load_names(char **argument, int pid_count, char **pids)
{
	pages_start((unsigned)strtoul(argument[2], NULL, 10));
	run_load(NULL, argument, pid_count, pids);
}

int main(int count, char **argument)
{
	if (count == 3 && strcmp(argument[1], "maker") == 0)
		make_maker(argument[2]);
	else if (count == 4 && strcmp(argument[1], "first") == 0)
		await_first(argument[2], argument[3]);
	else if (count >= 8 && strcmp(argument[1], "load") == 0)
		load_devices(argument + 2, count - 8, argument + 8);
	else if (count >= 8 && strcmp(argument[1], "names") == 0)
		load_names(argument + 2, count - 8, argument + 8);
	else if (count == 4 && strcmp(argument[1], "token") == 0)
		printf("%.0f\n", measure_token(argument[2], argument[3]));
	else
		device_fail("usage: see tests/bench/main.c");
	return 0;
}
