"""Stand-ins for Fulcio, a timestamp authority, a CI system's OIDC provider and a TUF repository,
over HTTP.

`python serve.py DIRECTORY TRUSTED_ROOT SIGNING_CONFIG` makes all keys new, adds the stand-ins to what
`fasti trusted-root` printed for a log, writes `trusted_root.json`, `trust_config.json`, the repository
(`tuf`) and, for old clients, `fulcio.pem` and `ctfe.pub` into the directory, and listens on a free port
of 127.0.0.1 until it is killed.
What clients send is verified as the real services do: the token's signature, the proof that the
client has the key.
"""

import base64
import datetime
import http.server
import json
import pathlib
import sys
import threading
import urllib.parse

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import tuf_repository
from authority import Authority, chain_json, key_pem, now
from timestamps import TimestampAuthority

AUDIENCE = "sigstore"
EMAIL = "signer@interop.test"
OIDC_ISSUER = "https://issuer.interop.test"
# What a job of the CI system shows to get a token.
JOB_SECRET = "the job's own"
BODY_BYTES_MAX = 1 << 20


class Services:
    """The three services and their keys."""

    def __init__(self, directory):
        self.authority = Authority()
        self.timestamps = TimestampAuthority(directory)
        self.oidc_key = ec.generate_private_key(ec.SECP256R1())
        # OpenSSL counts its serial numbers in a file.
        self.one_at_a_time = threading.Lock()

    def token(self, audience):
        """An OIDC token for five minutes."""
        claims = {
            "iss": OIDC_ISSUER,
            "aud": audience,
            "sub": "interop",
            "email": EMAIL,
            "email_verified": True,
            "iat": now(),
            "exp": now() + datetime.timedelta(minutes=5),
        }
        return jwt.encode(claims, self.oidc_key, algorithm="ES256")

    def certify(self, request, bearer):
        """Fulcio's `CreateSigningCertificate`: a key, a proof that it is the client's, and a token."""
        token = request.get("credentials", {}).get("oidcIdentityToken") or bearer
        claims = jwt.decode(
            token,
            self.oidc_key.public_key(),
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=OIDC_ISSUER,
        )
        if "certificateSigningRequest" in request:
            pem = base64.b64decode(request["certificateSigningRequest"])
            csr = x509.load_pem_x509_csr(pem)
            if not csr.is_signature_valid:
                raise ValueError("the certificate signing request is not signed by its key")
            key = csr.public_key()
        else:
            asked = request["publicKeyRequest"]
            key = serialization.load_pem_public_key(asked["publicKey"]["content"].encode())
            proof = base64.b64decode(asked["proofOfPossession"])
            key.verify(proof, claims["email"].encode(), ec.ECDSA(hashes.SHA256()))
        chain = self.authority.issue(key, claims["email"], claims["iss"])
        pems = [c.public_bytes(serialization.Encoding.PEM).decode() for c in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pems}}}

    def timestamp(self, body, is_json):
        """The response to an RFC 3161 request, or to the JSON that says the same."""
        with self.one_at_a_time:
            if is_json:
                asked = json.loads(body)
                digest = base64.b64decode(asked["artifactHash"])
                certificates = asked.get("certificates", False)
                body = self.timestamps.query(asked["hashAlgorithm"], digest, certificates)
            return self.timestamps.reply(body)

    def trusted_root(self, logs, url):
        """A log's trusted root with the authorities added."""
        intermediate, root = self.authority.intermediate, self.authority.root
        chain = [intermediate.certificate, root.certificate]
        return logs | {
            "certificateAuthorities": [chain_json("root", url, chain)],
            "ctlogs": [self.authority.ct_log.json(f"{url}/ct")],
            "timestampAuthorities": [chain_json("timestamps", url, self.timestamps.chain)],
        }


def of_first_version(request):
    """What Fulcio's API of version 1 was asked, in the form of version 2. Older clients use it, some of
    them with a key in DER."""
    key = base64.b64decode(request["publicKey"]["content"])
    if not key.startswith(b"-----"):
        key = key_pem(serialization.load_der_public_key(key))
    proof = request["signedEmailAddress"]
    asked = {"publicKey": {"content": key.decode()}, "proofOfPossession": proof}
    return {"publicKeyRequest": asked}


def signing_config(logs, url):
    """A log's signing configuration with the services added."""
    start = (now() - datetime.timedelta(hours=1)).isoformat()

    def service(at):
        valid = {"start": start}
        return {"url": at, "majorApiVersion": 1, "validFor": valid, "operator": "interop.test"}

    return logs | {
        "caUrls": [service(url)],
        "oidcUrls": [service(OIDC_ISSUER)],
        "tsaUrls": [service(f"{url}/api/v1/timestamp")],
        "tsaConfig": {"selector": "ANY"},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """The three services' front door."""

    protocol_version = "HTTP/1.1"
    services = None
    repository = None

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/tuf/"):
            return self.tuf(url.path.removeprefix("/tuf/"))
        if url.path != "/token":
            return self.answer(404, "application/json", b"{}")
        if self.headers.get("Authorization", "").lower() != f"bearer {JOB_SECRET}":
            return self.answer(401, "application/json", b"{}")
        audience = urllib.parse.parse_qs(url.query).get("audience", [AUDIENCE])[0]
        token = {"value": self.services.token(audience)}
        return self.answer(200, "application/json", json.dumps(token).encode())

    def tuf(self, name):
        """A file of the TUF repository."""
        path = (self.repository / name).resolve()
        if not path.is_relative_to(self.repository) or not path.is_file():
            return self.answer(404, "application/json", b"{}")
        return self.answer(200, "application/octet-stream", path.read_bytes())

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413, "application/json", b"{}")
        body = self.rfile.read(length)
        try:
            if self.path == "/api/v2/signingCert":
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
                made = self.services.certify(json.loads(body), bearer)
                return self.answer(200, "application/json", json.dumps(made).encode())
            if self.path == "/api/v1/signingCert":
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
                made = self.services.certify(of_first_version(json.loads(body)), bearer)
                pems = made["signedCertificateEmbeddedSct"]["chain"]["certificates"]
                return self.answer(201, "application/pem-certificate-chain", "".join(pems).encode())
            if self.path == "/api/v1/timestamp":
                is_json = self.headers.get("Content-Type") == "application/json"
                made = self.services.timestamp(body, is_json)
                return self.answer(201, "application/timestamp-reply", made)
        except Exception as error:  # Whatever was wrong with the request: its sender is told.
            message = {"code": 3, "message": f"{type(error).__name__}: {error}"}
            return self.answer(400, "application/json", json.dumps(message).encode())
        return self.answer(404, "application/json", b"{}")

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: tests print what matters."""


def main():
    directory, root_file, config_file = map(pathlib.Path, sys.argv[1:])
    services = Services(directory)
    Handler.services = services
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"

    root = services.trusted_root(json.loads(root_file.read_text()), url)
    config = signing_config(json.loads(config_file.read_text()), url)
    both = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": config,
    }
    (directory / "trusted_root.json").write_text(json.dumps(root, indent=2))
    (directory / "trust_config.json").write_text(json.dumps(both, indent=2))
    (directory / "fulcio.pem").write_bytes(services.authority.chain_pem())
    (directory / "ctfe.pub").write_bytes(services.authority.ct_log.pem())
    Handler.repository = (directory / "tuf").resolve()
    tuf_repository.write(Handler.repository, root, config)
    print(f"listening on {url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
