/* SPDX-License-Identifier: Apache-2.0
 * Single-use nonces without a list: which of the last nonce_window counters were spent is one bit each.
 * Distrusts what comes back. */
#include "ca/registrar/nonce.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

#include "ca/jose/base64url.h"

enum { counter_size = 8, mac_size = 16, key_size = 32 };

struct nonces {
	pthread_mutex_t lock;
	uint64_t next; /* counter of the next nonce */
	EVP_MAC_CTX *mac; /* keyed, and never used itself: setting it up costs more than a MAC */
	uint8_t spent[nonce_window / 8];
};

static EVP_MAC_CTX *make_mac(void)
{
	uint8_t key[key_size];
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
					 OSSL_PARAM_construct_end()};
	if (RAND_bytes(key, sizeof key) != 1)
		status_broken("no randomness for nonces");
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *made = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	if (made == NULL || EVP_MAC_init(made, key, sizeof key, parameters) != 1)
		status_broken("no MAC for nonces");
	OPENSSL_cleanse(key, sizeof key);
	EVP_MAC_free(hmac); /* the context keeps its own */
	return made;
}

struct nonces *nonce_open(void)
{
	struct nonces *nonces = calloc(1, sizeof *nonces);
	if (nonces == NULL || pthread_mutex_init(&nonces->lock, NULL) != 0)
		status_broken("no memory for nonces");
	nonces->mac = make_mac();
	return nonces;
}

void nonce_close(struct nonces *nonces)
{
	if (nonces == NULL)
		return;
	EVP_MAC_CTX_free(nonces->mac);
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
	size_t size = 0;
	EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(nonces->mac);
	if (mac == NULL || EVP_MAC_update(mac, counter, counter_size) != 1 ||
	    EVP_MAC_final(mac, out, &size, EVP_MAX_MD_SIZE) != 1 || size < mac_size)
		status_broken("no MAC for a nonce");
	EVP_MAC_CTX_free(mac);
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
