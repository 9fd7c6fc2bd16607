/* SPDX-License-Identifier: Apache-2.0
 * While certificates are issued nobody takes over, and the reverse; so an entry that is unknown here while taking over
 * belongs to no request in hand. How far it came is stored, so that each start reads only what is new. */
#include "ca/registrar/takeover.h"

#include <stdio.h>
#include <time.h>

#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"

enum { stretch = 256, retry_s = 2 };

void takeover_open(struct takeover *takeover)
{
	pthread_rwlockattr_t attributes;
	pthread_condattr_t clock;
	/* Those who issue come without end; the one who takes over must get his turn. */
	if (pthread_rwlockattr_init(&attributes) != 0 ||
	    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) != 0 ||
	    pthread_rwlock_init(&takeover->issuing, &attributes) != 0 ||
	    pthread_mutex_init(&takeover->lock, NULL) != 0 || pthread_condattr_init(&clock) != 0 ||
	    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) != 0 || pthread_cond_init(&takeover->woken, &clock) != 0)
		status_broken("no locks for taking over");
	pthread_rwlockattr_destroy(&attributes);
	pthread_condattr_destroy(&clock);
	atomic_store(&takeover->is_due, true);
}

void takeover_announce(struct registrar *registrar)
{
	pthread_mutex_lock(&registrar->takeover->lock);
	atomic_store(&registrar->takeover->is_due, true);
	pthread_cond_signal(&registrar->takeover->woken);
	pthread_mutex_unlock(&registrar->takeover->lock);
}

/* An entry that is not here, as far as we need it. */
struct lost {
	char order[65];
	struct certificate_row row;
};

static status keep_void(struct registrar *registrar, const struct lost *lost)
{
	struct problem_text error = describe_problem(REFUSE(order_void), NULL, NULL);
	TRY(store_certificate_add(registrar->store, &lost->row));
	return store_order_close(registrar->store, lost->order, error.text);
}

/* entry_final: it was closed already, and we were interrupted before we wrote that down. */
static status close_entry(struct registrar *registrar, const struct lost *lost, bool is_issued)
{
	const struct message_entry_void ask = {.entry = lost->row.entry};
	struct message_entry_voided voided;
	if (is_issued) {
		status closed = ask_signer(registrar, message_entry_void, &ask, &voided, NULL);
		if (is_refused(closed) && closed.refusal != refusal_entry_final)
			return closed;
	}
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, keep_void(registrar, lost)));
	if (registrar->log != NULL)
		registrar->log(4, "ledger entry %llu was never delivered (order %s); it is closed",
			       (unsigned long long)lost->row.entry, lost->order);
	return OK;
}

/* Revoked before we could write that down. */
static status keep_revocation(struct registrar *registrar, uint64_t entry, const struct message_ledger_entry *leaf)
{
	struct revocation_row row = {.certificate = leaf->refers_to,
				     .entry = entry,
				     .when_s = leaf->when_s,
				     .reason = leaf->reason,
				     .asked_by = leaf->asked_by};
	memcpy(row.request_hash, leaf->tbs_hash, sizeof row.request_hash);
	store_enter(registrar->store);
	return store_leave(registrar->store, store_revocation_add(registrar->store, &row));
}

static status take_entry(struct registrar *registrar, uint64_t entry)
{
	const struct message_entry_read ask = {.entry = entry};
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	TRY(ask_signer(registrar, message_entry_read, &ask, &given, NULL));
	if (given.entry != entry)
		return REFUSE(message_malformed);
	TRY(wire_decode(message_ledger_entry, given.leaf, &leaf));
	if (leaf.kind == 'r')
		return keep_revocation(registrar, entry, &leaf);
	if (leaf.kind != 'c' && leaf.kind != 'a') /* the listener's, a void, a start: none of ours to keep */
		return OK;
	struct lost lost = {
	    .row = {.entry = entry, .not_before_s = leaf.when_s, .not_after_s = leaf.not_after_s, .is_void = true}};
	snprintf(lost.order, sizeof lost.order, "%.*s", (int)leaf.order.size, (const char *)leaf.order.data);
	memcpy(lost.row.policy_hash, leaf.policy_hash, sizeof lost.row.policy_hash);
	if (leaf.serial.size != sizeof lost.row.serial)
		return REFUSE(message_malformed);
	memcpy(lost.row.serial, leaf.serial.data, leaf.serial.size);
	return close_entry(registrar, &lost, given.state == 'i');
}

