/* SPDX-License-Identifier: Apache-2.0
 * Whether the values of a configuration make sense together. */
#ifndef KEYWARD_CONFIGURATION_JUDGE_H
#define KEYWARD_CONFIGURATION_JUDGE_H

#include "firmware/warden/configuration.h"
#include "firmware/warden/configuration_text.h"

/* False: one sentence was written. */
bool configuration_judge(const struct configuration_text *text, const struct configuration *configuration);

#endif
