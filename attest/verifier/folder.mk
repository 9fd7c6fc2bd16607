# keyward-verifier: hostile evidence in, vouchers out. It reads CBOR, TPM structures and DER, and touches nothing.
programs += keyward-verifier
keyward-verifier.folder = attest/verifier
keyward-verifier.uses = ca/jose firmware/confine firmware/boundary
keyward-verifier.packages = libcrypto libcbor tss2-mu libseccomp
