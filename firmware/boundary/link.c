/* SPDX-License-Identifier: Apache-2.0
 * Calls over one channel from many threads. Distrusts the neighbour's answers: number, kind and shape are checked before a
 * caller sees them; a wrong one costs the neighbour its channel. */
#include "firmware/boundary/link.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/boundary/shared.h"

/* A call in hand; lives on its caller's stack, in the list while the lock is not his. */
struct waiter {
	struct waiter *next;
	const struct call *call;
	struct buffer *room;
	void *answer;
	pthread_cond_t woken;
	uint32_t number;
	uint64_t sent_on; /* generation of the channel it was sent on; 0: not sent */
	bool is_done;
	status result;
};

struct link {
	enum process neighbour;
	pthread_mutex_t lock;
	struct shared *channel; /* NULL: the neighbour is away */
	uint64_t generation;    /* counts the channels */
	uint64_t live;          /* generation of the channel, 0 without one */
	uint32_t next_number;
	struct waiter *waiters;
	bool has_receiver;    /* one of the callers waits at the channel, the others on their conditions */
	struct buffer packet; /* the receiver's */
};

static void (*report_lost)(enum process neighbour);

void link_report(void (*lost)(enum process neighbour))
{
	report_lost = lost;
}

static void wake_all(struct link *link)
{
	for (struct waiter *waiter = link->waiters; waiter != NULL; waiter = waiter->next)
		pthread_cond_signal(&waiter->woken);
}

static void finish(struct waiter *waiter, status result)
{
	waiter->result = result;
	waiter->is_done = true;
	pthread_cond_signal(&waiter->woken);
}

/* ---- the receiving side ---- */

static struct waiter *waiter_of(const struct link *link, uint32_t number)
{
	struct waiter *waiter = link->waiters;
	while (waiter != NULL && (waiter->number != number || waiter->sent_on != link->live || waiter->is_done))
		waiter = waiter->next;
	return waiter;
}

static status take_refused(struct waiter *waiter, struct bytes body)
{
	struct message_refused refused;
	TRY(wire_decode(message_refused, body, &refused));
	waiter->room->size = 0;
	if (!buffer_add(waiter->room, refused.detail.data, refused.detail.size))
		return REFUSE(message_malformed);
	finish(waiter, channel_refusal(&refused));
	return OK;
}

/* Copies into the caller's room first: views must outlive the link's own packet. */
static status take_answer(struct waiter *waiter, const struct packet *packet)
{
	if (packet->id == message_refused)
		return take_refused(waiter, packet->body);
	const struct wire_entry *entry = wire_entry(waiter->call->id);
	if (entry == NULL || packet->id != entry->answer)
		return REFUSE(message_malformed);
	waiter->room->size = 0;
	if (!buffer_add(waiter->room, packet->body.data, packet->body.size))
		return REFUSE(message_malformed);
	TRY(wire_decode(packet->id, buffer_view(waiter->room), waiter->answer));
	waiter->room->size = 0;
	finish(waiter, OK);
	return OK;
}

static void lose(struct link *link, bool is_broken)
{
	shared_hang_up(link->channel);
	shared_drop(link->channel);
	link->channel = NULL;
	link->live = 0;
	wake_all(link);
	if (is_broken && report_lost != NULL)
		report_lost(link->neighbour);
}

/* The answer to a call that ran out of patience finds no waiter; that is nobody's fault. */
static status hand_out(struct link *link, const struct packet *packet)
{
	struct waiter *waiter = waiter_of(link, packet->call);
	if (waiter == NULL)
		return OK;
	const status taken = take_answer(waiter, packet);
	if (is_refused(taken))
		finish(waiter, taken);
	return taken;
}

static int left_ms(const struct timespec *until)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	const int64_t left = (until->tv_sec - now.tv_sec) * 1000 + (until->tv_nsec - now.tv_nsec) / 1000000;
	return left < 0 ? 0 : (int)left;
}

/* One packet, for whichever caller it is; the lock is not held meanwhile. False: nothing came in time. */
static bool receive_one(struct link *link, const struct timespec *until)
{
	struct packet packet;
	struct shared *channel = shared_take(link->channel);
	link->has_receiver = true;
	pthread_mutex_unlock(&link->lock);
	struct pollfd readable = {.fd = channel->channel, .events = POLLIN};
	const bool has_come = poll(&readable, 1, left_ms(until)) != 0;
	status s = OK;
	link->packet.size = 0;
	if (has_come)
		s = channel_receive(channel->channel, &link->packet, &packet);
	pthread_mutex_lock(&link->lock);
	link->has_receiver = false;
	if (has_come && channel == link->channel) {
		if (!is_refused(s))
			s = hand_out(link, &packet);
		if (is_refused(s))
			lose(link, s.refusal == refusal_message_malformed);
	}
	explicit_bzero(link->packet.data, link->packet.size);
	shared_drop(channel);
	return has_come;
}

