/* SPDX-License-Identifier: Apache-2.0
 * The configuration file: what is read, and each way in which it is refused, with file, line and reason. Every case is
 * the example configuration with one thing changed. */
#include "tests/unit/changed_configuration.h"

static const char manual[] = "firmware/warden/keyward.conf.5";

static void the_example_is_read_whole(void **state)
{
	char path[128];
	(void)state;
	change("state = \"state\"", "state = \"state\"");
	assert_true(read_it());
	assert_string_equal(said, "");
	assert_string_equal(got.file, file);
	snprintf(path, sizeof path, "%s/state", folder);
	assert_string_equal(got.state, path);
	assert_string_equal(got.listen_address, "127.0.0.1");
	assert_int_equal(got.listen_port, 8443);
	assert_int_equal(got.ledger_room_bytes, 67108864);
	assert_int_equal(got.tpm_pcr, 14);
	assert_string_equal(got.directories[0].name, "devices");
	assert_true(got.directories[0].virtual_tpm);
	assert_int_equal(got.directories[0].format_count, 1);
	assert_string_equal(got.directories[0].formats[0], "tpm");
	assert_int_equal(got.key_count, 4);
	assert_string_equal(got.keys[0].label, "root");
	assert_string_equal(got.keys[0].issuer, "");
	assert_string_equal(got.keys[2].role, "ak-issuer");
	assert_int_equal(got.keys[3].days, 1825);
	assert_int_equal(got.envelope_count, 1);
	assert_string_equal(got.envelopes[0].subject_cn, "{identifier}");
	assert_true(got.envelopes[0].may_hold_rsa && got.envelopes[0].may_hold_ec);
	assert_int_equal(got.administrator_count, 1);
	assert_string_equal(got.administrators[0].key_file, "administrators/first.jwk");
	assert_int_equal(got.directories[0].ek_root_count, 1);
	snprintf(path, sizeof path, "%s/ek-root.pem", folder);
	assert_string_equal(got.directories[0].ek_roots[0], path);
	assert_int_equal(got.directories[0].ak_root_count, 0);
}

static void what_is_left_out_has_its_default(void **state)
{
	(void)state;
	change("	threads = 4\n	connections = 1024\n	connections_per_address = 64\n", "");
	assert_true(read_it());
	assert_int_equal(got.threads, 4);
	assert_int_equal(got.connections, 1024);
	assert_int_equal(got.connections_per_address, 64);
	change("	virtual_tpm = true", "");
	assert_true(read_it());
	assert_false(got.directories[0].virtual_tpm);
	change("	formats = { tpm }", "");
	assert_true(read_it());
	assert_int_equal(got.directories[0].format_count, 1);
	assert_string_equal(got.directories[0].formats[0], "tpm");
	change("	accounts = 50000", "");
	assert_true(read_it());
	assert_int_equal(got.directories[0].accounts, 50000);
	change("	expired_ek_certificates = false", "");
	assert_true(read_it());
	assert_false(got.directories[0].expired_ek_certificates);
	assert_int_equal(got.maker_count, 0);
	change("	longest_record_days = 90", "");
	assert_true(read_it());
	assert_int_equal(got.directories[0].longest_record_days, 90);
	changed_is_refused("longest_record_days = 90", "longest_record_days = 0", "from 1 to 366");
	changed_is_refused("longest_record_days = 90", "longest_record_days = 367", "from 1 to 366");
}

static void limits_have_defaults_and_bounds(void **state)
{
	(void)state;
	change("	requests_per_address = 60000", "");
	assert_true(read_it());
	assert_int_equal(got.requests_per_address, 60000);
	change("	orders_per_device = 60", "	orders_per_device = 0");
	assert_true(read_it());
	assert_int_equal(got.directories[0].limits.orders_per_device, 0);
	assert_int_equal(got.directories[0].limits.accounts_per_address, 1000);
	assert_int_equal(got.directories[0].limits.failures_per_account, 60);
	assert_string_equal(got.directories[0].limits.help, "");
	changed_is_refused("pending_per_account = 32", "pending_per_account = 0", "from 1 to 1000");
	changed_is_refused("failures_per_account = 60", "failures_per_account = 10000001", "from 0 to 10000000");
}

