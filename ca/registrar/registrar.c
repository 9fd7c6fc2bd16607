/* SPDX-License-Identifier: Apache-2.0
 * Puts the parts of the registrar together from its settings, and builds its URLs. */
#include "ca/registrar/registrar.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>

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

static status take_limits(const struct message_registrar_settings *settings, struct limits *out)
{
	struct message_limits limits;
	TRY(wire_decode(message_limits, settings->limits, &limits));
	*out = (struct limits){
	    .most = {[limit_requests_per_address] = settings->requests_per_address,
		     [limit_accounts_per_address] = limits.accounts_per_address,
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

/* Which challenges, and what names; a list may be empty. */
static void take_names(struct registrar *registrar, const struct message_registrar_settings *settings)
{
	(void)copy_text(settings->identifiers, registrar->identifiers, sizeof registrar->identifiers);
	(void)copy_text(settings->dns_suffixes, registrar->dns_suffixes, sizeof registrar->dns_suffixes);
	(void)copy_text(settings->ip_ranges, registrar->ip_ranges, sizeof registrar->ip_ranges);
	for (enum challenge i = 0; i < challenge_count; i++)
		registrar->offers[i] = identifier_is_among(settings->challenges, bytes_from_text(challenge_name(i)));
}

static status take_settings(struct registrar *registrar, const struct message_registrar_settings *settings)
{
	if (!copy_text(settings->origin, registrar->origin, sizeof registrar->origin) ||
	    !copy_text(settings->directory, registrar->directory, sizeof registrar->directory) ||
	    !copy_text(settings->envelope, registrar->envelope, sizeof registrar->envelope))
		return REFUSE(message_malformed);
	take_names(registrar, settings);
	registrar->validity_s = settings->validity_s;
	registrar->accounts_most = settings->accounts_most;
	registrar->orders_most = settings->orders_most;
	registrar->account_idle_s = settings->account_idle_s;
	TRY(take_limits(settings, &registrar->limits));
	registrar->is_eab_required = settings->is_eab_required != 0;
	registrar->longest_record_days = settings->longest_record_days;
	snprintf(registrar->policy, sizeof registrar->policy, "directory %s: envelope %s, validity %u s",
		 registrar->directory, registrar->envelope, (unsigned)registrar->validity_s);
	SHA256((const uint8_t *)registrar->policy, strlen(registrar->policy), registrar->policy_hash);
	return OK;
}

status registrar_open(struct registrar *registrar, const struct message_registrar_settings *settings,
		      const char *database, void (*beat)(void), char sentence[256])
{
	memset(registrar, 0, sizeof *registrar);
	registrar->verifier_patience_ms = verifier_patience_ms;
	registrar->signer_patience_ms = signer_patience_ms;
	registrar->prober_patience_ms = prober_patience_ms;
	status taken = take_settings(registrar, settings);
	if (is_refused(taken)) {
		snprintf(sentence, 256, "the settings lack an origin, a directory, an envelope or limits");
		return taken;
	}
	registrar->keyring = keyring_new();
	for (size_t i = 0; i < settings->administrators.count; i++) {
		status added = keyring_add_administrator(registrar->keyring, settings->administrators.at[i]);
		if (is_refused(added)) {
			snprintf(sentence, 256, "the key of administrator %zu cannot be used: %s", i + 1,
				 status_entry(added.refusal)->sentence);
			registrar_close(registrar);
			return added;
		}
	}
	for (size_t i = 0; i < settings->eab_keys.count; i++) {
		status added = eab_add_key(&registrar->eab_keys, settings->eab_keys.at[i]);
		if (is_refused(added)) {
			snprintf(sentence, 256, "the key of section eab number %zu is not base64url of 32 to 64 octets", i + 1);
			registrar_close(registrar);
			return added;
		}
	}
	status opened = store_open(database, settings->boot_id, beat, &registrar->store, sentence);
	if (is_refused(opened)) {
		registrar_close(registrar);
		return opened;
	}
	registrar->nonces = nonce_open();
	registrar->limit_tables = limit_open();
	flight_open(&registrar->flight);
	probe_open(&registrar->probing);
	takeover_open(&registrar->takeover);
	return OK;
}

void registrar_close(struct registrar *registrar)
{
	store_close(registrar->store);
	nonce_close(registrar->nonces);
	limit_close(registrar->limit_tables);
	keyring_free(registrar->keyring);
	OPENSSL_cleanse(&registrar->eab_keys, sizeof registrar->eab_keys);
	registrar->store = NULL;
	registrar->nonces = NULL;
	registrar->limit_tables = NULL;
	registrar->keyring = NULL;
}

struct url registrar_url(const struct registrar *registrar, const char *format, ...)
{
	struct url url;
	char tail[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(tail, sizeof tail, format, arguments);
	va_end(arguments);
	snprintf(url.text, sizeof url.text, "%s/acme/%s/%s", registrar->origin, registrar->directory, tail);
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
