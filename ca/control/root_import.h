/* SPDX-License-Identifier: Apache-2.0
 * The command root-import: signs certificates as what devices are to be trusted by. Sends nothing. */
#ifndef KEYWARD_CONTROL_ROOT_IMPORT_H
#define KEYWARD_CONTROL_ROOT_IMPORT_H

#include <openssl/evp.h>

#include "ca/control/options.h"

/* Says of each certificate of the file whose it is. When all may be signed, writes a request for each to the folder, which it may make,
 * named by the certificate's SHA-256; else none, with a sentence and exit_other. */
outcome root_import(const struct options *options, EVP_PKEY *key);

#endif
