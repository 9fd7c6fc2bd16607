/* SPDX-License-Identifier: Apache-2.0
 * Turns promises.def into a seccomp filter: the only file that knows libseccomp. */
#include "firmware/confine/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most_conditions = 3, self_marker = SCMP_CMP_MASKED_EQ + 1 };

struct promise {
	enum process process;
	int call;
	int answer; /* 0: allowed; else the errno it is refused with */
	struct scmp_arg_cmp when[most_conditions];
};

#define IS(argument, value) {argument, SCMP_CMP_EQ, value, 0}
#define MASKED(argument, mask, value) {argument, SCMP_CMP_MASKED_EQ, mask, value}
#define SELF(argument) {argument, (enum scmp_compare)self_marker, 0, 0}
#define PROMISE(process, call, ...) {process_##process, SCMP_SYS(call), 0, {__VA_ARGS__}},
#define ANSWER(process, call, errno_name) {process_##process, SCMP_SYS(call), errno_name, {}},
static const struct promise promises[] = {
#include "firmware/confine/promises.def"
};
#undef PROMISE
#undef ANSWER

enum { promise_count = sizeof promises / sizeof promises[0] };

/* An answer for any process gives way to a promise of the process's own. */
static bool is_overridden(const struct promise *promise, enum process self)
{
	if (promise->answer == 0 || promise->process == self)
		return false;
	for (size_t i = 0; i < promise_count; i++)
		if (promises[i].process == self && promises[i].call == promise->call)
			return true;
	return false;
}

static int add(scmp_filter_ctx filter, const struct promise *promise)
{
	struct scmp_arg_cmp when[most_conditions];
	unsigned count = 0;
	while (count < most_conditions && promise->when[count].op != _SCMP_CMP_MIN) {
		when[count] = promise->when[count];
		if ((int)when[count].op == (int)self_marker)
			when[count] = SCMP_CMP64(when[count].arg, SCMP_CMP_EQ, (scmp_datum_t)getpid());
		count++;
	}
	const uint32_t action = promise->answer == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)promise->answer);
	return seccomp_rule_add_exact_array(filter, action, promise->call, count, when);
}

static int add_all(scmp_filter_ctx filter, enum process self)
{
	int result = 0;
	for (size_t i = 0; result == 0 && i < promise_count; i++)
		if ((promises[i].process == process_ANY || promises[i].process == self) &&
		    !is_overridden(&promises[i], self))
			result = add(filter, &promises[i]);
	return result;
}

const char *filter_enter(enum process self)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return "a system call filter";
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = add_all(filter, self);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	errno = -result;
	return result == 0 ? NULL : "its system call filter";
}
