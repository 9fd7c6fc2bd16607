/* SPDX-License-Identifier: Apache-2.0
 * Exactly one DER certificate, and what the checks ask of it. Distrusts every byte. */
#ifndef KEYWARD_VERIFIER_CERTIFICATE_H
#define KEYWARD_VERIFIER_CERTIFICATE_H

#include <openssl/x509v3.h>

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

static inline void certificate_free(X509 **certificate)
{
	X509_free(*certificate);
}
#define OWNED_CERTIFICATE __attribute__((cleanup(certificate_free))) X509 *

/* NULL: not exactly one certificate in DER (trailing bytes, BER). The caller owns it. */
X509 *certificate_parse(struct bytes der);

/* The same for one that issued another: these come again and again, so the last one is kept, parsed. For one thread. */
X509 *certificate_parse_issuer(struct bytes der);

/* The content of the one extension with that OID (dotted), a view into the certificate; written only when it is there. */
enum certificate_extension { certificate_extension_is_absent, certificate_extension_is_there, certificate_extension_is_wrong /* twice */ };
enum certificate_extension certificate_find_extension(X509 *certificate, const char *oid, struct bytes *out);

/* The extended key usage holds this OID (dotted), wherever in the list. */
bool certificate_has_usage(X509 *certificate, const char *oid);

/* What a TPM's certificate says in its alternative name (TCG EK Profile 3.2.9): the directory name's three attributes, the EK's
 * URI and permanent identifiers. Strings end with NUL and are empty when absent. */
struct certificate_names {
	char manufacturer[32], model[64], version[32];
	bool is_printable;            /* manufacturer and version are; a model may hold NULs (real ones do), shown as '?' */
	char ek_uri[128];             /* urn:ek:sha256:... */
	char directory[65];           /* of our own AK certificates: what follows urn:keyward:directory: */
	size_t permanent_identifiers; /* how many there are */
	char permanent_identifier[257]; /* the first: value, and "/" assigner if it has one */
};
/* False: the extension does not parse, or a value is longer than the room. Absent altogether: true, all empty. */
bool certificate_names_read(X509 *certificate, struct certificate_names *out);

/* One otherName of type PermanentIdentifier (RFC 4043) as "value" or "value/OID" into out of `room` octets with NUL; false when it is no
 * well-formed one. Shared with the judge of certificate requests. */
bool certificate_permanent_identifier(const GENERAL_NAME *name, char *out, size_t room);

/* SHA-256 over the certificate's DER. */
bool certificate_hash(X509 *certificate, uint8_t out[32]);

/* SHA-256 over the DER SubjectPublicKeyInfo. */
bool certificate_spki_hash(X509 *certificate, uint8_t out[32]);

#endif
