# statements of software devices as files, for the judge of tests/judge/check
helpers += judge-samples
judge-samples.file = tests/judge/samples.c
judge-samples.uses = tests/device firmware/boundary
judge-samples.packages = libcrypto tss2-mu
