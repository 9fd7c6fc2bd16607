programs += keyward-sealer keyward-seal
keyward-sealer.folder = attest/sealer
keyward-sealer.uses = attest/tpm firmware/confine firmware/boundary
keyward-sealer.packages = tss2-esys tss2-mu tss2-tcti-device tss2-tcti-swtpm libcrypto libseccomp
# run at set-up and after a change, as root, unconfined: it alone writes what is sealed
keyward-seal.folder = attest/sealer/seal
keyward-seal.uses = attest/sealer attest/tpm firmware/warden firmware/boundary
keyward-seal.packages = tss2-esys tss2-mu tss2-tcti-device tss2-tcti-swtpm libcrypto libconfuse

tests += test_sealer_measure test_sealer_tpm
test_sealer_measure.uses = attest/sealer firmware/boundary
test_sealer_measure.packages = libcrypto
test_sealer_tpm.uses = attest/sealer attest/tpm tests/sealer firmware/boundary
test_sealer_tpm.packages = tss2-esys tss2-mu tss2-tcti-device tss2-tcti-swtpm libcrypto
# stands beside the sealer under the real warden in tests/sealer
helpers += asker
asker.file = tests/sealer/asker.c
asker.uses = firmware/boundary
# frees memory as a library does, so that tests/sealer sees whether it is wiped
helpers += forgetter
forgetter.file = tests/sealer/forgetter.c
forgetter.uses = attest/sealer attest/tpm firmware/boundary
forgetter.packages = tss2-esys tss2-mu tss2-tcti-device tss2-tcti-swtpm libcrypto
