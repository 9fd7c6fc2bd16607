/* SPDX-License-Identifier: Apache-2.0
 * Asks the configured resolvers through c-ares, and nobody else. Distrusts the answers. */
#include "ca/prober/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "ca/jose/base64url.h"

enum { try_ms = 2000, tries = 2, sockets_most = 8 };

/* c-ares takes what makes its questions hard to guess from a file, when a channel is made; so all are made at start. */
static ares_channel channels[dns_channels];
static bool is_taken[dns_channels];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool open_channel(const char *servers, ares_channel *out)
{
	char lookups[] = "b"; /* no file of hosts */
	struct ares_options options = {.timeout = try_ms, .tries = tries, .lookups = lookups, .ndomains = 0};
	return ares_init_options(out, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS) ==
		       ARES_SUCCESS &&
	       ares_set_servers_ports_csv(*out, servers) == ARES_SUCCESS;
}

bool dns_start(struct bytes resolvers)
{
	char servers[513];
	if (resolvers.size >= sizeof servers || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	snprintf(servers, sizeof servers, "%.*s", (int)resolvers.size, (const char *)resolvers.data);
	for (char *at = servers; (at = strchr(at, ' ')) != NULL;)
		*at = ',';
	for (size_t i = 0; servers[0] != 0 && i < dns_channels; i++)
		if (!open_channel(servers, &channels[i]))
			return false;
	return true;
}

/* NULL: as many threads ask already, or there is no resolver. */
static ares_channel take_channel(size_t *place)
{
	ares_channel taken = NULL;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < dns_channels && taken == NULL; i++) {
		if (is_taken[i] || channels[i] == NULL)
			continue;
		is_taken[i] = true;
		taken = channels[i];
		*place = i;
	}
	pthread_mutex_unlock(&lock);
	return taken;
}

static void give_channel(size_t place)
{
	pthread_mutex_lock(&lock);
	is_taken[place] = false;
	pthread_mutex_unlock(&lock);
}

/* ---- one question ---- */

struct question {
	int status; /* of c-ares */
	bool is_answered;
	void (*take)(struct question *question, const unsigned char *answer, int size);
	void *to;
};

static void hear(void *argument, int outcome, int timeouts, unsigned char *answer, int size)
{
	struct question *question = argument;
	(void)timeouts;
	question->is_answered = true;
	question->status = outcome;
	if (outcome == ARES_SUCCESS)
		question->take(question, answer, size);
}

