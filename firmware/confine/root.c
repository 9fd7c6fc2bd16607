/* SPDX-License-Identifier: Apache-2.0
 * Builds the empty root with the mount calls that work on descriptors, and pivots into it. */
#include "firmware/confine/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char place[] = "/proc"; /* a folder that every host has; covered, not changed */

/* Pivoting in the warden's namespace would take the root from the whole machine. */
static bool has_own_namespace(void)
{
	char path[64];
	struct stat own, parent;
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)getppid());
	if (stat("/proc/self/ns/mnt", &own) != 0 || stat(path, &parent) != 0)
		return false;
	if (own.st_ino == parent.st_ino && own.st_dev == parent.st_dev)
		errno = EPERM;
	return own.st_ino != parent.st_ino || own.st_dev != parent.st_dev;
}

static uint64_t attributes(enum place_kind kind)
{
	const uint64_t always = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	switch (kind) {
	case place_FOLDER:
		return always | MOUNT_ATTR_NODEV;
	case place_TPM: /* may be a device node */
		return always | MOUNT_ATTR_RDONLY;
	case place_SHOWN:
	case place_FILE:
	case place_SOCKET:
		break;
	}
	return always | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY;
}

static bool make_place(int root, const char *name, bool is_folder)
{
	if (is_folder)
		return mkdirat(root, name, 0755) == 0;
	const int file = openat(root, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	if (file >= 0)
		close(file);
	return file >= 0;
}

static bool bring_in(int root, const struct place_own *own, int descriptor)
{
	struct mount_attr wanted = {.attr_set = attributes(own->kind)};
	struct stat about;
	if (fstat(descriptor, &about) != 0 || !make_place(root, own->name, S_ISDIR(about.st_mode)))
		return false;
	const int tree = open_tree(descriptor, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return false;
	const bool is_in = mount_setattr(tree, "", AT_EMPTY_PATH, &wanted, sizeof wanted) == 0 &&
			   move_mount(tree, "", root, own->name, MOVE_MOUNT_F_EMPTY_PATH) == 0;
	close(tree);
	close(descriptor);
	return is_in;
}

static bool bring_all(enum process self, int first_own)
{
	const struct place_own *own;
	const int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool is_in = root >= 0;
	for (size_t i = 0; is_in && (own = place_own(self, i)) != NULL; i++)
		if (own->kind != place_SOCKET)
			is_in = bring_in(root, own, first_own + (int)i);
	if (root >= 0)
		close(root);
	return is_in;
}

const char *root_enter(enum process self, int first_own)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	if (!has_own_namespace())
		return "a mount namespace of its own";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return "private mounts";
	if (mount("keyward", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k,nr_inodes=32") != 0)
		return "an empty root";
	if (!bring_all(self, first_own))
		return "its own folders in the empty root";
	/* pivot_root over itself puts the old root on top of the new one, from where it is taken off */
	if (chdir(place) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		return "the change into the empty root";
	if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0)
		return "a read-only root";
	return NULL;
}
