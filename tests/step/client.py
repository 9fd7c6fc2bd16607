#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Enrols as step CLI does with a TPM (step ca certificate --attestation-uri tpmkms:..., smallstep/crypto tpm/attestation): first the
attestation key at /attest and /secret, then an order with its habits. The TPM is reached by tpm2-tools, but for TPM2_Certify, which
they cannot give qualifying data. Says one line a step; whatever fails ends it.
usage: client.py URL-OF-DIRECTORY ROOT-PEM TPM-SOCKET FOLDER EK AK KEY [HABIT...]
   EK rsa, ecc384; AK rsa, ecc; KEY rsa, ecc
   HABIT old: as step CLI before 0.25; keep: the secret is sent twice; guess: a wrong secret; lie=NAME: that part of the evidence is
   another activation's; stop: no order"""
import base64, hashlib, http.client, json, os, socket, ssl, struct, subprocess, sys, time, urllib.parse
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography import x509

url, root, tpm, folder, ek_kind, ak_kind, key_kind = sys.argv[1:8]
habits = sys.argv[8:]
base = urllib.parse.urlsplit(url)
os.environ["TPM2TOOLS_TCTI"] = "swtpm:path=" + tpm
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
trust = ssl.create_default_context(cafile=root)


def tool(name, *words):
    subprocess.run(["tpm2_" + name, *words], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["tpm2_flushcontext", "-t"], check=True, stdout=subprocess.DEVNULL)


def read(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, octets):
    with open(name, "wb") as file:
        file.write(octets)


def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPSConnection(base.hostname, base.port, timeout=10)
    plain = socket.create_connection(("127.0.0.1", base.port), timeout=10)  # a fresh system has no name localhost
    connection.sock = trust.wrap_socket(plain, server_hostname=base.hostname)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


# ---- the TPM ----

KINDS = {"rsa": ("rsa2048", "rsassa"), "ecc": ("ecc256", "ecdsa")}
AK = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"
KEY = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"


def spki_of(public_file):
    pem = subprocess.run(["tpm2_print", "-t", "TPM2B_PUBLIC", "-f", "pem", public_file], check=True, capture_output=True).stdout
    return serialization.load_pem_public_key(pem).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def make_ak():
    algorithm, scheme = KINDS[ak_kind]
    tool("createprimary", "-Q", "-C", "o", "-c", "srk.ctx")
    tool("create", "-Q", "-C", "srk.ctx", "-G", f"{algorithm}:{scheme}-sha256:null", "-a", AK, "-u", "ak.pub", "-r", "ak.priv",
         "--creation-data", "ak.data", "-d", "ak.hash", "-t", "ak.ticket")
    tool("load", "-Q", "-C", "srk.ctx", "-u", "ak.pub", "-r", "ak.priv", "-c", "ak.ctx")
    tool("certifycreation", "-Q", "-C", "ak.ctx", "-c", "ak.ctx", "-d", "ak.hash", "-t", "ak.ticket", "-g", "sha256", "-s", scheme,
         "-o", "ak.signature", "--attestation", "ak.attest")


def activate(credential, secret):
    write("credential", bytes.fromhex("badcc0de00000001") + credential + secret)
    words = ["activatecredential", "-Q", "-c", "ak.ctx", "-C", "ek.ctx", "-i", "credential", "-o", "secret"]
    if ek_kind == "rsa":  # of the low range: by policy
        subprocess.run(["tpm2_startauthsession", "--policy-session", "-S", "session"], check=True)
        subprocess.run(["tpm2_policysecret", "-Q", "-S", "session", "-c", "e"], check=True)
        tool(*words, "-P", "session:session")
        subprocess.run(["tpm2_flushcontext", "session"], check=True)
    else:
        tool(*words)
    return read("secret")


def send(command):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(tpm)
        link.sendall(command)
        answer = link.recv(4096)
        while len(answer) < struct.unpack(">I", answer[2:6])[0]:
            answer += link.recv(4096)
    assert answer[6:10] == bytes(4), answer.hex()
    return answer


PERSISTENT_AK, PERSISTENT_KEY = "0x8101aa00", "0x8101aa01"


