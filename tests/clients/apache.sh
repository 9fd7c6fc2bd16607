# SPDX-License-Identifier: Apache-2.0
# Apache's mod_md: http-01 and tls-alpn-01 by the server itself, and renewal information.
apache_modules=/usr/lib/apache2/modules
cat >"$work/apache.conf" <<-END
	ServerRoot "$work/apache"
	PidFile "$work/apache/pid"
	ErrorLog "$work/apache/log"
	LogLevel warn md:debug
	User www-data
	Group www-data
	$(for module in mpm_event authz_core unixd socache_shmcb ssl watchdog md; do
		file=$apache_modules/mod_$module.so
		[[ -e $file ]] && echo "LoadModule ${module}_module $file"
	done)
	Listen 80
	Listen 443
	ServerName localhost
	Protocols http/1.1 acme-tls/1
	MDStoreDir "$work/apache/md"
	MDCertificateAuthority $url
	MDCACertificateFile "$work/root.pem"
	MDCertificateAgreement accepted
	MDContactEmail apache@apache.test
	MDPrivateKeys P-256
	MDRenewViaARI on
	MDCAChallenges \${CHALLENGE}
	MDChallengeDns01 "$work/apache-hook"
	MDomain \${NAME}.apache.test \${OTHER}.\${NAME}.apache.test
	\${BINDING}
	<VirtualHost *:443>
	ServerName \${NAME}.apache.test
	ServerAlias \${OTHER}.\${NAME}.apache.test
	SSLEngine on
	</VirtualHost>
END
mkdir -p "$work/apache"
cp "$root" "$work/root.pem"
install -m 755 "$here/apache-hook" "$work/apache-hook" # the clone may lie where Apache's user sees nothing
apache_starts() { # NAME CHALLENGE [OTHER-NAME [DIRECTIVE]]
	apache_name=$1
	NAME=$1 CHALLENGE=$2 OTHER=${3:-other} BINDING=${4:-} apache2 -d "$work/apache" -f "$work/apache.conf" -DFOREGROUND >"$work/apache/said" 2>&1 &
	apache=$!
	eventually 5 test -s "$work/apache/pid"
}
serve_asks() { # of apache-hook
	local action name value
	mkfifo -m 666 "$work/apache/asks" "$work/apache/answers"
	while read -r action name value; do
		names "$action" "$name" "$value" && echo done >"$work/apache/answers"
	done <>"$work/apache/asks"
}
apache_stops() {
	kill "$apache"
	wait "$apache" 2>/dev/null
	rm -f "$work/apache/pid"
	return 0
}
apache_has() { compgen -G "$work/apache/md/$1/$apache_name.apache.test/pubcert*.pem" >/dev/null; }
apache_gets() { # NAME CHALLENGE ...: staged by the first run, taken at the next start
	apache_starts "$@"
	eventually 40 apache_has staging || { tail -n 30 "$work/apache/log"; apache_stops; return 1; }
	apache_stops
	apache_starts "$@"
	eventually 10 apache_has domains
}
shows() { # NAME
	openssl s_client -connect 127.0.0.1:443 -servername "$1" -showcerts -CAfile "$root" -verify_return_error \
		-verify_hostname "$1" </dev/null 2>/dev/null | sed -n '/BEGIN/,/END/p' >"$work/shown.pem"
	[[ -s $work/shown.pem ]]
}
holds "Apache gets a certificate for two names by http-01" apache_gets one http-01
holds "it shows it" eventually 10 shows other.one.apache.test
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$work/shown.pem" other.one.apache.test
asks_for_renewal() { grep -qE 'GET #[0-9]+ ARI from|CA advises renew via ARI' "$work/apache/log"; }
holds "it asks for renewal information" eventually 10 asks_for_renewal
apache_stops
holds "Apache gets one by tls-alpn-01" apache_gets two tls-alpn-01
holds "it shows this one too" eventually 10 shows two.apache.test
apache_stops
apache_revoked() { # its certificate, by the key of it
	local of=$work/apache/md/domains/two.apache.test
	cp "$(compgen -G "$of/pubcert*.pem")" "$work/before.crt"
	limited certbot revoke -n --server "$url" --config-dir "$work/apache/certbot" --work-dir "$work/apache/certbot" \
		--logs-dir "$work/apache/certbot" --cert-path "$work/before.crt" --key-path "$(compgen -G "$of/privkey*.pem")" \
		--no-delete-after-revoke
}
holds "its certificate is revoked" apache_revoked
apache_renews() {
	: >"$work/apache/log"
	apache_starts two tls-alpn-01
	eventually 20 apache_has staging || { tail -n 30 "$work/apache/log"; apache_stops; return 1; }
	apache_stops
	asks_for_renewal
}
holds "Apache renews it, as renewal information says" apache_renews
serve_asks &
holds "Apache gets a wildcard by dns-01, with a binding" apache_gets three dns-01 '*' \
	"MDExternalAccountBinding of-apache $(<"$state/eab/apache")"
holds "it shows the wildcard" eventually 10 shows any.three.apache.test
holds "the libraries agree on the wildcard" agrees "$work/shown.pem" any.three.apache.test
apache_stops
