# The administrators' tool.
programs += keyward-control
keyward-control.folder = ca/control
keyward-control.uses = attest/verifier ca/client ca/jose firmware/boundary
keyward-control.packages = libcurl libcrypto