def certify(qualifying):
    """TPM2_Certify of the key by the AK, both persistent meanwhile."""
    tool("evictcontrol", "-Q", "-C", "o", "-c", "ak.ctx", PERSISTENT_AK)
    tool("evictcontrol", "-Q", "-C", "o", "-c", "key.ctx", PERSISTENT_KEY)
    password = struct.pack(">IHBH", 0x40000009, 0, 0, 0)
    rest = struct.pack(">II", int(PERSISTENT_KEY, 16), int(PERSISTENT_AK, 16)) + struct.pack(">I", 2 * len(password)) + 2 * password
    rest += struct.pack(">H", len(qualifying)) + qualifying + struct.pack(">H", 0x0010)
    try:
        answer = send(struct.pack(">HII", 0x8002, 10 + len(rest), 0x148) + rest)
    finally:
        tool("evictcontrol", "-Q", "-C", "o", "-c", PERSISTENT_AK)
        tool("evictcontrol", "-Q", "-C", "o", "-c", PERSISTENT_KEY)
    size = struct.unpack(">I", answer[10:14])[0]
    body = answer[14:14 + size]
    length = struct.unpack(">H", body[:2])[0]
    return body[2:2 + length], body[2 + length:]


def make_key():
    algorithm, _ = KINDS[key_kind]
    tool("create", "-Q", "-C", "srk.ctx", "-G", f"{algorithm}:null:null" if key_kind == "rsa" else algorithm, "-a", KEY, "-u", "key.pub",
         "-r", "key.priv")
    tool("load", "-Q", "-C", "srk.ctx", "-u", "key.pub", "-r", "key.priv", "-c", "key.ctx")


def sign(octets):
    write("to-sign", octets)
    tool("sign", "-Q", "-c", "key.ctx", "-g", "sha256", "-s", KINDS[key_kind][1], "-f", "plain", "-o", "signed", "to-sign")
    return read("signed")


# ---- the attestation CA ----

def b64(octets):
    return base64.b64encode(octets).decode()


def ek_certificates():
    found = {}
    for kind, index in (("rsa", "0x01c00002"), ("ecc384", "0x01c00016")):
        tool("nvread", "-C", "o", index, "-o", kind + ".der")
        found[kind] = read(kind + ".der")
    return found


def attest_request():
    certificates = ek_certificates()
    parts = {"public": read("ak.pub")[2:], "createData": read("ak.data")[2:], "createAttestation": read("ak.attest"),
             "createSignature": read("ak.signature")}
    for habit in habits:
        if habit.startswith("lie="):
            name = habit[4:]
            before = read("before/" + name)
            parts[name] = before if before != parts[name] else before[:-1] + bytes([before[-1] ^ 1])  # one AK is made like another
    os.makedirs("before", exist_ok=True)
    for name, octets in parts.items():
        write("before/" + name, octets)
    params = {name: b64(octets) for name, octets in parts.items()}
    if "old" in habits:  # all certificates that the TPM has, and a key only where there is none
        return {"version": 2, "ek": None, "ekCerts": [b64(certificates["ecc384"]), b64(certificates["rsa"])], "akCert": None,
                "params": dict(params, useTCSDActivationFormat=False)}
    return {"tpmInfo": {"version": 2, "manufacturer": "1229081856", "model": "swtpm", "firmwareVersion": "8217.4131"},
            "ek": b64(spki_of("ek.pub")), "ekCerts": [b64(certificates[ek_kind])], "params": params}


def post_plain(name, body):
    answer, text = ask("POST", base.path + "/" + name, json.dumps(body))  # without a media type
    if answer.status >= 300:
        sys.exit(f"/{name} answered {answer.status}: {json.loads(text).get('detail')}")
    return json.loads(text)


def enrol_ak():
    answer = post_plain("attest", attest_request())
    secret = activate(base64.b64decode(answer["credential"], validate=True), base64.b64decode(answer["secret"], validate=True))
    print(f"the TPM gave a secret of {len(secret)} octets")
    if "guess" in habits:
        secret = os.urandom(32)
    chain = post_plain("secret", {"secret": b64(secret)})["chain"]
    if "keep" in habits:
        assert post_plain("secret", {"secret": b64(secret)})["chain"] == chain
        print("the secret sent again gave the same chain")
    return [base64.b64decode(one, validate=True) for one in chain]


def judge_ak_chain(chain, ek_hash):
    """What step CLI wants of it: the first is the AK's and names the EK, each is signed by the next."""
    leaf = x509.load_der_x509_certificate(chain[0])
    uris = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.UniformResourceIdentifier)
    assert "urn:ek:sha256:" + b64(ek_hash) in uris, uris
    assert leaf.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == spki_of("ak.pub")
    for one in map(x509.load_der_x509_certificate, chain):
        assert one.issuer != one.subject, "the root is among them"
    for i, one in enumerate(chain):
        write(f"chain{i}.der", one)
    print(f"the chain has {len(chain)} certificates")


