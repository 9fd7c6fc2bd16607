/* SPDX-License-Identifier: Apache-2.0
 * Fetches through libcurl, one hop at a time: before each, its host is looked up and judged here, and libcurl gets the
 * addresses, so that no second look-up can give others. Distrusts servers and where they point to. */
#include "ca/prober/http_01.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/prober/dns.h"
#include "firmware/boundary/identifier.h"

enum { most_hops = 11, answer_most = 4096, connect_ms = 4000, url_most = 2048, header_most = 32768 };

bool http_01_start(void)
{
	return curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
}

static void free_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}
static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}
static void free_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}
static void free_part(char **part)
{
	curl_free(*part);
}
#define OWNED(free) __attribute__((cleanup(free)))

struct answer {
	char text[answer_most + 1];
	size_t size, header_size;
};

static size_t take_body(char *data, size_t one, size_t size, void *to)
{
	struct answer *answer = to;
	(void)one;
	if (size > answer_most - answer->size)
		return 0; /* ends the transfer */
	memcpy(answer->text + answer->size, data, size);
	answer->size += size;
	answer->text[answer->size] = 0;
	return size;
}

static size_t take_header(char *data, size_t one, size_t size, void *to)
{
	struct answer *answer = to;
	(void)data;
	(void)one;
	answer->header_size += size;
	return answer->header_size > header_most ? 0 : size;
}

/* ---- one hop ---- */

struct hop {
	char host[errand_name_room + 2], bare[errand_name_room]; /* as in the URL, and without brackets */
	unsigned port;
};

static status refuse_hop(const struct errand *errand, const char *why)
{
	detail_say(errand->detail, "a redirect leads to %s", why);
	return REFUSE(probe_redirect_refused);
}

static status judge_host(const struct errand *errand, struct hop *hop)
{
	const size_t size = strlen(hop->host);
	const bool has_brackets = size > 2 && hop->host[0] == '[' && hop->host[size - 1] == ']';
	struct address literal;
	snprintf(hop->bare, sizeof hop->bare, "%.*s", (int)(has_brackets ? size - 2 : size), hop->host + has_brackets);
	const bool is_name = !is_refused(identifier_judge(bytes_from_text("dns"), bytes_from_text(hop->bare))) &&
			     hop->bare[0] != '*';
	return is_name || address_read(hop->bare, &literal) ? OK : refuse_hop(errand, "what is neither a name nor an address");
}

/* Where a URL leads, if it may. */
static status read_hop(const struct errand *errand, CURLU *url, struct hop *out)
{
	OWNED(free_part) char *scheme = NULL;
	OWNED(free_part) char *host = NULL;
	OWNED(free_part) char *port = NULL;
	OWNED(free_part) char *user = NULL;
	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return refuse_hop(errand, "no URL");
	if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
		return refuse_hop(errand, "a URL with a user in it");
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return refuse_hop(errand, "another scheme than http and https");
	out->port = (unsigned)strtoul(port, NULL, 10);
	if (out->port != errand->settings->http_port && out->port != errand->settings->https_port)
		return refuse_hop(errand, "another port than those that are probed");
	if (strlen(host) >= errand_name_room)
		return refuse_hop(errand, "a host whose name is too long");
	snprintf(out->host, sizeof out->host, "%s", host);
	return judge_host(errand, out);
}

/* HOST:PORT:ADDRESS,ADDRESS for libcurl's own cache, which it then does not ask anybody to fill. */
static struct curl_slist *pin(const struct hop *hop, const struct address_list *addresses)
{
	char entry[sizeof hop->bare + 16 + address_most * (address_text_room + 3)], text[address_text_room];
	int used = snprintf(entry, sizeof entry, "%s:%u:", hop->bare, hop->port);
	for (size_t i = 0; i < addresses->count; i++) {
		const bool is_six = addresses->at[i].size == 16;
		address_write(&addresses->at[i], text);
		used += snprintf(entry + used, sizeof entry - (size_t)used, "%s%s%s%s", i == 0 ? "" : ",", is_six ? "[" : "",
				 text, is_six ? "]" : "");
	}
	return curl_slist_append(NULL, entry);
}

