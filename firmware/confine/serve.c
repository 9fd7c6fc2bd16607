/* SPDX-License-Identifier: Apache-2.0
 * The loop of a process that serves: control channel, neighbours' channels, heartbeat. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/confine/control.h"
#include "firmware/confine/dispatch.h"
#include "firmware/confine/lanes.h"
#include "firmware/confine/place.h"

enum { heartbeat_ms = 1000, most_passes = 64, last_passes = 4096 };

/* Slot 0 is the control channel, the others are the neighbours that this loop serves, by their number. */
struct loop {
	const struct service *service;
	struct desk *desk;
	struct pollfd slots[process_count];
	int ended[process_count]; /* channels to be closed once nothing is left to be answered on them; -1: none */
	uint64_t next_heartbeat_ms;
};

/* Not closed yet: a handler may have put an answer off until settle, and the number must not be another's by then. */
static void end_slot(struct loop *loop, enum process neighbour)
{
	loop->ended[neighbour] = loop->slots[neighbour].fd;
	loop->slots[neighbour].fd = -1;
}

static void close_ended(struct loop *loop)
{
	for (size_t i = 0; i < process_count; i++) {
		if (loop->ended[i] >= 0)
			close(loop->ended[i]);
		loop->ended[i] = -1;
	}
}

static void settle(struct loop *loop)
{
	if (loop->service->settle != NULL)
		loop->service->settle();
	close_ended(loop);
}

static void serve_slot(struct loop *loop, enum process neighbour)
{
	const int channel = loop->slots[neighbour].fd;
	status done = dispatch_receive(channel, loop->desk);
	if (!is_refused(done))
		done = dispatch_handle(loop->service, neighbour, channel, loop->desk);
	if (!is_refused(done))
		return;
	end_slot(loop, neighbour);
	if (done.refusal == refusal_message_malformed)
		control_say_lost(neighbour);
}

/* What of POLLIN and POLLOUT holds for each neighbour now; 0 without a channel. */
static void look(const struct loop *loop, struct pollfd now[process_count])
{
	for (size_t i = 0; i < process_count; i++)
		now[i] = (struct pollfd){.fd = loop->slots[i].fd, .events = POLLIN | POLLOUT};
	if (poll(now, process_count, 0) < 0)
		for (size_t i = 0; i < process_count; i++)
			now[i].revents = 0;
}

static short readiness(const struct loop *loop, enum process neighbour)
{
	struct pollfd both = {.fd = loop->slots[neighbour].fd, .events = POLLIN | POLLOUT};
	return both.fd >= 0 && poll(&both, 1, 0) > 0 ? both.revents : 0;
}

/* A neighbour that lets its answers lie is not read from until there is room for one more: it holds up nobody but
 * itself. */
static bool is_servable(short ready)
{
	return (ready & (POLLHUP | POLLERR)) != 0 || ((ready & POLLIN) != 0 && (ready & POLLOUT) != 0);
}

static bool is_stalled(short ready)
{
	return (ready & POLLIN) != 0 && !is_servable(ready);
}

/* One packet from each neighbour that has one, so that none waits for another's queue. */
static bool serve_pass(struct loop *loop)
{
	struct pollfd now[process_count];
	bool has_served = false;
	look(loop, now);
	for (enum process neighbour = process_WARDEN; neighbour < process_count; neighbour++) {
		if (!is_servable(now[neighbour].revents))
			continue;
		serve_slot(loop, neighbour);
		has_served = true;
	}
	return has_served;
}

static void beat(struct loop *loop)
{
	const uint64_t now = clock_boot_ms();
	if (now < loop->next_heartbeat_ms || lanes_hang())
		return;
	control_say(child_says_alive);
	loop->next_heartbeat_ms = now + heartbeat_ms;
}

static void serve_round(struct loop *loop, unsigned passes)
{
	bool has_served = false;
	while (passes-- > 0 && serve_pass(loop)) {
		has_served = true;
		beat(loop);
	}
	if (has_served)
		settle(loop);
}

/* What the old channel still holds comes first: the last words of a process that ended. */
static void finish_slot(struct loop *loop, enum process neighbour)
{
	unsigned passes = last_passes;
	while (passes-- > 0 && is_servable(readiness(loop, neighbour)))
		serve_slot(loop, neighbour);
	if (loop->slots[neighbour].fd >= 0)
		end_slot(loop, neighbour);
	settle(loop);
}

static void attach(struct loop *loop, enum process neighbour, int channel)
{
	if (loop->service->threads != 0) {
		lanes_attach(neighbour, channel);
	} else {
		if (loop->slots[neighbour].fd >= 0)
			finish_slot(loop, neighbour);
		loop->slots[neighbour] = (struct pollfd){.fd = channel, .events = POLLIN};
	}
	if (loop->service->attached != NULL)
		loop->service->attached(neighbour, channel);
}

static void take_channel(struct loop *loop)
{
	enum process neighbour;
	int channel;
	if (!control_take(&neighbour, &channel)) {
		serve_round(loop, last_passes);
		_exit(0); /* not exit(): other threads may still be at work */
	}
	if (place_calls(neighbour, control_self()))
		attach(loop, neighbour, channel);
	else if (place_calls(control_self(), neighbour) && loop->service->wired != NULL)
		loop->service->wired(neighbour, channel);
	else
		status_broken("the warden wired a process that is no neighbour");
}

/* Waits for work. A neighbour whose answers lie is waited for until it takes them. */
static void await(struct loop *loop)
{
	for (enum process neighbour = process_WARDEN; neighbour < process_count; neighbour++) {
		struct pollfd *slot = &loop->slots[neighbour];
		const bool was_ready = slot->revents != 0;
		slot->events = was_ready && is_stalled(readiness(loop, neighbour)) ? POLLOUT : POLLIN;
	}
	const uint64_t now = clock_boot_ms();
	const int timeout = loop->next_heartbeat_ms > now ? (int)(loop->next_heartbeat_ms - now) : 100;
	if (poll(loop->slots, process_count, timeout) < 0 && errno != EINTR)
		status_broken("poll failed");
}

_Noreturn void child_serve(const struct service *service)
{
	struct loop loop = {.service = service, .desk = dispatch_desk()};
	for (size_t i = 0; i < process_count; i++) {
		loop.slots[i] = (struct pollfd){.fd = i == 0 ? child_fd_control : -1, .events = POLLIN};
		loop.ended[i] = -1;
	}
	if (service->threads != 0)
		lanes_start(service);
	/* Only who settles gains by more passes before it does. */
	const unsigned passes = service->settle != NULL ? most_passes : 1;
	for (;;) {
		beat(&loop);
		await(&loop);
		serve_round(&loop, passes);
		if (loop.slots[0].revents != 0)
			take_channel(&loop);
	}
}
