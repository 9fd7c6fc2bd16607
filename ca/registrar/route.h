/* SPDX-License-Identifier: Apache-2.0
 * The table of resources. */
#ifndef KEYWARD_ROUTE_H
#define KEYWARD_ROUTE_H

#include "ca/registrar/request.h"

enum route_signer { route_nobody, route_account, route_new_key, route_account_or_key, route_administrator };

struct route_row {
	const char *path;
	enum route_signer signer;
	bool is_post;
	status (*handle)(struct registrar *registrar, const struct request *request, struct reply *reply);
};

/* In front of every directory's segment in a path. */
static const char route_lead[] = "/acme/";

/* The segment of a path that says which directory is asked; empty: none. */
struct bytes route_directory(struct bytes path);

/* The row for a request (`directory`: that of its path; NULL: none), and what stood for each * and ? in its path; empty for ?
 * when it was longer than that. not_found; method_wrong: the path is there for another method. */
status route_find(const struct directory *directory, char method, struct bytes path, struct route_parts *parts,
		  const struct route_row **out);

#endif
