# Run once by a person, as root, unconfined and before anything listens.
programs += keyward-ceremony
keyward-ceremony.folder = pkcs11/ceremony
keyward-ceremony.uses = ca/jose firmware/warden firmware/boundary
keyward-ceremony.packages = libp11 p11-kit-1 libcrypto libconfuse

tests += test_ceremony_token
test_ceremony_token.uses = pkcs11/ceremony
test_ceremony_token.packages = p11-kit-1 libcrypto
