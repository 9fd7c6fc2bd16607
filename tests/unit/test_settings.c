/* SPDX-License-Identifier: Apache-2.0
 * What each process is told at its start. */
#include "tests/unit/settings_stage.h"

static struct message_registrar_directory registrar_directory(const struct message_registrar_settings *told, size_t number)
{
	struct message_registrar_directory directory;
	assert_true(number < told->directories.count);
	assert_false(is_refused(wire_decode(message_registrar_directory, told->directories.at[number], &directory)));
	return directory;
}

static struct message_registrar_profile registrar_profile(const struct message_registrar_directory *directory, size_t number)
{
	struct message_registrar_profile profile;
	assert_true(number < directory->profiles.count);
	assert_false(is_refused(wire_decode(message_registrar_profile, directory->profiles.at[number], &profile)));
	return profile;
}

static void the_verifier_is_told_whom_to_trust(void **state)
{
	struct message_verifier_settings got;
	struct message_trust_root root;
	struct message_administrator administrator;
	(void)state;
	build();
	decode(process_VERIFIER, &got);
	assert_text(got.origin, "https://localhost:8443");
	assert_int_equal(got.directories.count, 1);
	const struct message_verifier_directory directory = verifier_directory(&got, 0);
	assert_text(directory.name, "devices");
	assert_int_equal(directory.path.size, 0);
	assert_int_equal(directory.may_be_virtual, 1);
	assert_int_equal(directory.may_ek_be_expired, 0);
	assert_int_equal(directory.formats.count, 1);
	assert_text(directory.formats.at[0], "tpm");
	assert_int_equal(directory.longest_record_days, 90);
	assert_int_equal(got.roots.count, 1);
	assert_false(is_refused(wire_decode(message_trust_root, got.roots.at[0], &root)));
	assert_text(root.format, "ek");
	assert_text(root.certificate, "../ek-root.pem");
	assert_int_equal(root.vendors.size, 0);
	assert_int_equal(root.directories, 1);
	assert_int_equal(got.ak_issuers.count, 1);
	assert_text(got.ak_issuers.at[0], "keys/ak-issuing.der");
	assert_int_equal(got.administrators.count, 1);
	assert_false(is_refused(wire_decode(message_administrator, got.administrators.at[0], &administrator)));
	assert_text(administrator.name, "first");
	assert_text(administrator.role, "administrator");
	assert_text(administrator.jwk, "{\"kty\":\"EC\"}");
}

/* Each list of roots goes into the pool under its own format. */
static void a_root_is_trusted_for_the_format_of_its_list_alone(void **state)
{
	static struct message_verifier_settings got;
	static const char *const formats[] = {"ek", "ak", "apple", "android-key", "packed", "step"};
	struct message_trust_root root;
	(void)state;
	configuration.directories[0].ak_roots[configuration.directories[0].ak_root_count++] = configuration.directories[0].ek_roots[0];
	configuration.directories[0].apple_roots[configuration.directories[0].apple_root_count++] = configuration.directories[0].ek_roots[0];
	configuration.directories[0].android_roots[configuration.directories[0].android_root_count++] = configuration.directories[0].ek_roots[0];
	configuration.directories[0].packed_roots[configuration.directories[0].packed_root_count++] = configuration.directories[0].ek_roots[0];
	configuration.directories[0].step_roots[configuration.directories[0].step_root_count++] = configuration.directories[0].ek_roots[0];
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.roots.count, sizeof formats / sizeof formats[0]);
	for (size_t i = 0; i < got.roots.count; i++) {
		assert_false(is_refused(wire_decode(message_trust_root, got.roots.at[i], &root)));
		assert_text(root.format, formats[i]);
		assert_text(root.certificate, "../ek-root.pem");
		assert_int_equal(root.vendors.size, 0);
	}
}

