/* SPDX-License-Identifier: Apache-2.0
 * A strict reader of one flat JSON object (RFC 8259): no recursion, no allocation. For protected headers and payloads
 * whose members are strings and whole numbers; a nested value is given as a slice. Distrusts every byte. */
#ifndef KEYWARD_JSON_H
#define KEYWARD_JSON_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum json_kind { json_absent, json_string, json_number, json_object, json_array, json_literal };

struct json_member {
	struct bytes name; /* as written; a name with an escape is refused */
	enum json_kind kind;
	struct bytes value; /* string: unescaped; any other kind: the slice of the text */
};

enum { json_most_members = 32, json_deepest = 16 };

struct json_read {
	struct json_member members[json_most_members];
	size_t count;
};

/* Reads exactly one object, with white space around it. Strings without an escape are views into the text; unescaped
 * ones are appended to `room`, which the views point into (room for the text's size suffices). json_malformed,
 * json_duplicate. Nested values are checked for syntax, to json_deepest; who looks into one reads its slice, which
 * refuses its duplicates. */
status json_parse(struct bytes text, struct buffer *room, struct json_read *out);

/* The next member of an object that may have any number of them: `rest` is a slice that json_parse gave as json_object, and moves
 * on; its duplicates are the caller's to find. Kind json_absent: there is none. json_malformed: a string with an escape. */
status json_next(struct bytes *rest, struct json_member *out);

/* The member of that name; NULL when absent. */
const struct json_member *json_find(const struct json_read *read, const char *name);
/* The string of that name, or json_malformed when it is absent or not a string. */
status json_text(const struct json_read *read, const char *name, struct bytes *out);
/* A whole number of 0 to 2^53. */
status json_whole(const struct json_read *read, const char *name, uint64_t *out);

/* Appends the text as a JSON string with its quotation marks; false, and out as before, when there is no room or it is
 * not UTF-8 without NUL. */
bool json_quote(struct bytes text, struct buffer *out);

#endif
