/* SPDX-License-Identifier: Apache-2.0
 * Plays the signer's neighbours over a real channel. */
#include "tests/signer/counter.h"

#include "tests/device/identifier.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/voucher.h"

static void must(status s, const char *what)
{
	if (!is_refused(s))
		return;
	fprintf(stderr, "%s: %s\n", what, status_entry(s.refusal)->name);
	abort();
}

status counter_reopen(struct counter *counter, const char *module)
{
	struct message_signer_settings settings = counter->fixture->settings;
	if (module != NULL)
		settings.module = bytes_from_text(module);
	const struct signer_places places = {.module_settings = counter->fixture->module_settings,
					     .ledger_folder = counter->folder};
	if (counter->signer == NULL)
		counter->signer = calloc(1, sizeof *counter->signer);
	else
		signer_close(counter->signer);
	TRY(signer_configure(&settings, counter->signer, counter->why));
	return signer_open(counter->signer, &places, bytes_from_text(FIXTURE_PIN), &counter->now, counter->why);
}

void counter_open(struct counter *counter, struct fixture *fixture, const char *module)
{
	*counter = (struct counter){.fixture = fixture, .now = moment_now()};
	counter->folder = fixture_new_ledger(fixture);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, counter->ends) != 0)
		abort();
	must(counter_reopen(counter, module), counter->why);
}

void counter_close(struct counter *counter)
{
	signer_close(counter->signer);
	free(counter->signer);
	close(counter->ends[0]);
	close(counter->ends[1]);
	close(counter->folder);
}