static void verifier_and_signer_are_told_of_apples_devices(void **state)
{
	static struct message_verifier_settings got;
	struct message_trust_root root;
	static struct message_signer_settings signer;
	struct message_envelope envelope;
	(void)state;
	configuration.directories[0].formats[configuration.directories[0].format_count++] = "apple";
	configuration.directories[0].apple_roots[configuration.directories[0].apple_root_count++] = configuration.directories[0].ek_roots[0];
	configuration.envelopes[0].formats[configuration.envelopes[0].format_count++] = "apple";
	build();
	decode(process_VERIFIER, &got);
	assert_text(verifier_directory(&got, 0).formats.at[1], "apple");
	assert_int_equal(got.roots.count, 2);
	assert_false(is_refused(wire_decode(message_trust_root, got.roots.at[1], &root)));
	assert_text(root.format, "apple");
	assert_text(root.certificate, "../ek-root.pem");
	decode(process_SIGNER, &signer);
	assert_false(is_refused(wire_decode(message_envelope, signer.envelopes.at[0], &envelope)));
	assert_text(envelope.format, "tpm apple");
}

static void the_prober_is_told_whom_to_ask_and_where_to_connect_to(void **state)
{
	struct message_prober_settings got;
	(void)state;
	build();
	decode(process_PROBER, &got);
	assert_int_equal(got.resolvers.size + got.networks.size, 0);
	assert_int_equal(got.http_port, 80);
	assert_int_equal(got.https_port, 443);
	assert_int_equal(got.patience_s, 10);
	settings_free(&settings);
	configuration.resolvers[configuration.resolver_count++] = "10.0.0.53:53";
	configuration.resolvers[configuration.resolver_count++] = "[2001:db8::53]:53";
	configuration.networks[configuration.network_count++] = "10.0.0.0/8";
	build();
	decode(process_PROBER, &got);
	assert_text(got.resolvers, "10.0.0.53:53 [2001:db8::53]:53");
	assert_text(got.networks, "10.0.0.0/8");
}

static void the_registrar_is_told_what_a_directory_does_beside(void **state)
{
	static struct message_registrar_settings got;
	struct message_registrar_directory directory;
	(void)state;
	for (unsigned i = 0; i < 8; i++) { /* each alone and with the others */
		configuration.directories[0].attestation_ca = (i & 1) != 0;
		configuration.directories[0].keep_statements = (i & 2) != 0;
		configuration.directories[0].eab_required = (i & 4) != 0;
		build();
		decode(process_REGISTRAR, &got);
		directory = registrar_directory(&got, 0);
		assert_int_equal(directory.is_attestation_ca, i & 1);
		assert_int_equal(directory.keeps_statements, i >> 1 & 1);
		assert_int_equal(directory.is_eab_required, i >> 2);
		settings_free(&settings);
	}
	build();
}

static void registrar_and_signer_are_told_of_names(void **state)
{
	static struct message_registrar_settings got;
	static struct message_signer_settings signer;
	struct message_envelope envelope;
	struct configuration_envelope *from = &configuration.envelopes[0];
	(void)state;
	build();
	decode(process_REGISTRAR, &got);
	struct message_registrar_directory directory = registrar_directory(&got, 0);
	struct message_registrar_profile profile = registrar_profile(&directory, 0);
	assert_text(directory.identifiers, "permanent-identifier");
	assert_text(directory.challenges, "device-attest-01");
	assert_int_equal(profile.dns_suffixes.size + profile.ip_ranges.size, 0);
	settings_free(&settings);
	configuration.directories[0].identifiers[configuration.directories[0].identifier_count++] = "dns";
	configuration.directories[0].challenges[configuration.directories[0].challenge_count++] = "dns-01";
	from->dns_suffixes[from->dns_suffix_count++] = "corp.example";
	from->dns_suffixes[from->dns_suffix_count++] = "shop.example";
	from->ip_ranges[from->ip_range_count++] = "10.0.0.0/8";
	build();
	decode(process_REGISTRAR, &got);
	directory = registrar_directory(&got, 0);
	profile = registrar_profile(&directory, 0);
	assert_text(directory.identifiers, "permanent-identifier dns");
	assert_text(directory.challenges, "device-attest-01 dns-01");
	assert_text(profile.dns_suffixes, "corp.example shop.example");
	assert_text(profile.ip_ranges, "10.0.0.0/8");
	decode(process_SIGNER, &signer);
	assert_false(is_refused(wire_decode(message_envelope, signer.envelopes.at[0], &envelope)));
	assert_text(envelope.dns_suffixes, "corp.example shop.example");
	assert_text(envelope.ip_ranges, "10.0.0.0/8");
}

