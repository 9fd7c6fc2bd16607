# The warden links no cryptography: it reads its configuration and starts the others. The ceremony and the tools take
# configuration*.c from here.
programs += keyward-warden
keyward-warden.folder = firmware/warden
keyward-warden.uses = firmware/boundary
keyward-warden.packages = libconfuse

tests += test_configuration test_configuration_directories
test_configuration.uses = firmware/warden firmware/boundary
test_configuration.packages = libconfuse
test_configuration_directories.uses = $(test_configuration.uses)
test_configuration_directories.packages = $(test_configuration.packages)

tests += test_settings test_settings_roots test_table
test_settings_roots.uses = firmware/warden firmware/boundary
test_settings_roots.packages = libconfuse
test_settings.uses = firmware/warden firmware/boundary
test_settings.packages = libconfuse
test_table.uses = firmware/warden firmware/boundary
test_table.packages = libconfuse

helpers += player
player.file = tests/warden/player.c
player.uses = firmware/boundary
