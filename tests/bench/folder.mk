# what `make bench` starts: the load client with its software TPMs, and the measures beside it
helpers += bench
bench.file = tests/bench/main.c
bench.uses = tests/bench tests/device firmware/boundary
bench.packages = libssl libcrypto jansson tss2-mu p11-kit-1
helpers += bench-judge
bench-judge.file = tests/bench/judge/judge.c
bench-judge.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
bench-judge.packages = libcrypto libcbor tss2-mu