/* It goes into a header field. */
static void a_help_that_is_no_url_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"intranet.example", "https://", "ftp://a", "https://a/ b", "https://a/>;rel=next",
					  "https://\303\266.example"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char line[100];
		snprintf(line, sizeof line, "account_idle = 86400\n	help = \"%s\"", bad[i]);
		changed_is_refused("account_idle = 86400", line, "a URL");
	}
	change("account_idle = 86400", "account_idle = 86400\n	help = \"https://a.example/~b?c=%20#d\"");
	assert_true(read_it());
	assert_string_equal(got.directories[0].limits.help, "https://a.example/~b?c=%20#d");
}

static void bounds_so_low_that_honest_devices_would_wait_are_refused(void **state)
{
	(void)state;
	changed_is_refused("accounts = 50000", "accounts = 99", "from 100 to 10000000");
	changed_is_refused("orders = 50000", "orders = 0", "from 100 to 10000000");
	changed_is_refused("account_idle = 86400", "account_idle = 3600", "from 7200 to 31536000");
}

static void an_absolute_path_stays_as_it_is(void **state)
{
	(void)state;
	change("state = \"state\"", "state = \"/var/lib/keyward\"");
	assert_true(read_it());
	assert_string_equal(got.state, "/var/lib/keyward");
}

static void an_unknown_key_is_refused(void **state)
{
	(void)state;
	changed_is_refused_at("	idle = 30", "	idel = 30", "there is no key idel in the section listen", "idel");
	changed_is_refused_at("state = ", "colour = red\nstate = ", "there is no key colour", "colour");
	changed_is_refused("token {", "tokens {", "there is no section tokens");
	changed_is_refused_at("token {", "token other {", "the section token has no name", "token other {");
	changed_is_refused("state = ", "key = \"x\"\nstate = ", "there is no key key");
	changed_is_refused("token {", "top { }\ntoken {", "there is no section top");
	changed_is_refused("token {", "TOKEN {", "there is no section TOKEN");
}

static void a_key_given_twice_is_refused(void **state)
{
	(void)state;
	changed_is_refused_at("	port = 8443\n", "	port = 8443\n	port = 8444\n", "port is given twice, first on line",
			      "	port = 8444");
	changed_is_refused("state = \"state\"", "state = \"state\"\nstate = \"other\"", "state is given twice");
	changed_is_refused("	ek_roots =", "	ek_roots = { }\n	ek_roots =", "ek_roots is given twice");
}

static void a_section_given_twice_is_refused(void **state)
{
	(void)state;
	changed_is_refused("token {", "token { }\ntoken {", "token is given twice");
	changed_is_refused("key audit {", "key issuing {", "key is given twice");
	changed_is_refused("key audit {", "key \"issuing\" {", "key is given twice");
}

static void a_list_that_is_appended_to_is_refused(void **state)
{
	(void)state;
	changed_is_refused("	ek_roots =", "	ek_roots +=", "not of the form");
}

static void nothing_is_expanded_from_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("KEYWARD_STATE", "/elsewhere", 1), 0);
	changed_is_refused_at("state = \"state\"", "state = \"${KEYWARD_STATE}\"", "${ is refused", "${");
	changed_is_refused("state = \"state\"", "state = ${KEYWARD_STATE}", "${ is refused");
	changed_is_refused("# An appliance", "# ${KEYWARD_STATE} An appliance", "${ is refused");
	change("\"localhost/keyward\"", "\"$KEYWARD_STATE\"");
	assert_true(read_it());
	assert_string_equal(got.ledger_origin, "$KEYWARD_STATE");
}

static void characters_that_could_be_read_in_two_ways_are_refused(void **state)
{
	(void)state;
	changed_is_refused("\"localhost/keyward\"", "\"local\\x00host\"", "a backslash is refused");
	changed_is_refused("\"localhost/keyward\"", "'localhost'", "not of the form");
	changed_is_refused("\"localhost/keyward\"", "\"local\001host\"", "a control character is refused");
	changed_is_refused("\"localhost/keyward\"", "\"local\200host\"", "not UTF-8");
	changed_is_refused("\"localhost/keyward\"", "\"local\nhost\"", "not of the form");
	changed_is_refused("token {", "// a comment of C\ntoken {", "not of the form");
	changed_is_refused("token {", "/* and another */ token {", "not of the form");
	changed_is_refused("state = ", "include(\"other.conf\")\nstate = ", "not of the form");
}

static void a_nul_within_is_refused(void **state)
{
	(void)state;
	change("state = \"state\"", "state = \"state\"");
	char *text = read_text(file);
	const size_t size = strlen(text);
	text[size / 2] = '\0';
	write_text(text, size);
	free(text);
	refused("a control character is refused");
}

