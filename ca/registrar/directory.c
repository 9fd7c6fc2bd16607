/* SPDX-License-Identifier: Apache-2.0
 * The directory and the nonces (RFC 8555 7.1.1, 7.2), the two resources that need no signature. */
#include <jansson.h>

#include "ca/registrar/request.h"

status directory_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	return reply_json(reply, 200,
			  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:b}, s:{s:s}}", "newNonce",
				    registrar_url(registrar, "new-nonce").text, "newAccount",
				    registrar_url(registrar, "new-account").text, "newOrder",
				    registrar_url(registrar, "new-order").text, "keyChange",
				    registrar_url(registrar, "key-change").text, "revokeCert",
				    registrar_url(registrar, "revoke-certificate").text, "renewalInfo",
				    registrar_url(registrar, "renewal-info").text, "meta", "externalAccountRequired",
				    registrar->is_eab_required,
				    "keyward", "akEnrolment", registrar_url(registrar, "ak").text));
}

status directory_give_nonce(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	nonce_new(registrar->nonces, reply->nonce);
	reply->http_status = request->method == 'H' ? 200 : 204;
	return OK;
}
