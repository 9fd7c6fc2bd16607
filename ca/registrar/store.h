/* SPDX-License-Identifier: Apache-2.0
 * What the registrar remembers. Only store*.c know SQLite; a disk that is full or failing refuses as store_failed and
 * leaves everything as it was. The registrar is the single writer. */
#ifndef KEYWARD_STORE_H
#define KEYWARD_STORE_H

#include "firmware/boundary/challenge.h"
#include "firmware/boundary/identifier.h"
#include "firmware/boundary/status.h"

struct store;

enum { store_hash_size = 32, store_serial_size = 20, store_boot_id_size = 16 };

/* Opens or makes the database, brings its schema up to date, and closes what another boot left open, for the verifier's
 * keys have changed: pending and ready orders become invalid and expired (without an error), activations are removed.
 * That may take long, so `beat` (may be NULL) is called all the while. store_failed: `sentence` says why. */
status store_open(const char *file, const uint8_t boot_id[store_boot_id_size], void (*beat)(void), struct store **out,
		  char sentence[256]);
void store_close(struct store *store);

/* What SQLite last complained of, for the log; static or inside the store. */
const char *store_trouble(struct store *store);

/* Every look and every change stands between these two, on one thread; enter waits for its turn. Leave undoes the
 * changes when `outcome` is a refusal, and returns that. Otherwise it returns only when what was changed, and what was
 * seen of the changes of others, is on the disk; store_failed: none of it is. Waiting works share one commit. */
void store_enter(struct store *store);
status store_leave(struct store *store, status outcome);

/* The same, but a loss of power may undo it (the end of a process does not): for what another boot ends anyway. */
status store_leave_for_this_boot(struct store *store, status outcome);

/* ---- how much a directory may have in all of what has not led to a certificate yet ---- */
enum store_room { store_room_accounts, store_room_orders, store_room_activations, store_room_count };
/* A place for a row that the same work adds: an account, an open order, an activation. accounts_full, orders_full:
 * there are `most` of them. An account (0: none) that got a certificate before finds a place all the same, so that a
 * flood of strangers does not keep proven devices from renewing. */
status store_room_take(struct store *store, enum store_room kind, int64_t directory, int64_t account, uint64_t most,
		       uint64_t now_boot_s);

/* Removes what never led to a certificate and has had its time, at most `slice` rows of each kind. */
struct store_sweep {
	unsigned slice;
	uint64_t open_before_boot_s; /* open orders, and activations, that ended before */
	uint64_t closed_before_s;    /* closed orders likewise, */
	uint64_t closed_most;	     /* and the oldest of more than these */
	uint64_t idle_before_s;	     /* accounts that had neither order nor activation since */
	uint64_t now_s;
};
/* Counts the rows it removed or put off; 0: nothing is left to do. */
status store_sweep(struct store *store, const struct store_sweep *sweep, uint64_t *rows);

/* The number of the directory of that name, given to it when it is new. A database from before there were several gives
 * what it has to the first that it hears of. */
status store_directory_know(struct store *store, const char *name, int64_t *id);

/* ---- accounts ---- */
struct account_row {
	int64_t id, directory;
	bool is_active;
	uint8_t thumbprint[store_hash_size];
	char jwk[1025];	    /* canonical form of RFC 7638 */
	char contact[2049]; /* JSON array */
};
/* account_unknown */
status store_account_find(struct store *store, int64_t id, struct account_row *out);
/* account_unknown, account_deactivated; account_key_replaced: its key is another than this by now. */
status store_account_judge(struct store *store, int64_t id, const uint8_t thumbprint[store_hash_size]);
/* In that directory; 0: in any. */
status store_account_find_key(struct store *store, int64_t directory, const uint8_t thumbprint[store_hash_size], struct account_row *out);
/* Fills in id. */
status store_account_add(struct store *store, struct account_row *account, uint64_t now_s);
status store_account_set_contact(struct store *store, int64_t id, const char *contact);
/* The account gets the key of `after`. Its open activations, made for the key before, end; its ready orders, whose
 * vouchers name that key, are pending again. account_key_replaced: its key is not that of `before`. The caller has seen
 * that no account has the new key. */
status store_account_change_key(struct store *store, const struct account_row *before, const struct account_row *after);
/* Ends the account, its pending and ready orders (with `error`, a problem document) and its open activations. */
status store_account_deactivate(struct store *store, int64_t id, const char *error);

/* An external account binding. */
struct binding_row {
	int64_t account;
	char name[65];	    /* of its key */
	char request[4097]; /* the inner JWS */
};
/* eab_key_used: another account has the key of that name. */
status store_binding_add(struct store *store, const struct binding_row *binding);
/* Writes its request; "": the account has none. */
status store_binding_find(struct store *store, int64_t account, char out[4097]);

