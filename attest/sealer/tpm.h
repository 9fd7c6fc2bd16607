/* SPDX-License-Identifier: Apache-2.0
 * The appliance's own TPM 2.0: PCRs, the sealed secret, quotes. What is secret or decides about
 * it passes through sessions salted to the storage root key, so that a listener on the bus reads no secret and a changed
 * answer is noticed. */
#ifndef KEYWARD_TPM_H
#define KEYWARD_TPM_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { tpm_digest_size = 32, tpm_name_room = 68, tpm_blob_room = 1024, tpm_secret_room = 64 };

struct tpm;

/* Connects. tcti is "device:NODE" or "swtpm:path=SOCKET". tpm_failed: it does not answer; *out is then NULL. Owner:
 * tpm_close. */
status tpm_open(const char *tcti, struct tpm **out);
void tpm_close(struct tpm *tpm);

/* From here on a storage root key of another name than this TPM2B_NAME (a view that stays the caller's) is refused with
 * pin_sealed before any session is salted to it: this is another TPM, or a listener that answers for it. */
void tpm_expect(struct tpm *tpm, struct bytes srk_name);

/* The last command that failed and its response code, for a log line; "" when none did. Also for tpm == NULL. */
const char *tpm_problem(const struct tpm *tpm);

/* Flushes objects and sessions that a predecessor left when it was killed; a TPM without resource manager has three
 * slots. */
status tpm_flush_leftovers(struct tpm *tpm);

/* The SHA-256 bank of one PCR; tpm_failed also when the TPM has no such bank. */
status tpm_pcr_read(struct tpm *tpm, uint32_t pcr, uint8_t digest[tpm_digest_size]);
status tpm_pcr_extend(struct tpm *tpm, uint32_t pcr, const uint8_t digest[tpm_digest_size]);

/* What a PCR holds after one extend of zero (TPM 2.0 Part 1, 17.2). */
status tpm_pcr_predict(const uint8_t extended[tpm_digest_size], uint8_t value[tpm_digest_size]);

/* Marshalled TPM2B_PUBLIC, TPM2B_PRIVATE and TPM2B_NAME of the storage root key; buffers of the caller. */
struct tpm_sealed {
	struct buffer public, private, srk_name;
};

/* Seals `secret` (at most tpm_secret_room octets) so that it opens only while `pcr` holds `value`. No authorization
 * value, no part in the dictionary attack lock-out (TPM 2.0 Part 1, 19.8.2). */
status tpm_seal(struct tpm *tpm, uint32_t pcr, const uint8_t value[tpm_digest_size], struct bytes secret,
		struct tpm_sealed *out);

/* pin_sealed: the PCR does not match, or the blobs are not what was sealed. The secret is appended to `secret`. */
status tpm_unseal(struct tpm *tpm, uint32_t pcr, struct bytes public, struct bytes private, struct buffer *secret);

/* TPM2_Quote over PCR 0 to 15 by a restricted P-256 key of the owner hierarchy, the same one as long as the owner's
 * seed lasts. TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC. */
struct tpm_quote {
	struct buffer attest, signature, ak_public;
};
status tpm_quote(struct tpm *tpm, const uint8_t extra_data[tpm_digest_size], struct tpm_quote *out);

#endif
