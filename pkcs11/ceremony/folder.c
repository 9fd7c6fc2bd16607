/* SPDX-License-Identifier: Apache-2.0
 * Nothing is overwritten, and no moment shows a state that is half made. */
#include "pkcs11/ceremony/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { open_at_once = 16, path_room = PATH_MAX + 300 };

static bool fails(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

static bool exists(const char *path)
{
	struct stat about;
	return lstat(path, &about) == 0;
}

void folder_name(const struct configuration *configuration, struct folder *out)
{
	snprintf(out->state, sizeof out->state, "%s", configuration->state);
	snprintf(out->made, sizeof out->made, "%s.new", configuration->state);
}

static void beside(const struct folder *folder, const char *name, char path[path_room])
{
	const char *slash = strrchr(folder->state, '/');
	snprintf(path, path_room, "%.*s/administrator-%s.pem", slash == NULL ? 0 : (int)(slash - folder->state),
		 folder->state, name);
}

static void within(const struct folder *folder, const char *name, const char *kind, char path[path_room])
{
	snprintf(path, path_room, "%s/administrators/%s%s", folder->made, name, kind);
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *where)
{
	(void)about, (void)flag, (void)where;
	return remove(path);
}

/* A private key beside the state came from this STATE.new when the folder knows the name but has the key no more. */
static void remove_moved_key(const struct folder *folder, const char *name)
{
	char outside[path_room], mark[path_room], inside[path_room];
	beside(folder, name, outside);
	within(folder, name, ".pem", inside);
	within(folder, name, ".made", mark);
	if (exists(mark) && !exists(inside))
		(void)unlink(outside);
}

void folder_abandon(const struct folder *folder, const struct configuration *configuration)
{
	for (size_t i = 0; i < configuration->administrator_count; i++)
		remove_moved_key(folder, configuration->administrators[i].name);
	if (exists(folder->made))
		(void)nftw(folder->made, remove_one, open_at_once, FTW_DEPTH | FTW_PHYS);
}

static bool refuse_existing(const char *path)
{
	if (!exists(path))
		return true;
	fprintf(stderr, "%s exists already; nothing was changed\n", path);
	return false;
}

bool folder_begin(const struct folder *folder, const struct configuration *configuration)
{
	static const char *const inner[] = {"", "/keys", "/token", "/administrators"};
	char path[path_room];
	if (!refuse_existing(folder->state))
		return false;
	folder_abandon(folder, configuration);
	for (size_t i = 0; i < configuration->administrator_count; i++) {
		beside(folder, configuration->administrators[i].name, path);
		if (!refuse_existing(path))
			return false;
	}
	for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
		snprintf(path, sizeof path, "%s%s", folder->made, inner[i]);
		if (mkdir(path, 0700) != 0)
			return fails(path);
	}
	return true;
}

/* The folders above a name such as administrators/first.jwk. */
static bool make_parents(const struct folder *folder, const char *name)
{
	char path[path_room];
	for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof path, "%s/%.*s", folder->made, (int)(slash - name), name);
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return fails(path);
	}
	return true;
}

bool folder_write(const struct folder *folder, const char *name, unsigned mode, struct bytes content)
{
	char path[path_room];
	snprintf(path, sizeof path, "%s/%s", folder->made, name);
	if (!make_parents(folder, name))
		return false;
	const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (file < 0)
		return fails(path);
	const bool is_written =
	    write(file, content.data, content.size) == (ssize_t)content.size && fchmod(file, mode) == 0;
	return (close(file) == 0 && is_written) || fails(path);
}

static int sync_path(const char *path)
{
	const int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return -1;
	const int synced = fsync(file);
	close(file);
	return synced;
}

static int sync_one(const char *path, const struct stat *about, int flag, struct FTW *where)
{
	(void)where, (void)flag;
	return S_ISREG(about->st_mode) || S_ISDIR(about->st_mode) ? sync_path(path) : 0;
}

static bool sync_above(const struct folder *folder)
{
	char path[PATH_MAX];
	const char *slash = strrchr(folder->state, '/');
	snprintf(path, sizeof path, "%.*s/", slash == NULL ? 0 : (int)(slash - folder->state), folder->state);
	return sync_path(path) == 0 || fails(path);
}

static bool move_keys(const struct folder *folder, const struct configuration *configuration)
{
	char inside[path_room], outside[path_room];
	for (size_t i = 0; i < configuration->administrator_count; i++) {
		within(folder, configuration->administrators[i].name, ".pem", inside);
		beside(folder, configuration->administrators[i].name, outside);
		if (renameat2(AT_FDCWD, inside, AT_FDCWD, outside, RENAME_NOREPLACE) != 0)
			return fails(outside);
	}
	return true;
}

static void remove_marks(const struct folder *folder, const struct configuration *configuration)
{
	char path[path_room];
	for (size_t i = 0; i < configuration->administrator_count; i++) {
		snprintf(path, sizeof path, "%s/administrators/%s.made", folder->state,
			 configuration->administrators[i].name);
		(void)unlink(path);
	}
}

bool folder_finish(const struct folder *folder, const struct configuration *configuration)
{
	if (nftw(folder->made, sync_one, open_at_once, FTW_PHYS) != 0)
		return fails(folder->made);
	if (!move_keys(folder, configuration))
		return false;
	if (renameat2(AT_FDCWD, folder->made, AT_FDCWD, folder->state, RENAME_NOREPLACE) != 0)
		return fails(folder->state);
	remove_marks(folder, configuration);
	return sync_above(folder);
}
