/* SPDX-License-Identifier: Apache-2.0
 * Writes reports. A check is named by its refusal. Distrusts what certificates say: JSON is quoted, and details are printable. */
#include "attest/judge/report.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "ca/jose/json.h"

/* How many of the format's checks there are; after them comes the identity. */
static size_t check_count(const struct report *report)
{
	return report->statement->format == NULL ? 0 : report->statement->format->check_count;
}

static bool are_all_passed(const struct report *report)
{
	return report->statement->format != NULL && report->statement->passed == check_count(report);
}

static const char *outcome_of(const struct report *report, size_t check)
{
	const size_t passed = report->statement->passed;
	return check < passed ? "passed" : check == passed ? "refused" : "not reached";
}

static const char *outcome_of_identity(const struct report *report)
{
	if (!report->is_identity_asked)
		return "not asked";
	if (!are_all_passed(report))
		return "not reached";
	return is_refused(report->judged) ? "refused" : "passed";
}

static const char *name_of(const struct report *report, size_t check)
{
	return status_entry(report->statement->format->checks[check].refusal.refusal)->name;
}

static bool hash_of(const struct report *report, char out[65])
{
	uint8_t hash[32];
	if (EVP_Digest(report->octets.data, report->octets.size, hash, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

/* Nothing is claimed by a statement that a check refuses. */
static bool add_claims(const struct report *report, struct buffer *out)
{
	return are_all_passed(report) && report->statement->format->add_claims(report->statement, out);
}

bool report_as_text(const struct report *report)
{
	uint8_t room[4096];
	struct buffer claims = BUFFER(room);
	char hash[65];
	const struct statement *s = report->statement;
	const struct refusal_entry *refusal = status_entry(report->judged.refusal);
	if (!hash_of(report, hash))
		return false;
	if (is_refused(report->judged))
		printf("refused: %s\n  %s (%s)\n", refusal->name, refusal->sentence, refusal->source);
	else
		printf("accepted\n");
	if (is_refused(report->judged) && report->detail[0] != '\0')
		printf("  %s\n", report->detail);
	printf("statement of %zu octets, sha256 %s, format %s\n", report->octets.size, hash,
	       s->format == NULL ? "none" : s->format->name);
	for (size_t i = 0; i < check_count(report); i++)
		printf("  %-12s %s\n", outcome_of(report, i), name_of(report, i));
	printf("  %-12s identity\n", outcome_of_identity(report));
	if (add_claims(report, &claims))
		printf("assurance %u\nclaims %.*s\n", s->format->assurance(s), (int)claims.size, (const char *)claims.data);
	return fflush(stdout) == 0;
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

/* before "name":"value" */
static bool add_string(struct buffer *out, const char *before, const char *name, const char *value)
{
	return add_text(out, before) && json_quote(bytes_from_text(name), out) && add_text(out, ":") &&
	       json_quote(bytes_from_text(value), out);
}

static bool add_refusal(const struct report *report, struct buffer *out)
{
	const struct refusal_entry *refusal = status_entry(report->judged.refusal);
	return !is_refused(report->judged) ||
	       (add_string(out, ",", "refusal", refusal->name) && add_string(out, ",", "sentence", refusal->sentence) &&
		add_string(out, ",", "source", refusal->source) && add_string(out, ",", "detail", report->detail));
}

static bool add_checks(const struct report *report, struct buffer *out)
{
	bool is_added = add_text(out, ",\"checks\":[");
	for (size_t i = 0; is_added && i < check_count(report); i++)
		is_added = add_string(out, i == 0 ? "{" : ",{", "check", name_of(report, i)) &&
			   add_string(out, ",", "outcome", outcome_of(report, i)) && add_text(out, "}");
	return is_added && add_text(out, "]") && add_string(out, ",", "identity", outcome_of_identity(report));
}

static bool add_proven(const struct report *report, struct buffer *out)
{
	char text[40];
	if (!are_all_passed(report))
		return true;
	snprintf(text, sizeof text, ",\"assurance\":%u,\"claims\":", report->statement->format->assurance(report->statement));
	return add_text(out, text) && add_claims(report, out);
}

bool report_as_json(const struct report *report)
{
	uint8_t room[16384];
	struct buffer out = BUFFER(room);
	char hash[65];
	const struct format *format = report->statement->format;
	return hash_of(report, hash) &&
	       add_string(&out, "{", "verdict", is_refused(report->judged) ? "refused" : "accepted") &&
	       add_refusal(report, &out) && (format == NULL || add_string(&out, ",", "format", format->name)) &&
	       add_string(&out, ",", "evidence_sha256", hash) && add_checks(report, &out) && add_proven(report, &out) &&
	       add_text(&out, "}\n") && fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
}
