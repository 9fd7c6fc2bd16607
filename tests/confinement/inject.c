/* SPDX-License-Identifier: Apache-2.0
 * ptrace, registers, one syscall instruction. */
#include "tests/confinement/inject.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { red_zone = 128, instruction_size = 2, patient_tries = 200, pause_us = 5000 };

/* The kernel's own, never seen outside of a tracer: the call was interrupted and is to be made again. */
enum { restart_sys = -512, restart_no_intr = -513, restart_no_hand = -514, restart_block = -516 };

static bool wait_stop(struct inject *inject, int *how)
{
	int status;
	pid_t got;
	do {
		got = waitpid(inject->pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got != inject->pid || WIFEXITED(status) || WIFSIGNALED(status)) {
		inject->is_gone = true;
		inject->ended_by = got == inject->pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		return false;
	}
	*how = status;
	return true;
}

static bool is_syscall(pid_t pid, uint64_t place)
{
	errno = 0;
	const long word = ptrace(PTRACE_PEEKTEXT, pid, place, NULL);
	return errno == 0 && (word & 0xffff) == 0x050f;
}

/* Makes the process repeat the call it was stopped in once it goes on. */
static void rewind_call(struct user_regs_struct *registers)
{
	const int64_t result = (int64_t)registers->rax;
	if ((int64_t)registers->orig_rax < 0)
		return;
	if (result == restart_sys || result == restart_no_intr || result == restart_no_hand || result == restart_block) {
		registers->rax = registers->orig_rax;
		registers->rip -= instruction_size;
	}
	registers->orig_rax = (unsigned long long)-1;
}

static bool stop_once(struct inject *inject, pid_t pid)
{
	int how;
	*inject = (struct inject){.pid = pid};
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD) != 0)
		return false;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || !wait_stop(inject, &how) ||
	    ptrace(PTRACE_GETREGS, pid, NULL, &inject->before) != 0)
		return false;
	inject->place = inject->before.rip - instruction_size;
	inject->scratch = (inject->before.rsp - red_zone - inject_scratch_room) & ~15ULL;
	if ((int64_t)inject->before.orig_rax >= 0 && is_syscall(pid, inject->place)) {
		rewind_call(&inject->before);
		return true;
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return false;
}

bool inject_attach(struct inject *inject, pid_t pid)
{
	for (int i = 0; i < patient_tries; i++) {
		if (stop_once(inject, pid))
			return true;
		if (inject->is_gone || errno == ESRCH)
			return false;
		usleep(pause_us);
	}
	return false;
}

uint64_t inject_write(struct inject *inject, const void *data, size_t size)
{
	union {
		const void *from;
		void *base;
	} local = {.from = data};
	if (inject_scratch_room - inject->scratch_used < size + 16)
		return 0;
	const uint64_t at = inject->scratch + inject->scratch_used;
	const struct iovec here = {.iov_base = local.base, .iov_len = size};
	const struct iovec there = {.iov_base = (void *)at, .iov_len = size};
	inject->scratch_used += (size + 15) & ~15ULL;
	return process_vm_writev(inject->pid, &here, 1, &there, 1, 0) == (ssize_t)size ? at : 0;
}

/* To the next stop at a system call's begin or end; other stops are passed through without their signal. */
static bool run_to_stop(struct inject *inject)
{
	int how = 0;
	do {
		if (ptrace(PTRACE_SYSCALL, inject->pid, NULL, NULL) != 0 && errno != ESRCH)
			return false;
		if (!wait_stop(inject, &how))
			return false;
	} while (!WIFSTOPPED(how) || WSTOPSIG(how) != (SIGTRAP | 0x80));
	return true;
}

static int64_t call_once(struct inject *inject, long number, const uint64_t arguments[6])
{
	struct user_regs_struct registers = inject->before;
	registers.rip = inject->place;
	registers.rax = (unsigned long long)number;
	registers.orig_rax = (unsigned long long)-1;
	registers.rdi = arguments[0];
	registers.rsi = arguments[1];
	registers.rdx = arguments[2];
	registers.r10 = arguments[3];
	registers.r8 = arguments[4];
	registers.r9 = arguments[5];
	if (ptrace(PTRACE_SETREGS, inject->pid, NULL, &registers) != 0 || !run_to_stop(inject) || !run_to_stop(inject) ||
	    ptrace(PTRACE_GETREGS, inject->pid, NULL, &registers) != 0)
		return 0;
	return (int64_t)registers.rax;
}

/* A call that the filter ends the process for still comes to a stop at its end; only the next step shows the death. */
int64_t inject_call(struct inject *inject, long number, const uint64_t arguments[6])
{
	static const uint64_t none[6];
	const int64_t result = call_once(inject, number, arguments);
	if (!inject->is_gone)
		call_once(inject, SYS_getpid, none);
	return inject->is_gone ? 0 : result;
}

void inject_detach(struct inject *inject)
{
	if (inject->is_gone)
		return;
	ptrace(PTRACE_SETREGS, inject->pid, NULL, &inject->before);
	ptrace(PTRACE_DETACH, inject->pid, NULL, NULL);
}
