# SPDX-License-Identifier: Apache-2.0
# python3-acme: what other clients do not do by themselves.
python_does() { limited /usr/bin/python3 -W ignore "$here/python-acme" "$url" "$1" "$work"; }
python_goes_on() { never_logged nonce_bad && python_does spent-nonce && was_logged nonce_bad; }
holds "python3-acme gets a certificate by http-01" python_does issue
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$work/python.pem" one.python.test
holds "it gets one for two wildcards by dns-01" python_does issue-dns
holds "the libraries agree on the second" agrees "$work/python.pem" any.b.python.test
holds "its tls-alpn-01, of a draft, is refused with what is missing" python_does draft-alpn
holds "it gets one for a name and an address by http-01" python_does issue-address
holds "it names both" names_exactly "$work/python.pem" named.python.test 127.0.0.1
holds "the libraries agree on the address" agrees "$work/python.pem" 127.0.0.1
holds "it goes on with the fresh nonce when one is refused, and the log says so" python_goes_on
holds "it revokes with the certificate's own key" python_does revoke
holds "it revokes no second time" python_does revoke-again
holds "it gives an authorization up, and the order with it" python_does give-up
holds "it finds its account again, and not one that there is none of" python_does find
holds "it sees an order fail with the name that failed in a subproblem" python_does fail
holds "it deactivates its account, which then may do nothing" python_does deactivate
