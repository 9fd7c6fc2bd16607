# SPDX-License-Identifier: Apache-2.0
# python3-acme: what other clients do not do by themselves.
python_does() { limited /usr/bin/python3 -W ignore "$here/python-acme" "$url" "$1" "$work"; }
holds "python3-acme gets a certificate by http-01" python_does issue
holds "OpenSSL, GnuTLS and NSS agree on it" agrees "$work/python.pem" one.python.test
holds "it revokes with the certificate's own key" python_does revoke
holds "it revokes no second time" python_does revoke-again
holds "it gives an authorization up, and the order with it" python_does give-up
holds "it finds its account again, and not one that there is none of" python_does find
holds "it sees an order fail with the name that failed in a subproblem" python_does fail
holds "it deactivates its account, which then may do nothing" python_does deactivate
