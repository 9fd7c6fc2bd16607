/* SPDX-License-Identifier: Apache-2.0
 * Appending, reading and proving. Entries are staged, then made durable together; whoever staged answers after that.
 * Distrusts the disk: a write that fails leaves nothing half made, a sync that fails ends the ledger's life in this
 * process. */
#include "pkcs11/signer/ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "pkcs11/signer/ledger_state.h"

enum { most_ahead_s = 3600, checkpoint_every = 1024 };

uint64_t ledger_size(const struct ledger *ledger)
{
	return ledger->edge.size;
}

uint64_t ledger_next(const struct ledger *ledger)
{
	return ledger->edge.size + ledger->stage.count;
}

bool ledger_is_dead(const struct ledger *ledger)
{
	return ledger->is_dead || ledger->is_broken;
}

/* Where the wall clock may be at most: where it was at the first start of this boot, the time since, and an hour. */
static uint64_t furthest_s(const struct ledger *ledger, const struct moment *now)
{
	const uint64_t since = now->boot_s > ledger->anchor.boot_s ? now->boot_s - ledger->anchor.boot_s : 0;
	return ledger->anchor.wall_s + since + most_ahead_s;
}

static uint64_t last_when_s(const struct ledger *ledger)
{
	return ledger->stage.count != 0 ? ledger->stage.last_when_s : ledger->last_when_s;
}

status ledger_judge_clock(const struct ledger *ledger, const struct moment *now)
{
	if (now->wall_s < last_when_s(ledger) || now->wall_s > furthest_s(ledger, now))
		return REFUSE(clock_unsafe);
	return OK;
}

uint64_t ledger_plausible_s(const struct ledger *ledger, const struct moment *now)
{
	const uint64_t furthest = furthest_s(ledger, now), last = last_when_s(ledger);
	const uint64_t when = now->wall_s > furthest ? furthest : now->wall_s;
	return when < last ? last : when;
}

static status judge_room(const struct ledger *ledger)
{
	struct statvfs facts;
	if (fstatvfs(ledger->files.entries, &facts) != 0)
		return REFUSE(ledger_full);
	return (uint64_t)facts.f_bavail * facts.f_frsize >= ledger->settings.room_bytes ? OK : REFUSE(ledger_full);
}

static void stage_clear(struct ledger *ledger)
{
	ledger->stage.records_size = 0;
	ledger->stage.count = 0;
	ledger->stage.hash_count = 0;
	ledger->stage.close_count = 0;
}

/* The parts that the stage holds of one entry: record, status record, hashes. */
static status stage_entry(struct ledger *ledger, const struct message_ledger_entry *entry, struct bytes leaf,
			  struct bytes tbs)
{
	struct ledger_stage *stage = &ledger->stage;
	struct tree_edge edge = stage->count == 0 ? ledger->edge : stage->edge;
	struct buffer records = {.data = stage->records,
				 .size = stage->records_size,
				 .room = (size_t)ledger_most_staged * ledger_longest_record};
	struct tree_hash hash;
	struct status_file_record record;
	unsigned made = 0;
	TRY(tree_hash_leaf(leaf, &hash));
	TRY(status_file_make(entry, ledger->size + stage->records_size, &record));
	TRY(ledger_file_encode(leaf, tbs, &hash, &records));
	TRY(tree_add(&edge, &hash, stage->hashes + stage->hash_count, &made));
	status_file_encode(&record, stage->statuses[stage->count]);
	stage->records_size = records.size;
	stage->hash_count += made;
	stage->edge = edge;
	stage->last_when_s = entry->when_s;
	stage->count++;
	if (status_file_closing(entry->kind) != 0) {
		stage->closes[stage->close_count].entry = entry->refers_to;
		stage->closes[stage->close_count++].state = status_file_closing(entry->kind);
	}
	return OK;
}

status ledger_stage(struct ledger *ledger, const struct message_ledger_entry *entry, struct bytes tbs, uint64_t *number)
{
	uint8_t room[ledger_longest_leaf];
	struct buffer leaf = BUFFER(room);
	if (ledger->is_broken)
		return REFUSE(ledger_broken);
	if (ledger->is_dead || ledger->stage.count == ledger_most_staged)
		return REFUSE(ledger_full);
	if (status_file_closing(entry->kind) == 0 && entry->kind != 's')
		TRY(judge_room(ledger));
	if (entry->when_s < last_when_s(ledger))
		return REFUSE(clock_unsafe);
	TRY(wire_encode(message_ledger_entry, entry, &leaf));
	const uint64_t next = ledger_next(ledger);
	TRY(stage_entry(ledger, entry, buffer_view(&leaf), tbs));
	*number = next;
	return OK;
}