static void a_file_cut_anywhere_is_refused_or_lacks_something(void **state)
{
	(void)state;
	char *text = read_text(example);
	const size_t size = strlen(text);
	for (size_t cut = 0; cut < size - 2; cut += 7) {
		write_text(text, cut);
		assert_false(read_it());
	}
	free(text);
}

static void a_section_that_stays_open_is_refused(void **state)
{
	(void)state;
	changed_is_refused("	key = \"administrators/first.jwk\"\n}", "	key = \"administrators/first.jwk\"\n", "has no }");
	changed_is_refused("}\n\nkey issuing {", "\nkey issuing {", "a section within a section");
}

static void a_file_that_is_too_long_or_none_is_refused(void **state)
{
	(void)state;
	char *text = malloc(70000);
	assert_non_null(text);
	memset(text, '\n', 70000);
	write_text(text, 70000);
	free(text);
	assert_false(read_it());
	assert_non_null(strstr(said, "cannot be read"));
	unlink(file);
	assert_false(read_it());
	assert_non_null(strstr(said, "cannot be read: No such file"));
	assert_int_equal(mkdir(file, 0700), 0);
	assert_false(read_it());
	assert_non_null(strstr(said, "cannot be read"));
	assert_int_equal(rmdir(file), 0);
}

static void a_key_that_is_missing_is_refused(void **state)
{
	(void)state;
	changed_is_refused_at("	module = \"/usr/lib/softhsm/libsofthsm2.so\"\n", "", "token: the key module is missing", "token {");
	changed_is_refused("state = \"state\"", "", "the key state is missing");
	changed_is_refused("	days = 3650", "", "key root: the key days is missing");
	changed_is_refused("	port = 8443\n", "", "listen: the key port is missing");
}

static void a_number_out_of_bounds_is_refused(void **state)
{
	(void)state;
	changed_is_refused_at("port = 8443", "port = 65536", "a whole number from 1 to 65535", "port = 65536");
	changed_is_refused("port = 8443", "port = 0", "a whole number");
	changed_is_refused("port = 8443", "port = -1", "a whole number");
	changed_is_refused("port = 8443", "port = 0x20fb", "a whole number");
	changed_is_refused("port = 8443", "port = 08443", "a whole number");
	changed_is_refused("port = 8443", "port = \"8443 \"", "a whole number");
	changed_is_refused("port = 8443", "port = 99999999999999999999999", "a whole number");
	changed_is_refused("port = 8443", "port = \"\"", "a whole number");
	changed_is_refused("body_limit = 65536", "body_limit = 65537", "a whole number");
	changed_is_refused("assurance = 1", "assurance = 4", "a whole number from 0 to 3");
	changed_is_refused("assurance = 1", "assurance = 257", "a whole number from 0 to 3");
	changed_is_refused("threads = 4", "threads = 0", "a whole number");
}

static void a_certificate_lives_no_longer_than_a_day(void **state)
{
	(void)state;
	changed_is_refused("longest_validity = 86400", "longest_validity = 86401", "from 300 to 86400");
	changed_is_refused("	validity = 86400", "	validity = 86401", "from 300 to 86400");
	changed_is_refused("ak_validity = 86400", "ak_validity = 86401", "from 300 to 86400");
}

static void a_validity_beyond_the_envelope_is_refused(void **state)
{
	(void)state;
	changed_is_refused_at("longest_validity = 86400", "longest_validity = 3600", "validity exceeds the envelope",
			      "	validity = 86400");
}

static void a_pcr_that_can_be_reset_is_refused(void **state)
{
	(void)state;
	changed_is_refused("pcr = 14", "pcr = 16", "from 8 to 15");
	changed_is_refused("pcr = 14", "pcr = 23", "from 8 to 15");
	changed_is_refused("pcr = 14", "pcr = 7", "from 8 to 15");
}

static void a_flag_is_true_or_false(void **state)
{
	(void)state;
	changed_is_refused("virtual_tpm = true", "virtual_tpm = yes", "true|false");
	changed_is_refused("virtual_tpm = true", "virtual_tpm = 1", "true|false");
	changed_is_refused("	rsa = true", "	rsa = True", "true|false");
	changed_is_refused("expired_ek_certificates = false", "expired_ek_certificates = no", "true|false");
}

