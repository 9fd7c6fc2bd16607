/* SPDX-License-Identifier: Apache-2.0
 * Draws and reads PINs. */
#include "pkcs11/ceremony/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

bool secret_lock_memory(void)
{
	const struct rlimit none = {0, 0};
	return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

bool secret_draw(struct secret *out)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char octets[secret_size];
	memset(out, 0, sizeof *out);
	if (RAND_priv_bytes(octets, sizeof octets) != 1)
		return false;
	for (size_t i = 0; i < secret_size; i++)
		out->text[i] = i % 5 == 4 ? '-' : alphabet[octets[i] & 31];
	OPENSSL_cleanse(octets, sizeof octets);
	return true;
}

static bool read_line(struct secret *out)
{
	for (size_t size = 0; size < sizeof out->text;) {
		const ssize_t got = read(STDIN_FILENO, out->text + size, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || out->text[size] == '\n') {
			out->text[size] = 0;
			return size > 0;
		}
		size++;
	}
	secret_wipe(out);
	return false;
}

static struct termios with_echo;

/* Ctrl-C gives the terminal its echo back before it ends the process. */
static void interrupt(int number)
{
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &with_echo);
	(void)raise(number);
}

bool secret_read(const char *prompt, struct secret *out)
{
	const struct sigaction interruption = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
	struct sigaction usual;
	struct termios silent;
	const bool is_terminal = tcgetattr(STDIN_FILENO, &with_echo) == 0;
	memset(out, 0, sizeof *out);
	if (!is_terminal)
		return read_line(out);
	silent = with_echo;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (sigaction(SIGINT, &interruption, &usual) != 0 || tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
		return false;
	fputs(prompt, stderr);
	const bool is_read = read_line(out);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &with_echo);
	(void)sigaction(SIGINT, &usual, NULL);
	fputc('\n', stderr);
	return is_read;
}

void secret_wipe(struct secret *secret)
{
	OPENSSL_cleanse(secret, sizeof *secret);
}
