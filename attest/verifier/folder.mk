# keyward-verifier: hostile evidence in, vouchers out. It reads CBOR, TPM structures and DER, and touches nothing.
programs += keyward-verifier
keyward-verifier.folder = attest/verifier
keyward-verifier.uses = ca/jose firmware/confine firmware/boundary
keyward-verifier.packages = libcrypto libcbor tss2-mu libseccomp

tests += test_statement
test_statement.uses = attest/verifier tests/device ca/jose firmware/boundary
test_statement.packages = libcrypto libcbor tss2-mu

tests += test_activation
test_activation.uses = attest/verifier tests/device ca/jose firmware/boundary
test_activation.packages = libcrypto libcbor tss2-mu

tests += test_record
test_record.uses = attest/verifier tests/device ca/jose firmware/boundary
test_record.packages = libcrypto libcbor tss2-mu

tests += test_csr test_finalize
test_csr.uses = attest/verifier tests/device ca/jose firmware/boundary
test_csr.packages = libcrypto libcbor tss2-mu
test_finalize.uses = attest/verifier tests/device ca/jose firmware/boundary
test_finalize.packages = libcrypto libcbor tss2-mu
fuzzers += fuzz_csr
fuzz_csr.uses = attest/verifier tests/device ca/jose firmware/boundary
fuzz_csr.packages = libcrypto libcbor tss2-mu
