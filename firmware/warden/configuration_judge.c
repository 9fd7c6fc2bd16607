/* SPDX-License-Identifier: Apache-2.0
 * Decides whether the values of a configuration make sense together: one root, every issuer known and above its key,
 * envelopes within what their issuers may, someone to administer. */
#include "firmware/warden/configuration_judge.h"

#include <string.h>
#include <sys/stat.h>

struct judging {
	const struct configuration_text *text;
	const struct configuration *on;
};

static bool refuse_at(const struct judging *judging, const char *section, const char *title, const char *key,
		      const char *reason)
{
	return configuration_text_refuse(judging->text, configuration_text_line(judging->text, section, title, key),
					 "%s%s%s: %s", section, title == NULL ? "" : " ", title == NULL ? "" : title, reason);
}

static const struct configuration_key *find_key(const struct configuration *on, const char *label)
{
	for (size_t i = 0; i < on->key_count; i++)
		if (strcmp(on->keys[i].label, label) == 0)
			return &on->keys[i];
	return NULL;
}

static bool has_role(const struct configuration_key *key, const char *role)
{
	return strcmp(key->role, role) == 0;
}

static bool judge_roles(const struct judging *judging)
{
	static const struct {
		const char *role;
		size_t least, most;
		const char *expected;
	} rows[] = {
		{"root", 1, 1, "exactly one key has the role root"},
		{"issuer", 1, configuration_most, "at least one key has the role issuer"},
		{"ak-issuer", 1, 1, "exactly one key has the role ak-issuer"},
		{"audit", 1, 1, "exactly one key has the role audit"},
	};
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
		const char *last = NULL;
		size_t count = 0;
		for (size_t i = 0; i < judging->on->key_count; i++)
			if (has_role(&judging->on->keys[i], rows[r].role)) {
				last = judging->on->keys[i].label;
				count++;
			}
		if (count < rows[r].least || count > rows[r].most)
			return refuse_at(judging, "key", last, last == NULL ? NULL : "role", rows[r].expected);
	}
	return true;
}

/* The issuer of every key but the root is a root or issuer that lasts as long, and above it stands the root itself: a
 * chain of leaf, issuer and root is what clients and the boundary have room for. */
static bool judge_key(const struct judging *judging, const struct configuration_key *key)
{
	const bool is_root = has_role(key, "root");
	if (is_root && *key->issuer != '\0' && strcmp(key->issuer, key->label) != 0)
		return refuse_at(judging, "key", key->label, "issuer", "the root signs its own certificate");
	if (is_root)
		return true;
	if (*key->issuer == '\0')
		return refuse_at(judging, "key", key->label, "issuer", "issuer is missing; only the root signs itself");
	const struct configuration_key *issuer = find_key(judging->on, key->issuer);
	if (issuer == NULL)
		return refuse_at(judging, "key", key->label, "issuer", "there is no key with the label of issuer");
	if (!has_role(issuer, "root"))
		return refuse_at(judging, "key", key->label, "issuer", "the issuer must be the key with the role root");
	if (key->days > issuer->days)
		return refuse_at(judging, "key", key->label, "days", "days are more than those of the issuer");
	return true;
}

static bool judge_keys(const struct judging *judging)
{
	for (size_t i = 0; i < judging->on->key_count; i++) {
		const struct configuration_key *key = &judging->on->keys[i];
		if (!judge_key(judging, key))
			return false;
		for (size_t k = 0; k < i; k++)
			if (strcmp(judging->on->keys[k].subject, key->subject) == 0)
				return refuse_at(judging, "key", key->label, "subject", "another key has this subject");
	}
	return true;
}

static bool is_issuer(const struct configuration *on, const char *label)
{
	const struct configuration_key *key = find_key(on, label);
	return key != NULL && has_role(key, "issuer");
}

static bool has_word(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool are_directories(const struct configuration *on, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t found = 0;
		while (found < on->directory_count && strcmp(on->directories[found].name, names[i]) != 0)
			found++;
		if (found == on->directory_count)
			return false;
	}
	return true;
}

