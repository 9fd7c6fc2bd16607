/* SPDX-License-Identifier: Apache-2.0
 * Opens a verifier as at its start, and serves nobody. The settings are the warden's. */
#include "attest/verifier/settings_check.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/verifier/trust.h"

__attribute__((format(printf, 2, 3))) static void say(int level, const char *format, ...)
{
	va_list arguments;
	(void)level;
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	(void)putchar('\n');
}

static bool read_settings(struct message_verifier_settings *out)
{
	struct stat about;
	if (fstat(STDIN_FILENO, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0)
		return false;
	const size_t size = (size_t)about.st_size;
	const uint8_t *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
	return text != MAP_FAILED && !is_refused(wire_decode(message_verifier_settings, bytes_from(text, size), out));
}

int settings_check(void)
{
	static struct message_verifier_settings settings;
	static struct verifier verifier;
	struct detail detail = {.text = ""};
	if (!read_settings(&settings)) {
		(void)fputs("keyward-verifier --check is started by keyward-warden --check\n", stderr);
		return 1;
	}
	if (!verifier_open(&settings, &verifier, &detail)) {
		(void)fprintf(stderr, "The verifier could not start: %s.\n", detail.text);
		return 1;
	}
	trust_tell(&verifier, say);
	verifier_close(&verifier);
	return 0;
}
