# SPDX-License-Identifier: Apache-2.0
"""An HTTPS server between the device's client and the real appliance, which passes on what it is not told to spoil."""
import http.client
import http.server
import json
import ssl
import threading


def kind_of(method, path):
    """What a request asks for: nonce, directory, account, order, challenge, finalize, certificate, entry ..."""
    words = path.strip("/").split("/")[2:]
    if words[0] == "order":
        return words[2] if len(words) > 2 else "poll"
    return {"new-nonce": "nonce", "new-account": "account", "new-order": "order"}.get(
        words[0], words[2] if len(words) > 2 and words[0] not in ("challenge", "authorization") else words[0])


class Between:
    def __init__(self, port, certificate, key):
        self.port = port
        self.begin()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = lambda *_: None
            do_GET = do_HEAD = do_POST = lambda self: outer.serve(self)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def begin(self, spoil=None):
        """spoil(kind, n, forward), for the n-th request of its kind: None to pass it on, or (status, headers, body), or
        "hang up". forward() passes it on and gives the answer."""
        self.spoil, self.asked, self.bodies = spoil, [], []

    def forward(self, method, path, body, headers):
        upstream = http.client.HTTPSConnection("127.0.0.2", self.port, context=ssl._create_unverified_context())
        upstream.request(method, path, body, headers)
        answer = upstream.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in ("content-length", "connection")}
        return answer.status, kept, answer.read()

    def fresh_nonce(self):
        return self.forward("HEAD", "/acme/devices/new-nonce", None, {"Host": f"localhost:{self.port}"})[1]["Replay-Nonce"]

    def serve(self, request):
        kind = kind_of(request.command, request.path)
        size = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(size) if size else None
        self.asked.append(kind)
        self.bodies.append(body)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
        forward = lambda: self.forward(request.command, request.path, body, headers)
        answer = self.spoil(kind, self.asked.count(kind), forward) if self.spoil else None
        if answer == "hang up":
            request.close_connection = True
            return request.connection.close()
        status, kept, content = answer or forward()
        request.send_response(status)
        for name, value in kept.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        try:
            if request.command != "HEAD":
                request.wfile.write(content)
        except OSError:
            request.close_connection = True  # a client that was killed


def problem(status, refusal, kind="unauthorized", **headers):
    document = {"type": "urn:ietf:params:acme:error:" + kind, "status": status, "detail": "for the test", "refusal": refusal}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/problem+json", **named}, json.dumps(document).encode()
