/* SPDX-License-Identifier: Apache-2.0
 * The one configuration file, keyward.conf(5), read by the warden and the ceremony. A wrong file is refused with file,
 * line and reason; no value comes from the environment. */
#ifndef KEYWARD_CONFIGURATION_H
#define KEYWARD_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { configuration_most = 16, configuration_most_roots = 64, configuration_most_vendors = 16, configuration_most_formats = 8,
       configuration_most_names = 16, configuration_most_apple_roots = 4, configuration_most_format_roots = 16,
       configuration_most_profiles = 8, configuration_most_pool = 180 /* roots of all directories */ };

/* maker NAME { roots = {files}, vendors = {"id:XXXXXXXX"}, directories = {none: all} }: roots that certify EKs of these
 * vendors alone */
struct configuration_maker {
	const char *name, *roots[configuration_most_roots], *vendors[configuration_most_vendors], *directories[configuration_most];
	size_t root_count, vendor_count, directory_count;
};

/* eab NAME { key = "file with the key in base64url, relative to the state folder", directories = {none: all} }: who knows it may
 * open an account */
struct configuration_eab {
	const char *name, *key_file, *directories[configuration_most];
	size_t directory_count;
};

/* key LABEL { role = root|issuer|ak-issuer|audit, algorithm = "P-256"|"P-384"|"RSA-3072"|"RSA-4096", subject = "CN of
 * its certificate", issuer = "LABEL of the root" (empty for the root itself), days } */
struct configuration_key {
	const char *label, *role, *algorithm, *subject, *issuer;
	uint32_t days;
};

/* envelope NAME { issuer, directory = one or {several}, format = one or {several}, assurance = 0..3, longest_validity =
 * seconds (a day at most, until certificates can be revoked), subject_cn, rsa, ec, extended_usage, dns_suffixes = {names},
 * ip_ranges = {"ADDRESS/BITS"} } */
struct configuration_envelope {
	const char *name, *issuer, *subject_cn, *extended_usage, *formats[configuration_most_formats], *directories[configuration_most];
	const char *dns_suffixes[configuration_most_names], *ip_ranges[configuration_most_names];
	size_t format_count, directory_count, dns_suffix_count, ip_range_count;
	uint8_t assurance;
	uint32_t longest_validity_s;
	bool may_hold_rsa, may_hold_ec;
};

/* administrator NAME { role = "administrator"|"auditor", key = "file with the public JWK, relative to the state
 * folder" } */
struct configuration_administrator {
	const char *name, *role, *key_file;
};

/* How often somebody may do something in an hour (0: as often as he likes), how many open orders an account has, and the URL
 * that a refusal links to */
struct configuration_limits {
	uint32_t accounts_per_address, orders_per_address, orders_per_account, orders_per_device, failures_per_account,
		failures_per_device, pending_per_account;
	const char *help;
};

/* profile NAME { description, envelope, validity }: what orders of the directories that name it can ask for */
struct configuration_profile {
	const char *name, *description, *envelope;
	uint32_t validity_s;
};

/* directory NAME { path = "segment of its URLs in place of NAME", envelope and validity, or profiles = {names}, ak_validity, identifiers =
 * {types; none: permanent-identifier}, challenges = {none: device-attest-01}, formats = {tpm}, ek_roots = {files}, ak_roots =
 * {files}, apple_roots = {files}, android_roots = {files}, packed_roots = {files}, step_roots = {files}, ek_intermediates = {files},
 * revocation_lists = {files},
 * expired_ek_certificates = false, signed_roots = false, step_pin = false, step_touch = false, virtual_tpm = false, sha1_signatures = false,
 * eab_required = false, attestation_ca = false,
 * keep_statements = false, accounts, orders, account_idle, limits, longest_record_days } */
struct configuration_directory {
	const char *name, *path, *envelope; /* empty: none */
	const char *profiles[configuration_most_profiles];
	size_t profile_count;
	uint32_t validity_s, ak_validity_s, accounts, orders, account_idle_s, longest_record_days;
	const char *identifiers[configuration_most_names], *challenges[configuration_most_names];
	size_t identifier_count, challenge_count;
	const char *formats[configuration_most_formats];
	const char *ek_roots[configuration_most_roots], *ak_roots[configuration_most_roots]; /* absolute paths, PEM or DER */
	const char *apple_roots[configuration_most_apple_roots];
	const char *android_roots[configuration_most_format_roots], *packed_roots[configuration_most_format_roots];
	const char *step_roots[configuration_most_format_roots];
	const char *revocation_lists[configuration_most]; /* CRLs in PEM or DER, or status lists in JSON */
	const char *ek_intermediates[configuration_most]; /* certificates: DER, or any number in PEM */
	size_t revocation_list_count, ek_intermediate_count;
	size_t format_count, ek_root_count, ak_root_count, apple_root_count, android_root_count, packed_root_count, step_root_count;
	bool virtual_tpm, sha1_signatures, expired_ek_certificates, signed_roots, step_pin, step_touch, eab_required, attestation_ca,
		keep_statements;
	struct configuration_limits limits;
};

struct configuration {
	const char *file;  /* absolute path of the file itself */
	const char *state; /* absolute; a relative one is taken from the file's folder */
	/* listen { address, port, name, issuer = "LABEL of the key that certifies it", threads, connections,
	 * connections_per_address, requests_per_address = a minute, idle, body_limit } */
	const char *listen_address, *listen_name, *listen_issuer;
	uint16_t listen_port;
	uint32_t threads, connections, connections_per_address, requests_per_address, idle_s, body_limit;
	/* token { module = absolute path of a file that exists, label } */
	const char *token_module, *token_label;
	/* tpm { path = node or socket folder, tcti = as the sealer sees it, with the path mounted at /tpm; pcr =
	 * 8..15, for 16 and 23 can be reset } */
	const char *tpm_path, *tpm_tcti;
	uint32_t tpm_pcr;
	/* ledger { origin, room = bytes kept free } */
	const char *ledger_origin;
	uint64_t ledger_room_bytes;
	/* prober { resolvers = {"ADDRESS:PORT"}, networks = {"ADDRESS/BITS"}, http_port, https_port, patience } */
	const char *resolvers[configuration_most_names], *networks[configuration_most_names];
	size_t resolver_count, network_count;
	uint32_t probe_http_port, probe_https_port, probe_patience_s;
	struct configuration_directory directories[configuration_most];
	struct configuration_profile profiles[configuration_most];
	struct configuration_eab eabs[configuration_most];
	struct configuration_maker makers[configuration_most];
	struct configuration_key keys[configuration_most];
	struct configuration_envelope envelopes[configuration_most];
	struct configuration_administrator administrators[configuration_most];
	size_t directory_count, profile_count, eab_count, maker_count, key_count, envelope_count, administrator_count;
};

/* Reads and judges the file; every key is a row of options.def. False: one sentence with file, line and reason was
 * written to standard error, and out is as before. Strings live as long as the process. Files that it names, but for
 * the module, need not exist yet. */
bool configuration_read(const char *file, struct configuration *out);

/* Whether a section's list of directories has this one; a list that was left out has all. */
bool configuration_serves(const char *const *directories, size_t count, const char *directory);

#endif