static void the_registrar_is_told_the_keys_of_external_accounts(void **state)
{
	struct message_registrar_settings got;
	struct message_eab_key eab;
	(void)state;
	read_example("directory devices {", "eab tenant {\n\tkey = \"administrators/tenant\"\n}\ndirectory devices {");
	configuration.directories[0].eab_required = true;
	put_file("administrators/tenant", "AAAA\n", 5);
	build();
	decode(process_REGISTRAR, &got);
	const struct message_registrar_directory directory = registrar_directory(&got, 0);
	assert_int_equal(directory.is_eab_required, 1);
	assert_int_equal(directory.eab_keys.count, 1);
	assert_false(is_refused(wire_decode(message_eab_key, directory.eab_keys.at[0], &eab)));
	assert_text(eab.name, "tenant");
	assert_text(eab.key, "AAAA");
}

static void the_verifier_is_told_whom_a_makers_roots_may_certify(void **state)
{
	static struct message_verifier_settings got;
	struct message_trust_root root;
	(void)state;
	read_example("key root {", "maker a {\n\troots = { \"ek-root.pem\", \"ek-root.pem\" }\n\tvendors = { \"id:49465800\", "
				   "\"id:53544D20\" }\n}\nkey root {");
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.roots.count, 2); /* listed twice, it is there once */
	assert_false(is_refused(wire_decode(message_trust_root, got.roots.at[1], &root)));
	assert_text(root.certificate, "../ek-root.pem");
	assert_text(root.vendors, "id:49465800 id:53544D20");
	configuration.directories[0].expired_ek_certificates = configuration.directories[0].step_pin = true;
	build();
	decode(process_VERIFIER, &got);
	assert_true(verifier_directory(&got, 0).may_ek_be_expired == 1 && verifier_directory(&got, 0).needs_step_pin == 1);
}

static void the_signer_is_told_its_keys_and_envelopes(void **state)
{
	struct message_signer_settings got;
	struct message_signer_key key;
	struct message_envelope envelope;
	(void)state;
	build();
	decode(process_SIGNER, &got);
	assert_text(got.module, "/usr/lib/softhsm/libsofthsm2.so");
	assert_text(got.token_label, "keyward");
	assert_text(got.origin_name, "localhost/keyward");
	assert_text(got.server_name, "localhost");
	assert_text(got.server_address, "127.0.0.1");
	assert_text(got.tls_issuer, "issuing");
	struct message_ak_rule rule;
	assert_int_equal(got.ak_rules.count, 1);
	assert_false(is_refused(wire_decode(message_ak_rule, got.ak_rules.at[0], &rule)));
	assert_text(rule.directory, "devices");
	assert_int_equal(rule.validity_s, 86400);
	assert_int_equal(got.ledger_room_bytes, 67108864);
	assert_int_equal(got.keys.count, 4);
	assert_false(is_refused(wire_decode(message_signer_key, got.keys.at[3], &key)));
	assert_text(key.role, "audit");
	assert_text(key.label, "audit");
	assert_text(key.certificate, "keys/audit.der");
	assert_int_equal(got.envelopes.count, 1);
	assert_false(is_refused(wire_decode(message_envelope, got.envelopes.at[0], &envelope)));
	assert_text(envelope.name, "device");
	assert_text(envelope.issuer, "issuing");
	assert_text(envelope.directories, "devices");
	assert_text(envelope.format, "tpm");
	assert_int_equal(envelope.assurance, 1);
	assert_int_equal(envelope.longest_validity_s, 86400);
	assert_text(envelope.subject_cn, "{identifier}");
	assert_int_equal(envelope.may_hold_rsa, 1);
	assert_int_equal(envelope.may_hold_ec, 1);
	assert_text(envelope.extended_usage, "clientAuth");
}

