/* SPDX-License-Identifier: Apache-2.0
 * processes.def as data. */
#include "firmware/warden/table.h"

static const struct table_row rows[process_count] = {
#define PROCESS(name, program, uid, settings, memory, files)                                                           \
	[process_##name] = {program, uid, message_##settings, memory, files},
#define OWN(name, kind, argument)
#define CALLS(name, neighbour)
#define NETWORK(name)
#include "firmware/confine/processes.def"
#undef NETWORK
#undef PROCESS
#undef OWN
};

static const struct table_own owns[] = {
#define PROCESS(name, program, uid, settings, memory, files)
#define OWN(name, kind, argument) {process_##name, own_##kind, argument},
#define NETWORK(name)
#include "firmware/confine/processes.def"
#undef NETWORK
#undef OWN
#undef CALLS
};

static const struct table_call calls[] = {
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

_Static_assert(sizeof calls / sizeof calls[0] <= table_most_calls, "more channels than table_most_calls");

const struct table_row *table_row(enum process process)
{
	return process < process_count && rows[process].program != NULL ? &rows[process] : NULL;
}

const struct table_own *table_own(enum process process, size_t i)
{
	for (size_t k = 0; k < sizeof owns / sizeof owns[0]; k++)
		if (owns[k].process == process && i-- == 0)
			return &owns[k];
	return NULL;
}

bool table_owns(enum process process, enum own_kind kind)
{
	const struct table_own *own;
	for (size_t i = 0; (own = table_own(process, i)) != NULL; i++)
		if (own->kind == kind)
			return true;
	return false;
}

bool table_is_in_host_network(enum process process)
{
	return process < process_count && in_host_network[process];
}

const struct table_call *table_call(size_t i)
{
	return i < sizeof calls / sizeof calls[0] ? &calls[i] : NULL;
}
