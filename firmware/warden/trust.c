/* SPDX-License-Identifier: Apache-2.0
 * The roots of all directories in one pool: each is there once for what it certifies, with the directories that it serves. So are
 * the files that chains are judged by beside them. */
#include "firmware/warden/trust.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pool {
	const struct building *building;
	struct message_trust_root at[configuration_most_pool];
	size_t count;
};

static bool has_trust_in(const struct message_trust_root *one, const struct message_trust_root *other)
{
	return bytes_equal(one->format, other->format) && bytes_equal(one->vendors, other->vendors) &&
	       bytes_equal(one->certificate, other->certificate);
}

/* A root that is there already serves these directories too. Nothing is encoded before all are known. */
static bool add_root(struct pool *pool, const char *path, const struct message_trust_root *root)
{
	for (size_t i = 0; i < pool->count; i++)
		if (has_trust_in(&pool->at[i], root)) {
			pool->at[i].directories |= root->directories;
			return true;
		}
	if (pool->count == configuration_most_pool)
		return piece_complain(path, "there are more roots in all directories than there is room for");
	pool->at[pool->count++] = *root;
	return true;
}

/* `vendors`: whom roots of EK certificates may certify, with spaces between; empty: all. */
static bool take_roots(struct pool *pool, const char *format, const char *const *paths, size_t path_count,
		       struct bytes vendors, uint32_t directories)
{
	for (size_t i = 0; i < path_count; i++) {
		struct buffer *pieces = pool->building->pieces;
		const size_t before = pieces->size, roots_before = pool->count;
		struct message_trust_root root = {
			.format = bytes_from_text(format), .vendors = vendors, .directories = directories};
		if (!piece_take_file(pool->building, paths[i], 4096, &root.certificate) || !add_root(pool, paths[i], &root))
			return false;
		if (pool->count == roots_before)
			pieces->size = before;
	}
	return true;
}

/* Each list is for its format and its directory alone. */
static bool take_directory_roots(struct pool *pool, size_t number)
{
	const struct configuration_directory *from = &pool->building->from->directories[number];
	const struct bytes all = bytes_from(NULL, 0);
	const uint32_t bit = (uint32_t)1 << number;
	return take_roots(pool, "ek", from->ek_roots, from->ek_root_count, all, bit) &&
	       take_roots(pool, "ak", from->ak_roots, from->ak_root_count, all, bit) &&
	       take_roots(pool, "apple", from->apple_roots, from->apple_root_count, all, bit) &&
	       take_roots(pool, "android-key", from->android_roots, from->android_root_count, all, bit) &&
	       take_roots(pool, "packed", from->packed_roots, from->packed_root_count, all, bit) &&
	       take_roots(pool, "step", from->step_roots, from->step_root_count, all, bit);
}

static bool take_makers(struct pool *pool)
{
	const struct configuration *from = pool->building->from;
	for (size_t i = 0; i < from->maker_count; i++) {
		const struct configuration_maker *maker = &from->makers[i];
		struct bytes vendors;
		uint32_t directories = 0;
		for (size_t k = 0; k < from->directory_count; k++)
			if (configuration_serves(maker->directories, maker->directory_count, from->directories[k].name))
				directories |= (uint32_t)1 << k;
		if (!piece_take_words(pool->building, maker->vendors, maker->vendor_count, 192, &vendors) ||
		    !take_roots(pool, "ek", maker->roots, maker->root_count, vendors, directories))
			return false;
	}
	return true;
}

/* Files of one kind: of a directory, and of all, where a file of several directories is there once. */
struct files {
	const char *const *paths;
	size_t count;
};
struct all_files {
	const char *paths[configuration_most];
	uint32_t directories[configuration_most];
	size_t count;
};

static bool add_file(struct all_files *all, const char *path, uint32_t bit)
{
	size_t at = 0;
	while (at < all->count && strcmp(all->paths[at], path) != 0)
		at++;
	if (at == configuration_most)
		return piece_complain(path, "there are more files of its kind in all directories than there is room for");
	if (at == all->count)
		all->count++;
	all->paths[at] = path;
	all->directories[at] |= bit;
	return true;
}

static struct files revocation_lists_of(const struct configuration_directory *directory)
{
	return (struct files){directory->revocation_lists, directory->revocation_list_count};
}

static struct files intermediates_of(const struct configuration_directory *directory)
{
	return (struct files){directory->ek_intermediates, directory->ek_intermediate_count};
}