void counter_order(struct counter_order *order, const char *name, EVP_PKEY *key)
{
	const struct bytes spki = fixture_spki(key, order->spki_room, sizeof order->spki_room);
	order->device = (struct message_device_voucher){.expires_boot_s = clock_boot_s() + 600,
							.directory = bytes_from_text("devices"),
							.order = bytes_from_text(name),
							.identifier_type = bytes_from_text("permanent-identifier"),
							.identifier = bytes_from_text("ek-00ff"),
							.format = bytes_from_text("tpm"),
							.assurance = 2};
	order->asked = (struct message_request_voucher){.expires_boot_s = order->device.expires_boot_s,
							.directory = order->device.directory,
							.order = order->device.order,
							.spki = spki};
	order->asked.identifiers.at[0] = device_identifier("permanent-identifier", "ek-00ff");
	order->asked.identifiers.count = 1;
	memset(order->device.account_thumbprint, 0x11, 32);
	memset(order->asked.account_thumbprint, 0x11, 32);
	memset(order->device.evidence_hash, 0x22, 32);
	memset(order->device.claims_hash, 0x33, 32);
	memset(order->device.record_hash, 0x66, 32);
	order->device.record_sequence = 17;
	memset(order->device.configuration_hash, 0x44, 32);
	if (EVP_Digest(spki.data, spki.size, order->device.spki_hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
	order->issue = (struct message_issue){.order = order->device.order, .envelope = bytes_from_text("device")};
	memset(order->issue.policy_hash, 0x55, 32);
}

void counter_name(struct counter_order *order, const char *type, const char *value, const char *challenge)
{
	struct message_name_voucher *name = &order->names[order->issue.name_vouchers.count++];
	*name = (struct message_name_voucher){.expires_boot_s = order->asked.expires_boot_s,
					      .directory = order->asked.directory,
					      .order = order->asked.order,
					      .identifier_type = bytes_from_text(type),
					      .identifier = bytes_from_text(value),
					      .challenge = bytes_from_text(challenge)};
	memset(name->account_thumbprint, 0x11, 32);
	memset(name->configuration_hash, 0x77, 32);
	order->asked.identifiers.at[order->asked.identifiers.count++] = device_identifier(type, value);
}

void counter_server(struct counter_order *order, const char *name, EVP_PKEY *key)
{
	counter_order(order, name, key);
	order->asked.identifiers.count = 0;
	order->device = (struct message_device_voucher){.expires_boot_s = 0};
	order->issue.envelope = bytes_from_text("server");
}

void counter_seal(const struct counter *counter, struct counter_order *order)
{
	struct buffer device = BUFFER(order->device_room), asked = BUFFER(order->asked_room);
	const struct message_signer_settings *keys = &counter->fixture->settings;
	if (order->device.order.size != 0)
		must(voucher_seal(message_device_voucher, &order->device, keys->device_key, &device), "device voucher");
	for (size_t i = 0; i < order->issue.name_vouchers.count; i++) {
		struct buffer name = BUFFER(order->name_rooms[i]);
		must(voucher_seal(message_name_voucher, &order->names[i], keys->name_key, &name), "name voucher");
		order->issue.name_vouchers.at[i] = buffer_view(&name);
	}
	must(voucher_seal(message_request_voucher, &order->asked, keys->request_key, &asked), "request voucher");
	order->issue.device_voucher = buffer_view(&device);
	order->issue.request_voucher = buffer_view(&asked);
}

void counter_ak(const struct counter *counter, struct counter_ak *ak, uint8_t activation, EVP_PKEY *key)
{
	struct buffer sealed = BUFFER(ak->room);
	ak->voucher = (struct message_ak_voucher){.expires_boot_s = clock_boot_s() + 600,
						  .directory = bytes_from_text("devices"),
						  .ak_spki = fixture_spki(key, ak->spki_room, sizeof ak->spki_room),
						  .tpm_manufacturer = bytes_from_text("id:49424D00"),
						  .tpm_model = bytes_from_text("swtpm"),
						  .tpm_version = bytes_from_text("id:20191023")};
	memset(ak->voucher.activation, activation, sizeof ak->voucher.activation);
	memset(ak->voucher.account_thumbprint, 0x12, 32);
	memset(ak->voucher.ek_hash, 0xab, 32);
	must(voucher_seal(message_ak_voucher, &ak->voucher, counter->fixture->settings.ak_key, &sealed), "AK voucher");
	ak->request.voucher = buffer_view(&sealed);
}

struct issue_caller counter_caller(struct counter *counter)
{
	return (struct issue_caller){.channel = counter->ends[1], .call = ++counter->calls};
}

status counter_answer(struct counter *counter, enum message id, void *answer)
{
	static uint8_t rooms[4][wire_packet_room]; /* views of a few answers live at a time */
	static unsigned turn;
	struct buffer room = BUFFER(rooms[turn++ % 4]);
	struct packet packet;
	TRY(channel_receive(counter->ends[0], &room, &packet));
	if (packet.id == message_refused) {
		struct message_refused refused;
		TRY(wire_decode(message_refused, packet.body, &refused));
		return channel_refusal(&refused);
	}
	if (packet.id != id)
		abort();
	return wire_decode(id, packet.body, answer);
}

status counter_issue(struct counter *counter, const struct counter_order *order, struct message_issued *issued)
{
	TRY(issue_device(counter->signer, counter_caller(counter), &order->issue, &counter->now));
	issue_settle(counter->signer);
	return counter_answer(counter, message_issued, issued);
}

status counter_certify_ak(struct counter *counter, const struct counter_ak *ak, struct message_issued *issued)
{
	TRY(issue_ak(counter->signer, counter_caller(counter), &ak->request, &counter->now));
	issue_settle(counter->signer);
	return counter_answer(counter, message_issued, issued);
}

status counter_certify_tls(struct counter *counter, EVP_PKEY *key, struct message_tls_certified *certified)
{
	uint8_t room[600];
	const struct message_tls_certify request = {.spki = fixture_spki(key, room, sizeof room)};
	TRY(issue_tls(counter->signer, counter_caller(counter), &request, &counter->now));
	issue_settle(counter->signer);
	return counter_answer(counter, message_tls_certified, certified);
}

status counter_void(struct counter *counter, uint64_t entry, struct message_entry_voided *voided)
{
	const struct message_entry_void request = {.entry = entry};
	TRY(issue_void(counter->signer, counter_caller(counter), &request, &counter->now));
	issue_settle(counter->signer);
	return counter_answer(counter, message_entry_voided, voided);
}

struct message_entry_revoke counter_plea(const struct message_issued *issued)
{
	struct message_entry_revoke plea = {.entry = issued->entry,
					    .reason = 1,
					    .asked_by = 'a',
					    .request = bytes_from_text("{\"protected\":\"...\"}")};
	memcpy(plea.serial, issued->serial, sizeof plea.serial);
	memset(plea.thumbprint, 0x11, sizeof plea.thumbprint);
	return plea;
}

status counter_revoke(struct counter *counter, const struct message_entry_revoke *plea,
		      struct message_entry_revoked *revoked)
{
	TRY(revoke_entry(counter->signer, counter_caller(counter), plea, &counter->now));
	issue_settle(counter->signer);
	return counter_answer(counter, message_entry_revoked, revoked);
}

status counter_read(struct counter *counter, uint64_t entry, struct message_entry_given *given)
{
	const struct message_entry_read request = {.entry = entry};
	TRY(issue_read(counter->signer, counter_caller(counter), &request));
	return counter_answer(counter, message_entry_given, given);
}
