/* SPDX-License-Identifier: Apache-2.0
 * One digest over what this appliance runs: its programs and its configuration file. */
#ifndef KEYWARD_MEASURE_H
#define KEYWARD_MEASURE_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { measure_digest_size = 32, measure_most_programs = 64 };

/* SHA-256 over, for every regular file keyward-* of the folder `programs` in the order of its octets: the name, its NUL
 * and SHA-256 of the content; then an empty name and SHA-256 of the configuration. False, and one sentence in problem:
 * a folder without a program, a file that cannot be read, a symbolic link or another thing under such a name. */
struct measure_problem {
	char sentence[320];
};
bool measure_appliance(const char *programs, const char *configuration, uint8_t digest[measure_digest_size],
		       struct measure_problem *problem);

#endif
