# The signed requests: base64url, JSON, JWK, JWS; no program of its own.
tests += test_base64url test_json test_jwk test_jws
test_base64url.uses = ca/jose firmware/boundary
test_json.uses = ca/jose firmware/boundary
test_jwk.uses = ca/jose firmware/boundary
test_jwk.packages = libcrypto
test_jws.uses = ca/jose firmware/boundary
test_jws.packages = libcrypto
fuzzers += fuzz_json fuzz_jws
fuzz_json.uses = ca/jose firmware/boundary
fuzz_jws.uses = ca/jose firmware/boundary
fuzz_jws.packages = libcrypto