/* The file that is open is still the one of that name, and as long as it was left. Someone who removes, replaces or
 * cuts the ledger under a running signer stops it. */
static bool is_in_place(const struct ledger *ledger)
{
	struct stat named, open_one;
	return fstatat(ledger->files.folder, "entries", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(ledger->files.entries, &open_one) == 0 && named.st_ino == open_one.st_ino &&
	       named.st_dev == open_one.st_dev && (uint64_t)open_one.st_size == ledger->size;
}

static status write_stage(struct ledger *ledger)
{
	const struct ledger_stage *stage = &ledger->stage;
	const uint64_t count = ledger->edge.size;
	TRY(ledger_file_put(ledger->files.entries, ledger->size, stage->records, stage->records_size));
	TRY(ledger_file_put(ledger->files.hashes, tree_stored(count) * tree_hash_size, stage->hashes,
			    stage->hash_count * sizeof stage->hashes[0]));
	return ledger_file_put(ledger->files.status, count * status_file_record_size, stage->statuses,
			       stage->count * status_file_record_size);
}

/* After a write that failed: as if it had not been tried. */
static void take_back(struct ledger *ledger)
{
	const uint64_t count = ledger->edge.size;
	if (ftruncate(ledger->files.entries, (off_t)ledger->size) != 0 ||
	    ftruncate(ledger->files.hashes, (off_t)(tree_stored(count) * tree_hash_size)) != 0 ||
	    ftruncate(ledger->files.status, (off_t)(count * status_file_record_size)) != 0)
		ledger->is_dead = true;
}

static status close_entries(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->stage.close_count; i++) {
		TRY(ledger_file_put(ledger->files.status, ledger->stage.closes[i].entry * status_file_record_size,
				    &ledger->stage.closes[i].state, 1));
	}
	return OK;
}

/* From here on the entries count, whatever else happens. */
static status settle_stage(struct ledger *ledger)
{
	ledger->size += ledger->stage.records_size;
	ledger->edge = ledger->stage.edge;
	ledger->last_when_s = ledger->stage.last_when_s;
	TRY(close_entries(ledger));
	return ledger_mark_synced(ledger);
}

status ledger_commit(struct ledger *ledger)
{
	status result = OK;
	if (ledger->stage.count == 0)
		return OK;
	if (!is_in_place(ledger)) {
		ledger->is_broken = true;
		result = REFUSE(ledger_broken);
	} else if (is_refused(write_stage(ledger))) {
		take_back(ledger);
		result = REFUSE(ledger_full);
	} else if (fdatasync(ledger->files.entries) != 0 || is_refused(settle_stage(ledger))) {
		ledger->is_dead = true; /* what the disk holds is unknown: only a new start can tell */
		result = REFUSE(ledger_full);
	}
	stage_clear(ledger);
	return result;
}

status ledger_read_status(struct ledger *ledger, uint64_t number, struct status_file_record *out)
{
	uint8_t octets[status_file_record_size];
	if (number >= ledger->edge.size)
		return REFUSE(entry_unknown);
	TRY(ledger_file_get(ledger->files.status, number * status_file_record_size, octets, sizeof octets));
	status_file_decode(octets, out);
	return OK;
}

static status read_once(struct ledger *ledger, uint64_t number, struct ledger_record *out)
{
	struct ledger_raw raw;
	struct tree_hash stored;
	struct status_file_record found, made;
	TRY(ledger_read_status(ledger, number, &found));
	TRY(ledger_file_read(ledger->files.entries, found.offset, ledger->room, &raw));
	TRY(ledger_file_get_hash(ledger, tree_place(0, number), &stored));
	TRY(status_file_make(&raw.entry, found.offset, &made));
	if (memcmp(stored.octets, raw.hash.octets, tree_hash_size) != 0 || !status_file_is_same_entry(&found, &made))
		return REFUSE(ledger_broken);
	*out = (struct ledger_record){.leaf = raw.leaf, .tbs = raw.tbs, .entry = raw.entry, .status = found};
	return OK;
}

