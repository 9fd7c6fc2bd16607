/* SPDX-License-Identifier: Apache-2.0
 * What a disk holds after the power went: it takes down each write, truncation, rename and sync of the files of one
 * folder, and lays out in another folder what could be left at any point. Takes the place of the libc's functions, so
 * only a test that wants this links it. */
#ifndef KEYWARD_TESTS_DISK_H
#define KEYWARD_TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From here on what happens in the folder is taken down; what it holds now is on the disk. */
void disk_begin(const char *folder);
void disk_end(void);

/* How many steps were taken down. */
size_t disk_steps(void);

/* What is left after the first `steps`. Seed 0: nothing but what was synced. 1: all of it. Others: of what was not
 * synced some, sector by sector (512 octets); of names made or changed, the first few. */
void disk_lay_out(size_t steps, unsigned seed, const char *folder);

/* The next sync of a file of that name fails, and what it should have synced never reaches the disk although it can
 * still be read: so Linux treats a failing disk. */
void disk_fail_sync(const char *name);
/* The next read of a file of that name from that place on fails with EIO. */
void disk_fail_read(const char *name, uint64_t from);

#endif
