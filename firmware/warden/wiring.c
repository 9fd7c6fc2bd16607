/* SPDX-License-Identifier: Apache-2.0
 * Makes channels and hands out their ends. What a child says about them costs at most one new channel a second. */
#include "firmware/warden/wiring.h"

#include <sys/socket.h>
#include <unistd.h>

/* One byte, the neighbour, with the descriptor. A child whose control queue is full hangs; its heartbeat will tell. */
static bool hand_over(const struct child *child, enum process neighbour, int end)
{
	uint8_t byte = (uint8_t)neighbour;
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec piece = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &end, sizeof end);
	return sendmsg(child->control, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

static bool can_wire(const struct appliance *appliance, size_t i)
{
	const struct table_call *call = table_call(i);
	return !appliance->wires[i].is_wired && appliance->children[call->caller].is_confined &&
	       appliance->children[call->callee].is_confined;
}

static void make_channel(struct appliance *appliance, size_t i, uint64_t now_ms)
{
	const struct table_call *call = table_call(i);
	struct wire_state *wire = &appliance->wires[i];
	int ends[2];
	wire->due_ms = now_ms + wire_pause_ms;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		journal_say(&appliance->journal, 3, "no socket for a channel");
		return;
	}
	/* the callee first: it is there when the caller's first request comes */
	wire->is_wired = hand_over(&appliance->children[call->callee], call->caller, ends[1]) &&
			 hand_over(&appliance->children[call->caller], call->callee, ends[0]);
	close(ends[0]);
	close(ends[1]);
}

/* The reading ends are the same for every logger, so what was said while there was none is not lost. */
static void attend_logger(struct appliance *appliance, uint64_t now_ms)
{
	struct child *logger = &appliance->children[process_LOGGER];
	for (enum process process = process_WARDEN; process < process_count; process++) {
		struct wire_state *wire = &appliance->log_wires[process];
		if (!logger->is_confined || wire->is_wired || wire->due_ms > now_ms)
			continue;
		wire->due_ms = now_ms + wire_pause_ms;
		wire->is_wired = hand_over(logger, process, appliance->journal.reading[process]);
	}
	appliance->journal.has_logger = wiring_has_logger(appliance);
}

bool wiring_has_logger(const struct appliance *appliance)
{
	for (enum process process = process_WARDEN; process < process_count; process++)
		if (!appliance->log_wires[process].is_wired)
			return false;
	return true;
}

void wiring_attend(struct appliance *appliance, uint64_t now_ms)
{
	attend_logger(appliance, now_ms);
	for (size_t i = 0; table_call(i) != NULL; i++)
		if (can_wire(appliance, i) && appliance->wires[i].due_ms <= now_ms)
			make_channel(appliance, i, now_ms);
}

bool wiring_lose(struct appliance *appliance, enum process child, enum process neighbour)
{
	const struct table_call *call;
	if (child == process_LOGGER && neighbour >= process_WARDEN && neighbour < process_count) {
		appliance->log_wires[neighbour].is_wired = false;
		return true;
	}
	for (size_t i = 0; (call = table_call(i)) != NULL; i++) {
		if ((call->caller != child || call->callee != neighbour) &&
		    (call->caller != neighbour || call->callee != child))
			continue;
		appliance->wires[i].is_wired = false;
		return true;
	}
	return false;
}

void wiring_forget(struct appliance *appliance, enum process child)
{
	const struct table_call *call;
	for (size_t i = 0; (call = table_call(i)) != NULL; i++)
		if (call->caller == child || call->callee == child)
			appliance->wires[i] = (struct wire_state){.is_wired = false};
	if (child != process_LOGGER)
		return;
	memset(appliance->log_wires, 0, sizeof appliance->log_wires);
	appliance->journal.has_logger = false;
}

uint64_t wiring_next_ms(const struct appliance *appliance)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; table_call(i) != NULL; i++)
		if (can_wire(appliance, i) && appliance->wires[i].due_ms < next)
			next = appliance->wires[i].due_ms;
	for (enum process process = process_WARDEN; process < process_count; process++)
		if (appliance->children[process_LOGGER].is_confined && !appliance->log_wires[process].is_wired &&
		    appliance->log_wires[process].due_ms < next)
			next = appliance->log_wires[process].due_ms;
	return next;
}
