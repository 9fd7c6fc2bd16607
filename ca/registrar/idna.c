/* SPDX-License-Identifier: Apache-2.0
 * To the characters and back: what comes out must be what went in. Distrusts the labels. */
#include "ca/registrar/idna.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>

enum { label_most = 63 };

static bool is_proper(const char *label)
{
	char *characters = NULL, *again = NULL;
	const bool is_same = idn2_to_unicode_8z8z(label, &characters, 0) == IDN2_OK &&
			     idn2_to_ascii_8z(characters, &again, IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES) == IDN2_OK &&
			     strcmp(label, again) == 0;
	idn2_free(characters);
	idn2_free(again);
	return is_same;
}

bool idna_is_proper(const char *name)
{
	char label[label_most + 1];
	for (const char *at = name;; at++) {
		const size_t size = strcspn(at, ".");
		if (size > label_most)
			return false;
		snprintf(label, sizeof label, "%.*s", (int)size, at);
		if (strncmp(label, "xn--", 4) == 0 && !is_proper(label))
			return false;
		at += size;
		if (*at == 0)
			return true;
	}
}