static bool judge_envelopes(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	for (size_t i = 0; i < on->envelope_count; i++) {
		const struct configuration_envelope *envelope = &on->envelopes[i];
		if (!is_issuer(on, envelope->issuer))
			return refuse_at(judging, "envelope", envelope->name, "issuer", "issuer is not a key with the role issuer");
		if (envelope->directory_count == 0)
			return refuse_at(judging, "envelope", envelope->name, "directory", "directory is needed");
		if (!are_directories(on, envelope->directories, envelope->directory_count))
			return refuse_at(judging, "envelope", envelope->name, "directory", "there is no such directory");
		if (envelope->format_count == 0 && envelope->assurance != 0)
			return refuse_at(judging, "envelope", envelope->name, NULL, "format is needed");
		if (!envelope->may_hold_rsa && !envelope->may_hold_ec)
			return refuse_at(judging, "envelope", envelope->name, "ec", "neither rsa nor ec: no key fits");
	}
	return true;
}

static bool judge_makers(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	for (size_t i = 0; i < on->maker_count; i++) {
		const struct configuration_maker *maker = &on->makers[i];
		if (maker->root_count == 0 || maker->vendor_count == 0)
			return refuse_at(judging, "maker", maker->name, NULL, "roots and vendors are needed");
		if (!are_directories(on, maker->directories, maker->directory_count))
			return refuse_at(judging, "maker", maker->name, "directories", "there is no such directory");
	}
	return true;
}

static bool judge_profiles(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	for (size_t i = 0; i < on->profile_count; i++) {
		const struct configuration_profile *profile = &on->profiles[i];
		bool is_used = false;
		for (size_t k = 0; k < on->directory_count; k++)
			is_used = is_used || has_word(on->directories[k].profiles, on->directories[k].profile_count, profile->name);
		if (!is_used)
			return refuse_at(judging, "profile", profile->name, NULL, "no directory names it");
	}
	return true;
}

/* ---- one directory ---- */

static bool refuse_directory(const struct judging *judging, const struct configuration_directory *directory, const char *key,
			     const char *reason)
{
	return refuse_at(judging, "directory", directory->name, key, reason);
}

/* What orders of a directory can end in: its profiles' envelopes, or its one envelope. */
struct ending {
	const char *section, *title; /* where it is configured */
	const struct configuration_envelope *envelope;
	uint32_t validity_s;
};

static bool find_ending(const struct judging *judging, const struct configuration_directory *directory, size_t number,
			struct ending *out)
{
	const struct configuration *on = judging->on;
	const char *envelope = directory->envelope;
	*out = (struct ending){"directory", directory->name, NULL, directory->validity_s};
	for (size_t i = 0; directory->profile_count != 0 && i < on->profile_count; i++)
		if (strcmp(on->profiles[i].name, directory->profiles[number]) == 0) {
			*out = (struct ending){"profile", on->profiles[i].name, NULL, on->profiles[i].validity_s};
			envelope = on->profiles[i].envelope;
		}
	if (directory->profile_count != 0 && strcmp(out->section, "profile") != 0)
		return refuse_directory(judging, directory, "profiles", "there is no such profile");
	for (size_t i = 0; i < on->envelope_count; i++)
		if (strcmp(on->envelopes[i].name, envelope) == 0)
			out->envelope = &on->envelopes[i];
	return out->envelope != NULL || refuse_at(judging, out->section, out->title, "envelope", "there is no such envelope");
}

static bool judge_endings(const struct judging *judging, const struct configuration_directory *directory,
			  struct ending endings[configuration_most_profiles], size_t *count)
{
	*count = directory->profile_count == 0 ? 1 : directory->profile_count;
	if ((directory->profile_count == 0) == (*directory->envelope == '\0'))
		return refuse_directory(judging, directory, "envelope", "either envelope or profiles is needed, and not both");
	for (size_t i = 0; i < *count; i++) {
		struct ending *ending = &endings[i];
		if (directory->profile_count != 0 && has_word(directory->profiles, i, directory->profiles[i]))
			return refuse_directory(judging, directory, "profiles", "a profile is named twice");
		if (!find_ending(judging, directory, i, ending))
			return false;
		if (!has_word(ending->envelope->directories, ending->envelope->directory_count, directory->name))
			return refuse_directory(judging, directory, directory->profile_count == 0 ? "envelope" : "profiles",
						"the envelope is not for this directory");
		if (ending->validity_s > ending->envelope->longest_validity_s)
			return refuse_at(judging, ending->section, ending->title, "validity",
					 "validity exceeds the envelope's longest_validity");
	}
	return true;
}

