/* SPDX-License-Identifier: Apache-2.0
 * Asks for a window and finds a moment in it. Distrusts the answer: a window that makes no sense is none. */
#include "attest/enroll/renewal.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attest/enroll/answer.h"
#include "ca/jose/base64url.h"
#include "firmware/boundary/clock.h"

bool renewal_name(X509 *leaf, char out[renewal_name_room])
{
	const ASN1_OCTET_STRING *key_id = X509_get0_authority_key_id(leaf);
	struct buffer text = {.data = (uint8_t *)out, .room = renewal_name_room - 1};
	unsigned char *serial = NULL;
	const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &serial);
	/* the content of a short INTEGER stands behind two octets */
	const bool is_there = key_id != NULL && ASN1_STRING_length(key_id) > 0 && size > 2 && size < 128 &&
			      base64url_encode(bytes_from(ASN1_STRING_get0_data(key_id), (size_t)ASN1_STRING_length(key_id)),
					       &text) &&
			      buffer_add(&text, ".", 1) && base64url_encode(bytes_from(serial + 2, (size_t)size - 2), &text);
	out[is_there ? text.size : 0] = 0;
	OPENSSL_free(serial);
	return is_there;
}

/* Z, or an offset from it in hours and minutes. */
static bool read_offset(const char *text, int64_t *out)
{
	unsigned hours = 0, minutes = 0;
	int size = 0;
	*out = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if (strlen(text) != 6 || strspn(text + 1, "0123456789:") != 5 ||
	    sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &size) != 2 || size != 5 || hours > 23 || minutes > 59)
		return false;
	*out = (text[0] == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return text[0] == '-' || text[0] == '+';
}

bool renewal_read_time(const char *text, uint64_t *out)
{
	static const char form[] = "0000-00-00T00:00:00";
	struct tm parts = {.tm_isdst = 0};
	int64_t offset_s = 0;
	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	if (rest == NULL || rest != text + sizeof form - 1)
		return false;
	if (*rest == '.') {
		const size_t digits = strspn(rest + 1, "0123456789");
		if (digits == 0)
			return false;
		rest += 1 + digits;
	}
	if (!read_offset(rest, &offset_s))
		return false;
	const int64_t at_s = timegm(&parts) - offset_s;
	if (at_s < 0)
		return false;
	*out = (uint64_t)at_s;
	return true;
}

uint64_t renewal_moment(const X509 *leaf, uint64_t start_s, uint64_t end_s)
{
	uint8_t digest[EVP_MAX_MD_SIZE] = {0};
	unsigned size = 0;
	(void)X509_digest(leaf, EVP_sha256(), digest, &size);
	const uint64_t part = (uint64_t)digest[0] << 16 | (uint64_t)digest[1] << 8 | digest[2];
	const uint64_t width_s = end_s - start_s;
	return start_s + (width_s >> 24) * part + ((width_s & 0xffffff) * part >> 24);
}

/* Empty: this CA gives no renewal information. */
static outcome find_url(struct http *http, const char *directory, const char *name, char out[http_url_room])
{
	json_t *object = NULL;
	STEP(answer_get(http, directory, "the directory", &object));
	const int size = snprintf(out, http_url_room, "%s/%s", answer_word(object, "renewalInfo"), name);
	if (json_object_get(object, "renewalInfo") == NULL || size < 0 || size >= http_url_room)
		out[0] = 0;
	json_decref(object);
	return DONE;
}

static void read_window(const json_t *object, const X509 *leaf, bool *is_said, bool *is_due)
{
	const json_t *window = json_object_get(object, "suggestedWindow");
	uint64_t start_s = 0, end_s = 0;
	if (!renewal_read_time(answer_word(window, "start"), &start_s) ||
	    !renewal_read_time(answer_word(window, "end"), &end_s) || end_s <= start_s)
		return;
	*is_said = true;
	*is_due = clock_wall_s() >= renewal_moment(leaf, start_s, end_s);
	if (*is_due && answer_word(object, "explanationURL")[0] != 0)
		outcome_note("the CA asks to renew; %.500s may say why", answer_word(object, "explanationURL"));
}

static outcome ask(struct http *http, const char *url, const X509 *leaf, bool *is_said, bool *is_due)
{
	json_t *object = NULL;
	STEP(answer_get(http, url, "renewal information", &object));
	read_window(object, leaf, is_said, is_due);
	json_decref(object);
	return DONE;
}

outcome renewal_ask(const struct options *options, X509 *leaf, bool *is_said, bool *is_due)
{
	char name[renewal_name_room], url[http_url_room] = "";
	struct http *http = NULL;
	*is_said = *is_due = false;
	if (!renewal_name(leaf, name))
		return DONE;
	STEP(http_open(options->root, options->directory, &http));
	outcome result = find_url(http, options->directory, name, url);
	if (result.code == exit_done && url[0] != 0)
		result = ask(http, url, leaf, is_said, is_due);
	http_close(http);
	return result;
}
