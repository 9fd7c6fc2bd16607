/* SPDX-License-Identifier: Apache-2.0
 * Decides whether a single value has its form. Distrusts the value; control characters and text that is not UTF-8 were
 * refused with the whole file. */
#include "firmware/warden/configuration_value.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(const char *at, size_t size)
{
	if (size == 0 || size > 63 || !is_lower_or_digit(at[0]) || !is_lower_or_digit(at[size - 1]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_lower_or_digit(at[i]) && at[i] != '-')
			return false;
	return true;
}

static bool is_name(const char *value)
{
	return is_label(value, strlen(value));
}

static bool is_name_or_empty(const char *value)
{
	return *value == '\0' || is_name(value);
}

/* Of URLs, octet for octet; so long that nobody finds it by trying. */
static bool is_segment_or_empty(const char *value)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const size_t size = strlen(value);
	return size == 0 || (size >= 22 && strspn(value, allowed) == size);
}

static bool is_printable(const char *value)
{
	const size_t size = strlen(value);
	return size != 0 && value[0] != ' ' && value[size - 1] != ' ' && strpbrk(value, "\t\n") == NULL;
}

static bool has_step_up(const char *value)
{
	for (const char *at = value; (at = strstr(at, "..")) != NULL; at += 2)
		if ((at == value || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

/* A URI (pkcs11:, file:) in place of a path is a mistake that must not become a relative path. */
static bool is_path(const char *value)
{
	const char *colon = strchr(value, ':');
	const char *slash = strchr(value, '/');
	const bool is_uri = colon != NULL && (slash == NULL || colon < slash);
	return is_printable(value) && !is_uri && value[strlen(value) - 1] != '/';
}

static bool is_inner(const char *value)
{
	return is_path(value) && value[0] != '/' && !has_step_up(value);
}

static bool is_host(const char *value)
{
	struct in_addr address;
	while (true) {
		const size_t size = strcspn(value, ".");
		if (!is_label(value, size))
			return false;
		if (value[size] == '\0')
			return inet_pton(AF_INET, value, &address) != 1 && strspn(value, "0123456789") != size;
		value += size + 1;
	}
}

static bool is_address(const char *value)
{
	struct in6_addr address;
	return inet_pton(AF_INET, value, &address) == 1 || inet_pton(AF_INET6, value, &address) == 1;
}

static bool is_tcti(const char *value)
{
	static const char socket[] = "swtpm:path=/tpm/";
	if (strcmp(value, "device:/tpm") == 0)
		return true;
	return strncmp(value, socket, sizeof socket - 1) == 0 && is_inner(value + sizeof socket - 1) &&
	       strchr(value, ',') == NULL;
}

static bool is_origin(const char *value)
{
	return is_printable(value) && strpbrk(value, " +:") == NULL;
}

static bool is_template(const char *value)
{
	static const char field[] = "{identifier}";
	if (*value == '\0')
		return true;
	if (!is_printable(value))
		return false;
	while ((value = strpbrk(value, "{}")) != NULL) {
		if (strncmp(value, field, sizeof field - 1) != 0)
			return false;
		value += sizeof field - 1;
	}
	return true;
}

static bool is_vendor(const char *value)
{
	return strncmp(value, "id:", 3) == 0 && strlen(value) == 11 && strspn(value + 3, "0123456789ABCDEF") == 8;
}

static bool is_url_or_empty(const char *value)
{
	if (*value == '\0')
		return true;
	const size_t lead = strncmp(value, "https://", 8) == 0 ? 8 : strncmp(value, "http://", 7) == 0 ? 7 : 0;
	if (lead == 0 || value[lead] == '\0')
		return false;
	for (const char *at = value; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("<>\"\\^`{|}", *at) != NULL)
			return false;
	return true;
}

static bool is_format(const char *value)
{
	return configuration_value_is_one_of(value, "tpm|apple|android-key|packed|step");
}

static bool is_identifier(const char *value)
{
	return configuration_value_is_one_of(value, "permanent-identifier|hardware-module|dns|ip");
}

static bool is_challenge(const char *value)
{
	return configuration_value_is_one_of(value, "device-attest-01|http-01|dns-01|tls-alpn-01");
}

static bool is_resolver(const char *value)
{
	char address[INET6_ADDRSTRLEN];
	uint64_t port = 0;
	struct in_addr four;
	struct in6_addr six;
	const bool has_brackets = value[0] == '[';
	const char *end = strchr(value, has_brackets ? ']' : ':');
	const size_t size = end == NULL ? sizeof address : (size_t)(end - value) - has_brackets;
	if (size >= sizeof address)
		return false;
	memcpy(address, value + has_brackets, size);
	address[size] = '\0';
	const char *colon = end + has_brackets;
	return *colon == ':' && configuration_value_number(colon + 1, &port) && port >= 1 && port <= 65535 &&
	       (has_brackets ? inet_pton(AF_INET6, address, &six) == 1 : inet_pton(AF_INET, address, &four) == 1);
}

static bool is_range(const char *value)
{
	uint8_t octets[16] = {0};
	char address[INET6_ADDRSTRLEN];
	uint64_t bits;
	const size_t size = strcspn(value, "/");
	if (size >= sizeof address || value[size] != '/' || !configuration_value_number(value + size + 1, &bits))
		return false;
	memcpy(address, value, size);
	address[size] = '\0';
	const size_t most = inet_pton(AF_INET, address, octets) == 1 ? 32 : inet_pton(AF_INET6, address, octets) == 1 ? 128 : 0;
	if (most == 0 || bits > most)
		return false;
	for (size_t i = (size_t)bits; i < most; i++)
		if ((octets[i / 8] & 0x80 >> i % 8) != 0)
			return false;
	return true;
}

static const struct {
	bool (*fits)(const char *value);
	const char *expected;
} grammars[grammar_count] = {
	[grammar_NAME] = {is_name, "lower-case letters, digits and '-' inside, at most 63"},
	[grammar_NAME_OR_EMPTY] = {is_name_or_empty, "lower-case letters, digits and '-' inside, at most 63, or nothing"},
	[grammar_PATH_SEGMENT_OR_EMPTY] = {is_segment_or_empty, "22 to 64 letters, digits, '-' and '_', or nothing"},
	[grammar_PRINTABLE] = {is_printable, "text without a space at either end"},
	[grammar_PATH] = {is_path, "a path (no URI, no '/' at the end)"},
	[grammar_INNER] = {is_inner, "a relative path without '..'"},
	[grammar_HOST] = {is_host, "a DNS name in lower case"},
	[grammar_ADDRESS] = {is_address, "a literal IP address"},
	[grammar_TCTI] = {is_tcti, "device:/tpm or swtpm:path=/tpm/NAME"},
	[grammar_ORIGIN] = {is_origin, "a name without scheme, space and '+', like ca.example/ledger"},
	[grammar_TEMPLATE] = {is_template, "text in which {identifier} is the only field"},
	[grammar_FORMAT] = {is_format, "tpm, apple, android-key, packed or step"},
	[grammar_URL_OR_EMPTY] = {is_url_or_empty, "a URL that begins with https:// or http://, or nothing"},
	[grammar_IDENTIFIER] = {is_identifier, "permanent-identifier, hardware-module, dns or ip"},
	[grammar_CHALLENGE] = {is_challenge, "device-attest-01, http-01, dns-01 or tls-alpn-01"},
	[grammar_RESOLVER] = {is_resolver, "ADDRESS:PORT, or [ADDRESS]:PORT of an IPv6 address"},
	[grammar_RANGE] = {is_range, "ADDRESS/BITS without bits behind them, like 10.0.0.0/8"},
	[grammar_VENDOR] = {is_vendor, "id: and eight upper-case hexadecimal digits"},
};

const char *configuration_value_judge(enum grammar grammar, const char *value, size_t longest)
{
	if (strlen(value) > longest)
		return "a shorter value";
	return grammars[grammar].fits(value) ? NULL : grammars[grammar].expected;
}

bool configuration_value_number(const char *value, uint64_t *out)
{
	uint64_t number = 0;
	const size_t size = strlen(value);
	if (size == 0 || size > 18 || (value[0] == '0' && size > 1))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(value[i] - '0');
	}
	*out = number;
	return true;
}

bool configuration_value_is_one_of(const char *value, const char *words)
{
	const size_t size = strlen(value);
	for (const char *at = words;; at++) {
		const size_t word = strcspn(at, "|");
		if (word == size && strncmp(at, value, size) == 0)
			return true;
		at += word;
		if (*at == '\0')
			return false;
	}
}