/* Only they need formats and roots. */
static bool takes_devices(const struct configuration_directory *of)
{
	return of->identifier_count == 0 || has_word(of->identifiers, of->identifier_count, "permanent-identifier") ||
	       has_word(of->identifiers, of->identifier_count, "hardware-module");
}

/* What a directory takes and none of its envelopes does would be judged and never get a certificate. */
static bool judge_formats(const struct judging *judging, const struct configuration_directory *directory,
			  const struct ending *endings, size_t count)
{
	for (size_t i = 0; takes_devices(directory) && i < directory->format_count; i++) {
		bool is_of_use = false;
		for (size_t k = 0; k < count; k++)
			is_of_use = is_of_use || has_word(endings[k].envelope->formats, endings[k].envelope->format_count,
							  directory->formats[i]);
		if (has_word(directory->formats, i, directory->formats[i]))
			return refuse_directory(judging, directory, "formats", "a format is named twice");
		if (!is_of_use)
			return refuse_directory(judging, directory, "formats", "the envelope does not have each of these formats");
	}
	return true;
}

/* Names need a challenge that proves them, and an envelope that has room for them. */
static bool judge_names(const struct judging *judging, const struct configuration_directory *of, const struct ending *endings,
			size_t count)
{
	const struct configuration *on = judging->on;
	const bool has_dns = has_word(of->identifiers, of->identifier_count, "dns");
	const bool has_ip = has_word(of->identifiers, of->identifier_count, "ip");
	const bool has_device = takes_devices(of);
	const bool has_direct = has_word(of->challenges, of->challenge_count, "http-01") ||
				has_word(of->challenges, of->challenge_count, "tls-alpn-01");
	const bool has_any = has_direct || has_word(of->challenges, of->challenge_count, "dns-01");
	const bool has_attestation = of->challenge_count == 0 || has_word(of->challenges, of->challenge_count, "device-attest-01");
	size_t suffixes = 0, ranges = 0;
	for (size_t i = 0; i < count; i++) {
		suffixes += endings[i].envelope->dns_suffix_count;
		ranges += endings[i].envelope->ip_range_count;
	}
	if ((has_dns && !has_any) || (has_ip && !has_direct) || (has_device && !has_attestation))
		return refuse_directory(judging, of, "challenges", "a type of identifiers has no challenge that proves it");
	if (has_dns && on->resolver_count == 0)
		return refuse_directory(judging, of, "identifiers", "dns needs resolvers of the section prober");
	if (has_direct && on->network_count == 0)
		return refuse_directory(judging, of, "challenges", "http-01 and tls-alpn-01 need networks of the section prober");
	if ((has_dns && suffixes == 0) || (has_ip && ranges == 0))
		return refuse_directory(judging, of, "identifiers", "the envelope has no names of this type");
	return true;
}

static size_t count_ek_roots(const struct configuration *on, const struct configuration_directory *directory)
{
	size_t count = directory->ek_root_count;
	for (size_t i = 0; i < on->maker_count; i++)
		if (configuration_serves(on->makers[i].directories, on->makers[i].directory_count, directory->name))
			count += on->makers[i].root_count;
	return count;
}

static bool judge_roots(const struct judging *judging, const struct configuration_directory *directory)
{
	const size_t ek_roots = count_ek_roots(judging->on, directory);
	if (ek_roots > configuration_most_roots)
		return refuse_directory(judging, directory, "ek_roots", "more than 64 roots of EK certificates with those of makers");
	if (takes_devices(directory) && has_word(directory->formats, directory->format_count, "tpm") &&
	    ek_roots + directory->ak_root_count == 0 && !directory->signed_roots)
		return refuse_directory(judging, directory, NULL,
					"without ek_roots, makers, ak_roots and signed_roots no device can enrol");
	const struct {
		const char *format;
		size_t root_count;
		const char *sentence;
	} pairs[] = {
		{"apple", directory->apple_root_count, "the format apple and apple_roots need each other"},
		{"android-key", directory->android_root_count, "the format android-key and android_roots need each other"},
		{"packed", directory->packed_root_count, "the format packed and packed_roots need each other"},
		{"step", directory->step_root_count, "the format step and step_roots need each other"},
	};
	if ((directory->step_pin || directory->step_touch) && !has_word(directory->formats, directory->format_count, "step"))
		return refuse_directory(judging, directory, directory->step_pin ? "step_pin" : "step_touch", "it is for the format step");
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		const bool has_roots = pairs[i].root_count != 0;
		const bool has_format = has_word(directory->formats, directory->format_count, pairs[i].format);
		if (has_format != has_roots && !(has_format && directory->signed_roots))
			return refuse_directory(judging, directory, "formats", pairs[i].sentence);
	}
	return true;
}

