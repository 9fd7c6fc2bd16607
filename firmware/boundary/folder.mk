# messages, refusals, status, wire, channel, link; voucher.c links libcrypto, so only who vouches or checks takes it in
tests += test_wire test_channel test_link test_voucher
test_wire.uses = firmware/boundary
test_channel.uses = firmware/boundary
test_link.uses = firmware/boundary
test_voucher.uses = firmware/boundary
test_voucher.packages = libcrypto

fuzzers += fuzz_wire
fuzz_wire.uses = firmware/boundary

tests += test_identifier
test_identifier.uses = firmware/boundary
