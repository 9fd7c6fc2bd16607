/* SPDX-License-Identifier: Apache-2.0
 * How both sides hold on to a TPM 2.0 through ESYS: its transport, what is loaded in it, the storage root key and
 * sessions salted to it. What fails comes back as the TSS's own code; each caller's tpm.c turns it into its own. */
#ifndef KEYWARD_ESYS_H
#define KEYWARD_ESYS_H

#include <stdbool.h>
#include <tss2/tss2_esys.h>

/* Connects; a first command has shown that somebody answers, and that TPM2_Startup was given. tcti is "device:NODE",
 * "swtpm:path=SOCKET" or "swtpm:host=NAME,port=NUMBER"; TSS2_TCTI_RC_NOT_SUPPORTED for any other. Owner: esys_close. */
[[nodiscard]] TSS2_RC esys_open(const char *tcti, ESYS_CONTEXT **out);
void esys_close(ESYS_CONTEXT *esys);

/* Flushes the objects and sessions that a predecessor left when it was killed: a TPM without resource manager has three
 * slots. Behind a resource manager there are none to see. */
[[nodiscard]] TSS2_RC esys_flush_leftovers(ESYS_CONTEXT *esys);

/* An object or session in the TPM, flushed at the end of the block that holds it. */
struct esys_loaded {
	ESYS_CONTEXT *esys;
	ESYS_TR handle;
};
void esys_flush(struct esys_loaded *loaded);
#define LOADED(name, context) __attribute__((cleanup(esys_flush))) struct esys_loaded name = {(context), ESYS_TR_NONE}

/* What ESYS allocated, freed likewise. */
void esys_release(void *memory);
#define ESYS_OWNED __attribute__((cleanup(esys_release)))

/* Whether the TPM judged what it was given (a format-one response, TPM 2.0 Part 2, 6.6.2): a wrong key, policy or blob.
 * Anything else, a warning or no answer, is a failing TPM. */
bool esys_is_judgement(TSS2_RC code);

/* No session. */
#define NOBODY ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

/* TPM2_CreatePrimary without authorization value. `authorization`: a session, or ESYS_TR_PASSWORD for the hierarchy's
 * empty one. */
[[nodiscard]] TSS2_RC esys_primary_make(ESYS_CONTEXT *esys, ESYS_TR hierarchy, ESYS_TR authorization,
					const TPM2B_PUBLIC *template, ESYS_TR *handle, TPM2B_PUBLIC **public);

/* The storage root key that other programs too make again for keys whose parent is the owner hierarchy: ECC P-256,
 * AES-128-CFB, empty unique (TCG Provisioning Guidance 7.5.1). */
[[nodiscard]] TSS2_RC esys_srk_make(ESYS_CONTEXT *esys, ESYS_TR *handle);

/* A session whose key the bus does not see: its salt is encrypted to the storage root key. It lives until flushed. */
[[nodiscard]] TSS2_RC esys_session_start(ESYS_CONTEXT *esys, ESYS_TR srk, TPM2_SE type, TPMA_SESSION attributes,
					 ESYS_TR *handle);

#endif