static bool judge_path(const struct judging *judging, size_t number)
{
	const struct configuration_directory *at = judging->on->directories;
	for (size_t i = 0; i < judging->on->directory_count; i++)
		if (i != number && *at[number].path != '\0' &&
		    (strcmp(at[i].path, at[number].path) == 0 || strcmp(at[i].name, at[number].path) == 0))
			return refuse_directory(judging, &at[number], "path", "another directory has this path or name");
	return true;
}

static bool judge_eab_rule(const struct judging *judging, const struct configuration_directory *directory)
{
	const struct configuration *on = judging->on;
	for (size_t i = 0; i < on->eab_count; i++)
		if (configuration_serves(on->eabs[i].directories, on->eabs[i].directory_count, directory->name))
			return true;
	return !directory->eab_required ||
	       refuse_directory(judging, directory, "eab_required", "without a section eab nobody can open an account");
}

static bool judge_directories(const struct judging *judging)
{
	struct ending endings[configuration_most_profiles];
	size_t count = 0;
	if (judging->on->directory_count == 0)
		return configuration_text_refuse(judging->text, 1, "at least one section directory NAME { } is expected");
	for (size_t i = 0; i < judging->on->directory_count; i++) {
		const struct configuration_directory *directory = &judging->on->directories[i];
		if (!judge_path(judging, i) || !judge_roots(judging, directory) ||
		    !judge_endings(judging, directory, endings, &count) || !judge_formats(judging, directory, endings, count) ||
		    !judge_names(judging, directory, endings, count) || !judge_eab_rule(judging, directory))
			return false;
	}
	return true;
}

/* One key, one account: two names for one key would be two accounts. */
static bool judge_eabs(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	for (size_t i = 0; i < on->eab_count; i++) {
		if (!are_directories(on, on->eabs[i].directories, on->eabs[i].directory_count))
			return refuse_at(judging, "eab", on->eabs[i].name, "directories", "there is no such directory");
		for (size_t k = 0; k < i; k++)
			if (strcmp(on->eabs[k].key_file, on->eabs[i].key_file) == 0)
				return refuse_at(judging, "eab", on->eabs[i].name, "key", "another eab has this key");
	}
	return true;
}

static bool judge_administrators(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	bool has_administrator = false;
	for (size_t i = 0; i < on->administrator_count; i++) {
		has_administrator = has_administrator || strcmp(on->administrators[i].role, "administrator") == 0;
		for (size_t k = 0; k < i; k++)
			if (strcmp(on->administrators[k].key_file, on->administrators[i].key_file) == 0)
				return refuse_at(judging, "administrator", on->administrators[i].name, "key",
						 "another administrator has this key");
	}
	return has_administrator || refuse_at(judging, "administrator", NULL, NULL, "nobody has the role administrator");
}

/* A mistyped module must stop everything here: no key is ever made or looked for elsewhere than in the token. */
static bool judge_rest(const struct judging *judging)
{
	const struct configuration *on = judging->on;
	struct stat about;
	if (stat(on->token_module, &about) != 0 || !S_ISREG(about.st_mode))
		return refuse_at(judging, "token", NULL, "module", "there is no such PKCS#11 module");
	if (!is_issuer(on, on->listen_issuer))
		return refuse_at(judging, "listen", NULL, "issuer", "issuer is not a key with the role issuer");
	if (on->connections_per_address > on->connections)
		return refuse_at(judging, "listen", NULL, "connections_per_address", "more for one address than in all");
	return true;
}

bool configuration_judge(const struct configuration_text *text, const struct configuration *configuration)
{
	const struct judging judging = {text, configuration};
	return judge_roles(&judging) && judge_keys(&judging) && judge_envelopes(&judging) && judge_makers(&judging) &&
	       judge_directories(&judging) && judge_profiles(&judging) && judge_eabs(&judging) &&
	       judge_administrators(&judging) && judge_rest(&judging);
}
