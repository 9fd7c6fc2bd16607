/* SPDX-License-Identifier: Apache-2.0
 * Judgements of good statements each second of one core's CPU, and beside them the floor: the signature checks of a first judgement
 * (each certificate of the chain, and what the device signed) alone, with the keys at hand. Of apple, android-key, packed and step
 * one certificate is an intermediate one, whose check is remembered from the first on: they may fall below their floor. */
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#include "attest/verifier/format.h"
#include "attest/verifier/key_kinds.h"
#include "tests/device/apple.h"
#include "tests/device/attested.h"
#include "tests/device/statement.h"

enum { rounds = 2000 };

static struct verifier verifier;
static struct device_authority root, sub;

static double cpu_s(void)
{
	struct timespec at;
	DEVICE_NEED(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at) == 0);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void judge(struct bytes octets, struct bytes bound)
{
	__attribute__((cleanup(format_close))) struct statement s = {.verifier = &verifier, .directory = &verifier.directories[0], .bound = bound};
	DEVICE_NEED(EVP_Digest(bound.data, bound.size, s.expected, NULL, EVP_sha256(), NULL) == 1);
	DEVICE_NEED(!is_refused(format_open(octets, &s)) && !is_refused(format_judge(&s)));
}

/* Checks of one P-256 signature over a text of this size; every key and signature of these devices is of that kind. */
static double check_s(size_t size)
{
	static const uint8_t text[2048];
	uint8_t signature[80];
	size_t signature_size = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	DEVICE_NEED(size <= sizeof text && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, root.key, NULL) == 1);
	DEVICE_NEED(EVP_DigestSign(context, signature, &signature_size, text, size) == 1);
	const double before = cpu_s();
	for (int i = 0; i < rounds; i++) {
		DEVICE_NEED(EVP_MD_CTX_reset(context) == 1);
		DEVICE_NEED(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, root.key, NULL) == 1);
		DEVICE_NEED(EVP_DigestVerify(context, signature, signature_size, text, size) == 1);
	}
	EVP_MD_CTX_free(context);
	return (cpu_s() - before) / rounds;
}

/* `checks`: how many signatures there are. */
static void measure(const char *name, struct bytes octets, struct bytes bound, unsigned checks)
{
	for (int i = 0; i < rounds / 10; i++)
		judge(octets, bound);
	const double before = cpu_s();
	for (int i = 0; i < rounds; i++)
		judge(octets, bound);
	const double each_s = (cpu_s() - before) / rounds, floor_s = checks * check_s(512);
	printf("  %-16s %10.0f %10.0f %8.2f\n", name, 1 / each_s, 1 / floor_s, each_s / floor_s);
}

static void measure_tpm(struct bytes token, const uint8_t thumbprint[32], struct bytes bound)
{
	static struct device_key ek, ak, key;
	static struct device_octets certificate, octets;
	device_key_new(device_role_ek, device_p256, &ek);
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	device_certificate_build(&(struct device_certificate){.authority = &root, .key = &ak, .ek = &ek}, &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	device_statement_build(&(struct device_statement){.ak = &ak, .key = &key, .token = token, .thumbprint = thumbprint,
							  .chain = chain, .chain_count = 1}, &octets);
	measure("tpm", device_view(&octets), bound, 2);
}

static void trust(struct chain_roots *roots)
{
	roots->at[roots->count++] = root.certificate;
}

int main(void)
{
	static struct device_octets text, octets;
	static const uint8_t thumbprint[32] = {7};
	static const char *const formats[] = {"android-key", "packed", "step"};
	const struct bytes token = bytes_from_text("dG9rZW4tb2YtYS10ZXN0");
	DEVICE_NEED(key_kinds_limit());
	device_authority_new(&(struct device_authority_options){.name = "Root"}, &root);
	device_authority_new(&(struct device_authority_options){.name = "Sub", .issuer = &root}, &sub);
	for (const struct format *row; (row = format_row(verifier.directories[0].rules.formats.count)) != NULL;)
		verifier.directories[0].rules.formats.at[verifier.directories[0].rules.formats.count++] = bytes_from_text(row->name);
	verifier.directories[0].rules.name = bytes_from_text("devices");
	verifier.directories[0].rules.may_be_virtual = 1;
	trust(&verifier.ak_issuers);
	trust(&verifier.directories[0].apple_roots);
	trust(&verifier.directories[0].android_roots);
	trust(&verifier.directories[0].packed_roots);
	trust(&verifier.directories[0].step_roots);
	device_append(&text, token.data, token.size);
	device_append(&text, ".", 1);
	device_base64url(bytes_from(thumbprint, sizeof thumbprint), &text);
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	printf("  %-16s %10s %10s %8s\n", "format", "each s", "floor", "times");
	measure_tpm(token, thumbprint, device_view(&text));
	device_apple_build(&(struct device_apple){.authority = &sub, .above = &sub, .key = key, .token = token, .serial = "S"}, &octets);
	measure("apple", device_view(&octets), token, 2);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		device_attested_build(&(struct device_attested){.format = formats[i], .authority = &sub, .above = &sub, .key = key,
								.bound = device_view(&text), .serial = "7"}, &octets);
		measure(formats[i], device_view(&octets), device_view(&text), 3);
	}
	return 0;
}
