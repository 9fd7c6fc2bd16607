/* SPDX-License-Identifier: Apache-2.0
 * The one view and the one buffer type. A view owns nothing; a buffer is filled by whoever holds it. */
#ifndef KEYWARD_BYTES_H
#define KEYWARD_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

struct buffer {
	uint8_t *data;
	size_t size; /* bytes in use */
	size_t room; /* bytes that data can hold */
};

/* A buffer over an array on the caller's stack or in a struct. */
#define BUFFER(array) ((struct buffer){.data = (array), .size = 0, .room = sizeof(array)})
#define BYTES_OF(array) ((struct bytes){.data = (const uint8_t *)(array), .size = sizeof(array)})

static inline struct bytes bytes_from(const void *data, size_t size)
{
	return (struct bytes){.data = data, .size = size};
}

/* The characters of a string without its NUL; the empty view for NULL. */
static inline struct bytes bytes_from_text(const char *text)
{
	return (struct bytes){.data = (const uint8_t *)text, .size = text == NULL ? 0 : strlen(text)};
}

static inline struct bytes buffer_view(const struct buffer *buffer)
{
	return (struct bytes){.data = buffer->data, .size = buffer->size};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
	return bytes_equal(a, bytes_from_text(text));
}

/* Appends; false, and nothing written, when there is no room. */
static inline bool buffer_add(struct buffer *out, const void *data, size_t size)
{
	if (out->room - out->size < size)
		return false;
	if (size != 0)
		memcpy(out->data + out->size, data, size);
	out->size += size;
	return true;
}

#endif
