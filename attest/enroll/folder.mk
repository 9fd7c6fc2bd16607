# The device's client: a Linux program for the device, no part of the appliance.
programs += keyward-enroll
keyward-enroll.folder = attest/enroll
keyward-enroll.uses = attest/tpm ca/client ca/jose firmware/boundary
keyward-enroll.packages = tss2-esys tss2-mu tss2-rc tss2-tcti-device tss2-tcti-swtpm libcurl jansson libcbor libcrypto

tests += test_proof test_renewal_moment
test_proof.uses = attest/enroll firmware/boundary
test_proof.packages = libcrypto
test_renewal_moment.uses = attest/enroll ca/client ca/jose firmware/boundary
test_renewal_moment.packages = libcurl jansson libcrypto

helpers += enroll_tpm
enroll_tpm.file = tests/enroll/enroll_tpm.c
enroll_tpm.uses = attest/enroll attest/tpm ca/client ca/jose firmware/boundary
enroll_tpm.packages = tss2-esys tss2-mu tss2-rc tss2-tcti-device tss2-tcti-swtpm libcurl jansson libcbor libcrypto
