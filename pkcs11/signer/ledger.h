/* SPDX-License-Identifier: Apache-2.0
 * The ledger: what is not in it first is not signed. Append-only; each contradiction is ledger_broken and stops
 * issuing. Below stands the format of its folder, for whoever checks it offline. One thread keeps it. */
#ifndef KEYWARD_LEDGER_H
#define KEYWARD_LEDGER_H

#include "firmware/boundary/wire.h"
#include "pkcs11/signer/moment.h"
#include "pkcs11/signer/note.h"
#include "pkcs11/signer/status_file.h"

/* The folder. Numbers are most significant octet first.
 *
 *   entries     16 octets "keyward ledger 1", then records, one after another, in order of entry numbers from 0:
 *                   u32 length of leaf; u32 length of tbs; leaf; tbs; SHA-256(0x00 || leaf)
 *               leaf: an encoded ledger_entry (messages.def); tbs: the DER TBSCertificate whose SHA-256 the leaf
 *               holds; for kind r the flattened JWS that asked for it; empty for kinds v and s. when_s never falls from one entry to the next; for c, a and t it
 *               is the certificate's notBefore.
 *   checkpoint  the newest signed checkpoint over the leaves (note.h). Replaced as a whole; the next one extends the
 *               one before.
 *   hashes      32 octets each, in the order in which tree.h stores them; tree_stored(N) of them for N entries. Made
 *               from entries.
 *   status      64 octets an entry (status_file.h). Made from entries.
 *   synced      what was durable before answers left (struct ledger_synced in ledger_state.h). All of it must be
 *               there; a torn record beyond it was never answered and is cut.
 *   quote       the TPM's word on the signer's start: u32 length, a checkpoint; then an encoded quote_given
 *               (messages.def) whose extraData is SHA-256("keyward quote v1" || that checkpoint).
 *
 * Fields of a leaf, by kind:
 *   c  evidence, claims and configuration hash are those of the device voucher, as are sequence and hash of the
 *      enrolment record (zero: none); policy_hash is the registrar's. identifier is the device's, more_identifiers the
 *      names. Without a device it is the first name, and evidence_hash SHA-256 of the name vouchers as they came
 *   a  order is the activation in hex, identifier the EK's hash in hex with type ek-sha256, evidence_hash SHA-256 of
 *      the AK voucher as it came, claims_hash the hash of the root of the EK's chain
 *   t  identifier is the listener's name
 *   v  refers_to is the entry that it closes; order and identifier are repeated from there
 *   r  as v, and serial and not_after; reason, asked_by and thumbprint are the registrar's word. The request shows
 *      whether it was asked for: its signature is by the key of that thumbprint, which for asked_by a is the one in
 *      the entry referred to (or one that a roll-over put in its place), for i that of another certificate of this
 *      identifier or an account of which the registrar's database knows an order, for k the certificate's own key,
 *      for m an administrator's of the settings
 *   s  configuration_hash is of the signer's own settings, with their secret keys zero */

struct ledger_settings {
	int folder; /* stays the caller's */
	struct note_author author;
	uint64_t room_bytes;  /* high-water mark: below it only voids, revocations and starts are written */
	uint8_t boot_tag[16]; /* the same in every start of one boot: a clock that jumped between two is seen */
};

enum { ledger_why_room = 256, ledger_most_staged = 64 };

struct ledger;

/* Opens, or makes the first time; repairs what a crash may leave, compares everything with the checkpoint.
 * ledger_broken: `why` says in a sentence which entry or file is wrong. ledger_full: could not be written. busy:
 * another process has it. token_*: the first checkpoint could not be signed. */
status ledger_open(const struct ledger_settings *settings, const struct moment *now, struct ledger **out,
		   char why[ledger_why_room]);
void ledger_close(struct ledger *ledger);

/* Entries that are durable. */
uint64_t ledger_size(const struct ledger *ledger);
/* Entries that are durable or staged; the number that the next will have. */
uint64_t ledger_next(const struct ledger *ledger);
/* True once the disk lied or the ledger contradicts itself: the process should start again. */
bool ledger_is_dead(const struct ledger *ledger);

/* clock_unsafe: behind the last entry, or over an hour ahead of where the boot clock says that it should be. */
status ledger_judge_clock(const struct ledger *ledger, const struct moment *now);
/* The time for an entry that must be written even with an unsafe clock (a void, a revocation): never behind the last, never far
 * ahead. */
uint64_t ledger_plausible_s(const struct ledger *ledger, const struct moment *now);

/* Stages an entry for the next commit; its number comes back. ledger_full: less than the room is free (not asked for
 * v, r and s), or the stage is full. ledger_broken. message_malformed: over a limit. */
status ledger_stage(struct ledger *ledger, const struct message_ledger_entry *entry, struct bytes tbs,
		    uint64_t *number);
/* Makes all staged entries durable with one sync, or none of them: ledger_full, ledger_broken. */
status ledger_commit(struct ledger *ledger);

/* A durable entry. Views live until the next call on the ledger. entry_unknown; ledger_broken. */
struct ledger_record {
	struct bytes leaf, tbs;
	struct message_ledger_entry entry; /* decoded leaf */
	struct status_file_record status;
};
status ledger_read(struct ledger *ledger, uint64_t number, struct ledger_record *out);
/* The status record alone. */
status ledger_read_status(struct ledger *ledger, uint64_t number, struct status_file_record *out);

/* The newest checkpoint, which is signed and stored first when entries came since. View lives until the next call. */
status ledger_checkpoint(struct ledger *ledger, struct bytes *note);
/* The newest that is stored, whether or not entries came since. */
void ledger_stored_checkpoint(const struct ledger *ledger, struct bytes *note);
/* As ledger_checkpoint when the last is far behind, so that a start has little to read again. */
status ledger_checkpoint_if_due(struct ledger *ledger);
/* The path from a durable entry to the newest stored checkpoint; entry_unknown when that does not cover it. */
status ledger_prove(struct ledger *ledger, uint64_t number, struct tree_hash path[tree_deepest], unsigned *count);

/* Writes a small file of the folder as a whole: a new one beside it, synced, renamed, the folder synced. */
status ledger_replace(struct ledger *ledger, const char *name, struct bytes content);

#endif
