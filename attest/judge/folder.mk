# keyward-judge: the verifier's judgement of one statement, offline, for who asks why.
programs += keyward-judge
keyward-judge.folder = attest/judge
keyward-judge.uses = attest/verifier attest/token ca/jose firmware/boundary
keyward-judge.packages = libcrypto libcbor tss2-mu
