/* SPDX-License-Identifier: Apache-2.0
 * A clock that is set wrong, for one tree of processes: CLOCK_REALTIME has no namespace. Loaded into each by
 * /etc/ld.so.preload of a mount namespace, where /etc/clock-offset says by how many seconds; it is read before a program
 * confines itself. Reads the clock by system call, as the vDSO would else be found by name. */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset_s;

__attribute__((constructor)) static void read_offset(void)
{
	long long seconds = 0;
	FILE *file = fopen("/etc/clock-offset", "re");
	if (file == NULL)
		return;
	if (fscanf(file, "%lld", &seconds) == 1)
		offset_s = (time_t)seconds;
	fclose(file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const int result = (int)syscall(SYS_clock_gettime, clock, now);
	if (result == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += offset_s;
	return result;
}

time_t time(time_t *out)
{
	struct timespec now = {.tv_sec = 0};
	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now = {.tv_sec = 0};
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}
