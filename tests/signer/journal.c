/* SPDX-License-Identifier: Apache-2.0
 * Opens, fills and closes a ledger in a folder of its own. */
#include "tests/signer/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ec.h>

static status sign(void *context, struct bytes message, struct buffer *signature)
{
	EVP_MD_CTX *signer = EVP_MD_CTX_new();
	size_t size = signature->room - signature->size;
	const bool done = EVP_DigestSignInit(signer, NULL, EVP_sha256(), NULL, context) == 1 &&
			  EVP_DigestSign(signer, signature->data + signature->size, &size, message.data, message.size) == 1;
	EVP_MD_CTX_free(signer);
	signature->size += done ? size : 0;
	return done ? OK : REFUSE(token_failed);
}

void journal_make(struct journal *journal, const char *path)
{
	*journal = (struct journal){.path = "/tmp/keyward-signer-XXXXXX",
				    .audit = EVP_EC_gen("P-256"),
				    .folder = -1,
				    .now = {.wall_s = 1800000000, .boot_s = 1000},
				    .boot = 1};
	if (path != NULL)
		snprintf(journal->path, sizeof journal->path, "%s", path);
	else if (mkdtemp(journal->path) == NULL)
		abort();
}

void journal_remove(struct journal *journal)
{
	char command[128];
	journal_close(journal);
	EVP_PKEY_free(journal->audit);
	snprintf(command, sizeof command, "rm -rf '%s'", journal->path);
	if (system(command) != 0)
		abort();
}

status journal_open(struct journal *journal)
{
	journal->folder = open(journal->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ledger_settings settings = {
		.folder = journal->folder,
		.author = {.origin = "ledger.test/1", .key = journal->audit, .sign = sign, .context = journal->audit},
		.room_bytes = journal->room_bytes};
	memset(settings.boot_tag, journal->boot, sizeof settings.boot_tag);
	journal->ledger = NULL;
	return ledger_open(&settings, &journal->now, &journal->ledger, journal->why);
}

void journal_close(struct journal *journal)
{
	ledger_close(journal->ledger);
	if (journal->folder >= 0)
		close(journal->folder);
	journal->ledger = NULL;
	journal->folder = -1;
}

status journal_stage(struct journal *journal, uint8_t kind, uint64_t refers_to, uint64_t *number)
{
	char order[32], tbs[200];
	uint8_t serial[20], digest[EVP_MAX_MD_SIZE];
	const uint64_t next = ledger_next(journal->ledger);
	const int size = snprintf(tbs, sizeof tbs, "the to-be-signed bytes of entry %llu, %0*d", (unsigned long long)next,
				  (int)(next % 90) + 1, 0);
	snprintf(order, sizeof order, "order %llu", (unsigned long long)next);
	memset(serial, (int)(next + 1), sizeof serial);
	const bool has_certificate = kind != 'v' && kind != 's';
	struct message_ledger_entry entry = {.kind = kind,
					     .when_s = journal->now.wall_s,
					     .reporter = bytes_from_text("registrar"),
					     .order = bytes_from_text(order),
					     .refers_to = refers_to};
	if (has_certificate) {
		entry.serial = BYTES_OF(serial);
		entry.not_after_s = journal->now.wall_s + 86399;
		if (EVP_Digest(tbs, (size_t)size, digest, NULL, EVP_sha256(), NULL) != 1)
			abort();
		memcpy(entry.tbs_hash, digest, 32);
	}
	return ledger_stage(journal->ledger, &entry, bytes_from(tbs, has_certificate ? (size_t)size : 0), number);
}

status journal_append(struct journal *journal, size_t count)
{
	uint64_t number;
	for (size_t i = 0; i < count; i++) {
		TRY(journal_stage(journal, 'c', 0, &number));
		if (i + 1 == count || (i + 1) % ledger_most_staged == 0)
			TRY(ledger_commit(journal->ledger));
	}
	return OK;
}

status journal_checkpoint(struct journal *journal)
{
	struct bytes note;
	return ledger_checkpoint(journal->ledger, &note);
}
