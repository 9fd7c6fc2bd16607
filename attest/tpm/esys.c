/* SPDX-License-Identifier: Apache-2.0
 * ESYS over the device node or swtpm's socket. Distrusts the bus; whom it speaks to is for the caller to judge. */
#include "attest/tpm/esys.h"

#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>

/* ---- connection ---- */

typedef TSS2_RC (*opener)(TSS2_TCTI_CONTEXT *, size_t *, const char *);

static opener opener_of(const char *tcti, const char **argument)
{
	static const struct {
		const char *prefix;
		opener open;
	} transports[] = {{"device:", Tss2_Tcti_Device_Init}, {"swtpm:", Tss2_Tcti_Swtpm_Init}};
	for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
		const size_t size = strlen(transports[i].prefix);
		if (strncmp(tcti, transports[i].prefix, size) == 0) {
			*argument = tcti + size;
			return transports[i].open;
		}
	}
	return NULL;
}

static void close_transport(TSS2_TCTI_CONTEXT *transport)
{
	Tss2_Tcti_Finalize(transport);
	free(transport);
}

static TSS2_RC open_transport(const char *tcti, TSS2_TCTI_CONTEXT **out)
{
	const char *argument = NULL;
	const opener open = opener_of(tcti, &argument);
	size_t size = 0;
	if (open == NULL)
		return TSS2_TCTI_RC_NOT_SUPPORTED;
	TSS2_RC code = open(NULL, &size, argument);
	if (code != TSS2_RC_SUCCESS)
		return code;
	TSS2_TCTI_CONTEXT *made = calloc(1, size);
	if (made == NULL)
		return TSS2_TCTI_RC_MEMORY;
	code = open(made, &size, argument);
	if (code == TSS2_RC_SUCCESS)
		*out = made;
	else
		free(made);
	return code;
}

TSS2_RC esys_open(const char *tcti, ESYS_CONTEXT **out)
{
	TSS2_TCTI_CONTEXT *transport = NULL;
	ESYS_CONTEXT *esys = NULL;
	TPMS_CAPABILITY_DATA *capability ESYS_OWNED = NULL;
	TSS2_RC code = open_transport(tcti, &transport);
	if (code != TSS2_RC_SUCCESS)
		return code;
	code = Esys_Initialize(&esys, transport, NULL);
	if (code != TSS2_RC_SUCCESS) {
		close_transport(transport);
		return code;
	}
	code = Esys_GetCapability(esys, NOBODY, TPM2_CAP_PCRS, 0, 1, NULL, &capability);
	if (code == TSS2_RC_SUCCESS)
		*out = esys;
	else
		esys_close(esys);
	return code;
}

void esys_close(ESYS_CONTEXT *esys)
{
	TSS2_TCTI_CONTEXT *transport = NULL;
	if (esys == NULL)
		return;
	(void)Esys_GetTcti(esys, &transport);
	Esys_Finalize(&esys);
	close_transport(transport);
}

/* ---- what is loaded ---- */

void esys_release(void *memory)
{
	Esys_Free(*(void **)memory);
}

void esys_flush(struct esys_loaded *loaded)
{
	if (loaded->handle != ESYS_TR_NONE)
		(void)Esys_FlushContext(loaded->esys, loaded->handle);
}

static TSS2_RC flush_all_from(ESYS_CONTEXT *esys, TPM2_HT kind)
{
	/* TPM 2.0 Part 2, 7.4; the header's macro shifts into a sign bit */
	const uint32_t first = (uint32_t)kind << TPM2_HR_SHIFT;
	TPMS_CAPABILITY_DATA *found ESYS_OWNED = NULL;
	TSS2_RC code = Esys_GetCapability(esys, NOBODY, TPM2_CAP_HANDLES, first, TPM2_MAX_CAP_HANDLES, NULL, &found);
	for (uint32_t i = 0; code == TSS2_RC_SUCCESS && i < found->data.handles.count && i < TPM2_MAX_CAP_HANDLES;
	     i++) {
		ESYS_TR handle = ESYS_TR_NONE;
		code = Esys_TR_FromTPMPublic(esys, found->data.handles.handle[i], NOBODY, &handle);
		if (code == TSS2_RC_SUCCESS)
			code = Esys_FlushContext(esys, handle);
	}
	return code;
}

TSS2_RC esys_flush_leftovers(ESYS_CONTEXT *esys)
{
	const TSS2_RC code = flush_all_from(esys, TPM2_HT_TRANSIENT);
	return code == TSS2_RC_SUCCESS ? flush_all_from(esys, TPM2_HT_LOADED_SESSION) : code;
}

bool esys_is_judgement(TSS2_RC code)
{
	return (code & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && (code & TPM2_RC_FMT1) != 0;
}

/* ---- storage root key and sessions ---- */

TSS2_RC esys_primary_make(ESYS_CONTEXT *esys, ESYS_TR hierarchy, ESYS_TR authorization, const TPM2B_PUBLIC *template,
			  ESYS_TR *handle, TPM2B_PUBLIC **public)
{
	const TPM2B_SENSITIVE_CREATE sensitive = {0};
	const TPM2B_DATA outside = {0};
	const TPML_PCR_SELECTION none = {0};
	return Esys_CreatePrimary(esys, hierarchy, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template,
				  &outside, &none, handle, public, NULL, NULL, NULL);
}

TSS2_RC esys_srk_make(ESYS_CONTEXT *esys, ESYS_TR *handle)
{
	static const TPM2B_PUBLIC template = {
	    .publicArea =
		{
		    .type = TPM2_ALG_ECC,
		    .nameAlg = TPM2_ALG_SHA256,
		    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
					TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
					TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		    .parameters.eccDetail =
			{
			    .symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
			    .scheme.scheme = TPM2_ALG_NULL,
			    .curveID = TPM2_ECC_NIST_P256,
			    .kdf.scheme = TPM2_ALG_NULL,
			},
		},
	};
	return esys_primary_make(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, &template, handle, NULL);
}

TSS2_RC esys_session_start(ESYS_CONTEXT *esys, ESYS_TR srk, TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *handle)
{
	static const TPMT_SYM_DEF cipher = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
	const TSS2_RC code =
	    Esys_StartAuthSession(esys, srk, ESYS_TR_NONE, NOBODY, NULL, type, &cipher, TPM2_ALG_SHA256, handle);
	return code == TSS2_RC_SUCCESS
		   ? Esys_TRSess_SetAttributes(esys, *handle, attributes | TPMA_SESSION_CONTINUESESSION, 0xff)
		   : code;
}
