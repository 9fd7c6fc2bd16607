/* SPDX-License-Identifier: Apache-2.0
 * Identifiers of devices (draft-ietf-acme-device-attest-09 3). Distrusts every octet; nothing is folded or trimmed. */
#ifndef KEYWARD_IDENTIFIER_H
#define KEYWARD_IDENTIFIER_H

#include "firmware/boundary/status.h"

enum { identifier_most = 256 };

/* identifier_type_unsupported: not permanent-identifier. identifier_malformed: not `value ["/" assigner OID]` where
 * value is one or more characters of UTF-8 without "/"; or, by our own rule, longer than identifier_most octets or with
 * a control character. */
status identifier_judge(const char *type, const char *value);

#endif
