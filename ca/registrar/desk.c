/* SPDX-License-Identifier: Apache-2.0
 * One desk a thread, by POSIX's thread-specific data. */
#include "ca/registrar/desk.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_key_t key;

static void make_key(void)
{
	if (pthread_key_create(&key, free) != 0)
		status_broken("no place for the rooms of threads");
}

struct desk *desk_here(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	struct desk *desk = pthread_getspecific(key);
	if (desk != NULL)
		return desk;
	desk = malloc(sizeof *desk);
	if (desk == NULL || pthread_setspecific(key, desk) != 0)
		status_broken("no memory for the room of a thread");
	return desk;
}
