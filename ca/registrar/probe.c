/* SPDX-License-Identifier: Apache-2.0
 * From challenges in processing to vouchers or problems. A challenge is in the hand of one thread at a time; what
 * changed meanwhile is seen when the answer is kept, in one work with it. */
#include "ca/registrar/probe.h"

#include <stdio.h>
#include <unistd.h>

#include "ca/registrar/allowance.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/renewal.h"
#include "firmware/boundary/clock.h"

enum { stack_size = 512 * 1024, retry_s = 1 };

void probe_open(struct probing *probing)
{
	memset(probing, 0, sizeof *probing);
	if (pthread_mutex_init(&probing->lock, NULL) != 0 || pthread_cond_init(&probing->woken, NULL) != 0)
		status_broken("no lock for probing");
	probing->is_scan_due = true;
}

/* ---- the queue ---- */

static void put(void *to, const char *name)
{
	struct probing *probing = to;
	if (probing->count == probe_queue_most) {
		probing->is_scan_due = true;
		return;
	}
	const size_t at = (probing->first + probing->count++) % probe_queue_most;
	snprintf(probing->names[at], sizeof probing->names[at], "%s", name);
}

void probe_announce(struct registrar *registrar, const char *order)
{
	struct probing *probing = registrar->probing;
	pthread_mutex_lock(&probing->lock);
	put(probing, order);
	pthread_cond_signal(&probing->woken);
	pthread_mutex_unlock(&probing->lock);
}

/* Fills the empty queue with the next ones that the database has. */
static status scan(struct registrar *registrar)
{
	struct probing *probing = registrar->probing;
	const struct probing_listing listing = {probe_queue_most, put, probing};
	unsigned count = 0;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store,
			store_order_list_probing(registrar->store, &listing, &probing->scanned, &count)));
	probing->is_scan_due = count == probe_queue_most;
	if (!probing->is_scan_due)
		probing->scanned = 0;
	return OK;
}

/* probe_idle: nothing waits. probe_later: what waits could not be read. */
static enum probe_outcome take(struct registrar *registrar, char out[65])
{
	struct probing *probing = registrar->probing;
	enum probe_outcome without = probe_idle;
	pthread_mutex_lock(&probing->lock);
	if (probing->count == 0 && probing->is_scan_due && is_refused(scan(registrar))) {
		without = probe_later;
		if (registrar->log != NULL)
			registrar->log(4, "challenges that wait were not read: %s", store_trouble(registrar->store));
	}
	const bool has = probing->count > 0;
	if (has) {
		memcpy(out, probing->names[probing->first], sizeof probing->names[0]);
		probing->first = (probing->first + 1) % probe_queue_most;
		probing->count--;
	}
	pthread_mutex_unlock(&probing->lock);
	return has ? probe_done : without;
}

bool probe_admit(struct probing *probing, int64_t account)
{
	size_t count = 0, place = probe_threads;
	pthread_mutex_lock(&probing->lock);
	for (size_t i = 0; i < probe_threads; i++) {
		count += probing->in_hand[i] == account;
		place = probing->in_hand[i] == 0 ? i : place;
	}
	const bool is_admitted = count < probe_account_most && place < probe_threads;
	if (is_admitted)
		probing->in_hand[place] = account;
	pthread_mutex_unlock(&probing->lock);
	return is_admitted;
}

void probe_give_back(struct probing *probing, int64_t account)
{
	pthread_mutex_lock(&probing->lock);
	size_t place = 0;
	while (place < probe_threads && probing->in_hand[place] != account)
		place++;
	if (place < probe_threads)
		probing->in_hand[place] = 0;
	pthread_mutex_unlock(&probing->lock);
}

/* ---- one challenge ---- */

/* What is asked, and where its answer goes. */
struct probe {
	char order[65], flight[80];
	size_t number, at; /* of the authorization, of the challenge in it */
	struct account_row account;
};

