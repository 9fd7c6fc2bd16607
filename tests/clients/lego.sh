# SPDX-License-Identifier: Apache-2.0
# lego: http-01, tls-alpn-01, dns-01 with wildcard, external account binding, renewal, revocation.
export LEGO_CA_CERTIFICATES=$root EXEC_PATH=$here/lego-hook EXEC_POLLING_INTERVAL=1 EXEC_SEQUENCE_INTERVAL=1
lego_does() { # ARGUMENTS...
	limited lego --server "$url" --accept-tos --email lego@lego.test --path "$work/lego" "$@"
}
lego_chain=$work/lego/certificates

holds "lego gets a certificate for two names by http-01" lego_does -d one.lego.test -d two.lego.test --http run
holds "it names the two" names_exactly "$lego_chain/one.lego.test.crt" one.lego.test two.lego.test
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$lego_chain/one.lego.test.crt" two.lego.test
holds "each of them sees a changed signature" all_refuse_changed "$lego_chain/one.lego.test.crt" two.lego.test
holds "lego gets one by tls-alpn-01" lego_does -d alpn.lego.test --tls run
holds "the libraries agree on it" agrees "$lego_chain/alpn.lego.test.crt" alpn.lego.test
lego_by_dns() { lego_does -d '*.wild.lego.test' -d wild.lego.test --dns exec --dns.disable-cp --dns.resolvers 127.0.0.1:53 run; }
for i in {1..4}; do # more than a packet of UDP takes
	names add _acme-challenge.wild.lego.test "$(printf 'somebody-else-%s-%0180d' "$i" 0)"
done
holds "lego gets a wildcard beside its name by dns-01, among records that take TCP" lego_by_dns
holds "the libraries agree on the wildcard" agrees "$lego_chain/_.wild.lego.test.crt" any.wild.lego.test
lego_renews() {
	cp "$lego_chain/one.lego.test.crt" "$work/before.crt"
	lego_does -d one.lego.test -d two.lego.test --http renew --days 90 --no-random-sleep &&
		! cmp -s "$work/before.crt" "$lego_chain/one.lego.test.crt"
}
holds "lego renews" lego_renews
holds "the libraries agree on what it renewed to" agrees "$lego_chain/one.lego.test.crt" one.lego.test
lego_revokes() {
	cp "$lego_chain/alpn.lego.test.crt" "$work/revoked.crt"
	lego_does -d alpn.lego.test revoke --reason 4
}
holds "lego revokes" lego_revokes
holds "renewal information says so" is_revoked "$work/revoked.crt"
lego_binds() {
	limited lego --server "$url" --accept-tos --email eab@lego.test --path "$work/lego-eab" --eab --kid of-lego \
		--hmac "$(<"$state/eab/lego")" -d eab.lego.test --http run
}
holds "lego opens an account with a binding" lego_binds
lego_is_refused() { # $? and what it said
	limited lego --server "$url" --accept-tos --email outside@lego.test --path "$work/lego-outside" -d www.example.com --http run \
		>"$work/out.said" 2>&1 && return 1
	said 'rejectedIdentifier'
}
holds "a name outside the envelope is refused to lego by name" lego_is_refused
