/* SPDX-License-Identifier: Apache-2.0
 * From settings to a signer that may issue. Distrusts the settings as a typing error, the token and the disk as
 * failing parts. */
#include "pkcs11/signer/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "pkcs11/signer/envelope.h"

enum { most_behind_s = 3600, orders_most_reread = 1 << 20 };

static status say(char why[signer_why_room], const char *sentence, struct bytes name)
{
	(void)snprintf(why, signer_why_room, "%s \"%.*s\"", sentence, (int)name.size, (const char *)name.data);
	return REFUSE(internal);
}

static status judge_envelope(const struct signer *signer, const struct message_envelope *envelope,
			     char why[signer_why_room])
{
	if (authority_find_issuer(&signer->authorities, envelope->issuer) == NULL)
		return say(why, "No key of role issuer has the label that an envelope names:", envelope->issuer);
	if (certificate_usage(envelope->extended_usage) == NULL)
		return say(why, "An envelope has an extended usage that this appliance does not issue:",
			   envelope->extended_usage);
	if (!envelope_is_template(envelope->subject_cn))
		return say(why, "The subject of an envelope has a field other than {identifier}:",
			   envelope->subject_cn);
	if (envelope->longest_validity_s == 0)
		return say(why, "An envelope allows no validity:", envelope->name);
	for (size_t i = 0; i < signer->envelope_count; i++)
		if (bytes_equal(signer->envelopes[i].name, envelope->name))
			return say(why, "Two envelopes have the name", envelope->name);
	return OK;
}

static status read_envelopes(struct signer *signer, char why[signer_why_room])
{
	for (size_t i = 0; i < signer->settings.envelopes.count; i++) {
		struct message_envelope envelope;
		if (is_refused(wire_decode(message_envelope, signer->settings.envelopes.at[i], &envelope)))
			return say(why, "An envelope is malformed", bytes_from("", 0));
		TRY(judge_envelope(signer, &envelope, why));
		signer->envelopes[signer->envelope_count++] = envelope;
	}
	return OK;
}

static void copy_text(char *room, size_t size, struct bytes text)
{
	(void)snprintf(room, size, "%.*s", (int)text.size, (const char *)text.data);
}

static status hash_configuration(struct signer *signer)
{
	enum { room_size = 1 << 18 };
	struct message_signer_settings settings = signer->settings;
	struct buffer encoded = {.data = malloc(room_size), .room = room_size};
	memset(settings.device_key, 0, sizeof settings.device_key);
	memset(settings.request_key, 0, sizeof settings.request_key);
	memset(settings.name_key, 0, sizeof settings.name_key);
	memset(settings.ak_key, 0, sizeof settings.ak_key);
	const bool is_hashed = encoded.data != NULL &&
			       !is_refused(wire_encode(message_signer_settings, &settings, &encoded)) &&
			       EVP_Digest(encoded.data, encoded.size, signer->configuration_hash, NULL, EVP_sha256(),
					  NULL) == 1;
	free(encoded.data);
	return is_hashed ? OK : REFUSE(internal);
}

static void want_keys(struct signer *signer)
{
	for (size_t i = 0; i < signer->authorities.count; i++) {
		const struct authority *authority = &signer->authorities.at[i];
		copy_text(signer->wants[i].label, sizeof signer->wants[i].label, authority->label);
		signer->wants[i].public_key = authority->public_key;
	}
}

status signer_configure(const struct message_signer_settings *settings, struct signer *out, char why[signer_why_room])
{
	why[0] = 0;
	*out = (struct signer){.settings = *settings, .orders = orders_new()};
	copy_text(out->label, sizeof out->label, settings->token_label);
	copy_text(out->module, sizeof out->module, settings->module);
	copy_text(out->origin, sizeof out->origin, settings->origin_name);
	if (out->orders == NULL)
		return REFUSE(internal);
	if (!note_is_origin(out->origin))
		return say(why, "This is no name for a ledger:", settings->origin_name);
	TRY(authorities_open(settings, &out->authorities, why));
	want_keys(out);
	TRY(read_envelopes(out, why));
	if (settings->server_name.size != 0 &&
	    authority_find_issuer(&out->authorities, settings->tls_issuer) == NULL)
		return say(why, "No key of role issuer has the label that the listener names:", settings->tls_issuer);
	return hash_configuration(out);
}

static status sign_checkpoint(void *context, struct bytes message, struct buffer *signature)
{
	const struct signer *signer = context;
	return token_sign(signer->token, signer->authorities.audit->place, message, signature);
}

static status open_token(struct signer *signer, const struct signer_places *places, struct bytes pin,
			 char why[signer_why_room])
{
	const struct token_settings settings = {.module = signer->module,
						.module_settings = places->module_settings,
						.label = signer->label,
						.wants = signer->wants,
						.want_count = signer->authorities.count};
	return token_open(&settings, pin, &signer->token, why);
}

