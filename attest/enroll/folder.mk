# The device's client: a Linux program for the device, no part of the appliance.
programs += keyward-enroll
keyward-enroll.folder = attest/enroll
keyward-enroll.uses = ca/client ca/jose firmware/boundary
keyward-enroll.packages = tss2-esys tss2-mu tss2-rc tss2-tcti-device tss2-tcti-swtpm libcurl jansson libcbor libcrypto
