/* SPDX-License-Identifier: Apache-2.0
 * Keys made here never leave the process. Distrusts the chain it is given: it must be for the key that was asked
 * for. */
#include "ca/listener/tls_identity.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>

#include "firmware/boundary/clock.h"

const char tls_identity_priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"
	"+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-SECP256R1:+GROUP-X25519:+GROUP-SECP384R1:"
	"%SERVER_PRECEDENCE";

struct tls_key {
	gnutls_privkey_t private_key;
	gnutls_pubkey_t public_key;
};

/* Four are kept: a handshake may still use an older one, and none outlives three renewals. */
enum { chain_most = 4, kept = 4, wait_s = 5 };

struct identity {
	struct tls_key *key;
	gnutls_pcert_st chain[chain_most];
	unsigned count;
	uint64_t not_after_s;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t installed = PTHREAD_COND_INITIALIZER;
static struct identity *identities[kept]; /* the current one first */

void tls_key_free(struct tls_key *key)
{
	if (key == NULL)
		return;
	if (key->public_key != NULL)
		gnutls_pubkey_deinit(key->public_key);
	if (key->private_key != NULL)
		gnutls_privkey_deinit(key->private_key);
	free(key);
}

static bool make_key(struct tls_key *key)
{
	const unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
	return gnutls_privkey_init(&key->private_key) == 0 &&
	       gnutls_privkey_generate(key->private_key, GNUTLS_PK_ECDSA, bits, 0) == 0 &&
	       gnutls_pubkey_init(&key->public_key) == 0 &&
	       gnutls_pubkey_import_privkey(key->public_key, key->private_key, GNUTLS_KEY_DIGITAL_SIGNATURE, 0) == 0;
}

/* Appends the SubjectPublicKeyInfo. */
static bool add_spki(gnutls_pubkey_t key, struct buffer *out)
{
	size_t size = out->room - out->size;
	if (gnutls_pubkey_export(key, GNUTLS_X509_FMT_DER, out->data + out->size, &size) != 0)
		return false;
	out->size += size;
	return true;
}

status tls_key_new(struct tls_key **key, struct buffer *spki)
{
	struct tls_key *made = calloc(1, sizeof *made);
	if (made == NULL)
		return REFUSE(internal);
	if (!make_key(made) || !add_spki(made->public_key, spki)) {
		tls_key_free(made);
		return REFUSE(internal);
	}
	*key = made;
	return OK;
}

static void identity_free(struct identity *identity)
{
	if (identity == NULL)
		return;
	for (unsigned i = 0; i < identity->count; i++)
		gnutls_pcert_deinit(&identity->chain[i]);
	tls_key_free(identity->key);
	free(identity);
}

static bool import_chain(struct identity *identity, const struct message_tls_certified *certified)
{
	for (size_t i = 0; i < certified->chain.count; i++) {
		unsigned char *der = malloc(certified->chain.at[i].size);
		if (der == NULL)
			return false;
		memcpy(der, certified->chain.at[i].data, certified->chain.at[i].size);
		const gnutls_datum_t datum = {.data = der, .size = (unsigned)certified->chain.at[i].size};
		const int imported = gnutls_pcert_import_x509_raw(&identity->chain[i], &datum, GNUTLS_X509_FMT_DER, 0);
		free(der);
		if (imported != 0)
			return false;
		identity->count++;
	}
	return identity->count != 0;
}

static bool is_for_key(const struct identity *identity)
{
	uint8_t ours_room[512], theirs_room[512];
	struct buffer ours = BUFFER(ours_room), theirs = BUFFER(theirs_room);
	return add_spki(identity->key->public_key, &ours) && add_spki(identity->chain[0].pubkey, &theirs) &&
	       bytes_equal(buffer_view(&ours), buffer_view(&theirs));
}

status tls_identity_install(struct tls_key *key, const struct message_tls_certified *certified)
{
	struct identity *identity = calloc(1, sizeof *identity);
	if (identity == NULL) {
		tls_key_free(key);
		return REFUSE(internal);
	}
	identity->key = key;
	identity->not_after_s = certified->not_after_s;
	if (!import_chain(identity, certified) || !is_for_key(identity)) {
		identity_free(identity);
		return REFUSE(internal);
	}
	pthread_mutex_lock(&lock);
	identity_free(identities[kept - 1]);
	memmove(&identities[1], &identities[0], sizeof identities - sizeof identities[0]);
	identities[0] = identity;
	pthread_cond_broadcast(&installed);
	pthread_mutex_unlock(&lock);
	return OK;
}

static struct identity *current(void)
{
	struct timespec until;
	if (clock_gettime(CLOCK_REALTIME, &until) != 0)
		return NULL;
	until.tv_sec += wait_s;
	pthread_mutex_lock(&lock);
	struct identity *found = NULL;
	for (int timed_out = 0; found == NULL && timed_out == 0;) {
		if (identities[0] != NULL && identities[0]->not_after_s > clock_wall_s())
			found = identities[0];
		else
			timed_out = pthread_cond_timedwait(&installed, &lock, &until);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
		    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
		    unsigned *chain_count, gnutls_privkey_t *key)
{
	(void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
	struct identity *identity = current();
	if (identity == NULL)
		return -1;
	*chain = identity->chain;
	*chain_count = identity->count;
	*key = identity->key->private_key;
	return 0;
}

tls_identity_retriever *tls_identity_retriever_get(void)
{
	return (tls_identity_retriever *)retrieve;
}
