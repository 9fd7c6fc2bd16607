# the confinement matrix: a tracer that has the running programs make the system calls of matrix.def
helpers += matrix
matrix.file = tests/confinement/main.c
matrix.uses = tests/confinement firmware/confine firmware/boundary
matrix.packages = libseccomp
