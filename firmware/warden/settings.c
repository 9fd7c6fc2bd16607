/* SPDX-License-Identifier: Apache-2.0
 * Builds the settings record of each process. Its inputs are the judged configuration and the files of the state
 * folder, which only root writes; sizes are checked all the same. */
#include "firmware/warden/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "firmware/warden/table.h"
#include "firmware/warden/trust.h"

/* Drawn once per run; a restarted process gets the same. */
struct boot_keys {
	uint8_t token_key[32], name_token_key[32], device_key[32], request_key[32], name_key[32], ak_key[32], boot_id[16];
};

/* All at once in one locked region: the messages, the files they view, and the encoded records. */
struct workshop {
	struct boot_keys keys;
	struct message_verifier_settings verifier;
	struct message_signer_settings signer;
	struct message_registrar_settings registrar;
	struct message_sealer_settings sealer;
	struct message_prober_settings prober;
	struct message_listener_settings listener;
	struct buffer pieces;  /* files and nested records */
	struct buffer records; /* the outcome */
	char origin[256];
	uint8_t piece_room[10 << 20];
	uint8_t record_room[7 << 20];
};

static struct bytes without_line_end(struct bytes text)
{
	while (text.size != 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r'))
		text.size--;
	return text;
}

static bool take_administrators(const struct building *building, struct bytes *items, size_t *count)
{
	for (size_t i = 0; i < building->from->administrator_count; i++) {
		const struct configuration_administrator *from = &building->from->administrators[i];
		struct message_administrator administrator = {.name = bytes_from_text(from->name),
							      .role = bytes_from_text(from->role)};
		if (!piece_take_state_file(building, 1026, &administrator.jwk, "", from->key_file, ""))
			return false;
		administrator.jwk = without_line_end(administrator.jwk);
		if (!piece_take_record(building, message_administrator, &administrator, &items[i]))
			return false;
	}
	*count = building->from->administrator_count;
	return true;
}

static bool take_eab_keys(const struct building *building, const struct configuration_directory *directory,
			  struct message_registrar_directory *out)
{
	for (size_t i = 0; i < building->from->eab_count; i++) {
		const struct configuration_eab *from = &building->from->eabs[i];
		struct message_eab_key eab = {.name = bytes_from_text(from->name)};
		if (!configuration_serves(from->directories, from->directory_count, directory->name))
			continue;
		if (!piece_take_state_file(building, 130, &eab.key, "", from->key_file, ""))
			return false;
		eab.key = without_line_end(eab.key);
		if (!piece_take_record(building, message_eab_key, &eab, &out->eab_keys.at[out->eab_keys.count++]))
			return false;
	}
	out->is_eab_required = directory->eab_required;
	return true;
}

/* The address that a certificate may name: none when the socket listens on all. */
static struct bytes server_address(const struct configuration *from)
{
	const bool is_any = strcmp(from->listen_address, "0.0.0.0") == 0 || strcmp(from->listen_address, "::") == 0;
	return bytes_from_text(is_any ? NULL : from->listen_address);
}

/* ---- one process each ---- */

static bool fill_listener(const struct building *building)
{
	const struct configuration *from = building->from;
	building->shop->listener = (struct message_listener_settings){
		.server_name = bytes_from_text(from->listen_name),
		.server_address = server_address(from),
		.threads = from->threads,
		.connections = from->connections,
		.connections_per_address = from->connections_per_address,
		.idle_s = from->idle_s,
		.body_limit = from->body_limit,
	};
	return true;
}

static bool take_limits(const struct building *building, const struct configuration_limits *from, struct bytes *out)
{
	const struct message_limits limits = {
		.accounts_per_address = from->accounts_per_address,
		.orders_per_address = from->orders_per_address,
		.orders_per_account = from->orders_per_account,
		.orders_per_device = from->orders_per_device,
		.failures_per_account = from->failures_per_account,
		.failures_per_device = from->failures_per_device,
		.pending_per_account = from->pending_per_account,
		.help = bytes_from_text(from->help),
	};
	return piece_take_record(building, message_limits, &limits, out);
}

static bool take_profile(const struct building *building, const struct configuration_profile *from, struct bytes *out)
{
	struct message_registrar_profile profile = {.name = bytes_from_text(from->name),
						    .description = bytes_from_text(from->description),
						    .envelope = bytes_from_text(from->envelope),
						    .validity_s = from->validity_s};
	for (size_t i = 0; i < building->from->envelope_count; i++) {
		const struct configuration_envelope *envelope = &building->from->envelopes[i];
		if (strcmp(envelope->name, from->envelope) == 0 &&
		    (!piece_take_words(building, envelope->dns_suffixes, envelope->dns_suffix_count, 1024, &profile.dns_suffixes) ||
		     !piece_take_words(building, envelope->ip_ranges, envelope->ip_range_count, 1024, &profile.ip_ranges)))
			return false;
	}
	return piece_take_record(building, message_registrar_profile, &profile, out);
}

/* A directory without profiles has one that has no name. */
static bool take_profiles(const struct building *building, const struct configuration_directory *from,
			  struct message_registrar_directory *out)
{
	const struct configuration_profile only = {"", "", from->envelope, from->validity_s};
	if (from->profile_count == 0)
		return take_profile(building, &only, &out->profiles.at[out->profiles.count++]);
	for (size_t i = 0; i < from->profile_count; i++)
		for (size_t k = 0; k < building->from->profile_count; k++)
			if (strcmp(building->from->profiles[k].name, from->profiles[i]) == 0 &&
			    !take_profile(building, &building->from->profiles[k], &out->profiles.at[out->profiles.count++]))
				return false;
	return true;
}

static bool take_registrar_directory(const struct building *building, const struct configuration_directory *from,
				     struct bytes *out)
{
	struct message_registrar_directory directory = {
		.name = bytes_from_text(from->name),
		.path = bytes_from_text(from->path),
		.identifiers = bytes_from_text("permanent-identifier"),
		.challenges = bytes_from_text("device-attest-01"),
		.accounts_most = from->accounts,
		.orders_most = from->orders,
		.is_attestation_ca = from->attestation_ca,
		.keeps_statements = from->keep_statements,
	};
	if ((from->identifier_count != 0 &&
	     !piece_take_words(building, from->identifiers, from->identifier_count, 128, &directory.identifiers)) ||
	    (from->challenge_count != 0 &&
	     !piece_take_words(building, from->challenges, from->challenge_count, 128, &directory.challenges)))
		return false;
	return take_profiles(building, from, &directory) && take_limits(building, &from->limits, &directory.limits) &&
	       take_eab_keys(building, from, &directory) && piece_take_record(building, message_registrar_directory, &directory, out);
}

static bool fill_registrar(const struct building *building)
{
	const struct configuration *from = building->from;
	struct message_registrar_settings *out = &building->shop->registrar;
	out->origin = bytes_from_text(building->shop->origin);
	for (size_t i = 0; i < from->directory_count; i++) {
		const struct configuration_directory *directory = &from->directories[i];
		if (!take_registrar_directory(building, directory, &out->directories.at[out->directories.count++]))
			return false;
		if (out->account_idle_s < directory->account_idle_s)
			out->account_idle_s = directory->account_idle_s;
		if (out->longest_record_days < directory->longest_record_days)
			out->longest_record_days = directory->longest_record_days;
	}
	out->requests_per_address = from->requests_per_address;
	memcpy(out->boot_id, building->shop->keys.boot_id, sizeof out->boot_id);
	return take_administrators(building, out->administrators.at, &out->administrators.count);
}

static bool take_verifier_directory(const struct building *building, const struct configuration_directory *from,
				    struct bytes *out)
{
	struct message_verifier_directory directory = {
		.name = bytes_from_text(from->name),
		.path = bytes_from_text(from->path),
		.may_be_virtual = from->virtual_tpm,
		.may_sign_sha1 = from->sha1_signatures,
		.may_ek_be_expired = from->expired_ek_certificates,
		.needs_step_pin = from->step_pin,
		.needs_step_touch = from->step_touch,
		.takes_signed_roots = from->signed_roots,
		.longest_record_days = from->longest_record_days,
	};
	for (size_t i = 0; i < from->format_count; i++)
		directory.formats.at[directory.formats.count++] = bytes_from_text(from->formats[i]);
	return piece_take_record(building, message_verifier_directory, &directory, out);
}

static bool fill_verifier(const struct building *building)
{
	const struct configuration *from = building->from;
	const struct boot_keys *keys = &building->shop->keys;
	struct message_verifier_settings *out = &building->shop->verifier;
	out->origin = bytes_from_text(building->shop->origin);
	for (size_t i = 0; i < from->directory_count; i++)
		if (!take_verifier_directory(building, &from->directories[i], &out->directories.at[out->directories.count++]))
			return false;
	memcpy(out->token_key, keys->token_key, sizeof out->token_key);
	memcpy(out->name_token_key, keys->name_token_key, sizeof out->name_token_key);
	memcpy(out->device_key, keys->device_key, sizeof out->device_key);
	memcpy(out->request_key, keys->request_key, sizeof out->request_key);
	memcpy(out->ak_key, keys->ak_key, sizeof out->ak_key);
	for (size_t i = 0; i < from->key_count; i++) {
		if (strcmp(from->keys[i].role, "ak-issuer") != 0)
			continue;
		struct bytes *next = &out->ak_issuers.at[out->ak_issuers.count++];
		if (!piece_take_state_file(building, 4096, next, "keys/", from->keys[i].label, ".der"))
			return false;
	}
	return trust_take(building, out) &&
	       take_administrators(building, out->administrators.at, &out->administrators.count);
}

static bool fill_prober(const struct building *building)
{
	const struct configuration *from = building->from;
	const struct boot_keys *keys = &building->shop->keys;
	struct message_prober_settings *out = &building->shop->prober;
	out->http_port = from->probe_http_port;
	out->https_port = from->probe_https_port;
	out->patience_s = from->probe_patience_s;
	memcpy(out->name_token_key, keys->name_token_key, sizeof out->name_token_key);
	memcpy(out->name_key, keys->name_key, sizeof out->name_key);
	return piece_take_words(building, from->resolvers, from->resolver_count, 512, &out->resolvers) &&
	       piece_take_words(building, from->networks, from->network_count, 1024, &out->networks);
}

static bool fill_sealer(const struct building *building)
{
	const struct configuration *from = building->from;
	struct message_sealer_settings *out = &building->shop->sealer;
	out->tcti = bytes_from_text(from->tpm_tcti);
	out->programs = bytes_from_text(building->programs);
	out->configuration = bytes_from_text(from->file);
	out->pcr = from->tpm_pcr;
	return piece_take_state_file(building, 1024, &out->sealed_public, "sealed/", "public", "") &&
	       piece_take_state_file(building, 1024, &out->sealed_private, "sealed/", "private", "") &&
	       piece_take_state_file(building, 68, &out->srk_name, "sealed/", "srk-name", "");
}

static bool fill_signer_keys(const struct building *building, struct message_signer_settings *out)
{
	for (size_t i = 0; i < building->from->key_count; i++) {
		const struct configuration_key *from = &building->from->keys[i];
		struct message_signer_key key = {.role = bytes_from_text(from->role),
						 .label = bytes_from_text(from->label)};
		if (!piece_take_state_file(building, 4096, &key.certificate, "keys/", from->label, ".der") ||
		    !piece_take_record(building, message_signer_key, &key, &out->keys.at[i]))
			return false;
	}
	out->keys.count = building->from->key_count;
	return true;
}

static bool fill_signer_envelopes(const struct building *building, struct message_signer_settings *out)
{
	for (size_t i = 0; i < building->from->envelope_count; i++) {
		const struct configuration_envelope *from = &building->from->envelopes[i];
		struct message_envelope envelope = {
			.name = bytes_from_text(from->name),
			.issuer = bytes_from_text(from->issuer),
			.assurance = from->assurance,
			.longest_validity_s = from->longest_validity_s,
			.subject_cn = bytes_from_text(from->subject_cn),
			.may_hold_rsa = from->may_hold_rsa,
			.may_hold_ec = from->may_hold_ec,
			.extended_usage = bytes_from_text(from->extended_usage),
		};
		if (!piece_take_words(building, from->directories, from->directory_count, 1040, &envelope.directories) ||
		    !piece_take_words(building, from->formats, from->format_count, 64, &envelope.format) ||
		    !piece_take_words(building, from->dns_suffixes, from->dns_suffix_count, 1024, &envelope.dns_suffixes) ||
		    !piece_take_words(building, from->ip_ranges, from->ip_range_count, 1024, &envelope.ip_ranges) ||
		    !piece_take_record(building, message_envelope, &envelope, &out->envelopes.at[i]))
			return false;
	}
	out->envelopes.count = building->from->envelope_count;
	return true;
}

static bool fill_signer_ak_rules(const struct building *building, struct message_signer_settings *out)
{
	for (size_t i = 0; i < building->from->directory_count; i++) {
		const struct configuration_directory *from = &building->from->directories[i];
		const struct message_ak_rule rule = {bytes_from_text(from->name), from->ak_validity_s};
		if (!piece_take_record(building, message_ak_rule, &rule, &out->ak_rules.at[i]))
			return false;
	}
	out->ak_rules.count = building->from->directory_count;
	return true;
}

static bool fill_signer(const struct building *building)
{
	const struct configuration *from = building->from;
	const struct boot_keys *keys = &building->shop->keys;
	struct message_signer_settings *out = &building->shop->signer;
	out->module = bytes_from_text(from->token_module);
	out->token_label = bytes_from_text(from->token_label);
	out->origin_name = bytes_from_text(from->ledger_origin);
	out->server_name = bytes_from_text(from->listen_name);
	out->server_address = server_address(from);
	out->tls_issuer = bytes_from_text(from->listen_issuer);
	out->ledger_room_bytes = from->ledger_room_bytes;
	memcpy(out->device_key, keys->device_key, sizeof out->device_key);
	memcpy(out->request_key, keys->request_key, sizeof out->request_key);
	memcpy(out->name_key, keys->name_key, sizeof out->name_key);
	memcpy(out->ak_key, keys->ak_key, sizeof out->ak_key);
	return fill_signer_keys(building, out) && fill_signer_envelopes(building, out) && fill_signer_ak_rules(building, out);
}

/* ---- all ---- */

static bool encode(struct workshop *shop, enum process process, const void *record, struct bytes *out)
{
	const enum message id = table_row(process)->settings;
	const size_t before = shop->records.size;
	if (is_refused(wire_encode(id, record, &shop->records)))
		return piece_complain(wire_entry(id)->name, "the configuration is longer than its message takes");
	*out = bytes_from(shop->records.data + before, shop->records.size - before);
	return true;
}

static bool build(const struct building *building, struct settings *out)
{
	struct workshop *shop = building->shop;
	shop->pieces = BUFFER(shop->piece_room);
	shop->records = BUFFER(shop->record_room);
	snprintf(shop->origin, sizeof shop->origin, "https://%s:%u", building->from->listen_name, building->from->listen_port);
	if (getrandom(&shop->keys, sizeof shop->keys, 0) != (ssize_t)sizeof shop->keys)
		return piece_complain("getrandom", "the kernel gives no random bytes yet, and no key is made without them");
	return fill_listener(building) && fill_registrar(building) && fill_verifier(building) && fill_prober(building) && fill_sealer(building) &&
	       fill_signer(building) && encode(shop, process_LISTENER, &shop->listener, &out->records[process_LISTENER]) &&
	       encode(shop, process_REGISTRAR, &shop->registrar, &out->records[process_REGISTRAR]) &&
	       encode(shop, process_VERIFIER, &shop->verifier, &out->records[process_VERIFIER]) &&
	       encode(shop, process_PROBER, &shop->prober, &out->records[process_PROBER]) &&
	       encode(shop, process_SEALER, &shop->sealer, &out->records[process_SEALER]) &&
	       encode(shop, process_SIGNER, &shop->signer, &out->records[process_SIGNER]);
}

bool settings_build(const struct configuration *configuration, const char *programs, struct settings *out)
{
	struct settings made = {.locked_size = sizeof(struct workshop)};
	made.locked = mmap(NULL, made.locked_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (made.locked == MAP_FAILED)
		return piece_complain("settings", "there is no memory");
	/* As they are used: most of the room is for those who trust a thousand roots. */
	if (mlock2(made.locked, made.locked_size, MLOCK_ONFAULT) != 0 || madvise(made.locked, made.locked_size, MADV_DONTDUMP) != 0 ||
	    madvise(made.locked, made.locked_size, MADV_DONTFORK) != 0) {
		settings_free(&made);
		return piece_complain("settings", "memory for keys cannot be locked");
	}
	struct workshop *shop = made.locked;
	const struct building building = {configuration, programs, &shop->pieces, shop};
	if (!build(&building, &made)) {
		settings_free(&made);
		return false;
	}
	*out = made;
	return true;
}

void settings_free(struct settings *settings)
{
	if (settings->locked == NULL)
		return;
	explicit_bzero(settings->locked, settings->locked_size);
	munmap(settings->locked, settings->locked_size);
	*settings = (struct settings){.locked = NULL};
}

static bool write_all(int descriptor, struct bytes from)
{
	while (from.size != 0) {
		ssize_t written = write(descriptor, from.data, from.size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		from = bytes_from(from.data + written, from.size - (size_t)written);
	}
	return true;
}

int settings_open(const struct settings *settings, enum process process)
{
	int descriptor = memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (descriptor < 0)
		return -1;
	if (write_all(descriptor, settings->records[process]) && lseek(descriptor, 0, SEEK_SET) == 0 &&
	    fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return descriptor;
	close(descriptor);
	return -1;
}
