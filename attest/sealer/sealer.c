/* SPDX-License-Identifier: Apache-2.0
 * The PIN's states. Distrusts the signer's count of its own questions and a PCR that somebody else extended. */
#include "attest/sealer/sealer.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { page_size = 4096, heap_size = 1 << 20 };

static struct {
	_Alignas(page_size) uint8_t page[page_size];
} locked;

static struct buffer pin = {.data = locked.page, .size = 0, .room = tpm_secret_room};
static bool is_spent = true;

/* ESYS works with the PIN in buffers of the heap, which free.c wipes. The heap has its final size before it is locked:
 * once privileges are gone nothing more may be locked than the machine's limit, often 8 MB. */
bool sealer_lock_memory(void)
{
	void *volatile whole; /* or the compiler leaves both calls out */
	(void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
	(void)mallopt(M_MMAP_THRESHOLD, heap_size);
	whole = malloc(heap_size - page_size);
	free(whole);
	return mlockall(MCL_CURRENT | MCL_ONFAULT) == 0 && mlock(locked.page, sizeof locked.page) == 0 &&
	       madvise(locked.page, sizeof locked.page, MADV_DONTDUMP) == 0;
}

static void tpm_done(struct tpm **tpm)
{
	tpm_close(*tpm);
}

static void forget(void)
{
	explicit_bzero(pin.data, pin.room);
	pin.size = 0;
}

static bool is_filled_with(const uint8_t digest[tpm_digest_size], uint8_t octet)
{
	for (size_t i = 0; i < tpm_digest_size; i++)
		if (digest[i] != octet)
			return false;
	return true;
}

static status says(struct sealer_problem *problem, status why, const char *what, const struct tpm *tpm)
{
	const char *detail = tpm_problem(tpm);
	snprintf(problem->sentence, sizeof problem->sentence, "%s%s%s%s", what, *detail == 0 ? "" : " (", detail,
		 *detail == 0 ? "" : ")");
	return why;
}

/* Extends the PCR and reads it back: a bank that stays at zero or ones, or goes elsewhere, measures nothing. */
static status measure_into(struct tpm *tpm, const struct sealer_seal *seal, struct sealer_problem *problem)
{
	uint8_t expected[tpm_digest_size], now[tpm_digest_size];
	status done = tpm_pcr_predict(seal->measurement, expected);
	if (!is_refused(done))
		done = tpm_pcr_extend(tpm, seal->pcr, seal->measurement);
	if (!is_refused(done))
		done = tpm_pcr_read(tpm, seal->pcr, now);
	if (is_refused(done))
		return says(problem, done, "the programs could not be measured into the TPM", tpm);
	if (memcmp(expected, now, sizeof now) != 0)
		return says(problem, REFUSE(pin_sealed), "the TPM's register does not hold what was measured into it",
			    tpm);
	return OK;
}

static status unseal(struct tpm *tpm, const struct sealer_seal *seal, struct sealer_problem *problem)
{
	const status unsealed = tpm_unseal(tpm, seal->pcr, seal->public, seal->private, &pin);
	if (!is_refused(unsealed))
		return OK;
	return says(problem, unsealed,
		    unsealed.refusal == refusal_tpm_failed
			? "the TPM failed while it was asked for the PIN"
			: "the TPM keeps the PIN: programs, configuration or TPM are not those it was sealed to",
		    tpm);
}

static status open_ours(const struct sealer_seal *seal, struct tpm **out)
{
	TRY(tpm_open(seal->tcti, out));
	tpm_expect(*out, seal->srk_name);
	return tpm_flush_leftovers(*out);
}

/* Whether the PCR is as the machine started: nothing was measured into it in this boot. */
static status judge_pcr(struct tpm *tpm, const struct sealer_seal *seal, bool *is_restart,
			struct sealer_problem *problem)
{
	uint8_t now[tpm_digest_size];
	const status got = tpm_pcr_read(tpm, seal->pcr, now);
	if (is_refused(got))
		return says(problem, got, "the TPM's register could not be read", tpm);
	if (is_filled_with(now, 0xff))
		return says(problem, REFUSE(pin_sealed),
			    "the TPM's register holds only ones: nothing is measured there", tpm);
	*is_restart = !is_filled_with(now, 0);
	return *is_restart ? says(problem, REFUSE(pin_sealed), "the TPM's register was used in this boot already", tpm)
			   : OK;
}

/* *is_measured: the PCR may hold the measurement now, whatever came of it. */
static status attempt(const struct sealer_seal *seal, bool *is_restart, bool *is_measured,
		      struct sealer_problem *problem)
{
	__attribute__((cleanup(tpm_done))) struct tpm *tpm = NULL;
	if (is_refused(open_ours(seal, &tpm)))
		return says(problem, REFUSE(tpm_failed), "the TPM does not answer", tpm);
	TRY(judge_pcr(tpm, seal, is_restart, problem));
	*is_measured = true;
	TRY(measure_into(tpm, seal, problem));
	return unseal(tpm, seal, problem);
}

/* The digest of the cap is public; that there is one more extend is what counts. On a connection of its own: after an
 * answer that it could not believe, ESYS takes no more commands. */
static status cap(const struct sealer_seal *seal)
{
	static const uint8_t mark[tpm_digest_size] = "keyward: no second unseal a boot";
	__attribute__((cleanup(tpm_done))) struct tpm *tpm = NULL;
	TRY(open_ours(seal, &tpm));
	return tpm_pcr_extend(tpm, seal->pcr, mark);
}

status sealer_unlock(const struct sealer_seal *seal, bool *is_restart, struct sealer_problem *problem)
{
	bool is_measured = false;
	*is_restart = false;
	forget();
	const status unlocked = attempt(seal, is_restart, &is_measured, problem);
	if (is_refused(unlocked))
		forget();
	if (is_measured && is_refused(cap(seal)) && is_refused(cap(seal))) {
		forget();
		return says(problem, REFUSE(tpm_failed),
			    "the TPM's register could not be capped, so the PIN was dropped", NULL);
	}
	return unlocked;
}

void sealer_signer_came(void)
{
	is_spent = false;
}

status sealer_hand_over(struct bytes *out)
{
	if (pin.size == 0)
		return REFUSE(pin_sealed);
	if (is_spent)
		return REFUSE(pin_spent);
	is_spent = true;
	*out = buffer_view(&pin);
	return OK;
}