/* Those of the stretch that are not here, in rising order. */
static status find_lost(struct registrar *registrar, uint64_t from, uint64_t to, uint64_t lost[stretch], size_t *count)
{
	*count = 0;
	for (uint64_t entry = from; entry < to; entry++) {
		bool has = false;
		TRY(store_certificate_has(registrar->store, entry, &has));
		if (!has)
			lost[(*count)++] = entry;
	}
	return OK;
}

static status take_stretch(struct registrar *registrar, uint64_t from, uint64_t to)
{
	uint64_t lost[stretch];
	size_t count = 0;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, find_lost(registrar, from, to, lost, &count)));
	for (size_t i = 0; i < count; i++)
		TRY(take_entry(registrar, lost[i]));
	store_enter(registrar->store);
	return store_leave(registrar->store, store_progress_write(registrar->store, to));
}

static status take_over(struct registrar *registrar)
{
	const struct message_ledger_ask ask = {};
	struct message_ledger_given ledger;
	uint64_t next = 0;
	TRY(ask_signer(registrar, message_ledger_ask, &ask, &ledger, NULL));
	const uint64_t size = ledger.size;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_progress_read(registrar->store, &next)));
	if (size < next)
		return REFUSE(ledger_broken);
	while (next < size) {
		const uint64_t to = size - next < stretch ? size : next + stretch;
		TRY(take_stretch(registrar, next, to));
		next = to;
	}
	return OK;
}

static status run(struct registrar *registrar)
{
	status done = OK;
	pthread_rwlock_wrlock(&registrar->takeover->issuing);
	/* Taken down first: a channel that comes meanwhile makes it due again. */
	if (atomic_exchange(&registrar->takeover->is_due, false))
		done = take_over(registrar);
	if (is_refused(done))
		atomic_store(&registrar->takeover->is_due, true);
	pthread_rwlock_unlock(&registrar->takeover->issuing);
	/* A signer that is away is the warden's to speak of. */
	if (is_refused(done) && done.refusal != refusal_neighbour_away && registrar->log != NULL)
		registrar->log(4, "the ledger was not taken over: %s", status_entry(done.refusal)->sentence);
	return done;
}

status takeover_hold(struct registrar *registrar)
{
	for (;;) {
		if (atomic_load(&registrar->takeover->is_due))
			TRY(run(registrar));
		pthread_rwlock_rdlock(&registrar->takeover->issuing);
		if (!atomic_load(&registrar->takeover->is_due))
			return OK;
		pthread_rwlock_unlock(&registrar->takeover->issuing);
	}
}

void takeover_release(struct registrar *registrar)
{
	pthread_rwlock_unlock(&registrar->takeover->issuing);
}

/* Until something is due; after a failure, a while. */
static void wait_for_work(struct takeover *takeover, bool has_failed)
{
	struct timespec until = {0};
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += retry_s;
	pthread_mutex_lock(&takeover->lock);
	if (has_failed)
		pthread_cond_timedwait(&takeover->woken, &takeover->lock, &until);
	while (!atomic_load(&takeover->is_due))
		pthread_cond_wait(&takeover->woken, &takeover->lock);
	pthread_mutex_unlock(&takeover->lock);
}

static void *keep_taking_over(void *argument)
{
	struct registrar *registrar = argument;
	bool has_failed = false;
	for (;;) {
		wait_for_work(registrar->takeover, has_failed);
		has_failed = is_refused(run(registrar));
	}
	return NULL;
}

void takeover_start(struct registrar *registrar)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, keep_taking_over, registrar) != 0)
		status_broken("no thread for taking over");
	pthread_detach(thread);
}
