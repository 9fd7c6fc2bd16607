/* SPDX-License-Identifier: Apache-2.0
 * A list of steps, replayed. Takes the place of openat, pread, pwrite, ftruncate, fsync, fdatasync and renameat. */
#include "tests/signer/disk/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most_steps = 4096, most_files = 64, most_size = 1 << 16, sector = 512, name_room = 64 };

enum kind { kind_write, kind_cut, kind_sync, kind_name, kind_rename, kind_sync_names };

struct step {
	enum kind kind;
	size_t file; /* its place in `files` */
	uint64_t offset;
	uint8_t *data;
	size_t size;
	char name[name_room], to[name_room];
	bool is_lost; /* whatever is synced later */
};

/* A file, whatever it is called: the name is a step of its own. */
static struct {
	ino_t inode;
	uint8_t *base; /* at the begin */
	size_t base_size;
	char base_name[name_room];
} files[most_files];
static struct step steps[most_steps];
static size_t file_count, step_count;
static char watched[128], failing_sync[name_room], failing_read[name_room];
static uint64_t failing_from;

static struct step *add(enum kind kind, size_t file)
{
	if (step_count == most_steps)
		abort();
	steps[step_count] = (struct step){.kind = kind, .file = file};
	return &steps[step_count++];
}

static size_t find_file(ino_t inode)
{
	size_t at = 0;
	while (at < file_count && files[at].inode != inode)
		at++;
	if (at == most_files)
		abort();
	files[at].inode = inode;
	file_count += at == file_count;
	return at;
}

/* The name of an open file of the folder; "" of the folder itself; NULL: it lies elsewhere. */
static const char *name_of(int descriptor)
{
	static char path[256];
	char link[64];
	const size_t length = strlen(watched);
	snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
	const ssize_t size = length == 0 ? -1 : readlink(link, path, sizeof path - 1);
	if (size < 0)
		return NULL;
	path[size] = 0;
	if (strncmp(path, watched, length) != 0 || (path[length] != '/' && path[length] != 0))
		return NULL;
	return path[length] == 0 ? "" : path + length + 1;
}

static size_t file_of(int descriptor)
{
	struct stat facts;
	if (fstat(descriptor, &facts) != 0)
		abort();
	return find_file(facts.st_ino);
}

static void forget(int descriptor)
{
	files[file_of(descriptor)].inode = 0;
}

static uint8_t *copy_of(const void *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	return copy;
}

/* ---- in place of the libc's ---- */

int openat(int folder, const char *name, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	const bool was_there = faccessat(folder, name, F_OK, 0) == 0;
	const int file = (int)syscall(SYS_openat, folder, name, flags, mode);
	if (file < 0 || name_of(file) == NULL)
		return file;
	if (!was_there)
		forget(file); /* a removed file's number comes again */
	if (!was_there)
		snprintf(add(kind_name, file_of(file))->name, name_room, "%s", name);
	if ((flags & O_TRUNC) != 0)
		add(kind_cut, file_of(file));
	return file;
}

