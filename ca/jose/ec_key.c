/* SPDX-License-Identifier: Apache-2.0
 * Each curve is set up once and copied for its keys: setting it up costs four times what taking a point does. Distrusts
 * the point. */
#include "ca/jose/ec_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <pthread.h>

#include "firmware/boundary/status.h"

static struct curve {
	const int nid;
	const char *const name;
	const size_t point_size;
	EVP_PKEY *domain; /* without a point */
} curves[] = {
	{NID_X9_62_prime256v1, "P-256", 65, NULL},
	{NID_secp384r1, "P-384", 97, NULL},
	{NID_secp521r1, "P-521", 133, NULL},
};
static pthread_once_t is_set_up = PTHREAD_ONCE_INIT;

static EVP_PKEY *make_domain(const char *name)
{
	char group[8] = {0};
	memcpy(group, name, strlen(name));
	OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
				   OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL;
	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
		status_broken("a curve cannot be set up");
	EVP_PKEY_CTX_free(context);
	return made;
}

static void set_up(void)
{
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		curves[i].domain = make_domain(curves[i].name);
}

static const struct curve *find(int nid)
{
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (curves[i].nid == nid)
			return &curves[i];
	return NULL;
}

EVP_PKEY *ec_key_open(int nid, struct bytes point)
{
	const struct curve *curve = find(nid);
	if (curve == NULL || point.size != curve->point_size || point.data[0] != POINT_CONVERSION_UNCOMPRESSED ||
	    pthread_once(&is_set_up, set_up) != 0)
		return NULL;
	EVP_PKEY *key = EVP_PKEY_dup(curve->domain);
	if (key != NULL && EVP_PKEY_set1_encoded_public_key(key, point.data, point.size) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}
