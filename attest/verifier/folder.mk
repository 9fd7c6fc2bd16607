# keyward-verifier: hostile evidence in, vouchers out. It reads CBOR, TPM structures and DER, and touches nothing.
programs += keyward-verifier
keyward-verifier.folder = attest/verifier
keyward-verifier.uses = ca/jose firmware/confine firmware/boundary
keyward-verifier.packages = libcrypto libcbor tss2-mu libseccomp

tests += test_statement
test_statement.uses = attest/verifier tests/device ca/jose firmware/boundary
test_statement.packages = libcrypto libcbor tss2-mu
