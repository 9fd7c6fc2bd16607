/* SPDX-License-Identifier: Apache-2.0
 * The pages of http-01, served to whoever validates. */
#ifndef KEYWARD_BENCH_PAGES_H
#define KEYWARD_BENCH_PAGES_H

#include <stdbool.h>

#include "tests/device/request.h"

/* Serves on every address of this host from now on. */
void pages_start(unsigned port);

/* The key authorization of that token; kept until 256 others were given. */
void pages_give(const char *token, const struct device_account *account);

/* Returns when somebody has fetched that page; false: nobody did for ten seconds. */
bool pages_await(const char *token);

#endif
