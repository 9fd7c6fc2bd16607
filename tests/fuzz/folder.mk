# fuzzers of the verifier's parsers; those of other folders stand in their own folder.mk
fuzzers += fuzz_cbor fuzz_statement fuzz_certificate fuzz_android_key fuzz_revocation
fuzz_cbor.uses = attest/verifier firmware/boundary
fuzz_cbor.packages = libcbor
fuzz_statement.uses = attest/verifier attest/token ca/jose firmware/boundary
fuzz_statement.packages = tss2-mu libcrypto libcbor
fuzz_certificate.uses = attest/verifier firmware/boundary
fuzz_certificate.packages = libcrypto
fuzz_revocation.uses = attest/verifier ca/jose firmware/boundary
fuzz_revocation.packages = libcrypto
fuzz_android_key.uses = attest/verifier firmware/boundary
fuzz_android_key.packages = libcrypto
