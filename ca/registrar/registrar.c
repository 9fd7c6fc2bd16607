/* SPDX-License-Identifier: Apache-2.0
 * Puts the parts of the registrar together from its settings, and builds its URLs. */
#include "ca/registrar/registrar.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The prober waits for others itself. */
enum { verifier_patience_ms = 5000, signer_patience_ms = 6000, prober_patience_ms = 90000 };

static bool copy_text(struct bytes from, char *to, size_t room)
{
	if (from.size == 0 || from.size >= room)
		return false;
	memcpy(to, from.data, from.size);
	to[from.size] = 0;
	return true;
}

static status take_limits(struct bytes record, struct limits *out)
{
	struct message_limits limits;
	TRY(wire_decode(message_limits, record, &limits));
	*out = (struct limits){
	    .most = {[limit_accounts_per_address] = limits.accounts_per_address,
		     [limit_orders_per_address] = limits.orders_per_address,
		     [limit_orders_per_account] = limits.orders_per_account,
		     [limit_orders_per_device] = limits.orders_per_device,
		     [limit_failures_per_account] = limits.failures_per_account,
		     [limit_failures_per_device] = limits.failures_per_device},
	    .pending_most = limits.pending_per_account,
	};
	snprintf(out->help, sizeof out->help, "%.*s", (int)limits.help.size, (const char *)limits.help.data);
	return OK;
}

/* What the ledger keeps of the rule; a directory without profiles has no name for it. */
static void write_policy(const char *directory, struct profile *profile)
{
	char policy[sizeof profile->policy], named[96] = "";
	if (profile->name[0] != 0)
		snprintf(named, sizeof named, "profile %s, ", profile->name);
	snprintf(policy, sizeof policy, "directory %s: %senvelope %s, validity %u s", directory, named, profile->envelope,
		 (unsigned)profile->validity_s);
	memcpy(profile->policy, policy, sizeof profile->policy);
	SHA256((const uint8_t *)profile->policy, strlen(profile->policy), profile->policy_hash);
}

static status take_profile(struct bytes record, struct directory *directory)
{
	struct profile *profile = &directory->profiles[directory->profile_count++];
	struct message_registrar_profile from;
	TRY(wire_decode(message_registrar_profile, record, &from));
	if (!copy_text(from.envelope, profile->envelope, sizeof profile->envelope))
		return REFUSE(message_malformed);
	(void)copy_text(from.name, profile->name, sizeof profile->name);
	(void)copy_text(from.description, profile->description, sizeof profile->description);
	(void)copy_text(from.dns_suffixes, profile->dns_suffixes, sizeof profile->dns_suffixes);
	(void)copy_text(from.ip_ranges, profile->ip_ranges, sizeof profile->ip_ranges);
	profile->validity_s = from.validity_s;
	write_policy(directory->name, profile);
	return OK;
}

static status take_directory(struct bytes record, struct directory *out, char sentence[256])
{
	struct message_registrar_directory from;
	TRY(wire_decode(message_registrar_directory, record, &from));
	if (!copy_text(from.name, out->name, sizeof out->name) || from.profiles.count == 0)
		return REFUSE(message_malformed);
	(void)copy_text(from.path.size != 0 ? from.path : from.name, out->segment, sizeof out->segment);
	for (size_t i = 0; i < from.profiles.count; i++)
		TRY(take_profile(from.profiles.at[i], out));
	(void)copy_text(from.identifiers, out->identifiers, sizeof out->identifiers);
	for (enum challenge i = 0; i < challenge_count; i++)
		out->offers[i] = identifier_is_among(from.challenges, bytes_from_text(challenge_name(i)));
	out->accounts_most = from.accounts_most;
	out->orders_most = from.orders_most;
	out->is_eab_required = from.is_eab_required != 0;
	out->is_attestation_ca = from.is_attestation_ca == 1;
	out->keeps_statements = from.keeps_statements == 1;
	TRY(take_limits(from.limits, &out->limits));
	for (size_t i = 0; i < from.eab_keys.count; i++) {
		const status added = eab_add_key(&out->eab_keys, from.eab_keys.at[i]);
		if (is_refused(added)) {
			snprintf(sentence, 256, "the key of section eab number %zu of directory %s is not base64url of 32 to 64 octets",
				 i + 1, out->name);
			return added;
		}
	}
	return OK;
}

static status take_settings(struct registrar *registrar, const struct message_registrar_settings *settings, char sentence[256])
{
	snprintf(sentence, 256, "the settings lack an origin, a directory, an envelope or limits");
	if (!copy_text(settings->origin, registrar->origin, sizeof registrar->origin) || settings->directories.count == 0)
		return REFUSE(message_malformed);
	registrar->directories = calloc(settings->directories.count, sizeof *registrar->directories);
	if (registrar->directories == NULL)
		status_broken("no memory for directories");
	registrar->directory_count = settings->directories.count;
	for (size_t i = 0; i < settings->directories.count; i++)
		TRY(take_directory(settings->directories.at[i], &registrar->directories[i], sentence));
	registrar->account_idle_s = settings->account_idle_s;
	registrar->longest_record_days = settings->longest_record_days;
	registrar->requests_per_address = settings->requests_per_address;
	return OK;
}