static void the_others_are_told_what_they_need(void **state)
{
	struct message_registrar_settings registrar;
	struct message_sealer_settings sealer;
	struct message_listener_settings listener;
	(void)state;
	build();
	decode(process_REGISTRAR, &registrar);
	assert_text(registrar.origin, "https://localhost:8443");
	const struct message_registrar_directory directory = registrar_directory(&registrar, 0);
	const struct message_registrar_profile profile = registrar_profile(&directory, 0);
	assert_text(directory.name, "devices");
	assert_int_equal(directory.path.size + profile.name.size + profile.description.size, 0);
	assert_text(profile.envelope, "device");
	assert_int_equal(profile.validity_s, 86400);
	assert_int_equal(directory.accounts_most, 50000);
	assert_int_equal(directory.orders_most, 50000);
	assert_int_equal(registrar.account_idle_s, 86400);
	assert_int_equal(registrar.requests_per_address, 60000);
	struct message_limits limits;
	assert_false(is_refused(wire_decode(message_limits, directory.limits, &limits)));
	assert_int_equal(limits.accounts_per_address, 1000);
	assert_int_equal(limits.orders_per_address, 10000);
	assert_int_equal(limits.orders_per_account, 1000);
	assert_int_equal(limits.orders_per_device, 60);
	assert_int_equal(limits.failures_per_account, 60);
	assert_int_equal(limits.failures_per_device, 60);
	assert_int_equal(limits.pending_per_account, 32);
	assert_text(limits.help, "");
	assert_int_equal(registrar.administrators.count, 1);
	decode(process_SEALER, &sealer);
	assert_text(sealer.tcti, "swtpm:path=/tpm/socket");
	assert_text(sealer.programs, "/usr/lib/keyward");
	assert_text(sealer.configuration, configuration.file);
	assert_int_equal(sealer.pcr, 14);
	assert_text(sealer.sealed_public, "sealed/public");
	assert_text(sealer.sealed_private, "sealed/private");
	assert_text(sealer.srk_name, "sealed/srk-name");
	decode(process_LISTENER, &listener);
	assert_text(listener.server_name, "localhost");
	assert_text(listener.server_address, "127.0.0.1");
	assert_int_equal(listener.threads, 4);
	assert_int_equal(listener.connections, 1024);
	assert_int_equal(listener.connections_per_address, 64);
	assert_int_equal(listener.idle_s, 30);
	assert_int_equal(listener.body_limit, 65536);
	assert_int_equal(settings.records[process_LOGGER].size, 0);
}

static void a_socket_on_all_addresses_puts_none_into_the_certificate(void **state)
{
	struct message_signer_settings signer;
	(void)state;
	read_example("address = \"127.0.0.1\"", "address = \"0.0.0.0\"");
	build();
	decode(process_SIGNER, &signer);
	assert_int_equal(signer.server_address.size, 0);
}

static bool occurs(struct bytes in, const uint8_t *what, size_t size)
{
	return in.size >= size && memmem(in.data, in.size, what, size) != NULL;
}

static void each_key_reaches_exactly_those_who_share_it(void **state)
{
	struct message_verifier_settings verifier;
	struct message_signer_settings signer;
	struct message_prober_settings prober;
	struct message_registrar_settings registrar;
	static const uint8_t nothing[32];
	(void)state;
	build();
	decode(process_VERIFIER, &verifier);
	decode(process_SIGNER, &signer);
	decode(process_PROBER, &prober);
	decode(process_REGISTRAR, &registrar);
	assert_memory_equal(prober.name_token_key, verifier.name_token_key, 32);
	assert_memory_equal(prober.name_key, signer.name_key, 32);
	assert_memory_equal(verifier.device_key, signer.device_key, 32);
	assert_memory_equal(verifier.request_key, signer.request_key, 32);
	assert_memory_equal(verifier.ak_key, signer.ak_key, 32);
	enum { key_count = 6 };
	const uint8_t *const keys[key_count] = {verifier.token_key,   verifier.name_token_key, signer.name_key,
						verifier.device_key, verifier.request_key,    verifier.ak_key};
	for (size_t i = 0; i < key_count; i++) {
		assert_memory_not_equal(keys[i], nothing, 32);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(keys[i], keys[k], 32);
		for (enum process process = process_WARDEN; process < process_count; process++) {
			const bool may = (process == process_VERIFIER && i != 2) || (process == process_SIGNER && i > 1) ||
					 (process == process_PROBER && (i == 1 || i == 2));
			assert_int_equal(occurs(settings.records[process], keys[i], 32), may);
		}
	}
	assert_memory_not_equal(registrar.boot_id, nothing, sizeof registrar.boot_id);
}

