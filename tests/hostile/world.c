/* SPDX-License-Identifier: Apache-2.0
 * Honest steps of an enrolment, spoken as the registrar speaks them. */
#include "tests/hostile/world.h"

#include "tests/device/identifier.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char identifier_type[] = "permanent-identifier";

static void write_file(const struct world *world, const char *name, struct bytes text)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", world->folder, name);
	FILE *file = fopen(path, "w");
	DEVICE_NEED(file != NULL && fwrite(text.data, 1, text.size, file) == text.size && fclose(file) == 0);
}

/* The product's example with this port, name and these roots. */
static void write_configuration(const struct world *world, unsigned port)
{
	char command[1024];
	snprintf(command, sizeof command,
		 "sed -e 's/port = 8443/port = %u/' -e 's|ek_roots = {.*|ek_roots = { \"%s/ek.der\" }\\n\\tak_roots = { "
		 "\"%s/ak.der\" }|' firmware/host/keyward.conf > %s",
		 port, world->folder, world->folder, world->configuration);
	DEVICE_NEED(system(command) == 0);
}

void world_new(struct world *world, unsigned port)
{
	memset(world, 0, sizeof *world);
	snprintf(world->folder, sizeof world->folder, "/tmp/keyward-world-XXXXXX");
	DEVICE_NEED(mkdtemp(world->folder) != NULL);
	snprintf(world->configuration, sizeof world->configuration, "%s/keyward.conf", world->folder);
	snprintf(world->origin, sizeof world->origin, "https://localhost:%u", port);
	device_authority_new(&(struct device_authority_options){.name = "EK maker"}, &world->ek_maker);
	device_authority_new(&(struct device_authority_options){.name = "AK maker"}, &world->ak_maker);
	device_authority_new(&(struct device_authority_options){.name = "Stranger"}, &world->stranger);
	write_file(world, "ek.der", bytes_from(world->ek_maker.der, world->ek_maker.size));
	write_file(world, "ak.der", bytes_from(world->ak_maker.der, world->ak_maker.size));
	write_configuration(world, port);
	device_key_new(device_role_ek, device_p256, &world->ek);
	device_key_new(device_role_ak, device_p256, &world->ak);
	device_key_new(device_role_key, device_p256, &world->key);
	device_key_new(device_role_key, device_p256, &world->other_key);
	device_certificate_build(&(struct device_certificate){.authority = &world->ek_maker, .key = &world->ek},
				 &world->ek_certificate);
	device_certificate_build(&(struct device_certificate){.authority = &world->ak_maker,
							      .key = &world->ak,
							      .permanent_identifier = WORLD_IDENTIFIER},
				 &world->ak_certificate);
	device_account_new(&world->account);
	device_account_new(&world->other_account);
}

void world_free(struct world *world)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", world->folder);
	DEVICE_NEED(system(command) == 0);
}

static void keep_text(struct bytes text, char *out, size_t room)
{
	DEVICE_NEED(text.size < room);
	memcpy(out, text.data, text.size);
	out[text.size] = 0;
}

static const char *directory_of(const struct enrolment *enrolment)
{
	return enrolment->directory != NULL ? enrolment->directory : "devices";
}

/* The device, and the name beside it. */
static size_t list(const char *identifier, const struct enrolment *enrolment, struct bytes out[2])
{
	out[0] = device_identifier(identifier_type, identifier);
	if (enrolment->name != NULL)
		out[1] = device_identifier("dns", enrolment->name);
	return enrolment->name != NULL ? 2 : 1;
}

status world_open(struct stage *stage, const char *identifier, struct enrolment *out)
{
	struct message_order_open ask = {.directory = bytes_from_text(directory_of(out))};
	struct message_order_opened answer;
	ask.identifiers.count = list(identifier, out, ask.identifiers.at);
	TRY(stage_call(stage, process_VERIFIER, message_order_open, &ask, &answer));
	keep_text(answer.order, out->order, sizeof out->order);
	keep_text(answer.tokens.at[0], out->token, sizeof out->token);
	if (answer.tokens.count > 1)
		keep_text(answer.tokens.at[1], out->name_token, sizeof out->name_token);
	return OK;
}

status world_attest(struct stage *stage, const struct world *world, const char *identifier,
		    const struct device_account *account, const struct device_key *key, struct bytes record,
		    struct enrolment *enrolment)
{
	struct device_octets statement = {0};
	const struct bytes chain[1] = {device_view(&world->ak_certificate)};
	device_statement_build(&(struct device_statement){.ak = &world->ak,
							  .key = key,
							  .token = bytes_from_text(enrolment->token),
							  .thumbprint = account->thumbprint,
							  .chain = chain,
							  .chain_count = 1},
			       &statement);
	return world_judge(stage, identifier, account, device_view(&statement), record, enrolment);
}

