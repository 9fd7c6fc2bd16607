/* SPDX-License-Identifier: Apache-2.0
 * keyward-verifier --check: whether it could start with these settings. */
#ifndef KEYWARD_VERIFIER_SETTINGS_CHECK_H
#define KEYWARD_VERIFIER_SETTINGS_CHECK_H

/* Settings of a verifier are standard input. 0, with a line for each root on standard output; 1, with a sentence on standard error. */
int settings_check(void);

#endif