static void another_run_draws_other_keys(void **state)
{
	struct message_verifier_settings first, second;
	struct settings other;
	(void)state;
	build();
	assert_true(settings_build(&configuration, "/usr/lib/keyward", &other));
	decode(process_VERIFIER, &first);
	assert_false(is_refused(wire_decode(message_verifier_settings, other.records[process_VERIFIER], &second)));
	assert_memory_not_equal(first.token_key, second.token_key, 32);
	assert_memory_not_equal(first.device_key, second.device_key, 32);
	settings_free(&other);
}

static void every_start_gets_the_same_bytes_sealed(void **state)
{
	(void)state;
	build();
	for (int start = 0; start < 2; start++) {
		uint8_t text[8192];
		const struct bytes expected = settings.records[process_SIGNER];
		const int descriptor = settings_open(&settings, process_SIGNER);
		assert_true(descriptor >= 0);
		assert_int_equal(read(descriptor, text, sizeof text), expected.size);
		assert_memory_equal(text, expected.data, expected.size);
		assert_int_equal(fcntl(descriptor, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
		assert_int_equal(pwrite(descriptor, text, 1, 0), -1);
		assert_int_equal(ftruncate(descriptor, 0), -1);
		close(descriptor);
	}
}

static void what_was_built_can_be_given_up(void **state)
{
	(void)state;
	build();
	settings_free(&settings);
	assert_null(settings.locked);
	settings_free(&settings);
}

static void each_file_that_is_missing_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		assert_int_equal(unlink(path_of(files[i])), 0);
		refused();
		put_file(files[i], "x", 1);
	}
	build();
}

static void each_file_that_is_empty_too_long_or_no_file_is_refused(void **state)
{
	static const char zeros[5000];
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		put_file(files[i], zeros, 0);
		refused();
		put_file(files[i], zeros, sizeof zeros);
		refused();
		assert_int_equal(unlink(path_of(files[i])), 0);
		assert_int_equal(mkdir(path_of(files[i]), 0700), 0);
		refused();
		assert_int_equal(rmdir(path_of(files[i])), 0);
		put_file(files[i], "x", 1);
	}
	build();
}

static void a_key_file_that_is_not_text_is_refused(void **state)
{
	(void)state;
	put_file("administrators/first.jwk", "\xff\xfe", 2);
	refused();
}

/* Writes roots of the longest size that differ, and lists them in several directories: the pool is one. */
static void list_roots(size_t count)
{
	static char root[4096], kept[256][96];
	configuration.directories[1] = configuration.directories[2] = configuration.directories[0];
	configuration.directories[1].name = "second";
	configuration.directories[2].name = "third";
	configuration.directory_count = 3;
	configuration.directories[0].ek_root_count = configuration.directories[1].ek_root_count = 0;
	configuration.directories[2].ek_root_count = 0;
	memset(root, 'r', sizeof root);
	for (size_t i = 0; i < count; i++) {
		struct configuration_directory *directory = &configuration.directories[i % 3];
		snprintf(root, sizeof root, "%zu", i);
		char path[64];
		snprintf(path, sizeof path, "../root-%zu", i);
		put_file(path, root, sizeof root);
		snprintf(kept[i], sizeof kept[i], "%s/root-%zu", folder, i);
		directory->ek_roots[directory->ek_root_count++] = kept[i];
	}
}

static void remove_roots(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char path[64];
		snprintf(path, sizeof path, "../root-%zu", i);
		assert_int_equal(unlink(path_of(path)), 0);
	}
}