static bool set_up(CURL *curl, const struct errand *errand, CURLU *url, struct curl_slist *pinned, struct answer *answer)
{
	const long left_ms = (long)errand_left_ms(errand);
	return curl_easy_setopt(curl, CURLOPT_CURLU, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_RESOLVE, pinned) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && /* nor one of the environment */
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms == 0 ? 1L : left_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) == CURLE_OK &&
	       /* A name has no certificate yet, or one that ended: what counts is the answer (RFC 8555 8.3). */
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "Keyward-prober") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer) == CURLE_OK;
}

/* RFC 8555 8.3: the key authorization, and white space behind it. */
static status judge_answer(const struct errand *errand, const struct answer *answer, const char *host)
{
	size_t size = answer->size;
	while (size > 0 && strchr(" \t\r\n\f\v", answer->text[size - 1]) != NULL)
		size--;
	if (size == strlen(errand->key_authorization) && memcmp(answer->text, errand->key_authorization, size) == 0)
		return OK;
	detail_say(errand->detail, "%s answers with %zu octets that are not the key authorization", host, answer->size);
	return REFUSE(probe_answer_wrong);
}

static bool is_redirect(long code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

/* Leaves the URL of the next hop in `url`; *is_over when there is none and the answer was right. */
static status take_hop(const struct errand *errand, CURLU *url, bool *is_over)
{
	struct hop hop;
	struct address literal;
	struct address_list addresses;
	struct answer answer = {.size = 0};
	long code = 0;
	char *location = NULL;
	TRY(read_hop(errand, url, &hop));
	TRY(dns_resolve(errand, hop.bare, &addresses));
	const bool is_name = !address_read(hop.bare, &literal); /* an address is what it is, and with colons no host to pin */
	OWNED(free_list) struct curl_slist *pinned = is_name ? pin(&hop, &addresses) : NULL;
	OWNED(free_curl) CURL *curl = curl_easy_init();
	if (curl == NULL || (is_name && pinned == NULL) || !set_up(curl, errand, url, pinned, &answer))
		return REFUSE(internal);
	const CURLcode done = curl_easy_perform(curl);
	if (done != CURLE_OK) {
		detail_say(errand->detail, "%s, port %u: %s", hop.bare, hop.port,
			   done == CURLE_WRITE_ERROR ? "its answer is too long" : curl_easy_strerror(done));
		return done == CURLE_WRITE_ERROR ? REFUSE(probe_answer_wrong) : REFUSE(probe_connection_failed);
	}
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK)
		return REFUSE(internal);
	if (is_redirect(code) && curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location != NULL)
		return strlen(location) < url_most && curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK
			       ? OK
			       : refuse_hop(errand, "no URL");
	if (code != 200) {
		detail_say(errand->detail, "%s, port %u answers with status %ld", hop.bare, hop.port, code);
		return REFUSE(probe_http_status);
	}
	*is_over = true;
	return judge_answer(errand, &answer, hop.bare);
}

status http_01_probe(const struct errand *errand)
{
	OWNED(free_url) CURLU *url = curl_url();
	char text[errand_name_room + 256];
	bool is_over = false;
	const bool has_colons = strchr(errand->name, ':') != NULL;
	snprintf(text, sizeof text, "http://%s%s%s:%u/.well-known/acme-challenge/%s", has_colons ? "[" : "", errand->name,
		 has_colons ? "]" : "", errand->settings->http_port, errand->token);
	if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return REFUSE(internal);
	for (unsigned hops = 0; hops < most_hops && !is_over; hops++)
		TRY(take_hop(errand, url, &is_over));
	return is_over ? OK : refuse_hop(errand, "a redirect, ten times");
}
