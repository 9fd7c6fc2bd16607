/* SPDX-License-Identifier: Apache-2.0
 * The configuration file as text, before libconfuse sees it: refuses what libconfuse would let pass (a key given twice,
 * ${NAME} from the environment, an open brace at the end), and knows on which line each key stands. */
#ifndef KEYWARD_CONFIGURATION_TEXT_H
#define KEYWARD_CONFIGURATION_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { configuration_text_most_marks = 1024, configuration_text_longest = 65536 };

/* Where a key stands, or a section: then key is empty. Keys of the top have an empty section. Each part is cut when it
 * is longer than any that is known. */
struct configuration_mark {
	char section[40], title[80], key[80];
	unsigned line;
};

struct configuration_text {
	const char *file;
	char *characters; /* ends with NUL, holds none within; owned */
	size_t size;
	struct configuration_mark marks[configuration_text_most_marks];
	size_t mark_count;
};

/* Reads the file and checks it. False: the sentence was written. Free with configuration_text_free in either case. */
bool configuration_text_read(const char *file, struct configuration_text *out);
void configuration_text_free(struct configuration_text *text);

/* The line of a key, or of its section when the key is NULL or not given; the last resort is 1. title may be NULL. */
unsigned configuration_text_line(const struct configuration_text *text, const char *section, const char *title,
				 const char *key);

/* Writes "FILE:LINE: reason" to standard error; false, so that it can be returned. */
bool configuration_text_refuse(const struct configuration_text *text, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
