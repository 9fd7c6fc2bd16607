/* SPDX-License-Identifier: Apache-2.0
 * Matches paths octet for octet: nothing is decoded, folded or made shorter, so a path has one spelling. */
#include "ca/registrar/route.h"

#define ROUTE_GET false
#define ROUTE_POST true

static const struct route_row rows[] = {
#define ROUTE(path, method, signer, handler) {path, route_##signer, ROUTE_##method, handler},
#include "ca/registrar/routes.def"
#undef ROUTE
};

/* The size of the segment at the front of text, up to the next slash. */
static size_t segment_size(struct bytes text)
{
	size_t size = 0;
	while (size < text.size && text.data[size] != '/')
		size++;
	return size;
}

static bool is_name(struct bytes segment)
{
	if (segment.size == 0 || segment.size > 64)
		return false;
	for (size_t i = 0; i < segment.size; i++) {
		const uint8_t c = segment.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '_'))
			return false;
	}
	return true;
}

struct bytes route_directory(struct bytes path)
{
	const size_t lead = sizeof route_lead - 1;
	if (path.size < lead || memcmp(path.data, route_lead, lead) != 0)
		return bytes_from(NULL, 0);
	const struct bytes rest = bytes_from(path.data + lead, path.size - lead);
	return bytes_from(rest.data, segment_size(rest));
}

static bool matches(const char *pattern, const struct directory *directory, struct bytes path,
		    struct bytes parts[route_parts_most])
{
	size_t count = 0;
	while (*pattern != 0) {
		if (*pattern != '+' && *pattern != '*' && *pattern != '?') {
			if (path.size == 0 || path.data[0] != (uint8_t)*pattern)
				return false;
			path = bytes_from(path.data + 1, path.size - 1);
		} else {
			const struct bytes segment = bytes_from(path.data, segment_size(path));
			const bool fits = *pattern == '+'   ? directory != NULL && bytes_equal_text(segment, directory->segment)
					  : *pattern == '*' ? is_name(segment)
							    : true;
			if (!fits)
				return false;
			if (*pattern != '+')
				parts[count++] = segment;
			path = bytes_from(path.data + segment.size, path.size - segment.size);
		}
		pattern++;
	}
	return path.size == 0;
}

status route_find(const struct directory *directory, char method, struct bytes path, struct route_parts *parts,
		  const struct route_row **out)
{
	bool is_known = false;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct bytes found[route_parts_most] = {{0}};
		if (!matches(rows[i].path, directory, path, found))
			continue;
		is_known = true;
		if (rows[i].is_post ? method != 'P' : method != 'G' && method != 'H')
			continue;
		for (size_t k = 0; k < route_parts_most; k++) {
			if (found[k].size >= route_part_room)
				found[k].size = 0;
			if (found[k].size != 0)
				memcpy(parts->at[k], found[k].data, found[k].size);
			parts->at[k][found[k].size] = 0;
		}
		*out = &rows[i];
		return OK;
	}
	return is_known ? REFUSE(method_wrong) : REFUSE(not_found);
}