static bool take_files(const struct building *building, struct files (*of)(const struct configuration_directory *directory),
		       struct bytes *items, size_t *item_count)
{
	struct all_files all = {.count = 0};
	for (size_t i = 0; i < building->from->directory_count; i++) {
		const struct files files = of(&building->from->directories[i]);
		for (size_t k = 0; k < files.count; k++)
			if (!add_file(&all, files.paths[k], (uint32_t)1 << i))
				return false;
	}
	for (size_t i = 0; i < all.count; i++) {
		struct message_trust_file file = {.file = bytes_from_text(all.paths[i]), .directories = all.directories[i]};
		if (!piece_take_file(building, all.paths[i], 524288, &file.content) ||
		    !piece_take_record(building, message_trust_file, &file, &items[(*item_count)++]))
			return false;
	}
	return true;
}

/* ---- what administrators signed ---- */

enum { imports_size_most = 4 << 20 };

static int is_request(const struct dirent *entry)
{
	const char *ending = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && ending != NULL && strcmp(ending, ".jws") == 0;
}

/* One that can stand in sentences and in a record, whatever the folder's path is. */
static bool is_plain(const char *name)
{
	return strlen(name) <= 128 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

/* One request, as it is: the verifier judges it. The record takes the place of the file's octets. */
static bool take_import(const struct building *building, const char *folder, const char *name, struct bytes *item)
{
	char path[PATH_MAX + 256];
	struct buffer *pieces = building->pieces;
	const size_t before = pieces->size;
	struct message_root_import import = {.file = bytes_from_text(name)};
	if (!is_plain(name))
		return piece_complain(folder, "it holds a file *.jws whose name has other characters than letters, digits, '.', '_' and '-'");
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (!piece_take_file(building, path, 8192, &import.request) || !piece_take_record(building, message_root_import, &import, item))
		return false;
	memmove(pieces->data + before, item->data, item->size);
	*item = bytes_from(pieces->data + before, item->size);
	pieces->size = before + item->size;
	return true;
}

/* In the order of their names, so that the same files are the same settings. */
static bool take_entries(const struct building *building, const char *folder, struct dirent *const *entries, size_t count,
			 struct message_verifier_settings *out)
{
	const size_t before = building->pieces->size;
	if (count > sizeof out->root_imports.at / sizeof out->root_imports.at[0])
		return piece_complain(folder, "it holds more than 1024 signed roots");
	for (size_t i = 0; i < count; i++)
		if (!take_import(building, folder, entries[i]->d_name, &out->root_imports.at[out->root_imports.count++]))
			return false;
	return building->pieces->size - before <= imports_size_most || piece_complain(folder, "its signed roots have more than 4 MiB");
}

/* Who could put a root back that was taken away, or keep us from starting. */
static bool is_safe(const char *folder, bool *is_there)
{
	struct stat about;
	*is_there = lstat(folder, &about) == 0;
	if (!*is_there)
		return errno == ENOENT || piece_complain(folder, strerror(errno));
	if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return piece_complain(folder, "it is no folder, or others than its owner root can write it");
	return true;
}

static bool take_folder(const struct building *building, const char *folder, struct message_verifier_settings *out)
{
	struct dirent **entries = NULL;
	const int count = scandir(folder, &entries, is_request, alphasort);
	if (count < 0)
		return piece_complain(folder, strerror(errno));
	const bool is_taken = take_entries(building, folder, entries, (size_t)count, out);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return is_taken;
}

/* Not looked at where no directory takes any. */
static bool take_imports(const struct building *building, struct message_verifier_settings *out)
{
	char folder[PATH_MAX - 1];
	bool is_wanted = false, is_there = false;
	for (size_t i = 0; i < building->from->directory_count; i++)
		is_wanted = is_wanted || building->from->directories[i].signed_roots;
	snprintf(folder, sizeof folder, "%s/roots", building->from->state);
	return !is_wanted || (is_safe(folder, &is_there) && (!is_there || take_folder(building, folder, out)));
}

bool trust_take(const struct building *building, struct message_verifier_settings *out)
{
	struct pool pool = {.building = building, .count = 0};
	for (size_t i = 0; i < building->from->directory_count; i++)
		if (!take_directory_roots(&pool, i))
			return false;
	if (!take_makers(&pool))
		return false;
	for (size_t i = 0; i < pool.count; i++)
		if (!piece_take_record(building, message_trust_root, &pool.at[i], &out->roots.at[out->roots.count++]))
			return false;
	return take_files(building, revocation_lists_of, out->revocation_lists.at, &out->revocation_lists.count) &&
	       take_files(building, intermediates_of, out->ek_intermediates.at, &out->ek_intermediates.count) &&
	       take_imports(building, out);
}
