/* SPDX-License-Identifier: Apache-2.0
 * Prepares the state folder. Distrusts what processes may have left in their folders: follows no link, gives away only
 * what belongs to root and has one name. */
#include "firmware/warden/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/warden/table.h"

int state_lock(const char *folder)
{
	int state = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0 && errno == ENOENT)
		fprintf(stderr, "The state folder %s does not exist: run keyward-ceremony first\n", folder);
	else if (state < 0)
		fprintf(stderr, "The state folder %s cannot be opened: %s\n", folder, strerror(errno));
	if (state < 0)
		return -1;
	if (flock(state, LOCK_EX | LOCK_NB) == 0)
		return state;
	fprintf(stderr, "The state folder %s is in use: a warden or a ceremony runs on it\n", folder);
	close(state);
	return -1;
}

static bool give_entry(int folder, const char *name, uid_t uid, bool *is_folder)
{
	struct stat about;
	if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	*is_folder = S_ISDIR(about.st_mode);
	const bool has_one_name = *is_folder || about.st_nlink == 1;
	if (about.st_uid != 0 || !has_one_name || S_ISLNK(about.st_mode))
		return true;
	return fchownat(folder, name, uid, uid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* depth: how far below a process's folder its own folders go; SoftHSM's tokens lie one below. */
static bool give_inside(int folder, uid_t uid, unsigned depth)
{
	DIR *listing = fdopendir(folder); /* owns folder from here on */
	if (listing == NULL) {
		close(folder);
		return false;
	}
	bool is_given = true;
	for (struct dirent *entry; is_given && (entry = readdir(listing)) != NULL;) {
		bool is_folder = false;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		is_given = give_entry(dirfd(listing), entry->d_name, uid, &is_folder);
		if (!is_given || !is_folder || depth == 0)
			continue;
		int inner = openat(dirfd(listing), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		is_given = inner >= 0 && give_inside(inner, uid, depth - 1);
	}
	closedir(listing);
	return is_given;
}

static bool prepare_folder(int state, const char *name, uid_t uid)
{
	struct stat about;
	if (mkdirat(state, name, 0700) != 0 && errno != EEXIST)
		return false;
	int folder = openat(state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return false;
	bool is_ours = fstat(folder, &about) == 0 && (about.st_uid == 0 || about.st_uid == uid);
	if (is_ours && fchown(folder, uid, uid) == 0 && fchmod(folder, 0700) == 0)
		return give_inside(folder, uid, 2);
	errno = is_ours ? errno : EPERM;
	close(folder);
	return false;
}

/* Sockets alone are given, so that a state file of a software TPM in the same folder stays out of the sealer's reach. */
static bool give_sockets(int folder, uid_t uid)
{
	DIR *listing = fdopendir(folder);
	if (listing == NULL) {
		close(folder);
		return false;
	}
	bool is_given = true;
	struct stat about;
	for (struct dirent *entry; is_given && (entry = readdir(listing)) != NULL;)
		if (fstatat(dirfd(listing), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(about.st_mode))
			is_given = fchownat(dirfd(listing), entry->d_name, uid, uid, AT_SYMLINK_NOFOLLOW) == 0;
	is_given = is_given && fchown(dirfd(listing), uid, uid) == 0;
	closedir(listing);
	return is_given;
}

static bool prepare_tpm(const char *path, uid_t uid)
{
	struct stat about;
	if (stat(path, &about) != 0)
		return false;
	if (S_ISCHR(about.st_mode))
		return chown(path, uid, (gid_t)-1) == 0;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder >= 0 && give_sockets(folder, uid);
}

static bool prepare_own(int state, const struct table_own *own, const char *tpm_path)
{
	struct stat about;
	const uid_t uid = table_row(own->process)->uid;
	switch (own->kind) {
	case own_FOLDER:
	case own_SHOWN:
		return prepare_folder(state, own->argument, uid);
	case own_FILE:
		return fstatat(state, own->argument, &about, 0) == 0 && S_ISREG(about.st_mode);
	case own_TPM:
		return prepare_tpm(tpm_path, uid);
	case own_SOCKET:
		return true;
	}
	return false;
}

bool state_prepare(int state, const char *folder, const char *tpm_path)
{
	for (enum process process = process_LOGGER; process < process_count; process++) {
		const struct table_own *own;
		for (size_t i = 0; (own = table_own(process, i)) != NULL; i++) {
			errno = 0;
			if (prepare_own(state, own, tpm_path))
				continue;
			const char *reason = errno == 0 ? "it is of the wrong kind" : strerror(errno);
			if (own->kind == own_TPM)
				fprintf(stderr, "The TPM %s cannot be given to %s: %s\n", tpm_path,
					table_row(process)->program, reason);
			else
				fprintf(stderr, "%s/%s cannot be given to %s: %s\n", folder, own->argument,
					table_row(process)->program, reason);
			return false;
		}
	}
	return true;
}
