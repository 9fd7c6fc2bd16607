/* SPDX-License-Identifier: Apache-2.0
 * Opening the ledger: compares entries with the checkpoint and with what was synced, repairs what is made from them,
 * and cuts only what was never answered. Distrusts every file of the folder. Reads a bounded part of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pkcs11/signer/ledger_state.h"

enum { reread_most = 16384 };

static const char header[ledger_header_size + 1] = "keyward ledger 1";

/* One walk over the entries. */
struct walk {
	struct tree_edge edge;
	uint64_t offset, when_s, first_difference;
	bool may_write; /* the hashes and the status file */
	bool differs;
	uint64_t first;             /* where it began */
	int64_t closed_unexplained; /* states that are closed, less the entries that closed them */
};

static status broken(char why[ledger_why_room], const char *what, uint64_t number)
{
	(void)snprintf(why, ledger_why_room, "The ledger contradicts itself: %s (entry %" PRIu64 ")", what, number);
	return REFUSE(ledger_broken);
}

static bool is_hash(const struct tree_hash *a, const struct tree_hash *b)
{
	return memcmp(a->octets, b->octets, tree_hash_size) == 0;
}

static void note_difference(struct walk *walk, uint64_t number)
{
	walk->differs = true;
	if (number < walk->first_difference)
		walk->first_difference = number;
}

static status renew(int file, uint64_t offset, const void *wanted, size_t size, struct walk *walk, uint64_t number)
{
	uint8_t found[status_file_record_size];
	if (!is_refused(ledger_file_get(file, offset, found, size)) && memcmp(found, wanted, size) == 0)
		return OK;
	note_difference(walk, number);
	return walk->may_write ? ledger_file_put(file, offset, wanted, size) : OK;
}

static status renew_hashes(struct ledger *ledger, const struct tree_hash *leaf, struct walk *walk)
{
	struct tree_hash made[tree_deepest];
	unsigned count = 0;
	const uint64_t number = walk->edge.size, place = tree_stored(number);
	TRY(tree_add(&walk->edge, leaf, made, &count));
	for (unsigned i = 0; i < count; i++)
		TRY(renew(ledger->files.hashes, (place + i) * tree_hash_size, made[i].octets, tree_hash_size, walk,
			  number));
	return OK;
}

/* The record as the entry makes it; its state only becomes void or revoked by an entry that comes later in the walk. A
 * state that is so already is left for that. */
static status renew_status(struct ledger *ledger, const struct ledger_raw *raw, struct walk *walk, uint64_t number)
{
	struct status_file_record record, found;
	uint8_t octets[status_file_record_size], stored[status_file_record_size];
	const uint64_t at = number * status_file_record_size;
	TRY(status_file_make(&raw->entry, walk->offset, &record));
	if (!walk->may_write && !is_refused(ledger_file_get(ledger->files.status, at, stored, sizeof stored))) {
		status_file_decode(stored, &found);
		if (record.state == status_file_issued &&
		    (found.state == status_file_void || found.state == status_file_revoked)) {
			record.state = found.state;
			walk->closed_unexplained++;
		}
	}
	status_file_encode(&record, octets);
	TRY(renew(ledger->files.status, at, octets, sizeof octets, walk, number));
	const uint8_t closed = status_file_closing(raw->entry.kind);
	if (closed == 0)
		return OK;
	if (raw->entry.refers_to >= number)
		return REFUSE(ledger_broken);
	if (raw->entry.refers_to >= walk->first)
		walk->closed_unexplained--;
	return renew(ledger->files.status, raw->entry.refers_to * status_file_record_size, &closed, 1, walk, number);
}

/* At the size of the checkpoint and at what was synced the root must be what was written down then. */
static status compare_anchors(struct ledger *ledger, const struct ledger_synced *synced, const struct walk *walk,
			      char why[ledger_why_room])
{
	struct tree_hash root;
	const uint64_t size = walk->edge.size;
	const uint64_t first = walk->first_difference < size ? walk->first_difference : size;
	if (size != ledger->checkpoint.size && size != synced->count)
		return OK;
	TRY(tree_root(&walk->edge, &root));
	if (size == ledger->checkpoint.size && !is_hash(&root, &ledger->checkpoint.root))
		return broken(why, "it is not what the checkpoint signed; first difference", first);
	if (size == synced->count && (!is_hash(&root, &synced->root) || walk->offset != synced->size))
		return broken(why, "it is not what was answered; first difference", first);
	return OK;
}

