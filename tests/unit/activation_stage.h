/* SPDX-License-Identifier: Apache-2.0
 * What tests of AK enrolment stand on: a maker, one of its TPMs in software with an AK, the verifier that trusts the maker. For
 * tests only. */
#ifndef KEYWARD_ACTIVATION_STAGE_H
#define KEYWARD_ACTIVATION_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attest/verifier/verifier.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/certificate.h"

struct bench {
	struct device_authority root;
	struct device_key ek, ak;
	struct device_certificate options;
	struct device_octets certificate;
	struct verifier verifier;
	struct message_ak_begin ask;
	struct message_ak_begun begun;
	uint8_t room[wire_packet_room];
	struct detail detail;
};
static struct bench bench;

static inline void set_up_with(enum device_kind ek, enum device_kind ak)
{
	memset(&bench, 0, sizeof bench);
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &bench.root);
	device_key_new(device_role_ek, ek, &bench.ek);
	device_key_new(device_role_ak, ak, &bench.ak);
	bench.options = (struct device_certificate){.authority = &bench.root, .key = &bench.ek};
	device_certificate_build(&bench.options, &bench.certificate);
	bench.verifier.directories[0].ek_roots = (struct chain_roots){.at = {bench.root.certificate}, .count = 1};
	bench.verifier.directory_count = 1;
	bench.verifier.directories[0].rules.name = bytes_from_text("devices");
	bench.verifier.directories[0].rules.may_be_virtual = 1;
	bench.verifier.settings.token_key[0] = 1;
	bench.verifier.settings.ak_key[0] = 2;
	bench.verifier.configuration_hash[0] = 3;
	bench.ask = (struct message_ak_begin){.directory = bytes_from_text("devices"), .account_thumbprint = {4}};
}

static inline int set_up(void **state)
{
	(void)state;
	set_up_with(device_p256, device_p256);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	device_authority_free(&bench.root);
	device_key_free(&bench.ek);
	device_key_free(&bench.ak);
	return 0;
}

/* Asks with what the bench holds now; a refusal leaves no answer behind. */
static inline enum refusal begin(void)
{
	struct buffer room = BUFFER(bench.room);
	const struct message_ak_begun untouched = {.secret_hash = {0}};
	bench.detail.text[0] = '\0';
	bench.begun = untouched;
	bench.ask.ek_certificate = device_view(&bench.certificate);
	bench.ask.ek_public = bytes_from(bench.ek.area, bench.ek.area_size);
	bench.ask.ak_public = bytes_from(bench.ak.area, bench.ak.area_size);
	const status s = verifier_ak_begin(&bench.verifier, &bench.ask, &room, &bench.begun, &bench.detail);
	if (is_refused(s)) {
		assert_int_equal(room.size, 0);
		assert_memory_equal(&bench.begun, &untouched, sizeof untouched);
	}
	return s.refusal;
}

static inline enum refusal begin_with(struct device_certificate options)
{
	options.authority = options.authority != NULL ? options.authority : &bench.root;
	options.key = options.key != NULL ? options.key : &bench.ek;
	device_certificate_build(&options, &bench.certificate);
	return begin();
}

static inline bool activate(struct device_octets *secret)
{
	return device_activate(&bench.ek, bytes_from(bench.ak.name, bench.ak.name_size), bench.begun.credential,
			       bench.begun.encrypted_secret, secret);
}

static const uint8_t thumbprint[32] = {4};

static inline enum refusal finish_as(const uint8_t account[32], struct bytes secret, struct bytes sealed, struct message_ak_voucher *voucher)
{
	static uint8_t octets[4096];
	struct buffer room = BUFFER(octets);
	struct message_ak_finish ask = {.secret = secret, .state = sealed};
	struct message_ak_finished out = {.ek_hash = {0}};
	memcpy(ask.account_thumbprint, account, 32);
	const status s = verifier_ak_finish(&bench.verifier, &ask, &room, &out);
	if (is_refused(s)) {
		assert_int_equal(room.size, 0);
		assert_null(out.voucher.data);
		return s.refusal;
	}
	assert_memory_equal(out.ek_hash, bench.ek.spki_hash, 32);
	assert_false(is_refused(voucher_open(message_ak_voucher, out.voucher, bench.verifier.settings.ak_key, voucher)));
	return refusal_none;
}

static inline enum refusal finish(struct bytes secret)
{
	struct message_ak_voucher voucher;
	return finish_as(thumbprint, secret, bench.begun.state, &voucher);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