static void a_word_that_is_not_in_its_list_is_refused(void **state)
{
	(void)state;
	changed_is_refused("role = audit", "role = auditing", "root|issuer|ak-issuer|audit");
	changed_is_refused("role = audit", "role = \"issuer|audit\"", "root|issuer|ak-issuer|audit");
	changed_is_refused("algorithm = \"P-256\"", "algorithm = \"P-192\"", "P-256|P-384");
	changed_is_refused("format = tpm", "format = none", "tpm");
	changed_is_refused("extended_usage = clientAuth", "extended_usage = anyExtendedKeyUsage", "clientAuth");
	changed_is_refused("role = administrator", "role = god", "administrator|auditor");
}

static void a_name_out_of_its_grammar_is_refused(void **state)
{
	(void)state;
	changed_is_refused("directory devices {", "directory Devices {", "expected is lower-case letters");
	changed_is_refused("directory devices {", "directory \"a/b\" {", "expected is lower-case letters");
	changed_is_refused("directory devices {", "directory \"\" {", "the section directory has a name");
	changed_is_refused("directory devices {", "directory -devices {", "expected is lower-case letters");
	changed_is_refused("directory devices {", "directory {", "the section directory has a name");
	changed_is_refused("administrator first {", "eab \"caf\xc3\xa9\" {\n\tkey = \"eab/one\"\n}\nadministrator first {",
			   "expected is lower-case letters");
	changed_is_refused("name = \"localhost\"", "name = \"local_host\"", "a DNS name in lower case");
	changed_is_refused("name = \"localhost\"", "name = \"https://localhost\"", "a DNS name in lower case");
	changed_is_refused("name = \"localhost\"", "name = \"127.0.0.1\"", "a DNS name in lower case");
	changed_is_refused("name = \"localhost\"", "name = \"localhost.\"", "a DNS name in lower case");
	changed_is_refused("address = \"127.0.0.1\"", "address = \"localhost\"", "a literal IP address");
	changed_is_refused("tcti = \"swtpm:path=/tpm/socket\"", "tcti = \"mssim:host=evil\"", "device:/tpm or swtpm:path=");
	changed_is_refused("tcti = \"swtpm:path=/tpm/socket\"", "tcti = \"swtpm:path=/tpm/../x\"", "device:/tpm or");
	changed_is_refused("\"localhost/keyward\"", "\"https://localhost/keyward\"", "a name without scheme");
	changed_is_refused("\"localhost/keyward\"", "\"local host\"", "a name without scheme");
	changed_is_refused("\"{identifier}\"", "\"{serial}\"", "{identifier} is the only field");
	changed_is_refused("\"{identifier}\"", "\"{identifier\"", "{identifier} is the only field");
	changed_is_refused("\"administrators/first.jwk\"", "\"../first.jwk\"", "a relative path without '..'");
	changed_is_refused("\"administrators/first.jwk\"", "\"/etc/first.jwk\"", "a relative path without '..'");
	changed_is_refused("label = \"keyward\"", "label = \"a label of more than thirty-two characters\"", "a shorter value");
}

static void other_shapes_of_names_are_taken(void **state)
{
	(void)state;
	change("address = \"127.0.0.1\"", "address = \"::1\"");
	assert_true(read_it());
	change("name = \"localhost\"", "name = \"ca-1.example.test\"");
	assert_true(read_it());
	change("tcti = \"swtpm:path=/tpm/socket\"", "tcti = \"device:/tpm\"");
	assert_true(read_it());
	change("\"{identifier}\"", "\"device {identifier} of ours\"");
	assert_true(read_it());
}

static void the_roles_of_keys_are_complete(void **state)
{
	(void)state;
	changed_is_refused("role = audit", "role = issuer", "exactly one key has the role audit");
	changed_is_refused("role = ak-issuer", "role = issuer", "exactly one key has the role ak-issuer");
	changed_is_refused("role = audit", "role = root", "exactly one key has the role root");
	changed_is_refused("role = root", "role = issuer", "exactly one key has the role root");
	changed_is_refused("	role = issuer", "	role = audit", "role issuer");
}

static void an_issuer_is_a_key_that_may_issue(void **state)
{
	(void)state;
	changed_is_refused_at("issuer = root", "issuer = roof", "there is no key with the label of issuer", "issuer = roof");
	changed_is_refused("issuer = root", "issuer = audit", "the issuer must be the key with the role root");
	changed_is_refused("	issuer = root\n", "", "only the root signs itself");
	changed_is_refused("	subject = \"Keyward Root\"", "	subject = \"Keyward Root\"\n	issuer = audit",
			   "the root signs its own certificate");
	changed_is_refused("	issuer = issuing\n	directory", "	issuer = ak-issuing\n	directory",
			   "envelope device: issuer is not a key with the role issuer");
	changed_is_refused("	issuer = issuing\n	directory", "	issuer = root\n	directory",
			   "envelope device: issuer is not a key with the role issuer");
	changed_is_refused("issuer = \"issuing\"", "issuer = \"audit\"", "listen: issuer is not a key with the role issuer");
	changed_is_refused("days = 1825", "days = 3651", "more than those of the issuer");
	changed_is_refused("\"Keyward Audit\"", "\"Keyward Root\"", "another key has this subject");
}

