/* SPDX-License-Identifier: Apache-2.0
 * Decides which server is spoken to and how much of its answer is taken. Distrusts the server and the network. */
#include "ca/client/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"

struct http {
	CURL *curl;
	char origin[http_url_room];
	struct buffer body;
	bool is_too_long, has_answered;
	uint64_t patience_ends_s; /* 0: nothing was waited for yet */
	char error[CURL_ERROR_SIZE];
};

enum { connect_timeout_s = 10, whole_timeout_s = 60 };

/* scheme://host:port of an https URL. */
static bool read_origin(const char *url, char origin[http_url_room])
{
	static const char scheme[] = "https://";
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return false;
	const size_t host = strcspn(url + sizeof scheme - 1, "/?#\\@ ");
	const size_t size = sizeof scheme - 1 + host;
	if (host == 0 || size >= http_url_room || (url[size] != '/' && url[size] != 0))
		return false;
	memcpy(origin, url, size);
	origin[size] = 0;
	return true;
}

static size_t take_body(char *data, size_t one, size_t count, void *context)
{
	struct http *http = context;
	(void)one;
	if (buffer_add(&http->body, data, count))
		return count;
	http->is_too_long = true;
	return 0;
}

/* The roots of the operating system and proxies of the environment play no part. */
static bool set_trust(CURL *curl, const char *root_file)
{
	return curl_easy_setopt(curl, CURLOPT_CAINFO, root_file) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
}

static bool set_limits(CURL *curl, struct http *http)
{
	return curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)connect_timeout_s) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)whole_timeout_s) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, http) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "keyward") == CURLE_OK;
}

outcome http_open(const char *root_file, const char *origin_url, struct http **out)
{
	struct http *http = calloc(1, sizeof *http);
	if (http == NULL)
		return outcome_fail(exit_other, "there is no memory");
	if (!read_origin(origin_url, http->origin)) {
		free(http);
		return outcome_fail(exit_usage, "%s is not an https URL", origin_url);
	}
	http->body = (struct buffer){.data = malloc(http_body_room + 1), .room = http_body_room};
	if (http->body.data == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (http->curl = curl_easy_init()) == NULL || !set_trust(http->curl, root_file) ||
	    !set_limits(http->curl, http)) {
		http_close(http);
		return outcome_fail(exit_other, "libcurl cannot be set up");
	}
	*out = http;
	return DONE;
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->curl);
	free(http->body.data);
	free(http);
	curl_global_cleanup();
}

/* The only header of that name, or nothing. */
static void read_header(CURL *curl, const char *name, char *out, size_t room)
{
	struct curl_header *header;
	out[0] = 0;
	if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK || header->amount != 1)
		return;
	if (strlen(header->value) < room)
		memcpy(out, header->value, strlen(header->value) + 1);
}

/* Seconds or a date (RFC 9110 10.2.3); what is neither counts as nothing. */
static unsigned read_retry_after(CURL *curl)
{
	enum { most_s = 3600 };
	char text[64], *end;
	read_header(curl, "Retry-After", text, sizeof text);
	if (text[0] == 0)
		return 0;
	long long seconds = strtoll(text, &end, 10);
	if (*end != 0) {
		const time_t at = curl_getdate(text, NULL);
		seconds = at == -1 ? 0 : at - time(NULL);
	}
	return seconds <= 0 ? 0 : seconds > most_s ? most_s : (unsigned)seconds;
}

static void read_answer(struct http *http, struct http_answer *out)
{
	long status = 0;
	*out = (struct http_answer){0};
	if (curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		out->status = (unsigned)status;
	read_header(http->curl, "Replay-Nonce", out->nonce, sizeof out->nonce);
	read_header(http->curl, "Location", out->location, sizeof out->location);
	read_header(http->curl, "Content-Type", out->content_type, sizeof out->content_type);
	out->content_type[strcspn(out->content_type, "; ")] = 0;
	out->retry_after_s = read_retry_after(http->curl);
	http->body.data[http->body.size] = 0;
	out->body = buffer_view(&http->body);
}

static bool set_request(CURL *curl, const struct http_request *request, struct curl_slist *headers)
{
	bool is_set = curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
		      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	if (request->method == 'H')
		return is_set && curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (request->method == 'G')
		return is_set && curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return is_set && curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body.size) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data) == CURLE_OK;
}

/* How a server that answered a moment ago goes away. */
static bool is_of_a_restart(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
	       code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE || code == CURLE_SSL_CONNECT_ERROR ||
	       code == CURLE_OPERATION_TIMEDOUT;
}

static outcome perform(struct http *http, const struct http_request *request, struct curl_slist *headers)
{
	http->body.size = 0;
	http->is_too_long = false;
	http->error[0] = 0;
	if (!set_request(http->curl, request, headers))
		return outcome_fail(exit_other, "libcurl cannot be set up");
	const CURLcode result = curl_easy_perform(http->curl);
	if (http->is_too_long)
		return outcome_fail(exit_network, "the answer of %s is longer than %d octets", request->url,
				    http_body_room);
	if (result == CURLE_SSL_CACERT_BADFILE)
		return outcome_fail(exit_other, "the root certificate cannot be read: %s", http->error);
	if (result != CURLE_OK)
		return outcome_fail(http->has_answered && is_of_a_restart(result) ? exit_later : exit_network,
				    "%s cannot be reached: %s", request->url,
				    http->error[0] == 0 ? curl_easy_strerror(result) : http->error);
	http->has_answered = true;
	return DONE;
}

outcome http_send(struct http *http, const struct http_request *request, struct http_answer *out)
{
	char origin[http_url_room], type[160];
	struct curl_slist *headers = NULL;
	if (!read_origin(request->url, origin) || strcmp(origin, http->origin) != 0)
		return outcome_fail(exit_network, "the server named a URL that is not its own: %s", request->url);
	if (request->content_type != NULL) {
		(void)snprintf(type, sizeof type, "Content-Type: %s", request->content_type);
		headers = curl_slist_append(NULL, type);
		if (headers == NULL)
			return outcome_fail(exit_other, "there is no memory");
	}
	outcome result;
	do {
		result = perform(http, request, headers);
		if (result.code == exit_done)
			read_answer(http, out);
	} while (result.code == exit_done && request->method != 'P' && http_is_busy(out) && http_wait(http, out->retry_after_s));
	curl_slist_free_all(headers);
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	return result;
}

bool http_is_busy(const struct http_answer *answer)
{
	return answer->status == 503 || answer->status == 429;
}

bool http_wait(struct http *http, unsigned asked_s)
{
	const unsigned wait_s = asked_s == 0 ? 1 : asked_s;
	const uint64_t now_s = clock_boot_s();
	if (http->patience_ends_s == 0)
		http->patience_ends_s = now_s + http_patience_s;
	if (now_s + wait_s > http->patience_ends_s) {
		http->patience_ends_s = now_s;
		return false;
	}
	(void)sleep(wait_s);
	return true;
}
