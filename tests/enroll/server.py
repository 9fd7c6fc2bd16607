#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# An HTTPS server that answers the clients as a broken or hostile CA would.
# usage: server.py PORT CERTIFICATE KEY; the first segment of the path names the behaviour.
import http.server
import json
import ssl
import sys

port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
origin = "https://localhost:%d" % port
posts = {}
PROBLEM = "urn:ietf:params:acme:error:"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def give(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def problem(self, status, kind, detail, **headers):
        body = json.dumps({"type": PROBLEM + kind, "detail": detail}).encode()
        self.give(status, body, "application/problem+json", **headers)

    def do_HEAD(self):
        if self.path.startswith("/no-nonce/"):
            self.give(200)
        elif self.path.startswith("/long-nonce/"):
            self.give(200, Replay_Nonce="A" * 5000)
        else:
            self.give(200, Replay_Nonce="bm9uY2U")

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        there = {"newNonce": origin + "/good/n", "newAccount": origin + "/good/a", "newOrder": origin + "/good/o"}
        if behaviour == "elsewhere":
            there["newNonce"] = "https://localhost:1/n"
        if behaviour == "lacking":
            del there["newOrder"]
        body = json.dumps(there).encode()
        bodies = {
            "no-json": b"<html>", "array": b"[]", "cut": body[:-1], "deep": b'{"a":' + b"[" * 100000,
            "twice": body[:-1] + b',"newNonce":"x"}', "long": b" " * 300000 + body, "number": b'{"newNonce":1}',
        }
        if behaviour == "redirect":
            return self.give(302, Location=origin + "/good/directory")
        self.give(200, bodies.get(behaviour, body))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.path.split("/")[1]
        count = posts[behaviour] = posts.get(behaviour, 0) + 1
        fresh = {"Replay_Nonce": "bm9uY2U%d" % count}
        if behaviour == "bad-nonce" and count <= 2:
            self.problem(400, "badNonce", "take the new one", **fresh)
        elif behaviour == "always-bad-nonce":
            self.problem(400, "badNonce", "take the new one", **fresh)
        elif behaviour == "busy" and count <= 1:
            self.problem(503, "rateLimited", "once more", Retry_After="1", **fresh)
        elif behaviour == "escapes":
            self.problem(403, "unauthorized", "\x1b]0;owned\x07 no \u202e", **fresh)
        elif behaviour == "silent":
            self.give(500, b"", **fresh)
        elif behaviour == "long":
            self.give(200, b"x" * 300000, **fresh)
        elif behaviour == "redirect":
            self.give(307, b"", Location=origin + "/good/admin/enrolment-record", **fresh)
        else:
            self.give(201, b"{}", **fresh)


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