static void several_issuers_are_taken(void **state)
{
	(void)state;
	change("key audit {", "key second {\n	role = issuer\n	algorithm = \"RSA-3072\"\n	subject = \"Second\"\n"
			      "	issuer = root\n	days = 10\n}\nkey audit {");
	assert_true(read_it());
	assert_int_equal(got.key_count, 5);
}

static void names_of_envelope_and_directory_must_meet(void **state)
{
	(void)state;
	changed_is_refused("	envelope = device", "	envelope = devise", "there is no such envelope");
	changed_is_refused("	directory = devices", "	directory = devises", "there is no such directory");
	changed_is_refused("	rsa = true\n	ec = true", "	rsa = false\n	ec = false", "no key fits");
	changed_is_refused("	ek_roots = { \"ek-root.pem\" }", "", "no device can enrol");
	changed_is_refused("	ek_roots = { \"ek-root.pem\" }", "	ek_roots = { }", "no device can enrol");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, tpm }", "a format is named twice");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, none }", "expected is tpm");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, apple }", "the format apple and apple_roots need each other");
	changed_is_refused("	formats = { tpm }", "	apple_roots = { \"a.pem\" }", "the format apple and apple_roots need each other");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, android-key }", "the format android-key and android_roots need each other");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, packed }", "the format packed and packed_roots need each other");
	changed_is_refused("	formats = { tpm }", "	step_roots = { \"a.pem\" }", "the format step and step_roots need each other");
	changed_is_refused("	formats = { tpm }", "	formats = { tpm, apple }\n	apple_roots = { \"a.pem\" }",
			   "the envelope does not have each of these formats");
	changed_is_refused("	format = tpm", "	format = apple", "the envelope does not have each of these formats");
	changed_is_refused("	formats = { tpm }", "	formats = { apple }\n	apple_roots = { \"1\", \"2\", \"3\", \"4\", \"5\" }",
			   "a shorter list");
	changed_is_refused("	format = tpm", "", "format is needed");
	changed_is_refused("	format = tpm", "	format = { }", "format is needed");
}

static void apples_devices_alone_need_no_roots_of_tpms(void **state)
{
	(void)state;
	char path[300];
	change("	formats = { tpm }", "	formats = { apple }\n	apple_roots = { \"apple.pem\" }");
	change_in(file, "	ek_roots = { \"ek-root.pem\" }", "");
	change_in(file, "	format = tpm", "	format = { tpm, apple }");
	assert_true(read_it());
	assert_int_equal(got.directories[0].format_count, 1);
	assert_string_equal(got.directories[0].formats[0], "apple");
	assert_int_equal(got.envelopes[0].format_count, 2);
	assert_int_equal(got.directories[0].apple_root_count, 1);
	snprintf(path, sizeof path, "%s/apple.pem", folder);
	assert_string_equal(got.directories[0].apple_roots[0], path);
}

static void signed_roots_may_be_the_only_ones(void **state)
{
	(void)state;
	change("	formats = { tpm }", "	formats = { tpm, apple }");
	change_in(file, "	signed_roots = false", "	signed_roots = true");
	change_in(file, "	ek_roots = { \"ek-root.pem\" }", "");
	change_in(file, "	format = tpm", "	format = { tpm, apple }");
	assert_true(read_it() && got.directories[0].signed_roots);
	change_in(file, "	signed_roots = true", "	signed_roots = true\n	step_roots = { \"a.pem\" }"); /* for no format of it */
	assert_false(read_it());
}

#define OF_NAMES(identifiers, challenges) "	identifiers = { " identifiers " }\n	challenges = { " challenges " }"
#define OF_DEVICES OF_NAMES("permanent-identifier", "device-attest-01")

static void of_names(const char *directory, const char *envelope)
{
	change("	identifiers = { permanent-identifier }", directory);
	change_in(file, "\n	challenges = { device-attest-01 }", "\n");
	change_in(file, "	extended_usage = clientAuth", envelope);
	change_in(file, "#	resolvers = ", "	resolvers = ");
	change_in(file, "#	networks = ", "	networks = ");
}

