/* SPDX-License-Identifier: Apache-2.0
 * What the failing module does; a test sets it through the symbol `faulty_module` of the loaded library. */
#ifndef KEYWARD_TESTS_FAULTY_MODULE_H
#define KEYWARD_TESTS_FAULTY_MODULE_H

enum {
	faulty_login_required = 0x4,
	faulty_pin_final_try = 0x20000,
	faulty_pin_locked = 0x40000,
	faulty_pin_to_be_changed = 0x80000,
};

struct faulty_module {
	/* counted */
	unsigned logins, sessions, copies, signatures;
	/* done once for each that is set */
	unsigned flips, flipped_bit; /* one bit of the next signatures */
	unsigned sticks;             /* the session of the next signature fails for ever */
	/* done as long as it is set */
	unsigned long flags_set, flags_cleared;
	unsigned lies_about; /* one more than the place among the attributes of custody */
	unsigned is_removed, refuses_copies, opens_no_session;
};

#endif
