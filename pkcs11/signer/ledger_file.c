/* SPDX-License-Identifier: Apache-2.0
 * Octets of the ledger's files. Distrusts what it reads: a record is taken only when its hashes are right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "pkcs11/signer/ledger_state.h"

static void put_number(uint8_t *at, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

static uint64_t take_number(const uint8_t *at, unsigned size)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < size; i++)
		number = number << 8 | at[i];
	return number;
}

/* Up to `size` octets; how many there were. A disk that fails says nothing about what lies on it. */
static status get_some(int file, uint64_t offset, uint8_t *out, size_t size, size_t *got)
{
	size_t have = 0;
	if (offset > INT64_MAX - size) /* an altered status record may say anything */
		return REFUSE(ledger_broken);
	while (have < size) {
		const ssize_t part = pread(file, out + have, size - have, (off_t)(offset + have));
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return REFUSE(internal);
		if (part == 0)
			break;
		have += (size_t)part;
	}
	*got = have;
	return OK;
}

status ledger_file_get(int file, uint64_t offset, void *out, size_t size)
{
	size_t got;
	TRY(get_some(file, offset, out, size, &got));
	return got == size ? OK : REFUSE(ledger_broken);
}

status ledger_file_put(int file, uint64_t offset, const void *data, size_t size)
{
	size_t done = 0;
	while (done < size) {
		const ssize_t part =
			pwrite(file, (const uint8_t *)data + done, size - done, (off_t)(offset + done));
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return REFUSE(ledger_full);
		done += (size_t)part;
	}
	return OK;
}

status ledger_file_size(int file, uint64_t *out)
{
	struct stat facts;
	if (fstat(file, &facts) != 0 || facts.st_size < 0)
		return REFUSE(ledger_broken);
	*out = (uint64_t)facts.st_size;
	return OK;
}

status ledger_file_replace(int folder, const char *name, struct bytes content)
{
	char fresh[64];
	if (snprintf(fresh, sizeof fresh, "%s.new", name) >= (int)sizeof fresh)
		return REFUSE(internal);
	const int file = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return REFUSE(ledger_full);
	status written = ledger_file_put(file, 0, content.data, content.size);
	if (!is_refused(written) && fsync(file) != 0)
		written = REFUSE(ledger_full);
	if (is_refused(written) && ftruncate(file, 0) != 0)
		written = REFUSE(ledger_full); /* what is left behind is written over next time */
	if (close(file) != 0)
		written = REFUSE(ledger_full);
	TRY(written);
	return renameat(folder, fresh, folder, name) == 0 && fsync(folder) == 0 ? OK : REFUSE(ledger_full);
}

status ledger_file_encode(struct bytes leaf, struct bytes tbs, const struct tree_hash *hash, struct buffer *out)
{
	uint8_t lead[ledger_record_lead];
	const size_t before = out->size;
	put_number(lead, leaf.size, 4);
	put_number(lead + 4, tbs.size, 4);
	if (leaf.size <= ledger_longest_leaf && tbs.size <= ledger_longest_tbs && buffer_add(out, lead, sizeof lead) &&
	    buffer_add(out, leaf.data, leaf.size) && buffer_add(out, tbs.data, tbs.size) &&
	    buffer_add(out, hash->octets, tree_hash_size))
		return OK;
	out->size = before;
	return REFUSE(message_malformed);
}

static status check_tbs(const struct message_ledger_entry *entry, struct bytes tbs)
{
	static const uint8_t zero[32];
	uint8_t digest[EVP_MAX_MD_SIZE];
	if (tbs.size == 0)
		return memcmp(entry->tbs_hash, zero, sizeof zero) == 0 ? OK : REFUSE(ledger_broken);
	if (EVP_Digest(tbs.data, tbs.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	return memcmp(entry->tbs_hash, digest, 32) == 0 ? OK : REFUSE(ledger_broken);
}

status ledger_file_read(int entries, uint64_t offset, uint8_t room[ledger_longest_record], struct ledger_raw *out)
{
	enum { likely_size = 3072 };
	size_t got;
	TRY(get_some(entries, offset, room, likely_size, &got));
	if (got < ledger_record_lead)
		return REFUSE(ledger_broken);
	const uint64_t leaf_size = take_number(room, 4), tbs_size = take_number(room + 4, 4);
	if (leaf_size > ledger_longest_leaf || tbs_size > ledger_longest_tbs)
		return REFUSE(ledger_broken);
	const size_t size = ledger_record_lead + (size_t)leaf_size + (size_t)tbs_size + tree_hash_size;
	if (size > got)
		TRY(ledger_file_get(entries, offset + got, room + got, size - got));
	struct ledger_raw raw = {.leaf = bytes_from(room + ledger_record_lead, (size_t)leaf_size), .size = size};
	raw.tbs = bytes_from(raw.leaf.data + raw.leaf.size, (size_t)tbs_size);
	TRY(tree_hash_leaf(raw.leaf, &raw.hash));
	if (memcmp(raw.hash.octets, raw.tbs.data + raw.tbs.size, tree_hash_size) != 0 ||
	    is_refused(wire_decode(message_ledger_entry, raw.leaf, &raw.entry)))
		return REFUSE(ledger_broken);
	TRY(check_tbs(&raw.entry, raw.tbs));
	*out = raw;
	return OK;
}

enum { synced_at_root = 16, synced_at_tag = 48, synced_at_anchor = 64, synced_at_sum = 96, sum_size = 16 };

status ledger_file_put_synced(int file, const struct ledger_synced *synced)
{
	uint8_t octets[ledger_synced_size] = {0}, digest[EVP_MAX_MD_SIZE];
	put_number(octets, synced->count, 8);
	put_number(octets + 8, synced->size, 8);
	memcpy(octets + synced_at_root, synced->root.octets, tree_hash_size);
	memcpy(octets + synced_at_tag, synced->boot_tag, sizeof synced->boot_tag);
	put_number(octets + synced_at_anchor, synced->anchor.wall_s, 8);
	put_number(octets + synced_at_anchor + 8, synced->anchor.boot_s, 8);
	if (EVP_Digest(octets, synced_at_sum, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	memcpy(octets + synced_at_sum, digest, sum_size);
	return ledger_file_put(file, 0, octets, sizeof octets);
}

status ledger_file_get_synced(int file, struct ledger_synced *out)
{
	uint8_t octets[ledger_synced_size], digest[EVP_MAX_MD_SIZE];
	TRY(ledger_file_get(file, 0, octets, sizeof octets));
	if (EVP_Digest(octets, synced_at_sum, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	if (memcmp(octets + synced_at_sum, digest, sum_size) != 0)
		return REFUSE(ledger_broken);
	struct ledger_synced synced = {.count = take_number(octets, 8), .size = take_number(octets + 8, 8)};
	memcpy(synced.root.octets, octets + synced_at_root, tree_hash_size);
	memcpy(synced.boot_tag, octets + synced_at_tag, sizeof synced.boot_tag);
	synced.anchor.wall_s = take_number(octets + synced_at_anchor, 8);
	synced.anchor.boot_s = take_number(octets + synced_at_anchor + 8, 8);
	*out = synced;
	return OK;
}

status ledger_file_get_hash(void *context, uint64_t place, struct tree_hash *out)
{
	const struct ledger *ledger = context;
	return ledger_file_get(ledger->files.hashes, place * tree_hash_size, out->octets, tree_hash_size);
}