static void names_are_taken_with_a_challenge_and_an_envelope_for_them(void **state)
{
	(void)state;
	of_names(OF_NAMES("permanent-identifier, dns, ip", "device-attest-01, http-01"),
		 "	extended_usage = \"serverAuth clientAuth\"\n	dns_suffixes = { \"corp.example\", \"shop.example\" }\n"
		 "	ip_ranges = { \"10.0.0.0/8\", \"2001:db8::/32\" }");
	assert_true(read_it());
	assert_int_equal(got.directories[0].identifier_count, 3);
	assert_int_equal(got.directories[0].challenge_count, 2);
	assert_int_equal(got.envelopes[0].dns_suffix_count, 2);
	assert_string_equal(got.envelopes[0].ip_ranges[1], "2001:db8::/32");
	assert_string_equal(got.envelopes[0].extended_usage, "serverAuth clientAuth");
	of_names(OF_NAMES("dns", "dns-01"), "	dns_suffixes = { \"corp.example\" }");
	assert_true(read_it());
	of_names(OF_NAMES("dns", "dns-01"), "");
	refused("the envelope has no names of this type");
	of_names(OF_NAMES("ip", "http-01"), "	dns_suffixes = { \"corp.example\" }");
	refused("the envelope has no names of this type");
	of_names(OF_NAMES("ip", "dns-01"), "	ip_ranges = { \"10.0.0.0/8\" }");
	refused("no challenge that proves it");
	of_names(OF_NAMES("dns", "device-attest-01"), "	dns_suffixes = { \"corp.example\" }");
	refused("no challenge that proves it");
	of_names(OF_NAMES("permanent-identifier", "http-01"), "");
	refused("no challenge that proves it");
	of_names(OF_NAMES("email", "http-01"), "");
	refused("permanent-identifier, hardware-module, dns or ip");
	of_names(OF_NAMES("dns", "http-02"), "");
	refused("device-attest-01, http-01, dns-01 or tls-alpn-01");
}

static void names_are_taken_with_what_it_takes_to_probe_them(void **state)
{
	static const char *const bad[] = {"10.0.0.53", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53:53x", "::1:53", "[::1]", "[::1]53",
					  "[10.0.0.53]:53", "ns.corp.example:53", "10.0.0.53:"};
	char key[80];
	(void)state;
	of_names(OF_NAMES("dns", "dns-01"), "	dns_suffixes = { \"corp.example\" }");
	change_in(file, "	networks = ", "#	networks = ");
	change_in(file, "\"10.0.0.53:53\"", "\"10.0.0.53:53\", \"[2001:db8::53]:5353\"");
	assert_true(read_it());
	assert_int_equal(got.resolver_count, 2);
	assert_string_equal(got.resolvers[1], "[2001:db8::53]:5353");
	assert_int_equal(got.network_count, 0);
	change_in(file, "	resolvers = ", "#	resolvers = ");
	refused("dns needs resolvers");
	of_names(OF_NAMES("ip", "tls-alpn-01"), "	ip_ranges = { \"10.0.0.0/8\" }");
	change_in(file, "	resolvers = ", "#	resolvers = ");
	assert_true(read_it());
	assert_string_equal(got.networks[0], "10.0.0.0/8");
	change_in(file, "	networks = ", "#	networks = ");
	refused("http-01 and tls-alpn-01 need networks");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(key, sizeof key, "	resolvers = { \"%s\" }", bad[i]);
		changed_is_refused("#	resolvers = { \"10.0.0.53:53\" }", key, "ADDRESS:PORT");
	}
}

static void a_range_has_no_bits_behind_it(void **state)
{
	static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "2001:db8::1/64", "2001:db8::/129", "10/8", "10.0.0.0/08"};
	char key[80];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(key, sizeof key, "	ip_ranges = { \"%s\" }", bad[i]);
		of_names(OF_DEVICES, key);
		refused("ADDRESS/BITS");
	}
}

#define MAKER(inside) "maker a {\n" inside "}\nkey root {"