# ---- ACME ----

def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


account_key = ec.generate_private_key(ec.SECP256R1())
point = account_key.public_key().public_numbers()
jwk = {"crv": "P-256", "kty": "EC", "x": b64url(point.x.to_bytes(32, "big")), "y": b64url(point.y.to_bytes(32, "big"))}
thumbprint = b64url(hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest())
kid = None


def post(target, payload):
    nonce, _ = ask("GET", directory["newNonce"].split("/", 3)[3].join(["/", ""]))
    assert nonce.status == 204
    protected = {"alg": "ES256", "nonce": nonce.headers["Replay-Nonce"], "url": target, **({"kid": kid} if kid else {"jwk": jwk})}
    head = b64url(json.dumps(protected).encode())
    body = "" if payload is None else b64url(json.dumps(payload).encode())
    r, s = utils.decode_dss_signature(account_key.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
    jws = {"protected": head, "payload": body, "signature": b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}
    answer, text = ask("POST", "/" + target.split("/", 3)[3], json.dumps(jws), {"Content-Type": "application/jose+json"})
    if answer.status >= 300:
        sys.exit(f"{target} answered {answer.status}: {json.loads(text).get('detail')}")
    return answer, text


def cbor(value):
    def head(major, number):
        for extra, limit in ((None, 24), (24, 1 << 8), (25, 1 << 16), (26, 1 << 32)):
            if number < limit:
                size = {None: 0, 24: 1, 25: 2, 26: 4}[extra]
                return bytes([major << 5 | (number if extra is None else extra)]) + number.to_bytes(size, "big") if size else bytes([major << 5 | number])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def csr(name):
    """The name alone, and no alternative name."""
    common_name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0c, name.encode()))))
    info = der(0x30, b"\2\1\0", common_name, spki_of("key.pub"), b"\xa0\0")
    algorithm = bytes.fromhex("06092a864886f70d01010b0500") if key_kind == "rsa" else bytes.fromhex("06082a8648ce3d040302")
    return der(0x30, info, der(0x30, algorithm), der(3, b"\0", sign(info)))


def poll(target, wanted):
    for _ in range(10):
        answer = json.loads(post(target, None)[1])
        if answer["status"] in wanted:
            return answer
        assert answer["status"] in ("pending", "processing"), answer
        time.sleep(1)
    sys.exit(f"{target} did not become {wanted}")


def enrol(chain, name):
    global directory, kid
    directory = json.loads(ask("GET", base.path + "/directory")[1])
    kid = post(directory["newAccount"], {"termsOfServiceAgreed": True})[0].headers["Location"]
    order = {"identifiers": [{"type": "permanent-identifier", "value": name}]}
    if "old" in habits:
        order.update(notBefore="0001-01-01T00:00:00Z", notAfter="0001-01-01T00:00:00Z")
    opened, _ = post(directory["newOrder"], order)
    where = opened.headers["Location"]
    authorization = json.loads(post(json.loads(post(where, None)[1])["authorizations"][0], None)[1])
    challenge = next(c for c in authorization["challenges"] if c["type"] == "device-attest-01")
    make_key()
    attest, signature = certify(hashlib.sha256(f"{challenge['token']}.{thumbprint}".encode()).digest())
    statement = {"fmt": "tpm", "attStmt": {"ver": "2.0", "alg": -257 if key_kind == "rsa" else -7, "x5c": chain, "sig": signature,
                                           "certInfo": attest, "pubArea": read("key.pub")[2:]}}
    post(challenge["url"], {"attObj": b64url(cbor(statement))})
    poll(challenge["url"], ("valid",))
    ready = poll(where, ("ready",))
    post(ready["finalize"], {"csr": b64url(csr(name))})
    valid = poll(where, ("valid",))
    write("certificate.pem", post(valid["certificate"], None)[1])
    print("the certificate is there")


tool("createek", "-Q", "-G", ek_kind, "-c", "ek.ctx", "-u", "ek.pub")
make_ak()
ek_hash = hashlib.sha256(spki_of("ek.pub")).digest()
chain = enrol_ak()
judge_ak_chain(chain, ek_hash)
if "stop" not in habits:
    enrol(chain, ek_hash.hex())