/* ---- orders, each with its authorizations and their challenges ---- */
enum order_state { order_pending = 'p', order_ready = 'r', order_valid = 'v', order_invalid = 'i' };
enum authorization_state {
	authorization_pending = 'p',
	authorization_valid = 'v',
	authorization_invalid = 'i',
	authorization_deactivated = 'd',
	authorization_expired = 'x' /* never stored: what time, or a new boot, made of it */
};
enum challenge_state {
	challenge_pending = 'p',
	challenge_processing = 'g', /* the prober is to be asked, or was */
	challenge_valid = 'v',
	challenge_invalid = 'i'
};
struct challenge_row {
	enum challenge challenge;
	enum challenge_state state;
	char token[129];
	uint64_t validated_s;
};
struct authorization_row {
	char type[33], value[identifier_most + 1];
	enum authorization_state state;
	size_t challenge_count, voucher_size;
	struct challenge_row challenges[challenge_most];
	uint8_t voucher[1024]; /* of a name, once a challenge of it is valid */
};
/* 'd': its account was deactivated, or an authorization given up. 'x': the appliance was started anew while it was open. */
enum order_end { order_end_none = 'p', order_end_deactivated = 'd', order_end_expired = 'x' };
/* Much room, so one a thread (desk.h). */
struct order_row {
	int64_t id, account, directory;
	char name[65]; /* the verifier's order string, in the URL */
	char profile[65]; /* empty: the directory has none */
	enum order_state state;
	enum order_end end;
	uint64_t expires_s, expires_boot_s;
	uint64_t revoked_s; /* its certificate; 0: not */
	char error[5121]; /* problem document; empty: none */
	char replaces[72]; /* the name of a certificate by RFC 9773; empty: none */
	bool is_successor; /* it does so already; to be added */
	/* Of its device, once that challenge was judged valid. */
	uint64_t validated_s;
	uint8_t voucher[2048];
	size_t voucher_size;
	uint8_t spki_hash[store_hash_size], evidence_hash[store_hash_size], root_hash[store_hash_size];
	char format[33], claims[4097];
	char certified[257]; /* what its certificate names in its identifier's place; empty: that */
	uint8_t device_hash[store_hash_size]; /* to be judged: which device it is; zero: unknown */
	uint64_t record_sequence;	      /* likewise: of the record that gave the identifier */
	uint8_t assurance;
	size_t authorization_count;
	struct authorization_row authorizations[identifiers_most];
};
/* The authorization that an entry in the ledger names first: the device's, else the first one. */
const struct authorization_row *store_order_first(const struct order_row *order);
/* Whether a challenge of it is in processing. */
bool store_order_is_probed(const struct order_row *order);
/* Whether two are for the same identifier. */
bool store_authorization_is_same(const struct authorization_row *one, const struct authorization_row *other);
/* Orders that are pending or ready and not expired. */
status store_order_count(struct store *store, int64_t account, uint64_t now_boot_s, uint64_t *out);
/* Fills in id. */
status store_order_add(struct store *store, struct order_row *order, uint64_t now_s);
/* not_found */
status store_order_find(struct store *store, const char *name, struct order_row *out);
/* Keeps authorizations and state of a pending order, and the facts of its device, which was seen. A ready order succeeds
 * what it replaces. challenge_closed: it was not pending. */
status store_order_judge(struct store *store, const struct order_row *order);
/* Keeps authorizations, state, end and error of an order that was found in the same work. */
status store_order_write(struct store *store, const struct order_row *order);
/* Pending or ready becomes invalid; a valid or invalid order stays as it is. */
status store_order_close(struct store *store, const char *name, const char *error);
/* The names of at most so many pending orders of numbers above *after that have a challenge in processing, by number;
 * then *after is the last one's. */
struct probing_listing {
	unsigned most;
	void (*each)(void *to, const char *name);
	void *to;
};
status store_order_list_probing(struct store *store, const struct probing_listing *listing, int64_t *after,
				unsigned *count);
/* At most so many orders that are neither invalid nor expired, newest first; calls `each` for each name. */
struct order_listing {
	int64_t account;
	uint64_t now_boot_s;
	unsigned most;
	void (*each)(void *to, const char *name);
	void *to;
};
/* Those older than the order of number *before. Then the number of the last one listed; 0: there are no more. */
status store_order_list(struct store *store, const struct order_listing *listing, int64_t *before);

/* A device's certificate that somebody wants to renew. */
struct predecessor_row {
	uint64_t not_before_s, not_after_s, revoked_s; /* 0: not revoked */
	char order[65];				       /* that it was issued for, */
	int64_t directory;			       /* in this one */
	struct bytes leaf;			       /* DER, copied into room */
};
/* renewal_unknown */
status store_predecessor_find(struct store *store, const uint8_t serial[store_serial_size], struct buffer *room,
			      struct predecessor_row *out);
/* Whether another order succeeds the certificate that this one replaces: one that is neither invalid nor expired, and whose
 * own certificate is not revoked. */
status store_successor_has(struct store *store, const struct order_row *order, uint64_t now_boot_s, bool *out);

