/* SPDX-License-Identifier: Apache-2.0
 * Sealing and opening of vouchers. Distrusts every byte of a voucher until its MAC has been checked. */
#include "firmware/boundary/voucher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "firmware/boundary/clock.h"

enum { longest_life_s = 3600, number_size = 2 };

static status mac(const uint8_t key[voucher_key_size], struct bytes text, uint8_t out[voucher_mac_size])
{
	unsigned size = 0;
	if (HMAC(EVP_sha256(), key, voucher_key_size, text.data, text.size, out, &size) == NULL ||
	    size != voucher_mac_size)
		return REFUSE(internal);
	return OK;
}

status voucher_seal(enum message record, const void *fields, const uint8_t key[voucher_key_size], struct buffer *out)
{
	const uint8_t number[number_size] = {(uint8_t)(record >> 8), (uint8_t)record};
	const size_t start = out->size;
	uint8_t tag[voucher_mac_size];
	if (!buffer_add(out, number, sizeof number))
		return REFUSE(message_malformed);
	TRY(wire_encode(record, fields, out));
	TRY(mac(key, bytes_from(out->data + start, out->size - start), tag));
	return buffer_add(out, tag, sizeof tag) ? OK : REFUSE(message_malformed);
}

status voucher_open(enum message record, struct bytes sealed, const uint8_t key[voucher_key_size], void *fields)
{
	uint8_t tag[voucher_mac_size];
	if (sealed.size < number_size + voucher_mac_size)
		return REFUSE(voucher_forged);
	const struct bytes text = bytes_from(sealed.data, sealed.size - voucher_mac_size);
	TRY(mac(key, text, tag));
	if (CRYPTO_memcmp(tag, sealed.data + text.size, sizeof tag) != 0)
		return REFUSE(voucher_forged);
	if (text.data[0] != (uint8_t)(record >> 8) || text.data[1] != (uint8_t)record)
		return REFUSE(voucher_forged);
	if (is_refused(wire_decode(record, bytes_from(text.data + number_size, text.size - number_size), fields)))
		return REFUSE(voucher_forged);
	return OK;
}

status voucher_judge_expiry(uint64_t expires_boot_s)
{
	const uint64_t now = clock_boot_s();
	return expires_boot_s > now && expires_boot_s - now <= longest_life_s ? OK : REFUSE(voucher_expired);
}
