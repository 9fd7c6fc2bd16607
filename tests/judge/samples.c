/* SPDX-License-Identifier: Apache-2.0
 * Writes into a folder a good statement of each format from a software device, what it binds, its identifier and its roots. For tests
 * only. usage: judge-samples FOLDER */
#include <stdio.h>

#include "tests/device/apple.h"
#include "tests/device/attested.h"
#include "tests/device/revocation.h"
#include "tests/device/statement.h"

static const char *folder;
static struct device_octets key_authorization;

static void put(const char *name, struct bytes octets)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	DEVICE_NEED(file != NULL && fwrite(octets.data, 1, octets.size, file) == octets.size && fclose(file) == 0);
}

static void put_tpm(struct bytes token)
{
	static struct device_authority issuer;
	static struct device_key ek, ak, key;
	static struct device_octets certificate, statement, text;
	static const uint8_t thumbprint[32] = {7};
	char identifier[65];
	device_authority_new(&(struct device_authority_options){.name = "AK issuer"}, &issuer);
	device_key_new(device_role_ek, device_p256, &ek);
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	device_certificate_build(&(struct device_certificate){.authority = &issuer, .key = &ak, .ek = &ek}, &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	device_statement_build(&(struct device_statement){.ak = &ak,
							  .key = &key,
							  .token = token,
							  .thumbprint = thumbprint,
							  .chain = chain,
							  .chain_count = 1},
			       &statement);
	put("tpm", device_view(&statement));
	device_base64url(device_view(&statement), &text);
	device_append(&text, "\n", 1);
	put("tpm.text", device_view(&text));
	device_append(&key_authorization, token.data, token.size);
	device_append(&key_authorization, ".", 1);
	device_base64url(bytes_from(thumbprint, sizeof thumbprint), &key_authorization);
	put("key-authorization", device_view(&key_authorization));
	put("ak-issuer", bytes_from(issuer.der, issuer.size));
	for (size_t i = 0; i < 32; i++)
		snprintf(identifier + 2 * i, 3, "%02x", ek.spki_hash[i]);
	put("ek", bytes_from_text(identifier));
}

static void put_apple(struct bytes token)
{
	static struct device_authority root, sub;
	static struct device_octets statement;
	device_authority_new(&(struct device_authority_options){.name = "Root"}, &root);
	device_authority_new(&(struct device_authority_options){.name = "Sub", .issuer = &root}, &sub);
	device_apple_build(&(struct device_apple){.authority = &sub,
						  .above = &sub,
						  .key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
						  .token = token,
						  .serial = "SERIAL7",
						  .udid = "UDID-7"},
			   &statement);
	put("apple", device_view(&statement));
	put("apple-root", bytes_from(root.der, root.size));
}

static void put_attested(const char *format)
{
	static struct device_authority root, sub;
	static struct device_octets statement;
	char name[64];
	device_authority_new(&(struct device_authority_options){.name = "Root"}, &root);
	device_authority_new(&(struct device_authority_options){.name = "Sub", .issuer = &root}, &sub);
	device_attested_build(&(struct device_attested){.format = format,
							.authority = &sub,
							.above = &sub,
							.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
							.bound = device_view(&key_authorization),
							.serial = "7654321"},
			      &statement);
	put(format, device_view(&statement));
	snprintf(name, sizeof name, "%s-root", format);
	put(name, bytes_from(root.der, root.size));
	device_status_list_build(device_serial(sub.certificate), "SUSPENDED", &statement);
	snprintf(name, sizeof name, "%s-list", format);
	put(name, device_view(&statement));
	device_crl_build(&(struct device_crl){.authority = &root, .revoked = sub.certificate}, &statement);
	snprintf(name, sizeof name, "%s-crl", format);
	put(name, device_view(&statement));
}

int main(int count, char **words)
{
	const struct bytes token = bytes_from_text("dG9rZW4tb2YtYS10ZXN0");
	DEVICE_NEED(count == 2);
	folder = words[1];
	put("token", token);
	put_tpm(token);
	put_apple(token);
	put_attested("android-key");
	put_attested("packed");
	put_attested("step");
	return 0;
}
