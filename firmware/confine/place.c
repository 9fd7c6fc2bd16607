/* SPDX-License-Identifier: Apache-2.0
 * processes.def as a process sees it from inside. */
#include "firmware/confine/place.h"

static const struct {
	const char *program;
	uid_t uid;
} rows[process_count] = {
#define PROCESS(name, program, uid, settings, memory, files) [process_##name] = {program, uid},
#define OWN(name, kind, argument)
#define CALLS(name, neighbour)
#define NETWORK(name)
#include "firmware/confine/processes.def"
#undef NETWORK
#undef PROCESS
#undef OWN
};

static const struct place_own owns[] = {
#define PROCESS(name, program, uid, settings, memory, files)
#define OWN(name, kind, argument) {process_##name, place_##kind, argument},
#define NETWORK(name)
#include "firmware/confine/processes.def"
#undef NETWORK
#undef OWN
#undef CALLS
};

static const struct {
	enum process caller, callee;
} calls[] = {
#define OWN(name, kind, argument)
#define CALLS(name, neighbour) {process_##name, process_##neighbour},
#define NETWORK(name)
#include "firmware/confine/processes.def"
#undef NETWORK
#undef PROCESS
#undef OWN
#undef CALLS
};

static const bool in_host_network[process_count] = {
#define PROCESS(name, program, uid, settings, memory, files)
#define OWN(name, kind, argument)
#define CALLS(name, neighbour)
#define NETWORK(name) [process_##name] = true,
#include "firmware/confine/processes.def"
#undef PROCESS
#undef OWN
#undef CALLS
#undef NETWORK
};

const char *place_program(enum process process)
{
	return process < process_count ? rows[process].program : NULL;
}

uid_t place_uid(enum process process)
{
	return rows[process].uid;
}

bool place_is_in_host_network(enum process process)
{
	return in_host_network[process];
}

const struct place_own *place_own(enum process process, size_t i)
{
	for (size_t k = 0; k < sizeof owns / sizeof owns[0]; k++)
		if (owns[k].owner == process && i-- == 0)
			return &owns[k];
	return NULL;
}

bool place_calls(enum process caller, enum process callee)
{
	if (callee == process_LOGGER)
		return caller > process_ANY && caller < process_count;
	for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++)
		if (calls[k].caller == caller && calls[k].callee == callee)
			return true;
	return false;
}
