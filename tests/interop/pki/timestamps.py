"""A timestamp authority (RFC 3161): OpenSSL reads the requests and makes the tokens."""

import pathlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from authority import LEAF_LIFETIME, Issuer, key_usage

CONFIGURATION = """
[tsa]
serial = {serial}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimestampAuthority:
    """A root and a signing certificate of its own; its files lie in `directory`."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = Issuer("timestamp root", path_length=0)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "timestamps.interop.test")])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        self.certificate = (
            self.root.builder(key.public_key(), name, LEAF_LIFETIME * 6)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(key_usage(digital_signature=True), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.root.key, hashes.SHA256())
        )
        self.chain = [self.certificate, self.root.certificate]
        pem = serialization.Encoding.PEM
        self._write("tsa.pem", self.certificate.public_bytes(pem))
        plain = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._write("tsa.key", plain)
        self._write("tsa.serial", b"01\n")
        serial = self.directory / "tsa.serial"
        self._write("tsa.cnf", CONFIGURATION.format(serial=serial).encode())

    def query(self, hash_name, digest, with_certificate):
        """A request, for clients that send the digest in JSON."""
        command = ["openssl", "ts", "-query", f"-{hash_name}", "-digest", digest.hex()]
        return self._run(command + (["-cert"] if with_certificate else []))

    def reply(self, query):
        """The response to a request."""
        self._write("tsa.query", query)
        command = ["openssl", "ts", "-reply", "-section", "tsa", "-queryfile", "tsa.query"]
        command += ["-config", "tsa.cnf", "-signer", "tsa.pem", "-inkey", "tsa.key"]
        return self._run(command)

    def _run(self, command):
        done = subprocess.run(command, cwd=self.directory, capture_output=True, timeout=20)
        if done.returncode != 0:
            raise ValueError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def _write(self, name, data):
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_bytes(data)