struct link *link_new(enum process neighbour)
{
	struct link *link = calloc(1, sizeof *link);
	uint8_t *packet = malloc(wire_packet_room);
	if (link == NULL || packet == NULL)
		status_broken("no memory for a link");
	*link = (struct link){.neighbour = neighbour,
			      .lock = PTHREAD_MUTEX_INITIALIZER,
			      .packet = {.data = packet, .room = wire_packet_room}};
	return link;
}

void link_wire(struct link *link, int channel)
{
	struct shared *fresh = shared_new(channel);
	pthread_mutex_lock(&link->lock);
	if (link->channel != NULL) {
		shared_hang_up(link->channel);
		shared_drop(link->channel);
	}
	link->channel = fresh;
	link->live = ++link->generation;
	wake_all(link);
	pthread_mutex_unlock(&link->lock);
}

/* ---- the calling side ---- */

static void enlist(struct link *link, struct waiter *waiter)
{
	pthread_condattr_t attributes;
	if (pthread_condattr_init(&attributes) != 0 || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&waiter->woken, &attributes) != 0)
		status_broken("a call cannot wait");
	pthread_condattr_destroy(&attributes);
	waiter->number = link->next_number++;
	waiter->next = link->waiters;
	link->waiters = waiter;
}

/* Whoever leaves gives the place at the channel to one who still waits. */
static void delist(struct link *link, struct waiter *waiter)
{
	struct waiter **at = &link->waiters;
	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	pthread_cond_destroy(&waiter->woken);
	struct waiter *heir = link->waiters;
	while (heir != NULL && heir->is_done)
		heir = heir->next;
	if (heir != NULL && !link->has_receiver)
		pthread_cond_signal(&heir->woken);
}

/* Sends outside the lock: a full queue must not keep the receiver from emptying the other one. */
static void send_once(struct link *link, struct waiter *waiter)
{
	struct shared *channel = shared_take(link->channel);
	const uint64_t generation = link->live;
	waiter->sent_on = generation; /* before the answer can be there */
	pthread_mutex_unlock(&link->lock);
	const status sent = channel_send(channel->channel, waiter->number, waiter->call->id, waiter->call->request);
	pthread_mutex_lock(&link->lock);
	shared_drop(channel);
	if (waiter->is_done)
		return;
	if (sent.refusal == refusal_neighbour_away) {
		if (generation == link->live)
			lose(link, false);
		waiter->sent_on = 0;
	} else if (is_refused(sent) || wire_entry(waiter->call->id)->answer == message_none) {
		finish(waiter, sent);
	}
}

static bool is_lost(const struct link *link, const struct waiter *waiter)
{
	return waiter->sent_on != 0 && waiter->sent_on != link->live;
}

/* At the channel when nobody else is there, else until the one who is has something for this caller. False: too late. */
static bool wait_once(struct link *link, struct waiter *waiter, const struct timespec *until)
{
	if (link->live != 0 && !link->has_receiver)
		return receive_one(link, until);
	return pthread_cond_timedwait(&waiter->woken, &link->lock, until) == 0;
}

static void await(struct link *link, struct waiter *waiter, const struct timespec *until)
{
	while (!waiter->is_done) {
		if (is_lost(link, waiter) && !waiter->call->is_repeatable)
			finish(waiter, REFUSE(neighbour_away));
		else if (link->live != 0 && waiter->sent_on != link->live)
			send_once(link, waiter);
		else if (!wait_once(link, waiter, until) && !waiter->is_done)
			finish(waiter, REFUSE(neighbour_away));
	}
}

static struct timespec deadline(unsigned patience_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(patience_ms / 1000);
	until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return until;
}

status link_call(struct link *link, const struct call *call, struct buffer *room, void *answer)
{
	struct waiter waiter = {.call = call, .room = room, .answer = answer};
	const struct timespec until = deadline(call->patience_ms);
	const struct wire_entry *entry = wire_entry(call->id);
	room->size = 0;
	if (entry == NULL || entry->is_record)
		return REFUSE(message_malformed);
	pthread_mutex_lock(&link->lock);
	enlist(link, &waiter);
	await(link, &waiter, &until);
	delist(link, &waiter);
	pthread_mutex_unlock(&link->lock);
	return waiter.result;
}