static void a_maker_has_roots_and_vendors(void **state)
{
	char roots[4096] = "maker a {\n	vendors = { \"id:49465800\" }\n	roots = { \"a\"";
	(void)state;
	change("key root {", MAKER("	roots = { \"a.pem\" }\n	vendors = { \"id:49465800\", \"id:414D4400\" }\n"));
	assert_true(read_it());
	assert_int_equal(got.maker_count, 1);
	assert_string_equal(got.makers[0].name, "a");
	assert_int_equal(got.makers[0].root_count, 1);
	assert_int_equal(got.makers[0].vendor_count, 2);
	assert_string_equal(got.makers[0].vendors[1], "id:414D4400");
	changed_is_refused("key root {", MAKER("	roots = { \"a.pem\" }\n"), "roots and vendors are needed");
	changed_is_refused("key root {", MAKER("	roots = { \"a.pem\" }\n	vendors = { }\n"), "roots and vendors are needed");
	changed_is_refused("key root {", MAKER("	vendors = { \"id:49465800\" }\n"), "roots and vendors are needed");
	static const char *const wrong[] = {"id:4946580a", "ID:49465800", "id:4946580", "id:494658000", "49465800", ""};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, MAKER("	roots = { \"a\" }\n	vendors = { \"%s\" }\n"), wrong[i]);
		changed_is_refused("key root {", text, strlen(wrong[i]) > 11 ? "a shorter value" : "upper-case hexadecimal");
	}
	for (int i = 1; i < 64; i++)
		strcat(roots, ", \"a\"");
	strcat(roots, " }\n}\nkey root {");
	changed_is_refused("key root {", roots, "more than 64 roots"); /* with the one of ek_roots */
}

#define AN_EAB(name, file) "eab " name " {\n	key = \"" file "\"\n}\n"

static void a_binding_that_is_required_has_a_key_of_its_own(void **state)
{
	(void)state;
	change("administrator first {", AN_EAB("one", "eab/one") AN_EAB("two", "eab/two") "administrator first {");
	assert_true(read_it());
	assert_int_equal(got.eab_count, 2);
	assert_string_equal(got.eabs[1].name, "two");
	assert_string_equal(got.eabs[1].key_file, "eab/two");
	changed_is_refused("eab_required = false", "eab_required = true", "without a section eab nobody can open an account");
	changed_is_refused("administrator first {", AN_EAB("one", "eab/one") AN_EAB("two", "eab/one") "administrator first {",
			   "another eab has this key");
	changed_is_refused("administrator first {", AN_EAB("one", "/etc/shadow") "administrator first {",
			   "a relative path without '..'");
}

static void somebody_administers(void **state)
{
	(void)state;
	changed_is_refused("role = administrator", "role = auditor", "nobody has the role administrator");
	changed_is_refused("administrator first {", "administrator second {\n	role = auditor\n	key = \"administrators/first.jwk\"\n}\n"
						    "administrator first {",
			   "another administrator has this key");
}

static void more_for_one_address_than_in_all_is_refused(void **state)
{
	(void)state;
	changed_is_refused("connections_per_address = 64", "connections_per_address = 2000", "more for one address than in all");
}

static void more_sections_than_there_is_room_for_are_refused(void **state)
{
	char many[4096] = "";
	(void)state;
	for (int i = 0; i < 16; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many),
			 "administrator a%d { role = auditor\n key = \"a%d\" }\n", i, i);
	strcat(many, "administrator first {");
	changed_is_refused("administrator first {", many, "more than 16 sections administrator");
}

static void case_87_a_mistyped_module_or_label_never_leads_to_a_key_elsewhere(void **state)
{
	(void)state;
	changed_is_refused("libsofthsm2.so", "libsofthsm3.so", "there is no such PKCS#11 module");
	changed_is_refused("\"/usr/lib/softhsm/libsofthsm2.so\"", "\"/usr/lib/softhsm\"", "there is no such PKCS#11 module");
	changed_is_refused("\"/usr/lib/softhsm/libsofthsm2.so\"", "\"pkcs11:token=keyward\"", "a path (no URI");
	changed_is_refused("\"/usr/lib/softhsm/libsofthsm2.so\"", "\"file:/tmp/key.pem\"", "a path (no URI");
	changed_is_refused("\"/usr/lib/softhsm/libsofthsm2.so\"", "\"\"", "a path (no URI");
	changed_is_refused("	module =", "	modul =", "there is no key modul in");
	changed_is_refused("label = \"keyward\"", "label = \"\"", "text without a space");
	changed_is_refused("label = \"keyward\"", "label = \"keyward \"", "text without a space");
	changed_is_refused("label = \"keyward\"", "lable = \"keyward\"", "there is no key lable in");
	changed_is_refused("	label = \"keyward\"\n", "", "token: the key label is missing");
}

/* ---- the manual ---- */

