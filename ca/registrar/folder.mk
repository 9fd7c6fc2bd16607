# the ACME resources, the signed-request path with its roles, and the one database
programs += keyward-registrar
keyward-registrar.folder = ca/registrar
keyward-registrar.uses = ca/jose ca/problem firmware/confine firmware/boundary
keyward-registrar.packages = libcrypto jansson sqlite3 libseccomp

tests += test_store test_nonce test_registrar_requests test_registrar_orders test_registrar_takeover
test_store.uses = ca/registrar firmware/boundary
test_store.packages = sqlite3
tests += test_store_sync
test_store_sync.uses = ca/registrar firmware/boundary
test_store_sync.packages = sqlite3
test_nonce.uses = ca/registrar ca/jose firmware/boundary
test_nonce.packages = libcrypto
registrar_bench := tests/registrar ca/registrar ca/jose ca/problem firmware/boundary
test_registrar_requests.uses = $(registrar_bench)
test_registrar_requests.packages = libcrypto jansson sqlite3
test_registrar_orders.uses = $(registrar_bench)
test_registrar_orders.packages = libcrypto jansson sqlite3
test_registrar_takeover.uses = $(registrar_bench)
test_registrar_takeover.packages = libcrypto jansson sqlite3