static status take_entry(struct ledger *ledger, const struct ledger_raw *raw, struct walk *walk)
{
	const uint64_t number = walk->edge.size;
	if (raw->entry.when_s < walk->when_s)
		return REFUSE(ledger_broken);
	TRY(renew_status(ledger, raw, walk, number));
	TRY(renew_hashes(ledger, &raw->hash, walk));
	walk->offset += raw->size;
	walk->when_s = raw->entry.when_s;
	return OK;
}

static status walk_entries(struct ledger *ledger, const struct ledger_synced *synced, struct walk *walk,
			   char why[ledger_why_room])
{
	struct ledger_raw raw;
	TRY(compare_anchors(ledger, synced, walk, why));
	for (;;) {
		const status read = ledger_file_read(ledger->files.entries, walk->offset, ledger->room, &raw);
		const uint64_t number = walk->edge.size;
		if (is_refused(read) && read.refusal != refusal_ledger_broken)
			return read; /* never taken for the end, for what follows the end is cut */
		if (is_refused(read) && number >= synced->count && number >= ledger->checkpoint.size)
			return OK; /* the end, or a torn record that nobody was told of */
		if (is_refused(read))
			return broken(why, "an entry is missing, cut or altered", number);
		const status taken = take_entry(ledger, &raw, walk);
		if (taken.refusal == refusal_ledger_broken)
			return broken(why, "an entry does not follow from those before it", number);
		TRY(taken);
		TRY(compare_anchors(ledger, synced, walk, why));
	}
}

/* The walk's start: the first entry, or one that leaves reread_most below the checkpoint to be read again. Failing
 * that start is no contradiction yet: then all is read. */
static status begin_walk(struct ledger *ledger, uint64_t first, struct walk *walk)
{
	const struct tree_store store = {.read = ledger_file_get_hash, .context = ledger};
	*walk = (struct walk){.offset = ledger_header_size, .first_difference = UINT64_MAX, .first = first};
	if (first == 0)
		return OK;
	uint8_t octets[status_file_record_size];
	struct status_file_record before;
	struct ledger_raw raw;
	struct tree_hash stored;
	TRY(ledger_file_get(ledger->files.status, (first - 1) * status_file_record_size, octets, sizeof octets));
	status_file_decode(octets, &before);
	TRY(ledger_file_read(ledger->files.entries, before.offset, ledger->room, &raw));
	TRY(ledger_file_get_hash(ledger, tree_place(0, first - 1), &stored));
	if (!is_hash(&stored, &raw.hash))
		return REFUSE(ledger_broken);
	walk->offset = before.offset + raw.size;
	walk->when_s = raw.entry.when_s;
	return tree_edge_at(&store, first, &walk->edge);
}

/* Reads first; writes only when all of it is right and something made from it is not. */
static status check_from(struct ledger *ledger, uint64_t first, const struct ledger_synced *synced, struct walk *walk,
			 char why[ledger_why_room])
{
	TRY(begin_walk(ledger, first, walk));
	TRY(walk_entries(ledger, synced, walk, why));
	if (!walk->differs && walk->closed_unexplained == 0)
		return OK;
	TRY(begin_walk(ledger, first, walk));
	walk->may_write = true;
	return walk_entries(ledger, synced, walk, why);
}

/* After a sync that failed, entries can be in memory alone, and no other sync brings them to the disk: what may be so
 * is written once more before it counts. */
static status write_again(struct ledger *ledger, uint64_t from, uint64_t to)
{
	while (from < to) {
		const size_t size = to - from < sizeof ledger->room ? (size_t)(to - from) : sizeof ledger->room;
		TRY(ledger_file_get(ledger->files.entries, from, ledger->room, size));
		TRY(ledger_file_put(ledger->files.entries, from, ledger->room, size));
		from += size;
	}
	return OK;
}

