/* SPDX-License-Identifier: Apache-2.0
 * One attested enrolment as a device does it, with TPMs in software under a maker's root of the bench's own. */
#ifndef KEYWARD_BENCH_ENROLMENT_H
#define KEYWARD_BENCH_ENROLMENT_H

#include "tests/bench/client.h"
#include "tests/device/certificate.h"
#include "tests/device/request.h"

/* What a device has before it is measured: its AK with a certificate, and the key to be certified. A server has a name and
 * no AK. */
struct device {
	bool is_server;
	char identifier[64];
	struct device_key ak, key;
	struct device_account account;
	struct bytes ak_certificate;
};

/* Where the directory object leads. */
struct directory {
	char new_nonce[300], new_account[300], new_order[300];
};

/* maker NULL: a server, bench-NUMBER.test, which proves its name by http-01 (pages.h). */
void enrolment_prepare(const struct device_authority *maker, unsigned number, struct device *out);
void enrolment_read_directory(struct client *client, const char *url, struct directory *out);

/* newAccount, newOrder, authorization, challenge, finalize, order, certificate: seven signed requests, and for a server as
 * many more as it has to wait. The client holds a nonce before and after. Ends the program with the server's words when it is refused. */
void enrolment_run(struct client *client, const struct directory *directory, const struct device *device);

#endif