static void the_longest_lists_have_room_and_one_more_is_refused(void **state)
{
	(void)state;
	list_roots(180);
	build();
	static struct message_verifier_settings got;
	decode(process_VERIFIER, &got);
	assert_int_equal(got.directories.count, 3);
	assert_int_equal(got.roots.count, 180);
	assert_true(settings.records[process_VERIFIER].size < 820000);
	settings_free(&settings);
	list_roots(181);
	refused();
	remove_roots(181);
}

static void a_root_of_several_directories_is_told_once(void **state)
{
	static struct message_verifier_settings got;
	struct message_trust_root root;
	(void)state;
	configuration.directories[1] = configuration.directories[0];
	configuration.directories[1].name = "second";
	configuration.directory_count = 2;
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.roots.count, 1);
	assert_false(is_refused(wire_decode(message_trust_root, got.roots.at[0], &root)));
	assert_int_equal(root.directories, 3);
}

static void lists_of_revoked_certificates_are_told_once_with_their_directories(void **state)
{
	static struct message_verifier_settings got;
	struct message_trust_file list;
	(void)state;
	configuration.directories[1] = configuration.directories[0];
	configuration.directories[1].name = "second";
	configuration.directory_count = 2;
	configuration.directories[0].revocation_lists[configuration.directories[0].revocation_list_count++] = configuration.directories[0].ek_roots[0];
	configuration.directories[1].revocation_lists[configuration.directories[1].revocation_list_count++] = path_of("keys/root.der");
	configuration.directories[1].revocation_lists[configuration.directories[1].revocation_list_count++] = configuration.directories[0].ek_roots[0];
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.revocation_lists.count, 2);
	assert_false(is_refused(wire_decode(message_trust_file, got.revocation_lists.at[0], &list)));
	assert_int_equal(list.directories, 3);
	assert_text(list.content, "../ek-root.pem");
	assert_text(list.file, configuration.directories[0].ek_roots[0]);
	assert_false(is_refused(wire_decode(message_trust_file, got.revocation_lists.at[1], &list)));
	assert_int_equal(list.directories, 2);
	assert_text(list.content, "keys/root.der");
	assert_int_equal(got.ek_intermediates.count, 0);
}

static void intermediates_of_tpm_makers_are_told_likewise_and_apart(void **state)
{
	static struct message_verifier_settings got;
	struct message_trust_file file;
	(void)state;
	configuration.directories[0].ek_intermediates[configuration.directories[0].ek_intermediate_count++] = configuration.directories[0].ek_roots[0];
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.revocation_lists.count, 0);
	assert_int_equal(got.ek_intermediates.count, 1);
	assert_false(is_refused(wire_decode(message_trust_file, got.ek_intermediates.at[0], &file)));
	assert_int_equal(file.directories, 1);
	assert_text(file.content, "../ek-root.pem");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_verifier_is_told_whom_to_trust),
		CASE(a_root_is_trusted_for_the_format_of_its_list_alone),
		CASE(verifier_and_signer_are_told_of_apples_devices),
		CASE(the_prober_is_told_whom_to_ask_and_where_to_connect_to),
		CASE(the_registrar_is_told_what_a_directory_does_beside),
		CASE(registrar_and_signer_are_told_of_names),
		CASE(the_registrar_is_told_the_keys_of_external_accounts),
		CASE(the_verifier_is_told_whom_a_makers_roots_may_certify),
		CASE(the_signer_is_told_its_keys_and_envelopes),
		CASE(the_others_are_told_what_they_need),
		CASE(a_socket_on_all_addresses_puts_none_into_the_certificate),
		CASE(each_key_reaches_exactly_those_who_share_it),
		CASE(another_run_draws_other_keys),
		CASE(every_start_gets_the_same_bytes_sealed),
		CASE(what_was_built_can_be_given_up),
		CASE(each_file_that_is_missing_is_refused),
		CASE(each_file_that_is_empty_too_long_or_no_file_is_refused),
		CASE(a_key_file_that_is_not_text_is_refused),
		CASE(the_longest_lists_have_room_and_one_more_is_refused),
		CASE(a_root_of_several_directories_is_told_once),
		CASE(intermediates_of_tpm_makers_are_told_likewise_and_apart),
		CASE(lists_of_revoked_certificates_are_told_once_with_their_directories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
