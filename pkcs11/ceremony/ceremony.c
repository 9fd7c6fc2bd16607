/* SPDX-License-Identifier: Apache-2.0
 * The order of the ceremony. keyward-seal runs before PKCS#11 is initialised or after it is finalised, never in
 * between. */
#include "pkcs11/ceremony/ceremony.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "pkcs11/ceremony/administrator.h"
#include "pkcs11/ceremony/certificate.h"
#include "pkcs11/ceremony/folder.h"
#include "pkcs11/ceremony/report.h"
#include "pkcs11/ceremony/sealing.h"
#include "pkcs11/ceremony/secret.h"
#include "pkcs11/ceremony/signature.h"
#include "pkcs11/ceremony/token.h"

struct ceremony {
	const struct configuration *configuration;
	struct folder folder;
	struct secret pin, so_pin;
	uint8_t ids[configuration_most][token_id_size];
	EVP_PKEY *keys[configuration_most]; /* of the signature */
	X509 *certificates[configuration_most];
	struct token_name token;
	char token_folder[PATH_MAX + 16];
	char *report;
};

static bool generate_keys(struct ceremony *ceremony, struct token *token)
{
	const struct configuration *on = ceremony->configuration;
	for (size_t i = 0; i < on->key_count; i++)
		if (!token_generate(token, on->keys[i].label, on->keys[i].algorithm, ceremony->ids[i]))
			return false;
	return true;
}

static bool make_token(struct ceremony *ceremony)
{
	const struct configuration *on = ceremony->configuration;
	struct token *token;
	snprintf(ceremony->token_folder, sizeof ceremony->token_folder, "%s/token", ceremony->folder.made);
	if (!token_load(on->token_module, ceremony->token_folder, &token))
		return false;
	const bool is_made = token_initialise(token, on->token_label, ceremony->so_pin.text, ceremony->pin.text) &&
			     generate_keys(ceremony, token);
	token_describe(token, &ceremony->token);
	token_close(token);
	/* nobody holds it: the PIN cannot be set anew by an officer */
	secret_wipe(&ceremony->so_pin);
	return is_made;
}

static size_t index_of_issuer(const struct configuration *on, size_t key)
{
	const char *issuer = on->keys[key].issuer;
	for (size_t i = 0; i < on->key_count; i++)
		if (issuer != NULL && strcmp(on->keys[i].label, issuer) == 0)
			return i;
	return key;
}

static bool certify(struct ceremony *ceremony, size_t i)
{
	const struct configuration_key *key = &ceremony->configuration->keys[i];
	const size_t issuer = index_of_issuer(ceremony->configuration, i);
	const struct certificate_wish wish = {.role = key->role,
					      .subject = key->subject,
					      .days = key->days,
					      .key = ceremony->keys[i],
					      .issuer_key = ceremony->keys[issuer],
					      .issuer = issuer == i ? NULL : ceremony->certificates[issuer]};
	ceremony->certificates[i] = certificate_issue(&wish);
	return ceremony->certificates[i] != NULL;
}

/* Issuers come before what they sign, in whatever order the configuration lists them; it has no circles, for each round
 * must get further. */
static bool certify_all(struct ceremony *ceremony)
{
	const struct configuration *on = ceremony->configuration;
	size_t done = 0, before;
	do {
		before = done;
		for (size_t i = 0; i < on->key_count; i++) {
			const size_t issuer = index_of_issuer(on, i);
			if (ceremony->certificates[i] != NULL ||
			    (issuer != i && ceremony->certificates[issuer] == NULL))
				continue;
			if (!certify(ceremony, i))
				return false;
			done++;
		}
	} while (done < on->key_count && done > before);
	if (done < on->key_count)
		fputs("The issuers of the keys form a circle\n", stderr);
	return done == on->key_count;
}

static bool write_certificate(const struct ceremony *ceremony, size_t i)
{
	const struct configuration_key *key = &ceremony->configuration->keys[i];
	char name[96];
	uint8_t *der = NULL;
	const int size = i2d_X509(ceremony->certificates[i], &der);
	snprintf(name, sizeof name, "keys/%s.der", key->label);
	bool is_written = size > 0 && folder_write(&ceremony->folder, name, 0644, bytes_from(der, (size_t)size));
	OPENSSL_free(der);
	if (!is_written || strcmp(key->role, "root") != 0)
		return is_written;
	char *text;
	BIO *bio = BIO_new(BIO_s_mem());
	const bool is_encoded = bio != NULL && PEM_write_bio_X509(bio, ceremony->certificates[i]) == 1;
	const long length = is_encoded ? BIO_get_mem_data(bio, &text) : 0;
	is_written = length > 0 && folder_write(&ceremony->folder, "root.pem", 0644, bytes_from(text, (size_t)length));
	BIO_free(bio);
	return is_written;
}