/* The first challenge in processing that no thread has in hand; for further ones the order waits again. */
static bool choose(struct registrar *registrar, const struct order_row *order, struct probe *probe)
{
	char flight[sizeof probe->flight];
	bool is_chosen = false;
	for (size_t i = 0; i < order->authorization_count; i++)
		for (size_t k = 0; k < order->authorizations[i].challenge_count; k++) {
			if (order->authorizations[i].challenges[k].state != challenge_processing)
				continue;
			snprintf(flight, sizeof flight, "%u/%u/%.64s", (unsigned)i, (unsigned)k, order->name);
			if (is_chosen && !flight_has(registrar->flight, "probe", flight)) {
				probe_announce(registrar, order->name);
				return true;
			}
			if (is_chosen || !flight_start(registrar->flight, "probe", flight))
				continue;
			is_chosen = true;
			probe->number = i;
			probe->at = k;
			memcpy(probe->flight, flight, sizeof flight);
		}
	return is_chosen;
}

static status load(struct registrar *registrar, struct probe *probe, struct order_row *order)
{
	TRY(store_order_find(registrar->store, probe->order, order));
	return store_account_find(registrar->store, order->account, &probe->account);
}

static status ask(struct registrar *registrar, const struct probe *probe, const struct order_row *order,
		  struct message_name_probed *probed, struct reply *reply)
{
	const struct authorization_row *authorization = &order->authorizations[probe->number];
	const struct challenge_row *challenge = &authorization->challenges[probe->at];
	struct message_name_probe request = {
	    .directory = bytes_from_text(registrar->directory->name),
	    .order = bytes_from_text(order->name),
	    .identifier_type = bytes_from_text(authorization->type),
	    .identifier = bytes_from_text(authorization->value),
	    .challenge = bytes_from_text(challenge_name(challenge->challenge)),
	    .token = bytes_from_text(challenge->token),
	};
	memcpy(request.account_thumbprint, probe->account.thumbprint, sizeof request.account_thumbprint);
	return ask_prober(registrar, &request, probed, reply);
}

void probe_settle(struct order_row *order, size_t number, struct challenge_row *challenge, uint64_t when_s)
{
	struct authorization_row *authorization = &order->authorizations[number];
	size_t valid = 0;
	for (size_t i = 0; i < authorization->challenge_count; i++)
		if (authorization->challenges[i].state == challenge_processing) /* it is not needed any more */
			authorization->challenges[i].state = challenge_pending;
	challenge->state = challenge_valid;
	challenge->validated_s = when_s;
	authorization->state = authorization_valid;
	for (size_t i = 0; i < order->authorization_count; i++)
		valid += order->authorizations[i].state == authorization_valid;
	if (valid == order->authorization_count)
		order->state = order_ready;
}

void probe_fail(struct order_row *order, size_t number, struct challenge_row *challenge, status why, const char *detail)
{
	struct authorization_row *authorization = &order->authorizations[number];
	const bool needs_subproblem = order->authorization_count > 1 || challenge->challenge != challenge_device_attest_01 ||
				      why.refusal == refusal_identity_mismatch;
	const struct problem_text error = describe_problem(why, detail, needs_subproblem ? authorization : NULL);
	challenge->state = challenge_invalid;
	authorization->state = authorization_invalid;
	order->state = order_invalid;
	memcpy(order->error, error.text, sizeof order->error);
}

/* In one work with the look at the account, whose key the voucher is for. What was decided otherwise meanwhile stays. */
static status keep(struct registrar *registrar, const struct probe *probe, struct order_row *order, status why,
		   const struct message_name_probed *probed, const char *detail)
{
	TRY(store_account_judge(registrar->store, probe->account.id, probe->account.thumbprint));
	TRY(store_order_find(registrar->store, probe->order, order));
	struct authorization_row *authorization = &order->authorizations[probe->number];
	struct challenge_row *challenge = &authorization->challenges[probe->at];
	if (order->state != order_pending || challenge->state != challenge_processing)
		return OK;
	if (!is_refused(why))
		why = renewal_claim(registrar->store, order);
	if (is_refused(why)) {
		probe_fail(order, probe->number, challenge, why, detail);
	} else {
		authorization->voucher_size = probed->voucher.size;
		memcpy(authorization->voucher, probed->voucher.data, probed->voucher.size);
		probe_settle(order, probe->number, challenge, clock_wall_s());
	}
	return store_order_write(registrar->store, order);
}

