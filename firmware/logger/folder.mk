# The logger links nothing but its confinement.
programs += keyward-logger
keyward-logger.folder = firmware/logger
keyward-logger.uses = firmware/confine firmware/boundary
keyward-logger.packages = libseccomp

tests += test_line test_logger
test_line.uses = firmware/logger firmware/boundary
# the real program in its real confinement, started as the warden starts it
test_logger.uses = firmware/warden firmware/boundary
$(B)/tests/test_logger: | $(B)/bin/keyward-logger
