# What a server's example of keyward.conf has in other words than the demonstration's.
1,3c\
# SPDX-License-Identifier: Apache-2.0\
# A Keyward appliance on a server with a TPM 2.0: change what says ca.example, the token and the TPM makers' roots, then run\
# keyward-ceremony(8); see keyward(8). Every key is described in keyward.conf(5). Relative paths start at this file's folder.
s|^state = "state"|state = "/var/lib/keyward/state"|
s|address = "127.0.0.1"|address = "0.0.0.0"|
s|name = "localhost"|name = "ca.example"|
s|origin = "localhost/keyward"|origin = "ca.example/keyward"|
s|https://localhost:|https://ca.example:|
s|^# The appliance's own TPM: .*|# The appliance's own TPM. The register must be zero when the machine has started: with Secure Boot shim uses 14.|
s|path = "tpm"|path = "/dev/tpmrm0"|
s|tcti = "swtpm:path=/tpm/socket"|tcti = "device:/tpm"|
s|pcr = 14|pcr = 15|
s|virtual_tpm = true.*|virtual_tpm = false|
s|assurance = 1\t|assurance = 2\t|
