"""Sigstore's Rekor v2 client for Python against a running log.

It creates entries, and verifies what it is answered with the trusted root that `fasti trusted-root`
printed. Then each part of an answer is altered: the client has to refuse it, for the right reason.
"""

import concurrent.futures
import datetime
import json
import os
import pathlib
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sigstore._internal.rekor import RekorClientError
from sigstore._internal.rekor.client_v2 import RekorV2Client
from sigstore._internal.trust import KeyringPurpose
from sigstore.dsse import StatementBuilder, Subject, _sign
from sigstore.errors import VerificationError
from sigstore.hashes import Hashed
from sigstore.models import TransparencyLogEntry, TrustedRoot
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.rekor.v1 import TransparencyLogEntry as Fields

from alterations import altered, with_checkpoint_of
from hashedrekord import b64, digest, request

WORK = pathlib.Path(os.environ["FASTI_INTEROP"])

EC_KINDS = [
    ("PKIX_ECDSA_P256_SHA_256", ec.SECP256R1(), hashes.SHA256()),
    ("PKIX_ECDSA_P384_SHA_384", ec.SECP384R1(), hashes.SHA384()),
    ("PKIX_ECDSA_P521_SHA_512", ec.SECP521R1(), hashes.SHA512()),
]
RSA_BITS = [2048, 3072, 4096]


def text(name):
    """A file of this run."""
    return (WORK / name).read_text().strip()


def keyring(log):
    """The keys of a log, as the client reads them from its trusted root."""
    root = TrustedRoot.from_file(str(WORK / f"{log}.trusted_root.json"))
    return root.rekor_keyring(KeyringPurpose.VERIFY)


def certificate(key):
    """A self-signed certificate: the log asks for no authority."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "interop")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(minutes=10))
    return builder.sign(key, hashes.SHA256())


class Entries(unittest.TestCase):
    """Each test makes its entries in the one log."""

    @classmethod
    def setUpClass(cls):
        cls.client = RekorV2Client(text("log.url"))
        cls.keyring = keyring("log")
        cls.key = ec.generate_private_key(ec.SECP256R1())

    def log(self, data, kind=EC_KINDS[0], key=None):
        details, _, algorithm = kind
        return self.client.create_entry(request(data, key or self.key, details, algorithm))

    def test_what_the_client_builds_itself(self):
        """Its own requests: an artifact's signature, and an attestation; both with a certificate."""
        own = certificate(self.key)
        data = b"built by the client"
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest(data))
        signature = self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        subject = Subject(name="artifact", digest={"sha256": digest(data).hex()})
        statement = StatementBuilder([subject], "https://interop.test/predicate", {}).build()
        for built in [
            self.client._build_hashed_rekord_request(hashed, signature, own),
            self.client._build_dsse_request(_sign(self.key, statement), own),
        ]:
            entry = self.client.create_entry(built)
            entry._verify(self.keyring)
            body = json.loads(entry._inner.canonicalized_body)
            self.assertEqual((body["kind"], body["apiVersion"]), ("hashedrekord", "0.0.2"))
            logged = body["spec"]["hashedRekordV002"]
            asked = built["hashedRekordRequestV002"]
            self.assertEqual(logged["signature"], asked["signature"])
            self.assertEqual(logged["data"]["digest"], asked["digest"])

    def test_bare_keys_of_every_algorithm(self):
        kinds = [(kind, ec.generate_private_key(kind[1])) for kind in EC_KINDS]
        for bits in RSA_BITS:
            kind = (f"PKIX_RSA_PKCS1V15_{bits}_SHA256", None, hashes.SHA256())
            kinds.append((kind, rsa.generate_private_key(65537, bits)))
        for kind, key in kinds:
            with self.subTest(kind[0]):
                self.log(b"signed by many", kind, key)._verify(self.keyring)

    def test_twenty_threads(self):
        """Four hundred entries at once: each is proved, and no two get the same index."""
        def one(number):
            entry = self.log(b"one of many %d" % number)
            entry._verify(self.keyring)
            return entry._inner.log_index

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            indices = list(pool.map(one, range(400)))
        self.assertEqual(len(set(indices)), 400)

    def test_the_same_entry_again(self):
        """The first answer's index, and a proof again."""
        again = request(b"twice", self.key, EC_KINDS[0][0], hashes.SHA256())
        first = self.client.create_entry(again)
        for _ in range(50):
            self.log(os.urandom(8))
        second = self.client.create_entry(again)
        second._verify(self.keyring)
        self.assertEqual(first._inner.log_index, second._inner.log_index)
        self.assertGreater(
            second._inner.inclusion_proof.tree_size, first._inner.inclusion_proof.tree_size
        )

    def test_refusals_say_why(self):
        """What the log refuses is an error of the client's, with the status and the log's words."""
        good = request(b"refused", self.key, EC_KINDS[0][0], hashes.SHA256())
        asked = good["hashedRekordRequestV002"]
        verifier = asked["signature"]["verifier"]
        misnamed = verifier | {"keyDetails": "PKIX_RSA_PKCS1V15_2048_SHA256"}
        for change, why in [
            ({"digest": b64(digest(b"another"))}, "signature does not verify with this key"),
            ({"digest": b64(b"short")}, "5 bytes long"),
            ({"signature": asked["signature"] | {"verifier": misnamed}}, "does not fit the key"),
            ({"signature": {"content": "AAAA"}}, "verifier"),
            ({"unheardOf": 1}, "unknown field"),
        ]:
            with self.subTest(why), self.assertRaises(RekorClientError) as refused:
                self.client.create_entry({"hashedRekordRequestV002": asked | change})
            # The code is gRPC's INVALID_ARGUMENT.
            self.assertRegex(str(refused.exception), f"^3: .*{why}")

    def test_tampering(self):
        """An entry in the middle of a tree of hundreds, each of its parts altered."""
        for number in range(60):
            self.log(b"neighbour %d" % number)
        entry = self.log(b"to be altered")
        entry._verify(self.keyring)
        good = json.loads(entry._inner.to_json())
        self.assertGreater(len(good["inclusionProof"]["hashes"]), 2)
        for name, fields, why in altered(good):
            with self.subTest(name):
                self.assert_refused(fields, why)

    def test_checkpoints_of_others(self):
        """A checkpoint of another tree of this log, and one of another log at that size."""
        entry = json.loads(self.log(b"whose checkpoint?")._inner.to_json())
        later = json.loads(self.log(b"a later one")._inner.to_json())
        self.assert_refused(with_checkpoint_of(entry, later), "invalid root hash signature")
        other = RekorV2Client(text("other.url"))
        asked = request(b"elsewhere", self.key, EC_KINDS[0][0], hashes.SHA256())
        foreign = json.loads(other.create_entry(asked)._inner.to_json())
        self.assert_refused(with_checkpoint_of(entry, foreign), "Signature not found")

    def assert_refused(self, fields, why):
        with self.assertRaises(VerificationError) as refused:
            TransparencyLogEntry(Fields.from_dict(fields))._verify(self.keyring)
        self.assertRegex(str(refused.exception), why)

    def test_another_log(self):
        """A log of the same name with another key is not believed, nor is this one by its root."""
        other = RekorV2Client(text("other.url"))
        data = request(b"elsewhere", self.key, EC_KINDS[0][0], hashes.SHA256())
        foreign = other.create_entry(data)
        foreign._verify(keyring("other"))
        with self.assertRaisesRegex(VerificationError, "invalid signature"):
            foreign._verify(self.keyring)
        with self.assertRaisesRegex(VerificationError, "invalid signature"):
            self.client.create_entry(data)._verify(keyring("other"))
