/* SPDX-License-Identifier: Apache-2.0
 * Writes the sealed PIN so that no moment has half of it. */
#include "attest/sealer/seal/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"public", "private", "srk-name", "measurement"};
enum { name_count = sizeof names / sizeof names[0] };

static void descriptor_close(const int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
}
#define DESCRIPTOR __attribute__((cleanup(descriptor_close))) int

static bool fails(const char *folder, const char *name)
{
	fprintf(stderr, "The sealed PIN cannot be written: %s/%s: %s\n", folder, name, strerror(errno));
	return false;
}

/* Removes a folder of ours and nothing else that may lie in it. */
static void remove_folder(int state, const char *name)
{
	DESCRIPTOR folder = openat(state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; folder >= 0 && i < name_count; i++)
		(void)unlinkat(folder, names[i], 0);
	(void)unlinkat(state, name, AT_REMOVEDIR);
}

static bool write_file(int folder, const char *name, struct bytes content)
{
	DESCRIPTOR file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file >= 0 && write(file, content.data, content.size) == (ssize_t)content.size && fsync(file) == 0;
}

static bool write_part(int state, const struct tpm_sealed *sealed, const uint8_t measurement[tpm_digest_size])
{
	const struct bytes contents[name_count] = {buffer_view(&sealed->public), buffer_view(&sealed->private),
						   buffer_view(&sealed->srk_name),
						   bytes_from(measurement, tpm_digest_size)};
	remove_folder(state, "sealed.part");
	if (mkdirat(state, "sealed.part", 0700) != 0)
		return false;
	DESCRIPTOR folder = openat(state, "sealed.part", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; i < name_count; i++)
		if (folder < 0 || !write_file(folder, names[i], contents[i]))
			return false;
	return fsync(folder) == 0;
}

static bool put_in_place(int state, bool may_replace)
{
	if (renameat2(state, "sealed.part", state, "sealed", RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EEXIST || !may_replace || renameat2(state, "sealed.part", state, "sealed", RENAME_EXCHANGE) != 0)
		return false;
	remove_folder(state, "sealed.part"); /* the former one */
	return true;
}

bool sealed_write(const char *folder, const struct tpm_sealed *sealed, const uint8_t measurement[tpm_digest_size],
		  bool may_replace)
{
	DESCRIPTOR state = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0)
		return fails(folder, "");
	if (!write_part(state, sealed, measurement) || !put_in_place(state, may_replace)) {
		fails(folder, "sealed");
		remove_folder(state, "sealed.part");
		return false;
	}
	return fsync(state) == 0 || fails(folder, "sealed");
}

bool sealed_is_for(const char *folder, const uint8_t measurement[tpm_digest_size])
{
	char path[PATH_MAX];
	uint8_t was[tpm_digest_size + 1];
	snprintf(path, sizeof path, "%s/sealed/measurement", folder);
	DESCRIPTOR file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return file >= 0 && read(file, was, sizeof was) == tpm_digest_size &&
	       memcmp(was, measurement, tpm_digest_size) == 0;
}
