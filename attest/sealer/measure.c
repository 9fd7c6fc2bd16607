/* SPDX-License-Identifier: Apache-2.0
 * Hashes programs and configuration. Follows no link and skips nothing: what cannot be read stops the measurement. */
#include "attest/sealer/measure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void hash_free(EVP_MD_CTX **hash)
{
	EVP_MD_CTX_free(*hash);
}

static void descriptor_close(const int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
}

#define HASH __attribute__((cleanup(hash_free))) EVP_MD_CTX
#define DESCRIPTOR __attribute__((cleanup(descriptor_close))) int

struct programs {
	struct dirent **at;
	int count;
};

static void programs_free(struct programs *programs)
{
	for (int i = 0; i < programs->count; i++)
		free(programs->at[i]);
	free((void *)programs->at);
}

static bool fails(struct measure_problem *problem, const char *what, const char *name, const char *why)
{
	snprintf(problem->sentence, sizeof problem->sentence, "%s %.200s cannot be measured: %s", what, name, why);
	return false;
}

static bool hash_descriptor(int file, uint8_t digest[measure_digest_size])
{
	uint8_t room[65536];
	HASH *hash = EVP_MD_CTX_new();
	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		return false;
	for (;;) {
		const ssize_t got = read(file, room, sizeof room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (got > 0 && EVP_DigestUpdate(hash, room, (size_t)got) != 1))
			return false;
		if (got == 0)
			return EVP_DigestFinal_ex(hash, digest, NULL) == 1;
	}
}

/* Adds name, NUL and the file's hash to the measurement. */
static bool add_file(EVP_MD_CTX *hash, int folder, const char *path, const char *name, struct measure_problem *problem)
{
	uint8_t digest[measure_digest_size];
	struct stat about;
	DESCRIPTOR file = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return fails(problem, "the file", path, strerror(errno));
	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
		return fails(problem, "the file", path, "it is not a regular file");
	if (!hash_descriptor(file, digest))
		return fails(problem, "the file", path, "it cannot be read");
	return (EVP_DigestUpdate(hash, name, strlen(name) + 1) == 1 &&
		EVP_DigestUpdate(hash, digest, sizeof digest) == 1) ||
	       fails(problem, "the file", path, "hashing failed");
}

static int is_program(const struct dirent *entry)
{
	return strncmp(entry->d_name, "keyward-", 8) == 0;
}

/* strcmp, not alphasort: the order must not depend on a locale. */
static int by_octets(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

bool measure_appliance(const char *programs, const char *configuration, uint8_t digest[measure_digest_size],
		       struct measure_problem *problem)
{
	__attribute__((cleanup(programs_free))) struct programs found = {NULL, 0};
	DESCRIPTOR folder = open(programs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int count = folder < 0 ? -1 : scandirat(folder, ".", &found.at, is_program, by_octets);
	if (count < 0)
		return fails(problem, "the folder", programs, strerror(errno));
	found.count = count;
	if (count == 0 || count > measure_most_programs)
		return fails(problem, "the folder", programs, "it holds no program, or too many");
	HASH *hash = EVP_MD_CTX_new();
	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		return fails(problem, "the folder", programs, "hashing failed");
	for (int i = 0; i < found.count; i++)
		if (!add_file(hash, folder, found.at[i]->d_name, found.at[i]->d_name, problem))
			return false;
	if (!add_file(hash, AT_FDCWD, configuration, "", problem))
		return false;
	return EVP_DigestFinal_ex(hash, digest, NULL) == 1 || fails(problem, "the folder", programs, "hashing failed");
}
