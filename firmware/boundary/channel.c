/* SPDX-License-Identifier: Apache-2.0
 * Packets over SOCK_SEQPACKET. Distrusts what the peer sends. */
#include "firmware/boundary/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static status send_packet(int channel, struct bytes packet)
{
	for (;;) {
		ssize_t sent = send(channel, packet.data, packet.size, MSG_NOSIGNAL);
		if (sent >= 0)
			return OK;
		if (errno == EMSGSIZE)
			return REFUSE(message_malformed);
		if (errno != EINTR)
			return REFUSE(neighbour_away);
	}
}

status channel_send(int channel, uint32_t call, enum message id, const void *message)
{
	static _Thread_local uint8_t room[wire_packet_room];
	struct buffer packet = BUFFER(room);
	const uint8_t header[wire_header_size] = {(uint8_t)(call >> 24), (uint8_t)(call >> 16), (uint8_t)(call >> 8),
						  (uint8_t)call,         (uint8_t)(id >> 8),    (uint8_t)id};
	if (!buffer_add(&packet, header, sizeof header))
		return REFUSE(message_malformed);
	TRY(wire_encode(id, message, &packet));
	status sent = send_packet(channel, buffer_view(&packet));
	explicit_bzero(room, packet.size); /* a PIN may have passed */
	return sent;
}

status channel_refuse(int channel, uint32_t call, status why, const char *detail)
{
	const struct message_refused refused = {.refusal = (uint32_t)why.refusal, .detail = bytes_from_text(detail)};
	return channel_send(channel, call, message_refused, &refused);
}

status channel_receive(int channel, struct buffer *room, struct packet *out)
{
	struct iovec piece = {.iov_base = room->data, .iov_len = room->room};
	struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
	ssize_t got;
	do {
		got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return REFUSE(neighbour_away);
	if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || got < wire_header_size)
		return REFUSE(message_malformed);
	room->size = (size_t)got;
	const uint8_t *at = room->data;
	const uint32_t id = (uint32_t)at[4] << 8 | at[5];
	const struct wire_entry *entry = wire_entry((enum message)id);
	if (entry == NULL || entry->is_record)
		return REFUSE(message_malformed);
	out->call = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	out->id = (enum message)id;
	out->body = bytes_from(at + wire_header_size, (size_t)got - wire_header_size);
	return OK;
}

status channel_refusal(const struct message_refused *refused)
{
	if (refused->refusal == refusal_none || refused->refusal >= refusal_count)
		return REFUSE(internal);
	return (status){(enum refusal)refused->refusal};
}
