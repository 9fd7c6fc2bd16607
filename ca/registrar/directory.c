/* SPDX-License-Identifier: Apache-2.0
 * The directory and the nonces (RFC 8555 7.1.1, 7.2), the two resources that need no signature. */
#include <jansson.h>

#include "ca/registrar/request.h"

/* draft-ietf-acme-profiles 3: only where there are any. False: no memory. */
static bool add_profiles(const struct directory *directory, json_t *meta)
{
	if (directory->profiles[0].name[0] == 0)
		return true;
	json_t *profiles = json_object();
	for (size_t i = 0; i < directory->profile_count; i++)
		if (json_object_set_new(profiles, directory->profiles[i].name, json_string(directory->profiles[i].description)) != 0) {
			json_decref(profiles);
			return false;
		}
	return json_object_set_new(meta, "profiles", profiles) == 0;
}

status directory_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	json_t *object = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:b}, s:{s:s}}", "newNonce", registrar_url(registrar, "new-nonce").text,
	    "newAccount", registrar_url(registrar, "new-account").text, "newOrder", registrar_url(registrar, "new-order").text,
	    "keyChange", registrar_url(registrar, "key-change").text, "revokeCert",
	    registrar_url(registrar, "revoke-certificate").text, "renewalInfo", registrar_url(registrar, "renewal-info").text,
	    "meta", "externalAccountRequired", registrar->directory->is_eab_required, "keyward", "akEnrolment",
	    registrar_url(registrar, "ak").text);
	if (object != NULL && !add_profiles(registrar->directory, json_object_get(object, "meta"))) {
		json_decref(object);
		object = NULL;
	}
	return reply_json(reply, 200, object);
}

status directory_give_nonce(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	nonce_new(registrar->nonces, reply->nonce);
	reply->http_status = request->method == 'H' ? 200 : 204;
	return OK;
}
