/* SPDX-License-Identifier: Apache-2.0
 * The life of every child of the warden: take the descriptors, enter the confinement of its promises, report, be
 * wired, serve. There is no way to serve without confinement. */
#ifndef KEYWARD_CHILD_H
#define KEYWARD_CHILD_H

#include "firmware/boundary/channel.h"

/* Descriptors at exec, the same in every child; a process's own follow in the order of its row in processes.def. */
enum { child_fd_control = 3, child_fd_log = 4, child_fd_settings = 5, child_fd_own = 6 };

/* Bytes on the control channel, a SOCK_SEQPACKET. Child to warden, one byte each: */
enum { child_says_confined = 'c', child_says_serving = 's', child_says_alive = 'h' };
/* ... or child_says_lost | enum process: a neighbour broke the protocol, and its channel was closed. The warden then
 * wires a new pair to both, at most one a second for a pair, since the byte may come from a hijacked process. (From
 * the logger: that process's log channel; handing the same reading end over again will do.) A channel that ended
 * because the peer hung up or died is never reported: its new one comes with the peer's restart or with the peer's
 * own report. */
enum { child_says_lost = 0x80 };
/* Warden to child: one byte, the enum process of a neighbour, with the descriptor of a new channel to it
 * (SCM_RIGHTS), which replaces the old one. To the logger: the process whose log channel's reading end it is. When
 * the warden closes the control channel, the child answers what is at hand and exits 0. The child must have a mount
 * namespace of its own before its descriptors of kind FOLDER, SHOWN, FILE and TPM are opened (O_PATH). */

/* First thing in main: checks the descriptors, maps the settings and decodes them as `settings_record` into
 * `settings` (views into a mapping that lasts), runs `prepare` (may be NULL; the last moment with the host's files
 * in sight: a library is loaded here), then enters the promises of the process and reports. Ends the process with a
 * sentence when anything is lacking. Returns the SHA-256-able bytes of the settings record as they came. */
struct bytes child_enter(enum process self, enum message settings_record, void *settings, void (*prepare)(void));

/* One line to the logger; never blocks, drops when the logger is away. printf-like; no secrets, no hostile bytes
 * unescaped beyond what the logger escapes. level: 3 error, 4 warning, 5 notice, 6 info. */
void child_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says the sentence to log and standard error and ends the process: a person must act (exit 78). */
_Noreturn void child_needs_person(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Likewise, when something outside of the process is not there that may come back by itself (exit 75). */
_Noreturn void child_lacks(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A heartbeat, at most one a second, of a process whose work before it serves is long. */
void child_report_alive(void);

/* Tells the warden that this process now does its work. */
void child_report_serving(void);

/* A row of a process's dispatch: which request of which neighbour goes where. The handler answers on `channel` by
 * channel_send or channel_refuse itself, or returns a refusal that is then sent. A request that is not in the rows,
 * or comes from a neighbour that is not its sender in messages.def, or does not decode, closes the channel and is
 * logged. */
struct route {
	enum message id;
	status (*handle)(int channel, uint32_t call, const void *request);
};

struct service {
	const struct route *routes;
	size_t route_count;
	/* 0: the loop itself handles requests, one after another. N: N threads for each neighbour served, each
	 * handling one request at a time, for handlers that wait for a neighbour themselves. A handler of two
	 * minutes counts as hanging. */
	unsigned threads;
	/* May be NULL. Called for a neighbour that this process calls rather than serves; the channel becomes the
	 * callee's. */
	void (*wired)(enum process neighbour, int channel);
	/* May be NULL. Called when a neighbour that this process serves has a new channel. */
	void (*attached)(enum process neighbour, int channel);
	/* May be NULL. Called after each round in which the packets at hand were handled, for threads == 0: one sync
	 * for all of them. Answers may be sent from here. */
	void (*settle)(void);
};

/* Serves requests until the warden closes the control channel, then ends the process. Says a heartbeat each
 * second from this same loop, so that a process that hangs is seen. */
_Noreturn void child_serve(const struct service *service);

#endif
