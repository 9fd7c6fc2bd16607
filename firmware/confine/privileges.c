/* SPDX-License-Identifier: Apache-2.0
 * Drops user, groups and capabilities, in the order in which each step still may. */
#include "firmware/confine/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
				  SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
				  SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

/* Up to the last one that this kernel knows, whatever our headers know. */
static bool empty_bounding_set(void)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
			return false;
	return true;
}

static bool set_capabilities_empty(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	memset(none, 0, sizeof none);
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 && syscall(SYS_capset, &header, none) == 0;
}

static bool has_no_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
	static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	return syscall(SYS_capget, &header, now) == 0 && memcmp(now, none, sizeof now) == 0;
}

/* Does not believe the calls above: asks the kernel, and tries the way back. */
static bool is_for_good(uid_t uid)
{
	uid_t users[3];
	gid_t groups[3];
	if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (users[i] != uid || groups[i] != uid)
			return false;
	return getgroups(0, NULL) == 0 && has_no_capability() && setresuid(0, 0, 0) != 0 && setresgid(0, 0, 0) != 0 &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

const char *privileges_drop(uid_t uid)
{
	const struct rlimit no_core = {0, 0};
	if (uid == 0 || prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0 || !empty_bounding_set())
		return "an empty bounding set of capabilities";
	if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		return "its own user and group";
	/* changing the user cleared it: whatever a hijacked process does, it ends with the warden */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return "an end together with the warden";
	if (!set_capabilities_empty())
		return "empty sets of capabilities";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "no new privileges";
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return "no core dumps";
	return is_for_good(uid) ? NULL : "privileges given up for good";
}
