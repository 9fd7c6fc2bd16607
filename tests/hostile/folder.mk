# what tests/hostile/check starts: the impostor, and one program for each process that it plays hijacked
helpers += impostor hostile-registrar hostile-listener hostile-verifier hostile-logger
impostor.file = tests/hostile/impostor.c
hostile_folders = tests/hostile tests/device attest/verifier ca/jose firmware/boundary
hostile-registrar.file = tests/hostile/registrar.c
hostile-registrar.uses = $(hostile_folders)
hostile-registrar.packages = cmocka libcrypto tss2-mu
hostile-listener.file = tests/hostile/listener.c
hostile-listener.uses = $(hostile_folders)
hostile-listener.packages = cmocka libcrypto tss2-mu
hostile-verifier.file = tests/hostile/verifier.c
hostile-verifier.uses = $(hostile_folders)
hostile-verifier.packages = cmocka libcrypto tss2-mu
hostile-logger.file = tests/hostile/logger.c
hostile-logger.uses = $(hostile_folders)
hostile-logger.packages = cmocka libcrypto tss2-mu
