/* SPDX-License-Identifier: Apache-2.0
 * The grammars of values in the configuration file. */
#ifndef KEYWARD_CONFIGURATION_VALUE_H
#define KEYWARD_CONFIGURATION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum grammar {
	grammar_NAME,          /* lower-case letters, digits and '-', a letter or digit at both ends */
	grammar_NAME_OR_EMPTY, /* the same, or nothing */
	grammar_PATH_SEGMENT_OR_EMPTY, /* of URLs, too long to be guessed, or nothing */
	grammar_PRINTABLE,     /* not empty, no space at either end */
	grammar_PATH,          /* of a file or folder; a relative one starts at the folder of the configuration file */
	grammar_INNER,         /* of a file below a folder, without a step up */
	grammar_HOST,          /* DNS name in lower case, or localhost */
	grammar_ADDRESS,       /* literal IPv4 or IPv6 address */
	grammar_TCTI,          /* device:/tpm or swtpm:path=/tpm/NAME: the sealer sees nothing but /tpm */
	grammar_ORIGIN,        /* of checkpoints: C2SP tlog-checkpoint, no space, no '+', no scheme */
	grammar_TEMPLATE,      /* characters and {identifier}; may be empty */
	grammar_FORMAT,        /* of attestation statements, as fmt names it */
	grammar_IDENTIFIER,    /* a type of identifiers, as ACME names it */
	grammar_CHALLENGE,     /* a challenge, likewise */
	grammar_RESOLVER,      /* ADDRESS:PORT, an IPv6 address in brackets */
	grammar_RANGE,         /* of IP addresses: ADDRESS/BITS, no bit set behind them */
	grammar_VENDOR,        /* of a TPM, as EK certificates spell it: id: and eight upper-case hexadecimal digits */
	grammar_URL_OR_EMPTY,  /* http or https, of characters that stand in a header field; may be empty */
	grammar_count
};

/* NULL when the value fits, else what is expected, as the end of a sentence. */
const char *configuration_value_judge(enum grammar grammar, const char *value, size_t longest);

/* Decimal digits only, no sign, no leading zero. */
bool configuration_value_number(const char *value, uint64_t *out);

/* True when the value is one of "a|b|c". */
bool configuration_value_is_one_of(const char *value, const char *words);

#endif