/* Refused where an answer could not be kept: on a full disk nobody is probed in vain, again and again. */
static status try_to_keep(struct registrar *registrar, const struct probe *probe, struct order_row *order)
{
	TRY(store_order_find(registrar->store, probe->order, order));
	return store_order_write(registrar->store, order);
}

/* A refusal that is ours, not the name's, says nothing: the challenge stays in processing. So it does when the account got
 * another key meanwhile and asked anew. */
static status run(struct registrar *registrar, struct probe *probe, struct order_row *order)
{
	struct reply *reply = &desk_here()->reply;
	struct message_name_probed probed;
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, try_to_keep(registrar, probe, order)));
	reply->detail[0] = 0;
	const status why = ask(registrar, probe, order, &probed, reply);
	if (is_refused(why) && reply_is_retryable(why))
		return why;
	allowance_count(registrar, order->account, NULL, &order->authorizations[probe->number], why);
	if (is_refused(why) && registrar->log != NULL)
		registrar->log(5, "order %s of account %lld: %s refused: %s: %s", order->name, (long long)order->account,
			       order->authorizations[probe->number].value, status_entry(why.refusal)->name, reply->detail);
	store_enter(registrar->store);
	const status kept = store_leave_for_this_boot(registrar->store,
						      keep(registrar, probe, order, why, &probed, reply->detail));
	return kept;
}

static enum probe_outcome work_on(struct registrar *registrar, struct order_row *order, struct probe *probe)
{
	if (!choose(registrar, order, probe))
		return probe_done;
	const status done = run(registrar, probe, order);
	flight_end(registrar->flight, "probe", probe->flight);
	if (!is_refused(done))
		return probe_done;
	probe_announce(registrar, probe->order);
	return reply_is_retryable(done) ? probe_later : probe_done;
}

enum probe_outcome probe_once(struct registrar *shared)
{
	struct registrar here = *shared, *registrar = &here;
	struct probe probe;
	const enum probe_outcome taken = take(registrar, probe.order);
	if (taken != probe_done)
		return taken;
	struct order_row *order = &desk_here()->order;
	store_enter(registrar->store);
	const status loaded = store_leave(registrar->store, load(registrar, &probe, order));
	if (is_refused(loaded) && reply_is_retryable(loaded)) {
		probe_announce(registrar, probe.order);
		return probe_later;
	}
	here.directory = is_refused(loaded) ? NULL : registrar_get_directory(shared, order->directory);
	if (here.directory == NULL || order->state != order_pending || clock_boot_s() >= order->expires_boot_s)
		return probe_done;
	if (!probe_admit(registrar->probing, probe.account.id)) {
		probe_announce(registrar, probe.order);
		return probe_later;
	}
	const enum probe_outcome outcome = work_on(registrar, order, &probe);
	probe_give_back(registrar->probing, probe.account.id);
	return outcome;
}

/* ---- the threads ---- */

static void wait_for_work(struct probing *probing)
{
	pthread_mutex_lock(&probing->lock);
	while (probing->count == 0 && !probing->is_scan_due)
		pthread_cond_wait(&probing->woken, &probing->lock);
	pthread_mutex_unlock(&probing->lock);
}

static void *keep_probing(void *argument)
{
	struct registrar *registrar = argument;
	for (;;) {
		wait_for_work(registrar->probing);
		if (probe_once(registrar) == probe_later)
			sleep(retry_s);
	}
	return NULL;
}

void probe_start(struct registrar *registrar)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool is_started = pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, stack_size) == 0;
	for (unsigned i = 0; is_started && i < probe_threads; i++)
		is_started = pthread_create(&thread, &attributes, keep_probing, registrar) == 0 &&
			     pthread_detach(thread) == 0;
	if (!is_started)
		status_broken("no threads for probing");
	pthread_attr_destroy(&attributes);
}
