/* SPDX-License-Identifier: Apache-2.0
 * Follows a filter through every branch that arguments could choose. */
#include "tests/confinement/filter_back.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static bool stop(pid_t pid)
{
	int how;
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 &&
	       waitpid(pid, &how, __WALL) == pid && WIFSTOPPED(how);
}

bool filter_back_read(pid_t pid, struct filter_back *out)
{
	if (!stop(pid))
		return false;
	const long count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0, NULL);
	bool is_read = count > 0 && count <= filter_back_room && ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0, out->steps) == count;
	const bool is_only = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 1, NULL) < 0 && errno == ENOENT;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	out->count = (size_t)count;
	return is_read && is_only;
}

/* What the accumulator holds: a number that is known, or an argument, which may be anything. */
struct accumulator {
	bool is_known;
	uint32_t value;
};

static struct accumulator loaded(const struct sock_filter *step, unsigned number)
{
	if (step->k == offsetof(struct seccomp_data, nr))
		return (struct accumulator){true, number};
	if (step->k == offsetof(struct seccomp_data, arch))
		return (struct accumulator){true, AUDIT_ARCH_X86_64};
	return (struct accumulator){.is_known = false};
}

static bool is_met(const struct sock_filter *step, uint32_t value)
{
	switch (BPF_OP(step->code)) {
	case BPF_JEQ:
		return value == step->k;
	case BPF_JGT:
		return value > step->k;
	case BPF_JGE:
		return value >= step->k;
	case BPF_JSET:
		return (value & step->k) != 0;
	default:
		return true;
	}
}

/* One reading of the filter for one call: which steps are reached, and with what. */
struct walk {
	bool is_reached[filter_back_room];
	struct accumulator at[filter_back_room];
};

/* A step that is reached from several sides with different values has an unknown one. */
static bool reach(struct walk *walk, const struct filter_back *filter, size_t step, struct accumulator a)
{
	if (step >= filter->count)
		return false;
	if (walk->is_reached[step] && (walk->at[step].is_known != a.is_known || walk->at[step].value != a.value))
		a.is_known = false;
	walk->is_reached[step] = true;
	walk->at[step] = a;
	return true;
}

static bool jump(struct walk *walk, const struct filter_back *filter, size_t i)
{
	const struct sock_filter *step = &filter->steps[i];
	const struct accumulator a = walk->at[i];
	if (BPF_OP(step->code) == BPF_JA)
		return reach(walk, filter, i + 1 + step->k, a);
	const bool may_meet = !a.is_known || is_met(step, a.value);
	const bool may_miss = !a.is_known || !is_met(step, a.value);
	return (!may_meet || reach(walk, filter, i + 1 + step->jt, a)) &&
	       (!may_miss || reach(walk, filter, i + 1 + step->jf, a));
}

/* Jumps only lead forward, so one pass over the steps sees every path. What this reading does not know counts as
 * life. */
bool filter_back_may_live(const struct filter_back *filter, unsigned number)
{
	static struct walk walk;
	memset(&walk, 0, sizeof walk);
	bool is_sound = reach(&walk, filter, 0, (struct accumulator){.is_known = false});
	for (size_t i = 0; is_sound && i < filter->count; i++) {
		const struct sock_filter *step = &filter->steps[i];
		const uint16_t class = BPF_CLASS(step->code);
		if (!walk.is_reached[i])
			continue;
		if (class == BPF_LD)
			is_sound = reach(&walk, filter, i + 1, loaded(step, number));
		else if (class == BPF_ALU)
			is_sound = reach(&walk, filter, i + 1, (struct accumulator){.is_known = false});
		else if (class == BPF_JMP)
			is_sound = jump(&walk, filter, i);
		else
			is_sound = class == BPF_RET && (step->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_PROCESS;
	}
	return !is_sound;
}
