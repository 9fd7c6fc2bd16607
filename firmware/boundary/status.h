/* SPDX-License-Identifier: Apache-2.0
 * The one return type of what can fail. A refusal goes back to the peer by name (refusals.def);
 * a broken promise of our own ends the process, and the warden starts it anew. */
#ifndef KEYWARD_STATUS_H
#define KEYWARD_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum refusal {
	refusal_none = 0,
#define REFUSAL(name, acme, http, source, sentence) refusal_##name,
#include "refusals.def"
#undef REFUSAL
	refusal_count
};

typedef struct [[nodiscard]] status {
	enum refusal refusal;
} status;

#define OK ((status){refusal_none})
#define REFUSE(name) ((status){refusal_##name})

static inline bool is_refused(status s)
{
	return s.refusal != refusal_none;
}

/* Passes a refusal up to the caller. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		status status_of_call_ = (call);                                                                       \
		if (is_refused(status_of_call_))                                                                       \
			return status_of_call_;                                                                        \
	} while (0)

/* What the list says of a refusal. All strings are static. For refusal_none or an unknown number the entry
 * of `internal` is returned. */
struct refusal_entry {
	const char *name;     /* as in refusals.def */
	const char *acme;     /* suffix of urn:ietf:params:acme:error: */
	uint16_t http_status; /* for the problem document */
	const char *source;   /* paragraph that the refusal rests on */
	const char *sentence; /* for a person */
};
const struct refusal_entry *status_entry(enum refusal refusal);

/* Ends the process with exit code 70 after writing the sentence to standard error and telling it to the hook. */
_Noreturn void status_broken(const char *sentence);

/* Who else is told a broken promise: a confined process has no standard error, so child_enter names the log. */
void status_tell(void (*hook)(const char *sentence));

/* Exit codes that the warden understands: 70 broken promise (start again), 78 a person must act: before the
 * process first served, the warden then stops the appliance and repeats the sentence. 75: something outside is not
 * there and may come back: as 78 before the process first served, as 70 afterwards. */
enum { status_exit_broken = 70, status_exit_absent = 75, status_exit_person = 78 };

#endif