status ledger_read(struct ledger *ledger, uint64_t number, struct ledger_record *out)
{
	char why[ledger_why_room];
	struct ledger_synced synced;
	if (ledger->is_broken)
		return REFUSE(ledger_broken);
	status result = read_once(ledger, number, out);
	if (result.refusal != refusal_ledger_broken)
		return result;
	/* What is made from the entries may be wrong while they are right. */
	if (ledger->stage.count == 0 && !is_refused(ledger_file_get_synced(ledger->files.synced, &synced)) &&
	    !is_refused(ledger_recover(ledger, &synced, why)))
		result = read_once(ledger, number, out);
	ledger->is_broken = is_refused(result);
	return result;
}

/* A log must not sign a checkpoint that contradicts an earlier one (tlog-checkpoint). */
static status judge_consistency(struct ledger *ledger)
{
	const struct tree_store store = {.read = ledger_file_get_hash, .context = ledger};
	struct tree_edge then, now;
	struct tree_hash root_then, root_now, root;
	TRY(tree_edge_at(&store, ledger->checkpoint.size, &then));
	TRY(tree_root(&then, &root_then));
	TRY(tree_edge_at(&store, ledger->edge.size, &now));
	TRY(tree_root(&now, &root_now));
	TRY(tree_root(&ledger->edge, &root));
	if (ledger->checkpoint.size > ledger->edge.size ||
	    memcmp(root_then.octets, ledger->checkpoint.root.octets, tree_hash_size) != 0 ||
	    memcmp(root_now.octets, root.octets, tree_hash_size) != 0)
		return REFUSE(ledger_broken);
	return OK;
}

static status renew_checkpoint(struct ledger *ledger)
{
	struct note_checkpoint next = {.size = ledger->edge.size};
	uint8_t room[note_longest];
	struct buffer note = BUFFER(room);
	TRY(judge_consistency(ledger));
	TRY(tree_root(&ledger->edge, &next.root));
	/* What a later start trusts because of this checkpoint must be durable before it. */
	if (fdatasync(ledger->files.hashes) != 0 || fdatasync(ledger->files.status) != 0 ||
	    fdatasync(ledger->files.synced) != 0) {
		ledger->is_dead = true; /* another sync would succeed without writing what this one lost */
		return REFUSE(ledger_full);
	}
	TRY(note_build(&ledger->settings.author, &next, &note));
	TRY(ledger_file_replace(ledger->files.folder, "checkpoint", buffer_view(&note)));
	memcpy(ledger->note, note.data, note.size);
	ledger->note_size = note.size;
	ledger->checkpoint = next;
	return OK;
}

status ledger_checkpoint(struct ledger *ledger, struct bytes *note)
{
	if (ledger_is_dead(ledger))
		return ledger->is_broken ? REFUSE(ledger_broken) : REFUSE(ledger_full);
	if (ledger->note_size == 0 || ledger->checkpoint.size != ledger->edge.size) {
		const status renewed = renew_checkpoint(ledger);
		ledger->is_broken = renewed.refusal == refusal_ledger_broken;
		TRY(renewed);
	}
	*note = bytes_from(ledger->note, ledger->note_size);
	return OK;
}

void ledger_stored_checkpoint(const struct ledger *ledger, struct bytes *note)
{
	*note = bytes_from(ledger->note, ledger->note_size);
}

status ledger_checkpoint_if_due(struct ledger *ledger)
{
	struct bytes note;
	if (ledger->edge.size - ledger->checkpoint.size < checkpoint_every)
		return OK;
	return ledger_checkpoint(ledger, &note);
}

status ledger_prove(struct ledger *ledger, uint64_t number, struct tree_hash path[tree_deepest], unsigned *count)
{
	const struct tree_store store = {.read = ledger_file_get_hash, .context = ledger};
	if (number >= ledger->checkpoint.size)
		return REFUSE(entry_unknown);
	return tree_prove(&store, number, ledger->checkpoint.size, path, count);
}

status ledger_replace(struct ledger *ledger, const char *name, struct bytes content)
{
	return ledger_file_replace(ledger->files.folder, name, content);
}
