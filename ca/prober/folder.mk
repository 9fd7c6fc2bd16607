# keyward-prober: names in, vouchers out. It is the one process that reaches the network by itself.
programs += keyward-prober
keyward-prober.folder = ca/prober
keyward-prober.uses = attest/token ca/jose firmware/confine firmware/boundary
keyward-prober.packages = libcurl libcares libssl libcrypto libseccomp

tests += test_prober
test_prober.uses = ca/prober attest/token tests/prober ca/jose firmware/boundary
test_prober.packages = libcurl libcares libssl libcrypto

fuzzers += fuzz_acme_certificate
fuzz_acme_certificate.uses = ca/prober firmware/boundary
fuzz_acme_certificate.packages = libcurl libcares libssl libcrypto