/* After the last whole entry nothing is left in any file. */
static status cut_files(struct ledger *ledger, const struct ledger_synced *synced, const struct walk *walk)
{
	const uint64_t count = walk->edge.size;
	TRY(write_again(ledger, synced->size, walk->offset));
	if (ftruncate(ledger->files.entries, (off_t)walk->offset) != 0 ||
	    ftruncate(ledger->files.hashes, (off_t)(tree_stored(count) * tree_hash_size)) != 0 ||
	    ftruncate(ledger->files.status, (off_t)(count * status_file_record_size)) != 0 ||
	    fdatasync(ledger->files.entries) != 0)
		return REFUSE(ledger_full);
	return OK;
}

static status read_header(struct ledger *ledger, char why[ledger_why_room])
{
	char octets[ledger_header_size];
	const status read = ledger_file_get(ledger->files.entries, 0, octets, sizeof octets);
	if (read.refusal == refusal_ledger_broken || (!is_refused(read) && memcmp(octets, header, sizeof octets) != 0))
		return broken(why, "the file has no header", 0);
	return read;
}

status ledger_recover(struct ledger *ledger, const struct ledger_synced *synced, char why[ledger_why_room])
{
	struct walk walk;
	const uint64_t covered = ledger->checkpoint.size;
	const uint64_t first = covered > reread_most && ledger->edge.size == 0 ? covered - reread_most : 0;
	why[0] = 0;
	TRY(read_header(ledger, why));
	status checked = check_from(ledger, first, synced, &walk, why);
	if (is_refused(checked) && first != 0)
		checked = check_from(ledger, 0, synced, &walk, why);
	if (is_refused(checked) && why[0] == 0)
		(void)snprintf(why, ledger_why_room, "The ledger could not be read or repaired");
	TRY(checked);
	TRY(cut_files(ledger, synced, &walk));
	ledger->edge = walk.edge;
	ledger->size = walk.offset;
	ledger->last_when_s = walk.when_s;
	return OK;
}

status ledger_mark_synced(struct ledger *ledger)
{
	struct ledger_synced synced = {
		.count = ledger->edge.size, .size = ledger->size, .anchor = ledger->anchor};
	TRY(tree_root(&ledger->edge, &synced.root));
	memcpy(synced.boot_tag, ledger->settings.boot_tag, sizeof synced.boot_tag);
	return ledger_file_put_synced(ledger->files.synced, &synced);
}

