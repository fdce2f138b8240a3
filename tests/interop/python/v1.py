"""Sigstore's Rekor v1 client for Python against a running log, and its command line with that client.

Entries are created, read and verified, with the log's signed timestamp. Then each part of an answer is
altered: the client has to refuse it, for the right reason.
"""

import json
import pathlib
import tempfile
import time
import unittest

import rekor_types
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore._internal.rekor import RekorClientError
from sigstore._internal.rekor.client import RekorClient
from sigstore.dsse import StatementBuilder, Subject, _sign
from sigstore.errors import VerificationError
from sigstore.hashes import Hashed
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.rekor.v1 import TransparencyLogEntry as Fields

from alterations import altered, flipped
from bundles import TRUST_CONFIG, WORK, sigstore, verify
from entries import certificate, keyring, text
from hashedrekord import digest


def time_later(entry):
    entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)


def outer_index(entry):
    entry["logIndex"] = str(int(entry["logIndex"]) + 1)


def promise(entry):
    promised = entry["inclusionPromise"]
    promised["signedEntryTimestamp"] = flipped(promised["signedEntryTimestamp"], -1)


class Entries(unittest.TestCase):
    """Each test makes its entries in the one log."""

    @classmethod
    def setUpClass(cls):
        cls.client = RekorClient(text("v1.url"))
        cls.keyring = keyring("v1")
        cls.key = ec.generate_private_key(ec.SECP256R1())
        cls.certificate = certificate(cls.key)
        # The client takes index 0 for a missing index.
        cls.client.create_entry(cls.hashed(b"the first"))

    @classmethod
    def hashed(cls, data):
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest(data))
        signature = cls.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return cls.client._build_hashed_rekord_request(hashed, signature, cls.certificate)

    @classmethod
    def envelope(cls, data):
        subject = Subject(name="artifact", digest={"sha256": digest(data).hex()})
        statement = StatementBuilder([subject], "https://interop.test/predicate", {}).build()
        return cls.client._build_dsse_request(_sign(cls.key, statement), cls.certificate)

    def assert_same(self, found, entry):
        """The proof may be for a larger tree."""
        found._verify(self.keyring)
        for part in ["log_index", "integrated_time", "log_id", "canonicalized_body"]:
            self.assertEqual(getattr(found._inner, part), getattr(entry._inner, part), part)

    def test_what_the_client_builds(self):
        for kind, built, model in [
            ("hashedrekord", self.hashed(b"built"), rekor_types.Hashedrekord),
            ("dsse", self.envelope(b"built"), rekor_types.Dsse),
        ]:
            with self.subTest(kind):
                before = int(time.time())
                entry = self.client.create_entry(built)
                entry._verify(self.keyring)
                self.assertEqual(entry._inner.kind_version.kind, kind)
                self.assertEqual(entry._inner.kind_version.version, "0.0.1")
                self.assertIn(entry._inner.integrated_time, range(before, before + 60))
                entries = self.client.log.entries
                self.assert_same(entries.get(log_index=entry._inner.log_index), entry)
                self.assert_same(entries.retrieve.post(model.model_validate(built)), entry)

    def test_the_log(self):
        before = self.client.log.get()
        self.client.create_entry(self.hashed(b"one more"))
        self.assertEqual(self.client.log.get().tree_size, before.tree_size + 1)
        self.assertIn(f"- {before.tree_id}\n", before.signed_tree_head)

    def test_the_same_entry_again(self):
        """Is an error of the client's."""
        again = self.hashed(b"twice")
        self.client.create_entry(again)
        with self.assertRaisesRegex(RekorClientError, "^409: an equivalent entry already exists"):
            self.client.create_entry(again)

    def test_refusals_say_why(self):
        lie = self.hashed(b"refused")
        lie["spec"]["data"]["hash"]["value"] = digest(b"another").hex()
        for body, why in [
            (lie, "^400: error processing entry: verifying signature"),
            ({"kind": "nope"}, "^422: invalid kind value: "),
        ]:
            with self.assertRaisesRegex(RekorClientError, why):
                self.client.create_entry(body)

    def test_tampering(self):
        """An entry among others, each of its parts altered."""
        for number in range(20):
            self.client.create_entry(self.hashed(b"neighbour %d" % number))
        entry = self.client.create_entry(self.hashed(b"to be altered"))
        entry._verify(self.keyring)
        good = json.loads(entry._inner.to_json())
        cases = list(altered(good))
        for alter in [time_later, outer_index, promise]:
            copied = json.loads(json.dumps(good))
            alter(copied)
            cases.append((alter.__name__, copied, "SET: invalid inclusion promise"))
        for name, fields, why in cases:
            with self.subTest(name), self.assertRaisesRegex(VerificationError, why):
                TransparencyLogEntry(Fields.from_dict(fields))._verify(self.keyring)


class Bundles(unittest.TestCase):
    """The `sigstore` command, whose signing configuration says that the log speaks v1."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(dir=WORK)
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        config = json.loads(TRUST_CONFIG.read_text())
        root = json.loads((WORK / "v1.trusted_root.json").read_text())
        config["trustedRoot"]["tlogs"] = root["tlogs"]
        signing = json.loads((WORK / "v1.signing_config.json").read_text())
        config["signingConfig"]["rekorTlogUrls"] = signing["rekorTlogUrls"]
        # The log's time alone.
        del config["signingConfig"]["tsaUrls"]
        cls.config = cls.directory / "v1.json"
        cls.config.write_text(json.dumps(config))
        cls.artifact = cls.directory / "artifact"
        cls.artifact.write_bytes(b"an artifact\n")

    def bundle(self, name, *arguments):
        path = self.directory / name
        code, said = sigstore(
            *arguments, "--bundle", path, self.artifact, trust_config=self.config
        )
        self.assertEqual(code, 0, said)
        return path

    def test_signed_artifact(self):
        path = self.bundle("artifact.sigstore.json", "sign")
        [entry] = json.loads(path.read_text())["verificationMaterial"]["tlogEntries"]
        self.assertEqual(entry["kindVersion"], {"kind": "hashedrekord", "version": "0.0.1"})
        code, said = verify(path, self.artifact, trust_config=self.config)
        self.assertEqual(code, 0, said)
        self.assertIn("OK:", said)

    def test_tampering(self):
        """The promise is about the time, which is the only one."""
        good = json.loads(self.bundle("to be altered.json", "sign").read_text())
        for alter in [time_later, promise]:
            changed = json.loads(json.dumps(good))
            alter(changed["verificationMaterial"]["tlogEntries"][0])
            path = self.directory / f"{alter.__name__}.json"
            path.write_text(json.dumps(changed))
            code, said = verify(path, self.artifact, trust_config=self.config)
            with self.subTest(alter.__name__):
                self.assertNotEqual(code, 0, said)
                self.assertIn("invalid inclusion promise", said)

    def test_attestation(self):
        predicate = self.directory / "predicate.json"
        predicate.write_text(json.dumps({"buildDefinition": {
            "buildType": "https://interop.test/build", "externalParameters": {},
        }, "runDetails": {"builder": {"id": "https://interop.test/builder"}}}))
        slsa = ["--predicate-type", "https://slsa.dev/provenance/v1"]
        path = self.bundle("attestation.json", "attest", "--predicate", predicate, *slsa)
        [entry] = json.loads(path.read_text())["verificationMaterial"]["tlogEntries"]
        self.assertEqual(entry["kindVersion"], {"kind": "dsse", "version": "0.0.1"})
        code, said = verify(path, self.artifact, trust_config=self.config)
        self.assertEqual(code, 0, said)
