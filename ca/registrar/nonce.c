/* SPDX-License-Identifier: Apache-2.0
 * Single-use nonces without a list: which of the last nonce_window counters were spent is one bit each.
 * Distrusts what comes back. */
#include "ca/registrar/nonce.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

#include "ca/jose/base64url.h"

enum { counter_size = 8, mac_size = 16, key_size = 32 };

struct nonces {
	pthread_mutex_t lock;
	uint64_t next; /* counter of the next nonce */
	uint8_t key[key_size];
	uint8_t spent[nonce_window / 8];
};

struct nonces *nonce_open(void)
{
	struct nonces *nonces = calloc(1, sizeof *nonces);
	if (nonces == NULL || pthread_mutex_init(&nonces->lock, NULL) != 0)
		status_broken("no memory for nonces");
	if (RAND_bytes(nonces->key, key_size) != 1)
		status_broken("no randomness for nonces");
	return nonces;
}

void nonce_close(struct nonces *nonces)
{
	if (nonces == NULL)
		return;
	pthread_mutex_destroy(&nonces->lock);
	OPENSSL_cleanse(nonces, sizeof *nonces);
	free(nonces);
}

static void put_counter(uint64_t counter, uint8_t out[counter_size])
{
	for (size_t i = 0; i < counter_size; i++)
		out[i] = (uint8_t)(counter >> (8 * (counter_size - 1 - i)));
}

static void compute_mac(const struct nonces *nonces, const uint8_t counter[counter_size], uint8_t out[EVP_MAX_MD_SIZE])
{
	unsigned size = 0;
	if (HMAC(EVP_sha256(), nonces->key, key_size, counter, counter_size, out, &size) == NULL || size < mac_size)
		status_broken("no MAC for a nonce");
}

void nonce_new(struct nonces *nonces, char out[nonce_size + 1])
{
	uint8_t octets[counter_size + mac_size], mac[EVP_MAX_MD_SIZE];
	pthread_mutex_lock(&nonces->lock);
	uint64_t counter = nonces->next++;
	const size_t bit = counter % nonce_window;
	nonces->spent[bit / 8] &= (uint8_t) ~(1U << (bit % 8));
	pthread_mutex_unlock(&nonces->lock);
	put_counter(counter, octets);
	compute_mac(nonces, octets, mac);
	memcpy(octets + counter_size, mac, mac_size);
	struct buffer text = {.data = (uint8_t *)out, .room = nonce_size};
	if (!base64url_encode(BYTES_OF(octets), &text) || text.size != nonce_size)
		status_broken("a nonce has the wrong length");
	out[nonce_size] = 0;
}

static status spend(struct nonces *nonces, uint64_t counter)
{
	/* Beyond the window its bit belongs to a younger nonce by now. */
	if (counter >= nonces->next || nonces->next - counter > nonce_window)
		return REFUSE(nonce_bad);
	const size_t bit = counter % nonce_window;
	const uint8_t mask = (uint8_t)(1U << (bit % 8));
	if ((nonces->spent[bit / 8] & mask) != 0)
		return REFUSE(nonce_bad);
	nonces->spent[bit / 8] |= mask;
	return OK;
}

status nonce_spend(struct nonces *nonces, struct bytes nonce)
{
	uint8_t octets[counter_size + mac_size], mac[EVP_MAX_MD_SIZE];
	struct buffer read = BUFFER(octets);
	if (nonce.size != nonce_size || is_refused(base64url_decode(nonce, &read)) || read.size != sizeof octets)
		return REFUSE(nonce_bad);
	compute_mac(nonces, octets, mac);
	if (CRYPTO_memcmp(octets + counter_size, mac, mac_size) != 0)
		return REFUSE(nonce_bad);
	uint64_t counter = 0;
	for (size_t i = 0; i < counter_size; i++)
		counter = counter << 8 | octets[i];
	pthread_mutex_lock(&nonces->lock);
	status spent = spend(nonces, counter);
	pthread_mutex_unlock(&nonces->lock);
	return spent;
}
