# keyward-verifier: hostile evidence in, vouchers out. It reads CBOR, TPM structures and DER, and touches nothing.
programs += keyward-verifier
keyward-verifier.folder = attest/verifier
keyward-verifier.uses = attest/token ca/jose firmware/confine firmware/boundary
keyward-verifier.packages = libcrypto libcbor tss2-mu libseccomp

tests += test_statement test_verifier_directories
test_statement.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_statement.packages = libcrypto libcbor tss2-mu
test_verifier_directories.uses = $(test_statement.uses)
test_verifier_directories.packages = $(test_statement.packages)

tests += test_activation test_activation_maker test_activation_keys test_credential
test_activation.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_activation.packages = libcrypto libcbor tss2-mu
test_activation_maker.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_activation_maker.packages = libcrypto libcbor tss2-mu
test_activation_keys.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_activation_keys.packages = libcrypto libcbor tss2-mu
tests += test_activation_creation
test_activation_creation.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_activation_creation.packages = libcrypto libcbor tss2-mu
test_credential.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_credential.packages = libcrypto libcbor tss2-mu

tests += test_root_import
test_root_import.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_root_import.packages = libcrypto libcbor tss2-mu

tests += test_record
test_record.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_record.packages = libcrypto libcbor tss2-mu

tests += test_csr test_csr_names test_finalize
test_csr_names.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_csr_names.packages = libcrypto libcbor tss2-mu
test_csr.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_csr.packages = libcrypto libcbor tss2-mu
test_finalize.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_finalize.packages = libcrypto libcbor tss2-mu
fuzzers += fuzz_csr
fuzz_csr.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
fuzz_csr.packages = libcrypto libcbor tss2-mu

tests += test_verifier_gaps
test_verifier_gaps.uses = attest/verifier attest/token ca/jose firmware/boundary
test_verifier_gaps.packages = libcrypto libcbor tss2-mu

tests += test_oracle test_chain test_chain_memory
test_oracle.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_oracle.packages = libcrypto libcbor tss2-mu
test_chain.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_chain.packages = libcrypto libcbor tss2-mu
test_chain_memory.uses = $(test_chain.uses)
test_chain_memory.packages = $(test_chain.packages)

tests += test_cbor test_tpm_structures
test_cbor.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_cbor.packages = libcrypto libcbor tss2-mu
test_tpm_structures.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_tpm_structures.packages = libcrypto libcbor tss2-mu
tests += test_vectors
test_vectors.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_vectors.packages = libcrypto libcbor tss2-mu
tests += test_key_kinds
test_key_kinds.uses = attest/verifier attest/token ca/jose firmware/boundary
test_key_kinds.packages = libcrypto libcbor tss2-mu
tests += test_apple
test_apple.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_apple.packages = libcrypto libcbor tss2-mu
tests += test_attested
test_attested.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_attested.packages = libcrypto libcbor tss2-mu
tests += test_revocation
test_revocation.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
test_revocation.packages = libcrypto libcbor tss2-mu
