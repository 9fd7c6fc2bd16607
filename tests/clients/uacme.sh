# SPDX-License-Identifier: Apache-2.0
# uacme: http-01 for names and an address, dns-01, change of the account's key, contact, revocation, deactivation. It takes its
# roots from the system's bundle alone.
uacme_does() { limited uacme -a "$url" -c "$work/uacme" -y -v "$@"; }
uacme_gets() { # CHALLENGE NAME...
	UACME_CHALLENGE=$1 uacme_does -h "$here/uacme-hook" issue "${@:2}"
}
trust_root() {
	cat /etc/ssl/certs/ca-certificates.crt "$root" >"$work/bundle.crt" 2>/dev/null || cp "$root" "$work/bundle.crt"
	mount --bind "$work/bundle.crt" /etc/ssl/certs/ca-certificates.crt
}
mkdir -p "$work/uacme"
trust_root
serve_pages
holds "uacme opens an account" uacme_does new uacme@uacme.test
holds "uacme gets a certificate for two names by http-01" uacme_gets http-01 one.uacme.test two.uacme.test
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$work/uacme/one.uacme.test/cert.pem" two.uacme.test
holds "uacme gets one for an address" uacme_gets http-01 127.0.0.1
holds "it names the address" names_exactly "$work/uacme/127.0.0.1/cert.pem" 127.0.0.1
holds "the libraries agree on it" agrees "$work/uacme/127.0.0.1/cert.pem" 127.0.0.1
holds "uacme gets one by dns-01" uacme_gets dns-01 dns.uacme.test
holds "the libraries agree on this one" agrees "$work/uacme/dns.uacme.test/cert.pem" dns.uacme.test
ualpn -4 -b 0.0.0.0@443 -c 127.0.0.1@80 -s "$work/ualpn.sock" >"$work/ualpn.log" 2>&1 &
responder=$!
eventually 5 test -S "$work/ualpn.sock"
holds "uacme gets one for two names by tls-alpn-01" uacme_gets tls-alpn-01 alpn.uacme.test other.alpn.uacme.test
holds "the libraries agree on its second name" agrees "$work/uacme/alpn.uacme.test/cert.pem" other.alpn.uacme.test
holds "uacme gets one for an address by tls-alpn-01" uacme_gets tls-alpn-01 127.0.0.2
holds "the libraries agree on the other address" agrees "$work/uacme/127.0.0.2/cert.pem" 127.0.0.2
kill "$responder" && wait "$responder" 2>/dev/null
uacme_binds() {
	limited uacme -a "$url" -c "$work/uacme-eab" -y -v -e "of-uacme:$(<"$state/eab/uacme")" new eab@uacme.test
}
mkdir -p "$work/uacme-eab"
holds "uacme opens an account with a binding" uacme_binds
holds "uacme changes its account's key" uacme_does newkey
holds "uacme changes its contact with the new key" uacme_does update other@uacme.test
uacme_renews() {
	cp "$work/uacme/one.uacme.test/cert.pem" "$work/before.crt"
	UACME_CHALLENGE=http-01 uacme_does -f -h "$here/uacme-hook" issue one.uacme.test two.uacme.test &&
		! cmp -s "$work/before.crt" "$work/uacme/one.uacme.test/cert.pem"
}
holds "uacme renews with the new key" uacme_renews
uacme_revokes() {
	cp "$work/uacme/dns.uacme.test/cert.pem" "$work/revoked.crt"
	uacme_does -r 5 revoke "$work/uacme/dns.uacme.test/cert.pem"
}
holds "uacme revokes with its account" uacme_revokes
holds "renewal information says so" is_revoked "$work/revoked.crt"
holds "uacme deactivates its account" uacme_does deactivate
stop_pages
