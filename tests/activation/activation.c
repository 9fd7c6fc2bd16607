/* SPDX-License-Identifier: Apache-2.0
 * The verifier's side of AK enrolment for the script beside it, one step a call; files of the folder are input and output,
 * TPM2B structures and credentials as tpm2-tools writes them. usage: activation FOLDER STEP */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/verifier/verifier.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/identifier.h"
#include "tests/device/key.h"

static const char *folder;
static struct verifier verifier;

static FILE *file_open(const char *name, const char *mode)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, mode);
	DEVICE_NEED(file != NULL);
	return file;
}

static struct bytes load(const char *name)
{
	FILE *file = file_open(name, "re");
	uint8_t *octets = malloc(wire_packet_room);
	DEVICE_NEED(octets != NULL);
	const size_t size = fread(octets, 1, wire_packet_room, file);
	fclose(file);
	return bytes_from(octets, size); /* lasts as long as this short process */
}

static void store(const char *name, const struct bytes *parts, size_t count)
{
	FILE *file = file_open(name, "we");
	for (size_t i = 0; i < count; i++)
		DEVICE_NEED(fwrite(parts[i].data, 1, parts[i].size, file) == parts[i].size);
	DEVICE_NEED(fclose(file) == 0);
}

/* Trusts root.pem alone; its keys are the same in each step, as they are while one appliance runs. */
static void open_verifier(void)
{
	static struct message_verifier_settings settings;
	struct detail detail = {.text = ""};
	const struct message_verifier_directory rules = {.name = bytes_from_text("devices"), .may_be_virtual = 1};
	settings.directories.at[0] = device_directory(&rules);
	settings.directories.count = 1;
	settings.token_key[0] = 1;
	settings.ak_key[0] = 2;
	const struct message_trust_root root = {.format = bytes_from_text("ek"), .directories = 1, .certificate = load("root.pem")};
	static uint8_t octets[4420];
	struct buffer record = BUFFER(octets);
	DEVICE_NEED(!is_refused(wire_encode(message_trust_root, &root, &record)));
	settings.roots.at[0] = buffer_view(&record);
	settings.roots.count = 1;
	DEVICE_NEED(verifier_open(&settings, &verifier, &detail));
}

static struct bytes without_size(struct bytes sized)
{
	DEVICE_NEED(sized.size > 2 && sized.size == 2U + (unsigned)(sized.data[0] << 8 | sized.data[1]));
	return bytes_from(sized.data + 2, sized.size - 2);
}

static int say(status s, const char *good, const struct detail *detail)
{
	printf("%s\n", is_refused(s) ? status_entry(s.refusal)->name : good);
	if (detail->text[0] != '\0')
		fprintf(stderr, "%s\n", detail->text);
	return is_refused(s) ? 1 : 0;
}

/* ek.der, issuer.der, ek.pub, ak.pub to credential and state */
static int begin(void)
{
	static uint8_t octets[wire_packet_room];
	static const uint8_t head[8] = {0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1}; /* of tpm2-tools */
	struct buffer room = BUFFER(octets);
	struct detail detail = {.text = ""};
	struct message_ak_begun begun;
	const struct message_ak_begin ask = {.directory = bytes_from_text("devices"),
					     .account_thumbprint = {4},
					     .ek_certificate = load("ek.der"),
					     .ek_intermediates = {.at = {load("issuer.der")}, .count = 1},
					     .ek_public = without_size(load("ek.pub")),
					     .ak_public = without_size(load("ak.pub"))};
	const status s = verifier_ak_begin(&verifier, &ask, &room, &begun, &detail);
	if (!is_refused(s)) {
		const struct bytes credential[] = {BYTES_OF(head), begun.credential, begun.encrypted_secret};
		store("credential", credential, 3);
		store("state", &begun.state, 1);
	}
	return say(s, "begun", &detail);
}

/* state, secret; the voucher's AK must be ak.pem's */
static int finish(void)
{
	static uint8_t octets[wire_packet_room];
	struct buffer room = BUFFER(octets);
	const struct detail none = {.text = ""};
	const struct message_ak_finish ask = {.account_thumbprint = {4}, .secret = load("secret"), .state = load("state")};
	struct message_ak_finished finished;
	struct message_ak_voucher voucher;
	const status s = verifier_ak_finish(&verifier, &ask, &room, &finished);
	if (!is_refused(s)) {
		DEVICE_NEED(!is_refused(voucher_open(message_ak_voucher, finished.voucher, verifier.settings.ak_key, &voucher)));
		const struct bytes parts[] = {voucher.ak_spki, {voucher.ek_hash, sizeof voucher.ek_hash}};
		store("vouched.spki", &parts[0], 1);
		store("vouched.ek", &parts[1], 1);
	}
	return say(s, "voucher", &none);
}

/* ak.pub of a key that is in no TPM but says that it is */
static int software_ak(void)
{
	static struct device_key ak;
	device_key_new(device_role_ak, device_p256, &ak);
	const uint8_t size[2] = {(uint8_t)(ak.area_size >> 8), (uint8_t)ak.area_size};
	const struct bytes parts[] = {BYTES_OF(size), {ak.area, ak.area_size}};
	store("ak.pub", parts, 2);
	device_key_free(&ak);
	return 0;
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} steps[] = {{"begin", begin}, {"finish", finish}, {"software-ak", software_ak}};
	if (count != 3)
		return 64;
	folder = words[1];
	open_verifier();
	int code = 64;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (strcmp(steps[i].name, words[2]) == 0)
			code = steps[i].run();
	verifier_close(&verifier);
	return code;
}