static status take_administrators(struct registrar *registrar, const struct message_registrar_settings *settings,
				  char sentence[256])
{
	registrar->keyring = keyring_new();
	for (size_t i = 0; i < settings->administrators.count; i++) {
		const status added = keyring_add_administrator(registrar->keyring, settings->administrators.at[i]);
		if (is_refused(added)) {
			snprintf(sentence, 256, "the key of administrator %zu cannot be used: %s", i + 1,
				 status_entry(added.refusal)->sentence);
			return added;
		}
	}
	return OK;
}

static status open_store(struct registrar *registrar, const struct message_registrar_settings *settings, const char *database,
			 void (*beat)(void), char sentence[256])
{
	TRY(store_open(database, settings->boot_id, beat, &registrar->store, sentence));
	for (size_t i = 0; i < registrar->directory_count; i++) {
		struct directory *directory = &registrar->directories[i];
		store_enter(registrar->store);
		const status known = store_leave(registrar->store,
						 store_directory_know(registrar->store, directory->name, &directory->id));
		if (is_refused(known)) {
			snprintf(sentence, 256, "the directory %s is not kept: %s", directory->name, store_trouble(registrar->store));
			return known;
		}
	}
	return OK;
}

status registrar_open(struct registrar *registrar, const struct message_registrar_settings *settings,
		      const char *database, void (*beat)(void), char sentence[256])
{
	memset(registrar, 0, sizeof *registrar);
	registrar->verifier_patience_ms = verifier_patience_ms;
	registrar->signer_patience_ms = signer_patience_ms;
	registrar->prober_patience_ms = prober_patience_ms;
	status opened = take_settings(registrar, settings, sentence);
	if (!is_refused(opened))
		opened = take_administrators(registrar, settings, sentence);
	if (!is_refused(opened))
		opened = open_store(registrar, settings, database, beat, sentence);
	if (is_refused(opened)) {
		registrar_close(registrar);
		return opened;
	}
	registrar->nonces = nonce_open();
	registrar->limit_tables = limit_open();
	registrar->flight = calloc(1, sizeof *registrar->flight);
	registrar->probing = calloc(1, sizeof *registrar->probing);
	registrar->takeover = calloc(1, sizeof *registrar->takeover);
	if (registrar->flight == NULL || registrar->probing == NULL || registrar->takeover == NULL)
		status_broken("no memory for what is in hand");
	flight_open(registrar->flight);
	probe_open(registrar->probing);
	takeover_open(registrar->takeover);
	return OK;
}

void registrar_close(struct registrar *registrar)
{
	store_close(registrar->store);
	nonce_close(registrar->nonces);
	limit_close(registrar->limit_tables);
	keyring_free(registrar->keyring);
	if (registrar->directories != NULL)
		OPENSSL_cleanse(registrar->directories, registrar->directory_count * sizeof *registrar->directories);
	free(registrar->directories);
	free(registrar->flight);
	free(registrar->probing);
	free(registrar->takeover);
	*registrar = (struct registrar){.store = NULL};
}

/* In a time that does not tell how much of a secret path was right. */
const struct directory *registrar_find_directory(const struct registrar *registrar, struct bytes segment)
{
	for (size_t i = 0; i < registrar->directory_count; i++) {
		const struct directory *directory = &registrar->directories[i];
		if (segment.size == strlen(directory->segment) &&
		    CRYPTO_memcmp(segment.data, directory->segment, segment.size) == 0)
			return directory;
	}
	return NULL;
}

const struct directory *registrar_get_directory(const struct registrar *registrar, int64_t id)
{
	for (size_t i = 0; i < registrar->directory_count; i++)
		if (registrar->directories[i].id == id)
			return &registrar->directories[i];
	return NULL;
}

const struct profile *registrar_find_profile(const struct registrar *registrar, const char *name)
{
	for (size_t i = 0; i < registrar->directory->profile_count; i++)
		if (strcmp(registrar->directory->profiles[i].name, name) == 0)
			return &registrar->directory->profiles[i];
	return NULL;
}

struct url registrar_url(const struct registrar *registrar, const char *format, ...)
{
	struct url url;
	char tail[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(tail, sizeof tail, format, arguments);
	va_end(arguments);
	snprintf(url.text, sizeof url.text, "%s/acme/%s/%s", registrar->origin, registrar->directory->segment, tail);
	return url;
}

bool registrar_read_number(struct bytes text, int64_t *out)
{
	int64_t number = 0;
	if (text.size == 0 || text.size > 18 || text.data[0] == '0')
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*out = number;
	return true;
}

bool registrar_read_account_url(const struct registrar *registrar, struct bytes url, int64_t *id)
{
	const struct url prefix = registrar_url(registrar, "account/");
	const size_t length = strlen(prefix.text);
	return url.size > length && memcmp(url.data, prefix.text, length) == 0 &&
	       registrar_read_number(bytes_from(url.data + length, url.size - length), id);
}