/* Until the answer is there or no time is left. */
static void drive(const struct errand *errand, ares_channel channel, const struct question *question)
{
	while (!question->is_answered) {
		ares_socket_t sockets[sockets_most];
		struct pollfd slots[sockets_most];
		struct timeval most, *wait;
		const uint32_t left_ms = errand_left_ms(errand);
		const int ready = ares_getsock(channel, sockets, sockets_most);
		nfds_t count = 0;
		for (int i = 0; i < sockets_most; i++)
			if (ARES_GETSOCK_READABLE(ready, i) || ARES_GETSOCK_WRITABLE(ready, i))
				slots[count++] = (struct pollfd){.fd = sockets[i],
								 .events = ARES_GETSOCK_WRITABLE(ready, i) ? POLLIN | POLLOUT
													   : POLLIN};
		if (left_ms == 0 || count == 0)
			return;
		most = (struct timeval){.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
		wait = ares_timeout(channel, &most, &most);
		if (poll(slots, count, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1) == 0)
			ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		for (nfds_t i = 0; i < count; i++)
			ares_process_fd(channel, (slots[i].revents & ~POLLOUT) != 0 ? slots[i].fd : ARES_SOCKET_BAD,
					(slots[i].revents & POLLOUT) != 0 ? slots[i].fd : ARES_SOCKET_BAD);
	}
}

static int ask(const struct errand *errand, const char *name, int type, struct question *question)
{
	size_t place = 0;
	ares_channel channel = take_channel(&place);
	if (channel == NULL)
		return ARES_ECONNREFUSED;
	question->is_answered = false;
	ares_query(channel, name, C_IN, type, hear, question);
	drive(errand, channel, question);
	if (!question->is_answered) {
		ares_cancel(channel);
		question->status = ARES_ETIMEOUT;
	}
	give_channel(place);
	return question->status;
}

/* ---- addresses ---- */

static void add_address(struct address_list *list, const void *octets, size_t size)
{
	if (list->count == address_most)
		return;
	list->at[list->count].size = size;
	memcpy(list->at[list->count++].octets, octets, size);
}

static void take_ipv6(struct question *question, const unsigned char *answer, int size)
{
	struct ares_addr6ttl found[address_most];
	int count = address_most;
	if (ares_parse_aaaa_reply(answer, size, NULL, found, &count) == ARES_SUCCESS)
		for (int i = 0; i < count; i++)
			add_address(question->to, &found[i].ip6addr, 16);
}

static void take_ipv4(struct question *question, const unsigned char *answer, int size)
{
	struct ares_addrttl found[address_most];
	int count = address_most;
	if (ares_parse_a_reply(answer, size, NULL, found, &count) == ARES_SUCCESS)
		for (int i = 0; i < count; i++)
			add_address(question->to, &found[i].ipaddr, 4);
}

static status keep_allowed(const struct errand *errand, const char *host, struct address_list *list)
{
	struct address_list allowed = {.count = 0};
	char text[address_text_room];
	for (size_t i = 0; i < list->count; i++)
		if (address_is_allowed(&list->at[i], errand->settings->networks))
			allowed.at[allowed.count++] = list->at[i];
	if (allowed.count == 0) {
		address_write(&list->at[0], text);
		detail_say(errand->detail, "%s: %s is in none of the networks that are probed", host, text);
		return REFUSE(probe_address_forbidden);
	}
	*list = allowed;
	return OK;
}

status dns_resolve(const struct errand *errand, const char *host, struct address_list *out)
{
	struct address_list found = {.count = 0}, older = {.count = 0};
	struct address literal;
	if (address_read(host, &literal)) {
		add_address(&found, literal.octets, literal.size);
	} else {
		struct question six = {.take = take_ipv6, .to = &found}, four = {.take = take_ipv4, .to = &older};
		const int status_of_six = ask(errand, host, T_AAAA, &six);
		const int status_of_four = ask(errand, host, T_A, &four);
		if (found.count > address_most / 2 && older.count > 0) /* room for some of both */
			found.count = address_most / 2;
		for (size_t i = 0; i < older.count; i++)
			add_address(&found, older.at[i].octets, older.at[i].size);
		if (found.count == 0) {
			detail_say(errand->detail, "%s has no address: AAAA %s, A %s", host, ares_strerror(status_of_six),
				   ares_strerror(status_of_four));
			return REFUSE(probe_name_unresolved);
		}
	}
	TRY(keep_allowed(errand, host, &found));
	*out = found;
	return OK;
}

/* ---- dns-01 ---- */

struct record_search {
	const char *wanted;
	bool is_there, is_found;
};

static void take_text(struct question *question, const unsigned char *answer, int size)
{
	struct record_search *search = question->to;
	struct ares_txt_ext *records = NULL;
	char text[64];
	size_t used = 0;
	if (ares_parse_txt_reply_ext(answer, size, &records) != ARES_SUCCESS)
		return;
	/* A record may come in several strings. Longer ones than what is wanted are somebody else's. */
	for (const struct ares_txt_ext *at = records; at != NULL; at = at->next) {
		used = at->record_start ? 0 : used;
		search->is_there = true;
		if (at->length < sizeof text - used) {
			memcpy(text + used, at->txt, at->length);
			used += at->length;
		} else {
			used = sizeof text - 1;
		}
		if ((at->next == NULL || at->next->record_start) && used == strlen(search->wanted) &&
		    memcmp(text, search->wanted, used) == 0)
			search->is_found = true;
	}
	ares_free_data(records);
}

status dns_01_probe(const struct errand *errand)
{
	char name[sizeof "_acme-challenge." + errand_name_room], wanted[48] = "";
	struct buffer text = {.data = (uint8_t *)wanted, .room = sizeof wanted - 1};
	struct record_search search = {.wanted = wanted};
	struct question question = {.take = take_text, .to = &search};
	if (!base64url_encode(BYTES_OF(errand->digest), &text))
		return REFUSE(internal);
	snprintf(name, sizeof name, "_acme-challenge.%s", errand->name);
	const int outcome = ask(errand, name, T_TXT, &question);
	if (search.is_found)
		return OK;
	if (search.is_there) {
		detail_say(errand->detail, "no TXT record of %s is the one that this challenge asks for", name);
		return REFUSE(probe_record_wrong);
	}
	detail_say(errand->detail, "TXT of %s: %s", name, ares_strerror(outcome));
	return outcome == ARES_ENODATA || outcome == ARES_ENOTFOUND || outcome == ARES_SUCCESS
		       ? REFUSE(probe_record_absent)
		       : REFUSE(probe_name_unresolved);
}
