/* SPDX-License-Identifier: Apache-2.0
 * Measures of processes and of OpenSSL. */
#include "tests/bench/measure.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#include "tests/device/key.h"

uint64_t measure_process_ns(const char *pid)
{
	clockid_t clock;
	struct timespec ran;
	DEVICE_NEED(clock_getcpuclockid((pid_t)strtol(pid, NULL, 10), &clock) == 0 && clock_gettime(clock, &ran) == 0);
	return (uint64_t)ran.tv_sec * 1000000000 + (uint64_t)ran.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;
	DEVICE_NEED(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void verify_once(EVP_PKEY *key, const uint8_t *text, size_t text_size, const uint8_t *signature, size_t size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	DEVICE_NEED(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1);
	DEVICE_NEED(EVP_DigestVerify(context, signature, size, text, text_size) == 1);
	EVP_MD_CTX_free(context);
}

uint64_t measure_u_ns(void)
{
	enum { batches = 9, rounds = 400 };
	static const uint8_t text[400]; /* about a protected header and a small payload */
	uint8_t signature[80];
	size_t size = sizeof signature;
	uint64_t took[batches];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	DEVICE_NEED(key != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1);
	DEVICE_NEED(EVP_DigestSign(context, signature, &size, text, sizeof text) == 1);
	EVP_MD_CTX_free(context);
	for (int i = 0; i < batches; i++) {
		const uint64_t before = cpu_ns();
		for (int k = 0; k < rounds; k++)
			verify_once(key, text, sizeof text, signature, size);
		took[i] = (cpu_ns() - before) / rounds;
	}
	EVP_PKEY_free(key);
	qsort(took, batches, sizeof took[0], by_size);
	return took[batches / 2];
}
