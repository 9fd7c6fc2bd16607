/* SPDX-License-Identifier: Apache-2.0
 * The ruleset of a process, at the strength of the kernel's ABI; nothing that an ABI lacks is passed over in
 * silence. */
#include "firmware/confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What Debian 12's header does not know yet, by the numbers of the kernel's interface. */
enum {
	fs_truncate = 1 << 14,         /* ABI 3 */
	fs_ioctl_dev = 1 << 15,        /* ABI 5 */
	net_bind_tcp = 1 << 0,         /* ABI 4 */
	net_connect_tcp = 1 << 1,      /* ABI 4 */
	scope_abstract_socket = 1 << 0, /* ABI 6 */
	scope_signal = 1 << 1,         /* ABI 6 */
};

/* struct landlock_ruleset_attr of ABI 6; older kernels take a shorter one. */
struct ruleset {
	uint64_t handled_fs, handled_net, scoped;
};

static const struct {
	int since;
	const char *what;
} strengths[] = {
	{1, "rules on files"},
	{2, "moving files between folders by rule (it is denied altogether)"},
	{3, "rules on truncating (the empty root has no other files)"},
	{4, "rules on TCP (the network namespace and the system call filter stand for them)"},
	{5, "rules on device ioctls (the system call filter denies ioctl)"},
	{6, "scopes for signals and abstract sockets (the system call filter denies both)"},
	{7, "audit records of denials (the matrix of tests/confinement stands for them)"},
};

int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

const char *landlock_lacks(int abi, char out[landlock_words_room])
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof strengths / sizeof strengths[0]; i++) {
		if (strengths[i].since <= abi)
			continue;
		const int added = snprintf(out + used, landlock_words_room - used, "%s%s", used == 0 ? "" : "; ",
					   strengths[i].what);
		if (added < 0 || (size_t)added >= landlock_words_room - used)
			break;
		used += (size_t)added;
	}
	return out;
}

static uint64_t all_fs(int abi)
{
	uint64_t all = LANDLOCK_ACCESS_FS_MAKE_SYM | (LANDLOCK_ACCESS_FS_MAKE_SYM - 1);
	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= fs_truncate;
	if (abi >= 5)
		all |= fs_ioctl_dev;
	return all;
}

static uint64_t granted(enum place_kind kind)
{
	const uint64_t folder = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER |
				fs_truncate;
	switch (kind) {
	case place_FOLDER:
		return folder;
	case place_TPM: /* a node is read and written; a socket in a folder is connected to, which is no matter of Landlock's */
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_ioctl_dev;
	case place_SHOWN:
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	case place_FILE:
		return LANDLOCK_ACCESS_FS_READ_FILE;
	case place_SOCKET:
		break;
	}
	return 0;
}

/* Rights on what is not a folder; the kernel refuses others for it. */
static const uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
				 LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate | fs_ioctl_dev;

static bool grant(int rules, const struct place_own *own, uint64_t handled)
{
	char path[64];
	struct stat about;
	struct landlock_path_beneath_attr rule = {.allowed_access = granted(own->kind) & handled};
	snprintf(path, sizeof path, "/%s", own->name);
	rule.parent_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return false;
	bool is_granted = fstat(rule.parent_fd, &about) == 0;
	if (!S_ISDIR(about.st_mode))
		rule.allowed_access &= of_files;
	is_granted = is_granted && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return is_granted;
}

static size_t ruleset_size(int abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

const char *landlock_enter(enum process self, int abi)
{
	const struct place_own *own;
	if (abi < 1)
		return "Landlock, which this kernel lacks or has not enabled (lsm=landlock,...)";
	const uint64_t connecting = place_is_in_host_network(self) ? 0 : net_connect_tcp;
	const struct ruleset wanted = {.handled_fs = all_fs(abi),
				       .handled_net = abi >= 4 ? net_bind_tcp | connecting : 0,
				       .scoped = abi >= 6 ? scope_abstract_socket | scope_signal : 0};
	const int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, ruleset_size(abi), 0);
	if (rules < 0)
		return "Landlock's rules";
	bool is_entered = true;
	for (size_t i = 0; is_entered && (own = place_own(self, i)) != NULL; i++)
		if (own->kind != place_SOCKET)
			is_entered = grant(rules, own, wanted.handled_fs);
	is_entered = is_entered && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return is_entered ? NULL : "Landlock's rules on its own paths";
}