status world_judge(struct stage *stage, const char *identifier, const struct device_account *account, struct bytes statement,
		   struct bytes record, struct enrolment *enrolment)
{
	struct message_statement_judge ask = {.directory = bytes_from_text(directory_of(enrolment)),
					      .order = bytes_from_text(enrolment->order),
					      .identifier_type = bytes_from_text(identifier_type),
					      .identifier = bytes_from_text(identifier),
					      .token = bytes_from_text(enrolment->token),
					      .statement = statement,
					      .enrolment_record = record};
	struct message_statement_judged answer;
	memcpy(ask.account_thumbprint, account->thumbprint, sizeof ask.account_thumbprint);
	TRY(stage_call(stage, process_VERIFIER, message_statement_judge, &ask, &answer));
	enrolment->device_voucher.size = 0;
	device_append(&enrolment->device_voucher, answer.voucher.data, answer.voucher.size);
	return OK;
}

status world_finalize(struct stage *stage, const struct world *world, const char *identifier,
		      const struct device_account *account, const struct device_csr *csr, struct enrolment *enrolment)
{
	struct device_octets der = {0}, text = {0}, jws = {0};
	char url[256];
	device_csr_build(csr, &der);
	device_append(&text, "{\"csr\":\"", 8);
	device_base64url(device_view(&der), &text);
	device_append(&text, "\"}", 3);
	snprintf(url, sizeof url, "%s/acme/%s/order/%s/finalize", world->origin,
		 enrolment->path != NULL ? enrolment->path : directory_of(enrolment), enrolment->order);
	device_jws_build(&(struct device_jws){.account = account,
					      .url = url,
					      .kid = "https://localhost/acme/devices/account/1",
					      .payload = (const char *)text.data},
			 &jws);
	struct message_finalize_judge ask = {.directory = bytes_from_text(directory_of(enrolment)),
					     .order = bytes_from_text(enrolment->order),
					     .account_jwk = bytes_from(account->jwk, account->jwk_size),
					     .request = device_view(&jws)};
	ask.identifiers.count = list(identifier, enrolment, ask.identifiers.at);
	struct message_finalize_judged answer;
	TRY(stage_call(stage, process_VERIFIER, message_finalize_judge, &ask, &answer));
	enrolment->request_voucher.size = 0;
	device_append(&enrolment->request_voucher, answer.voucher.data, answer.voucher.size);
	return OK;
}

status world_issue(struct stage *stage, const struct enrolment *enrolment, uint32_t validity_s,
		   struct message_issued *out)
{
	const struct message_issue ask = {.order = bytes_from_text(enrolment->order),
					  .envelope = bytes_from_text(enrolment->envelope != NULL ? enrolment->envelope : "device"),
					  .validity_s = validity_s,
					  .device_voucher = device_view(&enrolment->device_voucher),
					  .request_voucher = device_view(&enrolment->request_voucher)};
	return stage_call(stage, process_SIGNER, message_issue, &ask, out);
}

void world_vouch(struct stage *stage, const struct world *world, struct enrolment *out)
{
	const struct device_csr csr = {.key = world->key.key, .subject = WORLD_IDENTIFIER};
	memset(out, 0, sizeof *out);
	DEVICE_NEED(!is_refused(world_open(stage, WORLD_IDENTIFIER, out)));
	DEVICE_NEED(!is_refused(world_attest(stage, world, WORLD_IDENTIFIER, &world->account, &world->key,
					     (struct bytes){0}, out)));
	DEVICE_NEED(!is_refused(world_finalize(stage, world, WORLD_IDENTIFIER, &world->account, &csr, out)));
}

void world_sign_record(const struct stage *stage, const struct world *world, const char *identifier, const char *members,
		       unsigned sequence, struct device_octets *out)
{
	char path[512], url[128], kid[128], payload[400];
	struct device_account first = {.key = NULL};
	snprintf(path, sizeof path, "%s/run/administrator-first.pem", stage->folder);
	FILE *file = fopen(path, "re");
	DEVICE_NEED(file != NULL && (first.key = PEM_read_PrivateKey(file, NULL, NULL, NULL)) != NULL && fclose(file) == 0);
	snprintf(url, sizeof url, "%s/admin/enrolment-record", world->origin);
	snprintf(kid, sizeof kid, "%s/admin/administrator/first", world->origin);
	snprintf(payload, sizeof payload,
		 "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"%s\",%s,\"sequence\":%u,"
		 "\"issued\":%lld,\"expires\":%lld}",
		 identifier, members, sequence, (long long)time(NULL), (long long)time(NULL) + 600);
	out->size = 0;
	device_jws_build(&(struct device_jws){.account = &first, .url = url, .kid = kid, .payload = payload}, out);
	EVP_PKEY_free(first.key);
}

uint64_t world_ledger_size(struct stage *stage)
{
	static const struct message_ledger_ask ask;
	struct message_ledger_given answer;
	DEVICE_NEED(!is_refused(stage_call(stage, process_SIGNER, message_ledger_ask, &ask, &answer)));
	return answer.size;
}

void world_settle(struct stage *stage)
{
	enum { entries_of_a_start = 2, tries = 300 }; /* the signer's start, the listener's certificate */
	static const struct message_ledger_ask ask;
	struct message_ledger_given answer = {.size = 0};
	for (int i = 0; i < tries; i++) {
		if (!is_refused(stage_call(stage, process_SIGNER, message_ledger_ask, &ask, &answer)) &&
		    answer.size >= entries_of_a_start)
			return;
		usleep(100000);
	}
	DEVICE_NEED(answer.size >= entries_of_a_start);
}
