# The way into confinement and the loop of every child. Links libseccomp, which a program that uses this folder names
# in its packages.
tests += test_confine test_serve
test_confine.uses = firmware/confine firmware/boundary
test_confine.packages = libseccomp
test_serve.uses = firmware/confine firmware/boundary
test_serve.packages = libseccomp
