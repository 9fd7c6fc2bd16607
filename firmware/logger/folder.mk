# The logger links nothing but its confinement.
programs += keyward-logger
keyward-logger.folder = firmware/logger
keyward-logger.uses = firmware/confine firmware/boundary
keyward-logger.packages = libseccomp

tests += test_line
test_line.uses = firmware/logger firmware/boundary
test_line.packages =
