/* SPDX-License-Identifier: Apache-2.0
 * The certificate of a TPM's endorsement key from a file, where its maker publishes it instead of leaving it in the TPM. */
#ifndef KEYWARD_EK_FILE_H
#define KEYWARD_EK_FILE_H

#include "ca/client/outcome.h"

/* One certificate, DER or PEM, appended as DER; what stands behind it, such as the padding of an NV index, is left out. exit_other: there
 * is none, or it is longer than the room. */
outcome ek_file_load(const char *path, struct buffer *der);

#endif
