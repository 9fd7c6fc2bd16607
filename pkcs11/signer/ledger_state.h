/* SPDX-License-Identifier: Apache-2.0
 * The inside of the ledger, for ledger.c, ledger_open.c and ledger_file.c alone. */
#ifndef KEYWARD_LEDGER_STATE_H
#define KEYWARD_LEDGER_STATE_H

#include "pkcs11/signer/ledger.h"

enum {
	ledger_header_size = 16,
	ledger_record_lead = 8,
	ledger_longest_leaf = 8192,
	ledger_longest_tbs = 16384, /* or request */
	ledger_longest_record = ledger_record_lead + ledger_longest_leaf + ledger_longest_tbs + tree_hash_size,
	ledger_synced_size = 112,
};

/* count 8, size 8, root 32, boot tag 16, wall 8, boot 8, zero 16, then the first 16 octets of SHA-256 over those 96. */
struct ledger_synced {
	uint64_t count; /* entries that were durable */
	uint64_t size;  /* octets of `entries` that hold them */
	struct tree_hash root;
	uint8_t boot_tag[16];
	struct moment anchor; /* both clocks at the first start in this boot */
};

struct ledger_files {
	int folder, entries, hashes, status, synced;
};

struct ledger_stage {
	uint8_t *records;
	size_t records_size;
	uint8_t (*statuses)[status_file_record_size];
	struct tree_hash *hashes;
	size_t count, hash_count;
	struct tree_edge edge; /* with the staged entries */
	uint64_t last_when_s;
	struct {
		uint64_t entry;
		uint8_t state;
	} closes[ledger_most_staged]; /* entries that staged voids and revocations close */
	size_t close_count;
};

struct ledger {
	struct ledger_settings settings;
	struct ledger_files files;
	uint64_t size; /* octets of entries */
	struct tree_edge edge;
	uint64_t last_when_s;
	struct moment anchor;
	struct note_checkpoint checkpoint;
	uint8_t note[note_longest];
	size_t note_size;
	struct ledger_stage stage;
	bool is_broken, is_dead;
	uint8_t room[ledger_longest_record];
};

/* ---- ledger_file.c ---- */
struct ledger_raw {
	struct bytes leaf, tbs;
	struct tree_hash hash; /* of the leaf, recomputed and equal to the stored one */
	struct message_ledger_entry entry;
	uint64_t size; /* of the whole record */
};
/* Appends a record. */
status ledger_file_encode(struct bytes leaf, struct bytes tbs, const struct tree_hash *hash, struct buffer *out);
/* Reads and checks the record at an offset; views into room. ledger_broken: cut, lengths, hash, leaf or TBS wrong.
 * internal: the disk failed, so nothing is known. */
status ledger_file_read(int entries, uint64_t offset, uint8_t room[ledger_longest_record], struct ledger_raw *out);
/* All of it, or: get ledger_broken (not so much is there), internal (the disk failed); put ledger_full. */
status ledger_file_get(int file, uint64_t offset, void *out, size_t size);
status ledger_file_put(int file, uint64_t offset, const void *data, size_t size);
status ledger_file_size(int file, uint64_t *out);
status ledger_file_replace(int folder, const char *name, struct bytes content);
status ledger_file_get_synced(int file, struct ledger_synced *out);
status ledger_file_put_synced(int file, const struct ledger_synced *synced);
/* For tree_store; context is struct ledger. */
status ledger_file_get_hash(void *ledger, uint64_t place, struct tree_hash *out);

/* ---- ledger_open.c ---- */
/* Walks the entries from some entry that the checkpoint covers, or from the first, and repairs what is made from
 * them. */
status ledger_recover(struct ledger *ledger, const struct ledger_synced *synced, char why[ledger_why_room]);
/* What goes to `synced` now. */
status ledger_mark_synced(struct ledger *ledger);

#endif
