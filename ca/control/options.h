/* SPDX-License-Identifier: Apache-2.0
 * The command line of keyward-control(1). */
#ifndef KEYWARD_CONTROL_OPTIONS_H
#define KEYWARD_CONTROL_OPTIONS_H

#include "ca/client/http.h"

enum { options_most_unknown = 64 };
enum control_command { control_enrolment_record, control_revoke, control_root_import, control_commands };

/* What is absent is NULL, as are the options of other commands. */
struct options {
	enum control_command command;
	const char *root, *server, *administrator, *key, *identifier;
	const char *ek, *serial, *udid, *format; /* of the device: one of the first three, the last with the two before */
	bool is_one_time, has_number; /* one of the last three was given */
	char code[27]; /* drawn as the identifier */
	const char *certificate; /* to be revoked */
	const char *roots, *into; /* a file of certificates, and a folder */
	const char *vendors, *directories; /* with spaces between; NULL: all */
	const char *unknown[options_most_unknown]; /* SHA-256 of roots that may be unknown */
	size_t unknown_count;
	bool may_replace;
	uint64_t sequence, expires_in_s, reason;
};

/* exit_usage, with a sentence and how the program is used. */
outcome options_read(int count, char **words, struct options *out);
outcome options_wrong(const char *sentence);

/* URL of the server: its origin without a slash, then the path. exit_usage: too long. */
outcome options_url(const struct options *options, const char *path, const char *last, char out[http_url_room]);

#endif
