/* SPDX-License-Identifier: Apache-2.0
 * THE certificate builder: X.509 v3 (RFC 5280 4.1) from facts only. No argument can make it say CA:TRUE, date it back,
 * outlive its issuer or carry a name that was not given as a fact. What comes out is DER TBSCertificate. */
#ifndef KEYWARD_CERTIFICATE_H
#define KEYWARD_CERTIFICATE_H

#include "firmware/boundary/identifier.h"
#include "firmware/boundary/wire.h"

enum { certificate_serial_size = 20, certificate_longest = 4096, certificate_longest_tbs = 3500 };

/* What the issuer's own certificate says; views live as long as the issuer. */
struct certificate_issuer {
	struct bytes name;                /* DER Name */
	struct bytes key_id;              /* its subject key identifier */
	struct bytes signature_algorithm; /* DER AlgorithmIdentifier of its signatures */
	uint64_t not_before_s, not_after_s;
};

/* What every certificate has. */
struct certificate_terms {
	const struct certificate_issuer *issuer;
	uint8_t serial[certificate_serial_size];
	uint64_t not_before_s, not_after_s;
	struct bytes spki; /* DER, parsed by spki_parse before */
};

/* The usages that an envelope may name; NULL for a text that names none. */
struct certificate_usage {
	const char *name;
	struct bytes oids; /* DER, one after the other */
};
const struct certificate_usage *certificate_usage(struct bytes name);

/* Draws the serial and sets the times: not_before is now, not_after the last second (it is inclusive, RFC 5280
 * 4.1.2.5) of `validity_s` or the issuer's last, whichever is first. `entry` goes into the serial with the random
 * octets, so that a machine restored from a snapshot does not repeat one. clock_unsafe when the issuer is not valid
 * now. */
status certificate_draw_terms(const struct certificate_issuer *issuer, struct bytes spki, uint64_t now_s,
			      uint64_t validity_s, uint64_t entry, struct certificate_terms *out);

/* A device or server: common name (empty: no subject), and each identifier in the SAN: PermanentIdentifier (RFC 4043),
 * HardwareModuleName (RFC 4108 5), as draft-ietf-acme-device-attest-09 3.1 asks, dNSName, iPAddress. identifier_malformed
 * when one is not of its grammar; envelope_exceeded when there are too many. */
struct certificate_device {
	struct bytes common_name;
	const struct message_identifier *identifiers;
	size_t count;
	const struct certificate_usage *usage;
};
status certificate_build(const struct certificate_terms *terms, const struct certificate_device *facts,
			 struct buffer *tbs);

/* A TPM's attestation key (TCG EK Profile 3.2.9, WebAuthn L3 8.3.1): no subject; names the TPM, the EK and the directory
 * that enrolled it, never a device. */
struct certificate_ak {
	struct bytes manufacturer, model, version, directory;
	const uint8_t *ek_hash; /* 32 octets */
};
status certificate_build_ak(const struct certificate_terms *terms, const struct certificate_ak *facts,
			    struct buffer *tbs);

/* The listener: DNS name or literal address, and one more literal address (empty: none). */
struct certificate_tls {
	struct bytes name, address;
};
status certificate_build_tls(const struct certificate_terms *terms, const struct certificate_tls *facts,
			     struct buffer *tbs);

/* The signed certificate: TBS, algorithm and signature put together. */
status certificate_assemble(struct bytes tbs, struct bytes signature_algorithm, struct bytes signature,
			    struct buffer *certificate);

/* The SubjectPublicKeyInfo inside a TBS that this builder made; ledger_broken for other bytes. */
status certificate_read_spki(struct bytes tbs, struct bytes *spki);

/* What the three builders share: everything but subject, usage and alternative names. certificate_frame.c. */
enum { certificate_dns_name = 0x82, certificate_ip_address = 0x87 }; /* tags of GeneralName */
struct certificate_parts {
	struct bytes subject;           /* DER Name */
	struct bytes usage;             /* DER, OIDs one after the other */
	struct bytes alternative_names; /* content of GeneralNames; critical when the subject is empty */
};
status certificate_frame(const struct certificate_terms *terms, const struct certificate_parts *parts,
			 struct buffer *tbs);
/* DER Name of one common name as UTF8String; the empty Name for an empty one. */
status certificate_subject(struct bytes common_name, struct buffer *out);

#endif
