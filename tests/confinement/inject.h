/* SPDX-License-Identifier: Apache-2.0
 * Has a running process make a system call that it would not make, as an attacker who runs code in it would. x86-64. */
#ifndef KEYWARD_TESTS_INJECT_H
#define KEYWARD_TESTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct inject {
	pid_t pid;
	struct user_regs_struct before;
	uint64_t place;   /* of a syscall instruction */
	uint64_t scratch; /* free memory below the stack's red zone */
	uint64_t scratch_used;
	bool is_gone;     /* the process ended */
	int ended_by;     /* then: the signal; 0: it exited */
};
enum { inject_scratch_room = 3072 };

/* Stops the first thread of the process where it waits in a system call. False: it cannot be traced or does not
 * wait. */
bool inject_attach(struct inject *inject, pid_t pid);

/* Writes bytes into the process and gives their address there; 0: no room. */
uint64_t inject_write(struct inject *inject, const void *data, size_t size);

/* Makes the call and gives what it returned; when the process ended by it, 0 and is_gone. */
int64_t inject_call(struct inject *inject, long number, const uint64_t arguments[6]);

/* Lets the process go on where it was stopped. */
void inject_detach(struct inject *inject);

#endif
