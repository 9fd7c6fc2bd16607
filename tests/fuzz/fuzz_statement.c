/* SPDX-License-Identifier: Apache-2.0
 * TPMS_ATTEST, TPMT_PUBLIC and TPMT_SIGNATURE, or a whole attestation object: the first octet chooses, the rest is the structure; keys
 * of public areas are opened. Of an object's format every check is made whose predecessors passed, and what Apple and Yubico say is read. */
#include <stdlib.h>

#include "attest/verifier/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_key(struct bytes area)
{
	struct tpm_public public;
	struct tpm_octets name;
	if (is_refused(tpm_public_parse(area, &public)))
		return;
	(void)tpm_key_name(&public, area, &name);
	EVP_PKEY_free(tpm_key_open(&public));
}

/* Nothing is trusted here, so nothing may be accepted. */
static void judge_object(struct bytes octets)
{
	static struct verifier verifier = {
		.directories[0].rules.formats = {.at = {{(const uint8_t *)"tpm", 3},
					    {(const uint8_t *)"apple", 5},
					    {(const uint8_t *)"android-key", 11},
					    {(const uint8_t *)"packed", 6},
					    {(const uint8_t *)"step", 4}},
				     .count = 5}};
	struct statement s = {.verifier = &verifier, .directory = &verifier.directories[0]};
	if (!is_refused(format_open(octets, &s)) && !is_refused(format_judge(&s)))
		abort();
	for (size_t i = 0; i < s.chain_count; i++)
		if (apple_properties_read(s.chain[i], &s.apple) && memchr(s.apple.serial, 0, sizeof s.apple.serial) == NULL)
			abort();
	for (size_t i = 0; i < s.chain_count; i++)
		if (yubikey_read(s.chain[i], &s.yubikey) && memchr(s.yubikey.serial, 0, sizeof s.yubikey.serial) == NULL)
			abort();
	format_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm_attest attest;
	struct tpm_signature signature;
	if (size == 0)
		return 0;
	const struct bytes rest = bytes_from(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		if (!is_refused(tpm_attest_parse(rest, &attest)) && attest.extra_data.size > sizeof attest.extra_data.data)
			abort();
		break;
	case 1:
		open_key(rest);
		break;
	case 2:
		if (!is_refused(tpm_signature_parse(rest, &signature)) && signature.first.size > sizeof signature.first.data)
			abort();
		break;
	default:
		judge_object(rest);
		break;
	}
	return 0;
}
