/* SPDX-License-Identifier: Apache-2.0
 * Decides how a client's files are read and written. Distrusts their size, kind and mode. */
#include "ca/client/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(const int *file)
{
	if (*file >= 0)
		(void)close(*file);
}
static void free_bio(BIO **bio)
{
	BIO_free_all(*bio);
}
static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static outcome fill(int file, const char *path, struct buffer *out)
{
	for (;;) {
		uint8_t piece[4096];
		const ssize_t got = read(file, piece, sizeof piece);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return outcome_fail(exit_other, "%s cannot be read: %s", path, strerror(errno));
		if (got == 0)
			return DONE;
		const bool has_room = buffer_add(out, piece, (size_t)got);
		OPENSSL_cleanse(piece, sizeof piece);
		if (!has_room)
			return outcome_fail(exit_other, "%s is too long", path);
	}
}

outcome key_file_load(const char *path, bool is_private, struct buffer *out)
{
	__attribute__((cleanup(close_file))) const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	if (file < 0 || fstat(file, &about) != 0)
		return outcome_fail(exit_other, "%s cannot be opened: %s", path, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return outcome_fail(exit_other, "%s is not a file", path);
	if (is_private && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return outcome_fail(exit_other,
				    "%s holds a private key and is open to others than its owner; chmod 600 it", path);
	return fill(file, path, out);
}

static bool write_all(int file, struct bytes contents)
{
	while (contents.size > 0) {
		const ssize_t done = write(file, contents.data, contents.size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		contents = bytes_from(contents.data + done, contents.size - (size_t)done);
	}
	return true;
}

static bool sync_folder_of(const char *path)
{
	char copy[PATH_MAX];
	(void)snprintf(copy, sizeof copy, "%s", path);
	__attribute__((cleanup(close_file))) const int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder >= 0 && fsync(folder) == 0;
}

outcome key_file_store(const char *path, unsigned mode, struct bytes contents)
{
	char beside[PATH_MAX];
	if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside)
		return outcome_fail(exit_other, "the path %s is too long", path);
	(void)unlink(beside); /* of an earlier run that was cut short */
	__attribute__((cleanup(close_file))) const int file =
		open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (file < 0)
		return outcome_fail(exit_other, "%s cannot be made: %s", beside, strerror(errno));
	if (!write_all(file, contents) || fchmod(file, mode) != 0 || fsync(file) != 0 || rename(beside, path) != 0 ||
	    !sync_folder_of(path)) {
		const int why = errno;
		(void)unlink(beside);
		return outcome_fail(exit_other, "%s cannot be written: %s", path, strerror(why));
	}
	return DONE;
}

/* A pass phrase is never asked for. */
static int no_phrase(char *phrase, int room, int is_written, void *context)
{
	(void)phrase;
	(void)room;
	(void)is_written;
	(void)context;
	return 0;
}

outcome key_file_read(const char *path, EVP_PKEY **key)
{
	uint8_t text[8192];
	struct buffer pem = BUFFER(text);
	const outcome loaded = key_file_load(path, true, &pem);
	EVP_PKEY *made = NULL;
	if (loaded.code == exit_done) {
		__attribute__((cleanup(free_bio))) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
		made = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_phrase, NULL);
	}
	OPENSSL_cleanse(text, sizeof text);
	STEP(loaded);
	if (made == NULL)
		return outcome_fail(exit_other, "%s holds no private key in PEM without a pass phrase", path);
	*key = made;
	return DONE;
}

static outcome store_key(const char *path, EVP_PKEY *key)
{
	char *text = NULL;
	__attribute__((cleanup(free_bio))) BIO *bio = BIO_new(BIO_s_secmem());
	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return outcome_fail(exit_other, "there is no memory");
	const long size = BIO_get_mem_data(bio, &text);
	return key_file_store(path, S_IRUSR | S_IWUSR, bytes_from(text, size < 0 ? 0 : (size_t)size));
}

outcome key_file_obtain(const char *path, EVP_PKEY **key)
{
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return key_file_read(path, key);
	__attribute__((cleanup(free_key))) EVP_PKEY *made = EVP_EC_gen("P-256");
	if (made == NULL)
		return outcome_fail(exit_other, "a key cannot be made");
	STEP(store_key(path, made));
	*key = made;
	made = NULL;
	return DONE;
}
