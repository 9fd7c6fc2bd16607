/* SPDX-License-Identifier: Apache-2.0
 * Details of refusals. Distrusts the texts that are put in: they may come from certificates and orders. */
#include "firmware/boundary/detail.h"

#include <stdarg.h>
#include <stdio.h>

void detail_say(struct detail *detail, const char *format, ...)
{
	va_list arguments;
	if (detail == NULL)
		return;
	va_start(arguments, format);
	if (vsnprintf(detail->text, sizeof detail->text, format, arguments) < 0)
		detail->text[0] = '\0';
	va_end(arguments);
	for (char *c = detail->text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}