/* ---- certificates ---- */
struct certificate_row {
	uint64_t entry; /* in the ledger */
	uint8_t serial[store_serial_size];
	uint64_t not_before_s, not_after_s;
	int64_t order, activation; /* one of them; 0: none */
	bool is_void;		   /* its intent was closed without delivery */
	bool is_revoked;	   /* when it is found; not to be added */
	uint8_t policy_hash[store_hash_size];
	struct bytes leaf;    /* DER */
	struct bytes issuers; /* PEM, without the root; kept once for all that share it */
};
/* Keeps the certificate and makes its order valid, or its activation used, and its account proven. order_not_ready,
 * activation_unknown: that has ended meanwhile. */
status store_certificate_add(struct store *store, const struct certificate_row *certificate);
/* entry_unknown. Leaf and issuers are copied into room. */
status store_certificate_find_order(struct store *store, int64_t order, struct buffer *room,
				    struct certificate_row *out);
status store_certificate_find_activation(struct store *store, int64_t activation, struct buffer *room,
					 struct certificate_row *out);
/* Whether the entry of the ledger, a certificate or a revocation, is here. */
status store_certificate_has(struct store *store, uint64_t entry, bool *out);

/* ---- revocations ---- */
struct revocation_row {
	uint64_t certificate; /* its entry in the ledger, */
	uint64_t entry;	      /* and the revocation's */
	uint64_t when_s;
	uint8_t reason, asked_by; /* as in messages.def */
	uint8_t request_hash[store_hash_size];
};
/* A revocation that is there already stays as it is. */
status store_revocation_add(struct store *store, const struct revocation_row *row);
/* entry_unknown: that certificate is not revoked. */
status store_revocation_find(struct store *store, uint64_t certificate, struct revocation_row *out);

/* A certificate that somebody wants to be revoked. */
struct revocable_row {
	uint64_t entry, not_after_s;
	int64_t directory;	 /* 0: unknown */
	int64_t account, device; /* that it was given to; 0: unknown, and of an AK or of names alone no device */
	struct bytes leaf;	 /* DER, copied into room; empty when the intent was closed without delivery */
};
/* certificate_unknown */
status store_revocable_find(struct store *store, const uint8_t serial[store_serial_size], struct buffer *room,
			    struct revocable_row *out);
/* Whether the account has valid authorizations, which have not expired, for all of a certificate's identifiers; of those
 * with names its newest 256 orders are looked at. */
struct now {
	uint64_t wall_s, boot_s;
};
status store_authorization_has(struct store *store, int64_t account, const struct revocable_row *certificate,
			       struct now now, bool *out);

/* The first ledger entry that was not taken over yet. */
status store_progress_read(struct store *store, uint64_t *entry);
status store_progress_write(struct store *store, uint64_t entry);

/* ---- enrolment records, activations ---- */
struct record_row {
	struct bytes identifier_type, identifier;
	struct bytes administrator; /* name */
	uint8_t device_hash[store_hash_size]; /* the EK's, or of the other name of the device */
	uint64_t sequence, expires_s;
	bool is_one_time;
	struct bytes request; /* the flattened JWS as sent */
};
/* record_superseded: the identifier has a record of this or a higher sequence. */
status store_record_add(struct store *store, const struct record_row *record, uint64_t now_s);
/* Appends the request of the newest record to out; nothing when there is none. record_burnt: it is a code that got its certificate. */
status store_record_find(struct store *store, const char *identifier_type, const char *identifier, struct buffer *out);
/* Before an order gets its certificate: a code for one time is from then on that order's, unless it ends without one. record_burnt:
 * it is another's. OK for every other identifier. */
status store_record_claim(struct store *store, const char *identifier_type, const char *identifier, int64_t order);

/* Whether the device of an order may be the one that its identifier is known as. identity_held: another one is, and the record that
 * this one comes with is no newer than that one's; *is_news, the first time. To be asked, and kept, before store_order_judge. */
status store_device_judge(struct store *store, const struct order_row *order, uint64_t now_s, bool *is_news);

/* Keeps the raw statement with its order. */
status store_statement_keep(struct store *store, int64_t order, struct bytes statement);

struct activation_row {
	int64_t id, account, directory; /* account 0: nobody's */
	bool is_open;
	uint64_t expires_boot_s;
	uint8_t secret_hash[store_hash_size];
	uint8_t state[2048]; /* sealed by the verifier */
	size_t state_size;
};
status store_activation_count(struct store *store, int64_t account, uint64_t now_boot_s, uint64_t *out);
/* Fills in id. */
status store_activation_add(struct store *store, struct activation_row *activation);
/* activation_unknown */
status store_activation_find(struct store *store, int64_t id, struct activation_row *out);
/* Nobody's, of the directory, by SHA-256 of its secret. activation_unknown */
status store_activation_find_secret(struct store *store, int64_t directory, const uint8_t secret_hash[store_hash_size], int64_t *id);
status store_activation_close(struct store *store, int64_t id);

#endif
