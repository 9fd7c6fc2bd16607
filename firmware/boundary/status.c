/* SPDX-License-Identifier: Apache-2.0
 * The words for each refusal, and the end of a process that broke a promise. */
#include "firmware/boundary/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct refusal_entry entries[refusal_count] = {
#define REFUSAL(name, acme, http, source, sentence) [refusal_##name] = {#name, acme, http, source, sentence},
#include "firmware/boundary/refusals.def"
#undef REFUSAL
};

const struct refusal_entry *status_entry(enum refusal refusal)
{
	if (refusal <= refusal_none || refusal >= refusal_count)
		return &entries[refusal_internal];
	return &entries[refusal];
}

static void (*told)(const char *sentence);

void status_tell(void (*hook)(const char *sentence))
{
	told = hook;
}

_Noreturn void status_broken(const char *sentence)
{
	static const char lead[] = "broken promise: ";
	if (told != NULL)
		told(sentence);
	if (write(STDERR_FILENO, lead, sizeof lead - 1) < 0 || write(STDERR_FILENO, sentence, strlen(sentence)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(status_exit_broken);
	_exit(status_exit_broken);
}
