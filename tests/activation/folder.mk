# what tests/activation/check asks: the verifier's own code, one step a call. It needs attest/verifier and tests/device.
helpers += activation
activation.file = tests/activation/activation.c
activation.uses = attest/verifier attest/token tests/device ca/jose firmware/boundary
activation.packages = libcrypto libcbor tss2-mu