struct listed {
	const char *section, *key;
};
static const struct listed keys[] = {
#define SECTION(section, struct_name, title)
#define NUMBER(section, key, field, least, most, preset) {#section, #key},
#define FLAG(section, key, field, preset) {#section, #key},
#define TEXT(section, key, field, grammar, longest, preset) {#section, #key},
#define CHOICE(section, key, field, words, preset) {#section, #key},
#define LIST(section, key, field, count_field, grammar, longest) {#section, #key},
#include "firmware/warden/options.def"
};
enum { key_count = sizeof keys / sizeof keys[0] };

/* Marks the row of this key; false when there is none. */
static bool mark(const char *section, const char *key, bool *marks)
{
	for (size_t i = 0; i < key_count; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].key, key) == 0) {
			assert_false(marks[i]);
			return marks[i] = true;
		}
	return false;
}

static void every_key_is_in_the_manual_and_the_manual_has_no_other(void **state)
{
	bool marks[key_count] = {false};
	char line[512], section[64] = "", key[64];
	(void)state;
	FILE *in = fopen(manual, "re");
	assert_non_null(in);
	while (fgets(line, sizeof line, in) != NULL) {
		if (sscanf(line, ".Ss %63s", section) == 1 || sscanf(line, ".It Ic %63s", key) != 1)
			continue;
		if (!mark(section, key, marks))
			fail_msg("the manual has %s in section %s, which is no key", key, section);
	}
	fclose(in);
	for (size_t i = 0; i < key_count; i++)
		if (!marks[i])
			fail_msg("the manual lacks %s in section %s", keys[i].key, keys[i].section);
}

static void the_example_gives_every_key_that_has_no_empty_default(void **state)
{
	(void)state;
	char *text = read_text(example);
	for (size_t i = 0; i < key_count; i++) {
		char given[80];
		snprintf(given, sizeof given, "%s%s = ", strcmp(keys[i].section, "top") == 0 ? "\n" : "\t", keys[i].key);
		if (strcmp(keys[i].key, "ak_roots") != 0 && strstr(text, given) == NULL)
			fail_msg("the example lacks %s of section %s", keys[i].key, keys[i].section);
	}
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_example_is_read_whole),
		CASE(what_is_left_out_has_its_default),
		CASE(bounds_so_low_that_honest_devices_would_wait_are_refused),
		CASE(limits_have_defaults_and_bounds),
		CASE(a_help_that_is_no_url_is_refused),
		CASE(an_absolute_path_stays_as_it_is),
		CASE(an_unknown_key_is_refused),
		CASE(a_key_given_twice_is_refused),
		CASE(a_section_given_twice_is_refused),
		CASE(a_list_that_is_appended_to_is_refused),
		CASE(nothing_is_expanded_from_the_environment),
		CASE(characters_that_could_be_read_in_two_ways_are_refused),
		CASE(a_nul_within_is_refused),
		CASE(a_file_cut_anywhere_is_refused_or_lacks_something),
		CASE(a_section_that_stays_open_is_refused),
		CASE(a_file_that_is_too_long_or_none_is_refused),
		CASE(a_key_that_is_missing_is_refused),
		CASE(a_number_out_of_bounds_is_refused),
		CASE(a_certificate_lives_no_longer_than_a_day),
		CASE(a_validity_beyond_the_envelope_is_refused),
		CASE(a_pcr_that_can_be_reset_is_refused),
		CASE(a_flag_is_true_or_false),
		CASE(a_word_that_is_not_in_its_list_is_refused),
		CASE(a_name_out_of_its_grammar_is_refused),
		CASE(other_shapes_of_names_are_taken),
		CASE(the_roles_of_keys_are_complete),
		CASE(an_issuer_is_a_key_that_may_issue),
		CASE(several_issuers_are_taken),
		CASE(names_of_envelope_and_directory_must_meet),
		CASE(apples_devices_alone_need_no_roots_of_tpms),
		CASE(signed_roots_may_be_the_only_ones),
		CASE(names_are_taken_with_a_challenge_and_an_envelope_for_them),
		CASE(names_are_taken_with_what_it_takes_to_probe_them),
		CASE(a_range_has_no_bits_behind_it),
		CASE(a_maker_has_roots_and_vendors),
		CASE(a_binding_that_is_required_has_a_key_of_its_own),
		CASE(somebody_administers),
		CASE(more_for_one_address_than_in_all_is_refused),
		CASE(more_sections_than_there_is_room_for_are_refused),
		CASE(case_87_a_mistyped_module_or_label_never_leads_to_a_key_elsewhere),
		CASE(every_key_is_in_the_manual_and_the_manual_has_no_other),
		CASE(the_example_gives_every_key_that_has_no_empty_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
