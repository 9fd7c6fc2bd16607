# SPDX-License-Identifier: Apache-2.0
# dehydrated: binding, http-01, dns-01, contact, renewal, revocation, deactivation. It never asks a second time when a nonce is
# refused, so none may be lost.
cat >"$work/dehydrated.conf" <<-END
	CA="$url"
	BASEDIR="$work/dehydrated"
	WELLKNOWN="$work/www/.well-known/acme-challenge"
	CURL_OPTS="--cacert $root"
	CONTACT_EMAIL=dehydrated@dehydrated.test
	EAB_KID=of-dehydrated
	EAB_HMAC_KEY="$(<"$state/eab/dehydrated")"
END
mkdir -p "$work/dehydrated"
dehydrated_does() { limited dehydrated --config "$work/dehydrated.conf" "$@"; }
dehydrated_certs=$work/dehydrated/certs
serve_pages
holds "dehydrated opens an account with a binding" dehydrated_does --register --accept-terms
holds "dehydrated gets a certificate for two names by http-01" dehydrated_does -c -d "one.dehydrated.test two.dehydrated.test"
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$dehydrated_certs/one.dehydrated.test/fullchain.pem" two.dehydrated.test
holds "dehydrated gets one by dns-01" dehydrated_does -c -d dns.dehydrated.test -t dns-01 -k "$here/dehydrated-hook"
holds "the libraries agree on it" agrees "$dehydrated_certs/dns.dehydrated.test/fullchain.pem" dns.dehydrated.test
holds "dehydrated gets one by tls-alpn-01" dehydrated_does -c -d alpn.dehydrated.test -t tls-alpn-01 -k "$here/dehydrated-hook"
holds "the libraries agree on this one" agrees "$dehydrated_certs/alpn.dehydrated.test/fullchain.pem" alpn.dehydrated.test
holds "dehydrated changes its contact" dehydrated_does --account
dehydrated_renews() {
	cp -L "$dehydrated_certs/one.dehydrated.test/cert.pem" "$work/before.crt"
	dehydrated_does -c -x -d "one.dehydrated.test two.dehydrated.test" &&
		! cmp -s "$work/before.crt" "$dehydrated_certs/one.dehydrated.test/cert.pem"
}
holds "dehydrated renews" dehydrated_renews
dehydrated_revokes() {
	cp -L "$dehydrated_certs/one.dehydrated.test/cert.pem" "$work/revoked.crt"
	dehydrated_does -r "$dehydrated_certs/one.dehydrated.test/cert.pem"
}
holds "dehydrated revokes" dehydrated_revokes
holds "renewal information says so" is_revoked "$work/revoked.crt"
holds "dehydrated deactivates its account" dehydrated_does --deactivate
holds "it lost no nonce" never_logged nonce_bad
stop_pages
