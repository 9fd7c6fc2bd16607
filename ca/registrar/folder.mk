# the ACME resources, the signed-request path with its roles, and the one database
programs += keyward-registrar
keyward-registrar.folder = ca/registrar
keyward-registrar.uses = ca/jose ca/problem firmware/confine firmware/boundary
keyward-registrar.packages = libcrypto jansson sqlite3 libidn2 libseccomp

tests += test_store test_store_growth test_store_key_change test_nonce
test_store.uses = tests/registrar ca/registrar firmware/boundary
test_store.packages = sqlite3
test_store_growth.uses = $(test_store.uses)
test_store_growth.packages = $(test_store.packages)
test_store_key_change.uses = $(test_store.uses)
test_store_key_change.packages = $(test_store.packages)
tests += test_store_sync
test_store_sync.uses = $(test_store.uses)
test_store_sync.packages = $(test_store.packages)
test_nonce.uses = ca/registrar ca/jose firmware/boundary
test_nonce.packages = libcrypto

registrar_tests := $(addprefix test_registrar_,requests accounts eab key_change orders challenges finalize ak attestation_ca takeover growth revoke renewal limits names requirements directories records)
tests += $(registrar_tests)
$(foreach t,$(registrar_tests),$(eval $(t).uses = tests/registrar ca/registrar ca/jose ca/problem firmware/boundary))
$(foreach t,$(registrar_tests),$(eval $(t).packages = libcrypto jansson sqlite3 libidn2))

tests += test_idna
test_idna.uses = ca/registrar
test_idna.packages = libidn2

tests += test_renewal_id test_limit
test_renewal_id.uses = ca/registrar ca/jose ca/problem firmware/boundary
test_renewal_id.packages = libcrypto jansson sqlite3
test_limit.uses = ca/registrar firmware/boundary
test_limit.packages = libcrypto

fuzzers += fuzz_renewal_id
fuzz_renewal_id.uses = ca/registrar ca/jose firmware/boundary
fuzz_renewal_id.packages = libcrypto jansson sqlite3
