programs += keyward-signer
keyward-signer.folder = pkcs11/signer
keyward-signer.uses = firmware/confine firmware/boundary
keyward-signer.packages = libp11 libcrypto libseccomp

signer_tests := test_ledger test_ledger_crash test_ledger_tree test_envelope test_certificate test_token test_signer_issue \
	test_signer_hostile test_signer_failing test_signer_settings test_signer_revoke test_signer_names
tests += $(signer_tests)
$(foreach t,$(signer_tests),$(eval $(t).uses = tests/signer pkcs11/signer firmware/boundary))
$(foreach t,$(signer_tests),$(eval $(t).packages = libp11 libcrypto))

# Takes down what reaches the disk, in place of the libc.
tests += test_ledger_power
test_ledger_power.uses = tests/signer/disk tests/signer pkcs11/signer firmware/boundary
test_ledger_power.packages = libp11 libcrypto

fuzzers += fuzz_spki
fuzz_spki.uses = pkcs11/signer firmware/boundary
fuzz_spki.packages = libp11 libcrypto

# A PKCS#11 module that fails as tests tell it to; loaded, not linked.
$(B)/helpers/faulty_module.so: tests/signer/module/faulty_module.c tests/signer/faulty_module.h
	@mkdir -p $(@D)
	gcc -std=gnu17 -I. $(warnings) -g -shared -fPIC $< -o $@
$(foreach t,test_token test_signer_hostile test_signer_names test_signer_failing test_signer_settings,$(B)/tests/$(t)): | $(B)/helpers/faulty_module.so

# The real program in its real confinement, started as the warden starts it.
tests += test_signer_process
test_signer_process.uses = tests/signer pkcs11/signer firmware/warden firmware/boundary
test_signer_process.packages = libp11 libcrypto libconfuse
$(B)/tests/test_signer_process: | $(B)/bin/keyward-signer
