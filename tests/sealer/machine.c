/* SPDX-License-Identifier: Apache-2.0
 * swtpm as a process of its own, and a listener that stands between it and whoever talks to it. */
#include "tests/sealer/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attest/sealer/tpm.h"

struct machine_lie {
	enum machine_lie_kind kind;
	unsigned at, count;
	bool is_primary; /* the last command was TPM2_CreatePrimary */
};

void machine_run(const char *command)
{
	assert_int_equal(system(command), 0);
}

void machine_power_on(struct machine *machine)
{
	char server[160], control[170], state[110], log[110];
	snprintf(server, sizeof server, "type=unixio,path=%s", machine->socket);
	snprintf(control, sizeof control, "type=unixio,path=%s.ctrl", machine->socket);
	snprintf(state, sizeof state, "dir=%s", machine->folder);
	snprintf(log, sizeof log, "file=%s/log", machine->folder);
	unlink(machine->socket);
	machine->tpm = fork();
	if (machine->tpm == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl", control,
		       "--log", log, "--flags", "not-need-init,startup-clear", (char *)NULL);
		_exit(127);
	}
	struct tpm *tpm = NULL;
	for (int i = 0; i < 200 && is_refused(tpm_open(machine->tcti, &tpm)); i++)
		usleep(20000);
	assert_non_null(tpm);
	tpm_close(tpm);
}

void machine_power_off(struct machine *machine)
{
	kill(machine->tpm, SIGTERM);
	waitpid(machine->tpm, NULL, 0);
	machine->tpm = 0;
}

void machine_power_cycle(struct machine *machine)
{
	machine_power_off(machine);
	machine_power_on(machine);
}

void machine_new(struct machine *machine)
{
	snprintf(machine->folder, sizeof machine->folder, "/tmp/keyward-sealer-XXXXXX");
	assert_non_null(mkdtemp(machine->folder));
	snprintf(machine->socket, sizeof machine->socket, "%s/socket", machine->folder);
	snprintf(machine->tcti, sizeof machine->tcti, "swtpm:path=%s", machine->socket);
	machine->tap = 0;
	machine_power_on(machine);
}

void machine_scrap(struct machine *machine)
{
	char command[96];
	machine_power_off(machine);
	if (machine->tap > 0) {
		kill(-machine->tap, SIGKILL);
		waitpid(machine->tap, NULL, 0);
		munmap(machine->lie, sizeof *machine->lie);
	}
	snprintf(command, sizeof command, "rm -rf %s", machine->folder);
	machine_run(command);
}

void machine_lie(const struct machine *machine, enum machine_lie_kind kind, unsigned at)
{
	*machine->lie = (struct machine_lie){.kind = kind, .at = at};
}

unsigned machine_answers(const struct machine *machine)
{
	return machine->lie->count;
}

/* The base point of P-256, whose private key is 1, in the place of the TPM's; then the name that belongs to it. */
static void swap_key(uint8_t *answer, size_t size)
{
	static const char point[] = "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
				    "\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
				    "\x00\x20" /* the size of y */
				    "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
				    "\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
	enum { public_at = 20, point_size = sizeof point - 1 };
	uint8_t was[32], is[32];
	const size_t public_size = (size_t)(answer[18] << 8 | answer[19]);
	SHA256(answer + public_at, public_size, was);
	memcpy(answer + public_at + public_size - point_size, point, point_size);
	SHA256(answer + public_at, public_size, is);
	uint8_t *name = memmem(answer, size, was, sizeof was);
	if (name == NULL)
		_exit(1);
	memcpy(name, is, sizeof is);
}

static void tell_lie(struct machine_lie *lie, uint8_t *answer, size_t size)
{
	lie->count++;
	if (lie->kind == machine_flips_last_octet && lie->count == lie->at)
		answer[size - 1] ^= 1;
	if (lie->kind == machine_swaps_primary_key && lie->is_primary && size > 100)
		swap_key(answer, size);
}

static void relay(int from, int to, int record, struct machine_lie *lie)
{
	static const uint8_t create_primary[] = {0, 0, 1, 0x31};
	struct pollfd ends[2] = {{.fd = from, .events = POLLIN}, {.fd = to, .events = POLLIN}};
	uint8_t octets[8192];
	for (;;) {
		if (poll(ends, 2, -1) < 0)
			_exit(0);
		for (int i = 0; i < 2; i++) {
			if (ends[i].revents == 0)
				continue;
			const ssize_t got = read(ends[i].fd, octets, sizeof octets);
			if (got > 10 && i == 0 && lie != NULL)
				lie->is_primary = memcmp(octets + 6, create_primary, sizeof create_primary) == 0;
			if (got >= 10 && i == 1 && lie != NULL)
				tell_lie(lie, octets, (size_t)got);
			if (got <= 0 || write(record, octets, (size_t)got) != got ||
			    write(ends[1 - i].fd, octets, (size_t)got) != got)
				_exit(0);
		}
	}
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

static int listen_at(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int listening = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listening, 16), 0);
	return listening;
}

_Noreturn static void tap_serve(const int listening[2], const char *const real[2], int record, struct machine_lie *lie)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct pollfd waiting[2] = {{.fd = listening[0], .events = POLLIN},
					    {.fd = listening[1], .events = POLLIN}};
		poll(waiting, 2, -1);
		for (int i = 0; i < 2; i++) {
			if (waiting[i].revents == 0)
				continue;
			const int client = accept(listening[i], NULL, NULL);
			if (fork() == 0) {
				const struct sockaddr_un address = address_of(real[i]);
				const int tpm = socket(AF_UNIX, SOCK_STREAM, 0);
				if (connect(tpm, (const struct sockaddr *)&address, sizeof address) == 0)
					relay(client, tpm, record, i == 0 ? lie : NULL);
				_exit(1);
			}
			close(client);
		}
	}
}

void machine_tap(struct machine *machine, char *tcti, size_t tcti_size, char *record, size_t record_size)
{
	char tapped[110], tapped_control[120], control[110];
	snprintf(tapped, sizeof tapped, "%s/tapped", machine->folder);
	snprintf(tapped_control, sizeof tapped_control, "%s.ctrl", tapped);
	snprintf(control, sizeof control, "%s.ctrl", machine->socket);
	snprintf(record, record_size, "%s/record", machine->folder);
	snprintf(tcti, tcti_size, "swtpm:path=%s", tapped);
	const int listening[2] = {listen_at(tapped), listen_at(tapped_control)};
	const char *const real[2] = {machine->socket, control};
	machine->lie = mmap(NULL, sizeof *machine->lie, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(machine->lie, MAP_FAILED);
	machine->tap = fork();
	if (machine->tap == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tap_serve(listening, real, open(record, O_WRONLY | O_CREAT | O_APPEND, 0600), machine->lie);
	}
	close(listening[0]);
	close(listening[1]);
}
