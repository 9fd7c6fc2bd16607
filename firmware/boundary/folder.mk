# messages, refusals, status, wire, channel, link; voucher.c links libcrypto, so only who vouches or checks takes it in
