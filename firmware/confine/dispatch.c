/* SPDX-License-Identifier: Apache-2.0
 * Decides whether a packet is a request that this neighbour may make of this process. Distrusts the packet. */
#include "firmware/confine/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/confine/control.h"

/* Room for any decoded message, in the alignment of any of them. */
union request {
#define MESSAGE(name, sender, receiver, answer) struct message_##name name;
#define RECORD(name) struct message_##name name;
#define FIELD(owner, kind, field, limit)
#define ITEMS(owner, field, count, limit)
#define END(name)
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END
};

struct desk {
	union request request;
	struct packet packet;
	struct buffer room;
	uint8_t bytes[wire_packet_room];
};

struct desk *dispatch_desk(void)
{
	struct desk *desk = malloc(sizeof *desk);
	if (desk == NULL)
		status_broken("no memory for a request");
	return desk;
}

static bool may_send(const struct wire_entry *entry, enum process neighbour)
{
	return (entry->sender == process_ANY || entry->sender == neighbour) && entry->receiver == control_self();
}

static const struct route *find_route(const struct service *service, enum message id)
{
	for (size_t i = 0; i < service->route_count; i++)
		if (service->routes[i].id == id)
			return &service->routes[i];
	return NULL;
}

static status handle(const struct service *service, enum process neighbour, int channel, struct desk *desk)
{
	const struct packet *packet = &desk->packet;
	const struct wire_entry *entry = wire_entry(packet->id);
	const struct route *route = find_route(service, packet->id);
	if (entry == NULL || route == NULL || !may_send(entry, neighbour))
		return REFUSE(message_malformed);
	TRY(wire_decode(packet->id, packet->body, &desk->request));
	const status handled = route->handle(channel, packet->call, &desk->request);
	if (is_refused(handled) && entry->answer != message_none)
		return channel_refuse(channel, packet->call, handled, NULL);
	return OK;
}

status dispatch_receive(int channel, struct desk *desk)
{
	desk->room = BUFFER(desk->bytes);
	return channel_receive(channel, &desk->room, &desk->packet);
}

status dispatch_handle(const struct service *service, enum process neighbour, int channel, struct desk *desk)
{
	const status done = handle(service, neighbour, channel, desk);
	explicit_bzero(desk->bytes, desk->room.size);
	return done;
}
