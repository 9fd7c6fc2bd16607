# keyward-listener: the network's side of the appliance
programs += keyward-listener
keyward-listener.folder = ca/listener
keyward-listener.uses = ca/problem ca/jose firmware/confine firmware/boundary
keyward-listener.packages = libmicrohttpd gnutls libseccomp

tests += test_head test_listener test_listener_life
test_head.uses = ca/listener ca/problem ca/jose firmware/boundary
test_head.packages = libmicrohttpd gnutls
test_listener.uses = ca/listener ca/problem ca/jose tests/http firmware/boundary
test_listener.packages = libmicrohttpd gnutls
test_listener_life.uses = $(test_listener.uses)
test_listener_life.packages = libmicrohttpd gnutls

fuzzers += fuzz_head
fuzz_head.uses = ca/listener ca/problem ca/jose firmware/boundary
fuzz_head.packages = libmicrohttpd gnutls