static int open_file(int folder, const char *name)
{
	return openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The notes of the newest checkpoint; *is_there says whether there is one at all. */
static status read_checkpoint(struct ledger *ledger, bool *is_there, char why[ledger_why_room])
{
	uint64_t size = 0;
	const int file = openat(ledger->files.folder, "checkpoint", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*is_there = file >= 0;
	if (file < 0)
		return errno == ENOENT ? OK : REFUSE(internal);
	status read = ledger_file_size(file, &size);
	if (!is_refused(read))
		read = size == 0 || size > sizeof ledger->note ? REFUSE(ledger_broken)
							       : ledger_file_get(file, 0, ledger->note, (size_t)size);
	(void)close(file);
	if (read.refusal == refusal_internal)
		return read;
	if (!is_refused(read))
		read = note_open(&ledger->settings.author, bytes_from(ledger->note, (size_t)size), &ledger->checkpoint);
	if (is_refused(read))
		return broken(why, "the checkpoint is not one that the audit key signed", 0);
	ledger->note_size = (size_t)size;
	return OK;
}

/* A ledger without a checkpoint is one that is being made: it may hold nothing but its header. */
static status make_first(struct ledger *ledger, const struct moment *now, char why[ledger_why_room])
{
	uint64_t entries = 0, hashes = 0, statuses = 0;
	struct bytes note;
	TRY(ledger_file_size(ledger->files.entries, &entries));
	TRY(ledger_file_size(ledger->files.hashes, &hashes));
	TRY(ledger_file_size(ledger->files.status, &statuses));
	if (entries > ledger_header_size || hashes != 0 || statuses != 0)
		return broken(why, "it has entries and no checkpoint", 0);
	ledger->size = ledger_header_size;
	ledger->anchor = *now;
	/* of nothing: what a checkpoint before the first would say */
	TRY(tree_root(&ledger->edge, &ledger->checkpoint.root));
	TRY(ledger_file_put(ledger->files.entries, 0, header, ledger_header_size));
	TRY(ledger_mark_synced(ledger));
	if (fsync(ledger->files.entries) != 0 || fsync(ledger->files.synced) != 0 || fsync(ledger->files.folder) != 0)
		return REFUSE(ledger_full);
	return ledger_checkpoint(ledger, &note);
}

static status take_up(struct ledger *ledger, const struct moment *now, char why[ledger_why_room])
{
	struct ledger_synced synced;
	const status noted = ledger_file_get_synced(ledger->files.synced, &synced);
	if (noted.refusal == refusal_ledger_broken)
		return broken(why, "the note of what was synced is missing or altered", 0);
	TRY(noted);
	if (synced.count < ledger->checkpoint.size)
		return broken(why, "it is older than its checkpoint", synced.count);
	const bool is_same_boot =
		memcmp(synced.boot_tag, ledger->settings.boot_tag, sizeof synced.boot_tag) == 0;
	ledger->anchor = is_same_boot ? synced.anchor : *now;
	TRY(ledger_recover(ledger, &synced, why));
	return ledger_mark_synced(ledger);
}

static status open_files(struct ledger *ledger, char why[ledger_why_room])
{
	struct ledger_files *files = &ledger->files;
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	files->entries = open_file(files->folder, "entries");
	files->hashes = open_file(files->folder, "hashes");
	files->status = open_file(files->folder, "status");
	files->synced = open_file(files->folder, "synced");
	if (files->entries < 0 || files->hashes < 0 || files->status < 0 || files->synced < 0) {
		(void)snprintf(why, ledger_why_room, "The ledger's files cannot be opened");
		return REFUSE(ledger_full);
	}
	if (fcntl(files->entries, F_OFD_SETLK, &whole) != 0) {
		(void)snprintf(why, ledger_why_room, "Another signer has the ledger open");
		return REFUSE(busy);
	}
	return OK;
}

static status open_ledger(struct ledger *ledger, const struct moment *now, char why[ledger_why_room])
{
	bool has_checkpoint = false;
	struct ledger_stage *stage = &ledger->stage;
	stage->records = malloc((size_t)ledger_most_staged * ledger_longest_record);
	stage->statuses = calloc(ledger_most_staged, sizeof stage->statuses[0]);
	stage->hashes = calloc((size_t)ledger_most_staged * 2 + tree_deepest, sizeof stage->hashes[0]);
	if (stage->records == NULL || stage->statuses == NULL || stage->hashes == NULL)
		return REFUSE(internal);
	TRY(open_files(ledger, why));
	TRY(read_checkpoint(ledger, &has_checkpoint, why));
	return has_checkpoint ? take_up(ledger, now, why) : make_first(ledger, now, why);
}

status ledger_open(const struct ledger_settings *settings, const struct moment *now, struct ledger **out,
		   char why[ledger_why_room])
{
	struct ledger *ledger = calloc(1, sizeof *ledger);
	why[0] = 0;
	if (ledger == NULL)
		return REFUSE(internal);
	ledger->settings = *settings;
	ledger->files = (struct ledger_files){
		.folder = settings->folder, .entries = -1, .hashes = -1, .status = -1, .synced = -1};
	const status opened = open_ledger(ledger, now, why);
	if (is_refused(opened)) {
		if (why[0] == 0)
			(void)snprintf(why, ledger_why_room, "The ledger cannot be opened: %s",
				       status_entry(opened.refusal)->sentence);
		ledger_close(ledger);
		return opened;
	}
	*out = ledger;
	return OK;
}

static void close_file(int file)
{
	if (file >= 0)
		(void)close(file);
}

void ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	close_file(ledger->files.entries);
	close_file(ledger->files.hashes);
	close_file(ledger->files.status);
	close_file(ledger->files.synced);
	free(ledger->stage.records);
	free(ledger->stage.statuses);
	free(ledger->stage.hashes);
	free(ledger);
}