static bool make_certificates(struct ceremony *ceremony)
{
	const struct configuration *on = ceremony->configuration;
	struct signature *signature;
	bool is_made = signature_open(on->token_module, on->token_label, ceremony->pin.text, &signature);
	for (size_t i = 0; is_made && i < on->key_count; i++)
		is_made = signature_key(signature, ceremony->ids[i], &ceremony->keys[i]);
	is_made = is_made && certify_all(ceremony);
	for (size_t i = 0; is_made && i < on->key_count; i++)
		is_made = write_certificate(ceremony, i);
	signature_close(signature);
	return is_made;
}

/* What the signer's SoftHSM2 reads; in its root the token folder is /token. */
static bool write_settings(const struct ceremony *ceremony)
{
	static const char text[] =
	    "directories.tokendir = /token\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n";
	return folder_write(&ceremony->folder, "softhsm2.conf", 0644, bytes_from_text(text));
}

static bool write_report(struct ceremony *ceremony)
{
	const struct report_facts facts = {ceremony->configuration, &ceremony->token, ceremony->certificates};
	ceremony->report = report_build(&facts);
	return ceremony->report != NULL &&
	       folder_write(&ceremony->folder, "keys/report.txt", 0644, bytes_from_text(ceremony->report));
}

static bool draw_secrets(struct ceremony *ceremony)
{
	if (secret_lock_memory() && secret_draw(&ceremony->pin) && secret_draw(&ceremony->so_pin))
		return true;
	fputs("The PIN cannot be drawn: memory cannot be locked, or there is no randomness\n", stderr);
	return false;
}

/* A person sees the PIN before the state that needs it is there: no state's PIN was ever unseen. */
static bool show(const struct ceremony *ceremony, bool may_show)
{
	fputs(ceremony->report, stdout);
	for (size_t i = 0; i < ceremony->configuration->administrator_count; i++)
		printf("The private key of the administrator %s lies beside the state, in administrator-%s.pem: take "
		       "it away.\n",
		       ceremony->configuration->administrators[i].name,
		       ceremony->configuration->administrators[i].name);
	if (may_show)
		printf("\nRecovery PIN of the token, shown this once: %s\n"
		       "Write it down and keep it away from this box. It opens the token when the TPM no longer does: "
		       "after programs or\n"
		       "configuration were changed, or when the TPM broke. Without it the keys are lost then.\n",
		       ceremony->pin.text);
	else
		puts("\nThe recovery PIN was not shown, because standard output is not a terminal. Without it the keys "
		     "are lost when\n"
		     "programs or configuration change. To have it, remove the state and begin anew with "
		     "--show-recovery-pin.");
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return true;
	fputs("Standard output cannot be written, so nothing was made\n", stderr);
	return false;
}

static void end(struct ceremony *ceremony)
{
	for (size_t i = 0; i < configuration_most; i++)
		X509_free(ceremony->certificates[i]);
	free(ceremony->report);
	OPENSSL_cleanse(ceremony, sizeof *ceremony);
}

bool ceremony_begin(const struct configuration *configuration, bool may_show_pin)
{
	struct ceremony ceremony __attribute__((cleanup(end))) = {.configuration = configuration};
	folder_name(configuration, &ceremony.folder);
	if (!folder_begin(&ceremony.folder, configuration))
		return false;
	if (draw_secrets(&ceremony) && sealing_run(configuration->file, &ceremony.pin, false) &&
	    make_token(&ceremony) && make_certificates(&ceremony) &&
	    administrator_make_all(&ceremony.folder, configuration) && write_settings(&ceremony) &&
	    write_report(&ceremony) && show(&ceremony, may_show_pin) && folder_finish(&ceremony.folder, configuration))
		return true;
	folder_abandon(&ceremony.folder, configuration);
	return false;
}

bool ceremony_reseal(const struct configuration *configuration)
{
	struct secret pin __attribute__((cleanup(secret_wipe)));
	char token_folder[PATH_MAX + 16];
	struct token *token;
	snprintf(token_folder, sizeof token_folder, "%s/token", configuration->state);
	if (!secret_lock_memory() || !secret_read("Recovery PIN: ", &pin)) {
		fputs("The recovery PIN is expected on standard input\n", stderr);
		return false;
	}
	if (!token_load(configuration->token_module, token_folder, &token))
		return false;
	const bool is_right = token_login(token, configuration->token_label, pin.text);
	token_close(token);
	if (!is_right || !sealing_run(configuration->file, &pin, true))
		return false;
	puts("The PIN is sealed for the programs and the configuration as they are now. It opens at the next start of "
	     "the machine.");
	return true;
}