static status open_ledger(struct signer *signer, const struct signer_places *places, const struct moment *now,
			  char why[signer_why_room])
{
	/* The warden draws the voucher keys once per boot, so they tell one boot from another. */
	static const char domain[] = "keyward boot v1";
	uint8_t named[sizeof domain + 32], digest[EVP_MAX_MD_SIZE];
	struct ledger_settings settings = {.folder = places->ledger_folder,
					   .author = {.origin = signer->origin,
						      .key = signer->authorities.audit->public_key,
						      .sign = sign_checkpoint,
						      .context = signer},
					   .room_bytes = signer->settings.ledger_room_bytes};
	memcpy(named, domain, sizeof domain);
	memcpy(named + sizeof domain, signer->settings.device_key, 32);
	const bool is_hashed = EVP_Digest(named, sizeof named, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_cleanse(named, sizeof named);
	if (!is_hashed)
		return REFUSE(internal);
	memcpy(settings.boot_tag, digest, sizeof settings.boot_tag);
	return ledger_open(&settings, now, &signer->ledger, why);
}

/* From the newest entry back, as far as an order can still come. */
static status remember_orders(struct signer *signer, const struct moment *now)
{
	static const uint8_t no_order[status_file_key_size];
	const uint64_t size = ledger_size(signer->ledger);
	const uint64_t plausible_s = ledger_plausible_s(signer->ledger, now); /* whatever a clock that jumped says */
	const uint64_t now_s = plausible_s < now->wall_s ? plausible_s : now->wall_s;
	for (uint64_t i = 0; i < size && i < orders_most_reread; i++) {
		struct status_file_record record;
		uint64_t newer;
		TRY(ledger_read_status(signer->ledger, size - 1 - i, &record));
		if (record.when_s + 2 * orders_kept_s < now_s)
			return OK;
		if ((record.kind == 'c' || record.kind == 'a') && memcmp(record.key, no_order, sizeof no_order) != 0 &&
		    !orders_find(signer->orders, record.key, &newer))
			TRY(orders_put(signer->orders, record.key, size - 1 - i, now->boot_s));
	}
	return OK;
}

static status write_start(struct signer *signer, const struct moment *now, char why[signer_why_room])
{
	struct message_ledger_entry entry = {
		.kind = 's', .when_s = now->wall_s, .reporter = bytes_from_text("signer")};
	struct bytes note;
	uint64_t number;
	signer->owes_start = is_refused(ledger_judge_clock(signer->ledger, now));
	if (signer->owes_start && now->wall_s + most_behind_s < ledger_plausible_s(signer->ledger, now)) {
		(void)snprintf(why, signer_why_room,
			       "The clock is more than an hour behind the ledger's last entry; set the clock");
		return REFUSE(clock_unsafe);
	}
	if (signer->owes_start)
		return OK;
	memcpy(entry.configuration_hash, signer->configuration_hash, sizeof entry.configuration_hash);
	TRY(ledger_stage(signer->ledger, &entry, bytes_from(NULL, 0), &number));
	TRY(ledger_commit(signer->ledger));
	return ledger_checkpoint(signer->ledger, &note);
}

status signer_open(struct signer *signer, const struct signer_places *places, struct bytes pin,
		   const struct moment *now, char why[signer_why_room])
{
	why[0] = 0;
	TRY(open_token(signer, places, pin, why));
	TRY(open_ledger(signer, places, now, why));
	status done = remember_orders(signer, now);
	if (!is_refused(done))
		done = write_start(signer, now, why);
	if (is_refused(done) && why[0] == 0)
		(void)snprintf(why, signer_why_room, "This start could not be written down: %s",
			       status_entry(done.refusal)->sentence);
	return done;
}

void signer_close(struct signer *signer)
{
	ledger_close(signer->ledger);
	token_close(signer->token);
	orders_free(signer->orders);
	authorities_close(&signer->authorities);
	signer->ledger = NULL;
	signer->token = NULL;
	signer->orders = NULL;
}

bool signer_is_dead(const struct signer *signer)
{
	return ledger_is_dead(signer->ledger) || token_is_dead(signer->token);
}

status signer_quote_data(struct bytes checkpoint, uint8_t extra_data[32])
{
	static const char domain[] = "keyward quote v1";
	uint8_t room[sizeof domain + note_longest];
	struct buffer text = BUFFER(room);
	if (!buffer_add(&text, domain, sizeof domain - 1) || !buffer_add(&text, checkpoint.data, checkpoint.size) ||
	    EVP_Digest(text.data, text.size, extra_data, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	return OK;
}

status signer_keep_quote(struct signer *signer, struct bytes checkpoint, const struct message_quote_given *quote)
{
	uint8_t room[4 + note_longest + 4096];
	struct buffer file = BUFFER(room);
	const uint8_t size[4] = {(uint8_t)(checkpoint.size >> 24), (uint8_t)(checkpoint.size >> 16),
				 (uint8_t)(checkpoint.size >> 8), (uint8_t)checkpoint.size};
	if (!buffer_add(&file, size, sizeof size) || !buffer_add(&file, checkpoint.data, checkpoint.size))
		return REFUSE(internal);
	TRY(wire_encode(message_quote_given, quote, &file));
	return ledger_replace(signer->ledger, "quote", buffer_view(&file));
}
