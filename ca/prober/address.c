/* SPDX-License-Identifier: Apache-2.0
 * Decides which addresses may be connected to, whoever named them. Distrusts the octets. */
#include "ca/prober/address.h"

#include <arpa/inet.h>

#include "firmware/boundary/identifier.h"

/* RFC 6890, 4291 and 8215: none of these is one other host, or it is an IPv4 address in disguise. */
static const char never[] = "0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 "
			    "::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16 fe80::/10 ff00::/8";
static const char loopback[] = "127.0.0.0/8 ::1/128";

static bool is_within(const struct address *address, struct bytes networks)
{
	return identifier_is_in_ranges(bytes_from(address->octets, address->size), networks);
}

/* A network that is loopback itself; one that merely covers it names it not. */
static bool is_loopback_named(const struct address *address, struct bytes networks)
{
	struct bytes one;
	while (identifier_next_word(&networks, &one)) {
		const bool is_named = (one.size > 4 && memcmp(one.data, "127.", 4) == 0) || bytes_equal_text(one, "::1/128");
		if (is_named && is_within(address, one))
			return true;
	}
	return false;
}

bool address_is_allowed(const struct address *address, struct bytes networks)
{
	if (is_within(address, bytes_from_text(loopback)))
		return is_loopback_named(address, networks);
	return is_within(address, networks) && !is_within(address, bytes_from_text(never));
}

void address_write(const struct address *address, char out[address_text_room])
{
	if (inet_ntop(address->size == 4 ? AF_INET : AF_INET6, address->octets, out, address_text_room) == NULL)
		out[0] = 0;
}

bool address_read(const char *text, struct address *out)
{
	struct address read = {.size = identifier_address(bytes_from_text(text), read.octets)};
	if (read.size != 0)
		*out = read;
	return read.size != 0;
}