ssize_t pread(int file, void *out, size_t size, off_t offset)
{
	const char *name = name_of(file);
	if (name != NULL && failing_read[0] != 0 && strcmp(name, failing_read) == 0 &&
	    (uint64_t)offset + size > failing_from) {
		failing_read[0] = 0;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, file, out, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
	const ssize_t done = syscall(SYS_pwrite64, file, data, size, offset);
	if (done > 0 && name_of(file) != NULL) {
		struct step *step = add(kind_write, file_of(file));
		step->offset = (uint64_t)offset;
		step->size = (size_t)done;
		step->data = copy_of(data, step->size);
	}
	return done;
}

int ftruncate(int file, off_t size)
{
	const int done = (int)syscall(SYS_ftruncate, file, size);
	if (done == 0 && name_of(file) != NULL)
		add(kind_cut, file_of(file))->offset = (uint64_t)size;
	return done;
}

static int sync_file(int file)
{
	const char *name = name_of(file);
	if (name == NULL)
		return 0;
	if (failing_sync[0] != 0 && strcmp(name, failing_sync) == 0) {
		const size_t which = file_of(file);
		failing_sync[0] = 0;
		for (size_t i = step_count; i-- > 0 && !(steps[i].kind == kind_sync && steps[i].file == which);)
			steps[i].is_lost = steps[i].is_lost || (steps[i].kind == kind_write && steps[i].file == which);
		errno = EIO;
		return -1;
	}
	add(name[0] == 0 ? kind_sync_names : kind_sync, name[0] == 0 ? most_files : file_of(file));
	return 0;
}

int fdatasync(int file)
{
	return sync_file(file);
}

int fsync(int file)
{
	return sync_file(file);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	const int done = (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
	const char *folder = name_of(to_folder);
	if (done == 0 && folder != NULL) {
		struct step *step = add(kind_rename, most_files);
		snprintf(step->name, name_room, "%s", from);
		snprintf(step->to, name_room, "%s", to);
	}
	return done;
}

/* ---- for the test ---- */

static void take_base(const char *folder)
{
	DIR *listing = opendir(folder);
	const struct dirent *entry;
	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		static uint8_t room[most_size];
		const int file = (int)syscall(SYS_openat, dirfd(listing), entry->d_name, O_RDONLY | O_CLOEXEC, 0);
		const ssize_t size = read(file, room, sizeof room);
		if (size < 0 || size == most_size)
			abort();
		const size_t at = file_of(file);
		files[at].base = copy_of(room, (size_t)size);
		files[at].base_size = (size_t)size;
		snprintf(files[at].base_name, name_room, "%.63s", entry->d_name);
		close(file);
	}
	closedir(listing);
}

void disk_begin(const char *folder)
{
	disk_end();
	snprintf(watched, sizeof watched, "%s", folder);
	take_base(folder);
}

void disk_end(void)
{
	for (size_t i = 0; i < step_count; i++)
		free(steps[i].data);
	for (size_t i = 0; i < file_count; i++)
		free(files[i].base);
	memset(files, 0, sizeof files);
	file_count = step_count = 0;
	watched[0] = failing_sync[0] = failing_read[0] = 0;
}

size_t disk_steps(void)
{
	return step_count;
}

void disk_fail_sync(const char *name)
{
	snprintf(failing_sync, sizeof failing_sync, "%s", name);
}

void disk_fail_read(const char *name, uint64_t from)
{
	snprintf(failing_read, sizeof failing_read, "%s", name);
	failing_from = from;
}

/* Whether a step was made durable by a later one. */
static bool is_synced(size_t at, size_t count)
{
	const bool is_of_names = steps[at].kind == kind_name || steps[at].kind == kind_rename;
	for (size_t i = at + 1; i < count && !steps[at].is_lost; i++)
		if (is_of_names ? steps[i].kind == kind_sync_names
				: steps[i].kind == kind_sync && steps[i].file == steps[at].file)
			return true;
	return false;
}

static bool draws(unsigned *seed)
{
	return *seed == 1 || (*seed != 0 && rand_r(seed) % 2 == 0);
}

struct layout {
	struct {
		uint8_t data[most_size];
		size_t size;
		char name[name_room]; /* "": none */
	} at[most_files];
};

static void apply_write(struct layout *out, const struct step *step, bool is_whole, unsigned *seed)
{
	for (uint64_t at = step->offset; at < step->offset + step->size;) {
		const uint64_t rest = step->offset + step->size - at, room = sector - at % sector,
			       size = rest < room ? rest : room;
		if (at + size > most_size)
			abort();
		if (is_whole || (!step->is_lost && draws(seed))) {
			memcpy(out->at[step->file].data + at, step->data + (at - step->offset), size);
			if (at + size > out->at[step->file].size)
				out->at[step->file].size = at + size;
		}
		at += size;
	}
}

static void apply_cut(struct layout *out, const struct step *step)
{
	const size_t size = out->at[step->file].size;
	if (step->offset < size)
		memset(out->at[step->file].data + step->offset, 0, size - step->offset);
	out->at[step->file].size = step->offset;
}

static void apply_name(struct layout *out, const struct step *step)
{
	if (step->kind == kind_name) {
		snprintf(out->at[step->file].name, name_room, "%s", step->name);
		return;
	}
	for (size_t i = 0; i < file_count; i++)
		if (strcmp(out->at[i].name, step->to) == 0)
			out->at[i].name[0] = 0;
	for (size_t i = 0; i < file_count; i++)
		if (strcmp(out->at[i].name, step->name) == 0)
			snprintf(out->at[i].name, name_room, "%s", step->to);
}

static void replay(struct layout *out, size_t count, unsigned seed)
{
	bool keeps_names = true; /* a journal keeps their order */
	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		const bool is_kept = is_synced(i, count);
		if (step->kind == kind_write)
			apply_write(out, step, is_kept, &seed);
		else if (step->kind == kind_cut && (is_kept || draws(&seed)))
			apply_cut(out, step);
		else if (step->kind == kind_name || step->kind == kind_rename) {
			keeps_names = is_kept || (keeps_names && draws(&seed));
			if (keeps_names)
				apply_name(out, step);
		}
	}
}

void disk_lay_out(size_t count, unsigned seed, const char *folder)
{
	static struct layout out;
	char path[256];
	memset(&out, 0, sizeof out);
	for (size_t i = 0; i < file_count; i++) {
		if (files[i].base_size != 0)
			memcpy(out.at[i].data, files[i].base, files[i].base_size);
		out.at[i].size = files[i].base_size;
		memcpy(out.at[i].name, files[i].base_name, name_room);
	}
	replay(&out, count, seed);
	for (size_t i = 0; i < file_count; i++) {
		if (out.at[i].name[0] == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, out.at[i].name);
		FILE *file = fopen(path, "wb");
		if (file == NULL || fwrite(out.at[i].data, 1, out.at[i].size, file) != out.at[i].size ||
		    fclose(file) != 0)
			abort();
	}
}
