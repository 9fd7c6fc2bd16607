# SPDX-License-Identifier: Apache-2.0
# certbot: http-01, dns-01 by hooks, renewal, contact, revocation by account and by the certificate's key, deactivation.
certbot_does() { # ARGUMENTS...
	limited certbot "$@" --server "$url" -n --config-dir "$work/certbot" --work-dir "$work/certbot-work" \
		--logs-dir "$work/certbot-logs"
}
certbot_gets() { # ARGUMENTS...
	certbot_does certonly --agree-tos -m certbot@certbot.test "$@"
}
certbot_live=$work/certbot/live

holds "certbot gets a certificate for two names by http-01" \
	certbot_gets --standalone -d one.certbot.test -d two.certbot.test --cert-name one
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$certbot_live/one/fullchain.pem" two.certbot.test
holds "certbot gets a wildcard and an RSA key by dns-01" \
	certbot_gets --manual --preferred-challenges dns --manual-auth-hook "$here/certbot-hook add" \
	--manual-cleanup-hook "$here/certbot-hook remove" --key-type rsa -d '*.certbot.test' -d certbot.test --cert-name wild
holds "the libraries agree on the wildcard" agrees "$certbot_live/wild/fullchain.pem" any.certbot.test
certbot_renews() {
	cp "$certbot_live/one/cert.pem" "$work/before.crt"
	certbot_does renew --force-renewal --no-random-sleep-on-renew --cert-name one &&
		! cmp -s "$work/before.crt" "$certbot_live/one/cert.pem"
}
holds "certbot renews" certbot_renews
holds "certbot changes its contact" certbot_does update_account -m other@certbot.test
certbot_revokes_by_account() {
	cp "$certbot_live/one/cert.pem" "$work/revoked.crt"
	certbot_does revoke --cert-name one --reason superseded --no-delete-after-revoke
}
holds "certbot revokes with its account" certbot_revokes_by_account
holds "renewal information says so" is_revoked "$work/revoked.crt"
certbot_revokes_by_key() {
	cp "$certbot_live/wild/cert.pem" "$work/revoked.crt"
	certbot_does revoke --cert-path "$certbot_live/wild/cert.pem" --key-path "$certbot_live/wild/privkey.pem" \
		--reason keycompromise --no-delete-after-revoke
}
holds "certbot revokes with the certificate's RSA key" certbot_revokes_by_key
holds "renewal information says so of this one too" is_revoked "$work/revoked.crt"
certbot_binds() {
	limited certbot register --server "$url" -n --agree-tos -m eab@certbot.test --config-dir "$work/certbot-eab" \
		--work-dir "$work/certbot-work" --logs-dir "$work/certbot-logs" --eab-kid of-certbot --eab-hmac-key "$(<"$state/eab/certbot")"
}
holds "certbot opens an account with a binding" certbot_binds
holds "certbot deactivates its account" certbot_does unregister
