/* SPDX-License-Identifier: Apache-2.0
 * Parses a SubjectPublicKeyInfo and checks that the key is one. Distrusts every byte. */
#include "pkcs11/signer/spki.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "pkcs11/signer/der.h"

static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t oid_p521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

struct curve {
	struct bytes oid;
	int nid;
	unsigned bits;
	size_t point_size;
};

static const struct curve curves[] = {
	{{oid_p256, sizeof oid_p256}, NID_X9_62_prime256v1, 256, 65},
	{{oid_p384, sizeof oid_p384}, NID_secp384r1, 384, 97},
	{{oid_p521, sizeof oid_p521}, NID_secp521r1, 521, 133},
};
enum { curve_count = sizeof curves / sizeof curves[0] };

/* Groups are made once: they cost more than the check. One thread certifies. */
static EC_GROUP *group_of(size_t curve)
{
	static EC_GROUP *groups[curve_count];
	if (groups[curve] == NULL)
		groups[curve] = EC_GROUP_new_by_curve_name(curves[curve].nid);
	return groups[curve];
}

static bool is_on_curve(size_t curve, struct bytes point)
{
	EC_GROUP *group = group_of(curve);
	EC_POINT *at = group == NULL ? NULL : EC_POINT_new(group);
	const bool is_on = at != NULL && EC_POINT_oct2point(group, at, point.data, point.size, NULL) == 1;
	EC_POINT_free(at);
	return is_on;
}

static status parse_ec(struct bytes parameters, struct bytes key, struct spki *out)
{
	struct bytes oid;
	if (!der_take(&parameters, der_oid, &oid) || parameters.size != 0)
		return REFUSE(public_key_bad);
	for (size_t i = 0; i < curve_count; i++) {
		if (!bytes_equal(oid, curves[i].oid))
			continue;
		if (key.size != curves[i].point_size || key.data[0] != 4 || !is_on_curve(i, key))
			return REFUSE(public_key_bad);
		*out = (struct spki){.kind = spki_ec, .bits = curves[i].bits, .key = key};
		return OK;
	}
	return REFUSE(public_key_bad);
}

/* A positive INTEGER in its shortest form, without the leading zero octet. */
static bool take_positive(struct bytes *in, struct bytes *out)
{
	struct bytes number;
	if (!der_take(in, der_integer, &number) || number.size == 0)
		return false;
	if (number.data[0] == 0) {
		number = bytes_from(number.data + 1, number.size - 1);
		if (number.size == 0 || number.data[0] < 0x80)
			return false;
	} else if (number.data[0] >= 0x80) {
		return false;
	}
	*out = number;
	return true;
}

static unsigned bits_of(struct bytes number)
{
	unsigned bits = (unsigned)number.size * 8;
	for (unsigned mask = 0x80; (number.data[0] & mask) == 0; mask >>= 1)
		bits--;
	return bits;
}

static status parse_rsa(struct bytes parameters, struct bytes key, struct spki *out)
{
	struct bytes null, numbers, modulus, exponent, rest = key;
	if (!der_take(&parameters, der_null, &null) || null.size != 0 || parameters.size != 0)
		return REFUSE(public_key_bad);
	if (!der_take(&rest, der_sequence, &numbers) || rest.size != 0 || !take_positive(&numbers, &modulus) ||
	    !take_positive(&numbers, &exponent) || numbers.size != 0)
		return REFUSE(public_key_bad);
	const unsigned bits = bits_of(modulus);
	if (bits < 2048 || bits > 4096 || (modulus.data[modulus.size - 1] & 1) == 0)
		return REFUSE(public_key_bad);
	uint64_t value = 0;
	for (size_t i = 0; i < exponent.size && exponent.size <= 4; i++)
		value = value << 8 | exponent.data[i];
	if (value < 65537 || (value & 1) == 0)
		return REFUSE(public_key_bad);
	*out = (struct spki){.kind = spki_rsa, .bits = bits, .key = key};
	return OK;
}

status spki_parse(struct bytes der, struct spki *out)
{
	struct bytes whole, algorithm, oid, key;
	if (!der_take(&der, der_sequence, &whole) || der.size != 0 || !der_take(&whole, der_sequence, &algorithm) ||
	    !der_take(&algorithm, der_oid, &oid) || !der_take(&whole, der_bit_string, &key) || whole.size != 0)
		return REFUSE(public_key_bad);
	if (key.size < 2 || key.data[0] != 0)
		return REFUSE(public_key_bad);
	key = bytes_from(key.data + 1, key.size - 1);
	if (bytes_equal(oid, BYTES_OF(oid_ec)))
		return parse_ec(algorithm, key, out);
	if (bytes_equal(oid, BYTES_OF(oid_rsa)))
		return parse_rsa(algorithm, key, out);
	return REFUSE(public_key_bad);
}
