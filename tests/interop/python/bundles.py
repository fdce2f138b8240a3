"""The `sigstore` command against a running log: keyless signing, attesting, verifying.

Fulcio, the timestamp authority and the CI system that vouches for the signer are stand-ins (`../pki`);
the log is real. The command is given nothing but a trust configuration and the CI's environment.
"""

import concurrent.futures
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PKI = pathlib.Path(__file__).parent.parent / "pki"
sys.path.insert(0, str(PKI))

import serve  # noqa: E402
from alterations import altered, flipped, with_checkpoint_of  # noqa: E402

WORK = pathlib.Path(os.environ["FASTI_INTEROP"])
FASTI = os.environ["FASTI"]
TRUST_CONFIG = WORK / "pki" / "trust_config.json"
# So a job of GitHub Actions is told where to get a token.
JOB = {
    "GITHUB_ACTIONS": "true",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": serve.JOB_SECRET,
    "ACTIONS_ID_TOKEN_REQUEST_URL": f"{(WORK / 'pki.url').read_text().strip()}/token?job=1",
}
WHO = ["--cert-identity", serve.EMAIL, "--cert-oidc-issuer", serve.OIDC_ISSUER]
PREDICATE = {
    "buildDefinition": {
        "buildType": "https://interop.test/build",
        "externalParameters": {},
    },
    "runDetails": {"builder": {"id": "https://interop.test/builder"}},
}


def sigstore(*arguments, trust_config=TRUST_CONFIG):
    """Runs the command; its exit code and all that it said, unwrapped."""
    command = [sys.executable, "-m", "sigstore", "--trust-config", trust_config, *arguments]
    environment = os.environ | JOB | {"COLUMNS": "1000", "HOME": str(WORK), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def verify(bundle, artifact, *more, who=WHO, **options):
    """`sigstore verify identity`."""
    arguments = ["verify", "identity", *more, "--bundle", bundle, *who, artifact]
    return sigstore(*arguments, **options)


class Bundles(unittest.TestCase):
    """One artifact is signed, and one attested, at the start; each test works on the bundles."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(dir=WORK)
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.artifact = cls.file("artifact", b"an artifact\n")
        cls.predicate = cls.file("predicate.json", json.dumps(PREDICATE).encode())
        cls.bundle = cls.directory / "artifact.sigstore.json"
        cls.attestation = cls.directory / "attestation.sigstore.json"
        # A neighbourhood, so that proofs have hashes.
        many = [cls.file(f"neighbour-{n}", b"%d" % n) for n in range(20)]
        attest = ["attest", "--predicate", cls.predicate, "--bundle", cls.attestation]
        attest += ["--predicate-type", "https://slsa.dev/provenance/v1", cls.artifact]
        for arguments in (["sign", *many], ["sign", cls.artifact], attest):
            code, said = sigstore(*arguments)
            assert code == 0, said

    @classmethod
    def file(cls, name, content):
        path = cls.directory / name
        path.write_bytes(content)
        return path

    def altered_file(self, bundle, name):
        return self.file(f"{name}.json", json.dumps(bundle).encode())

    def assert_accepted(self, outcome):
        self.assertEqual(outcome[0], 0, outcome[1])
        self.assertIn("OK:", outcome[1])

    def assert_refused(self, outcome, why):
        self.assertNotEqual(outcome[0], 0, outcome[1])
        self.assertRegex(outcome[1], why)
        self.assertNotIn("Traceback", outcome[1])

    def test_signed_artifact(self):
        entry = json.loads(self.bundle.read_text())["verificationMaterial"]["tlogEntries"][0]
        self.assertEqual(entry["kindVersion"], {"kind": "hashedrekord", "version": "0.0.2"})
        self.assert_accepted(verify(self.bundle, self.artifact))
        self.assert_accepted(verify(self.bundle, self.artifact, "--offline"))

    def test_attestation(self):
        """Rekor v2 has no DSSE entries: what is logged is the digest of the envelope's encoding."""
        entry = json.loads(self.attestation.read_text())["verificationMaterial"]["tlogEntries"][0]
        self.assertEqual(entry["kindVersion"], {"kind": "hashedrekord", "version": "0.0.2"})
        code, said = verify(self.attestation, self.artifact)
        self.assertEqual(code, 0, said)
        self.assertIn("https://interop.test/builder", said)
        envelope = json.loads(self.attestation.read_text())
        envelope["dsseEnvelope"]["payload"] = flipped(envelope["dsseEnvelope"]["payload"], -3)
        changed = self.altered_file(envelope, "payload")
        self.assert_refused(verify(changed, self.artifact), "DSSE: invalid signature")

    def test_somebody_else(self):
        other = self.file("other artifact", b"another artifact\n")
        self.assert_refused(verify(self.bundle, other), "digest mismatch")
        self.assert_refused(verify(self.attestation, other), "no subject for digest")
        stranger = ["--cert-identity", "stranger@interop.test", *WHO[2:]]
        self.assert_refused(verify(self.bundle, self.artifact, who=stranger), "SANs do not match")
        issuer = [*WHO[:2], "--cert-oidc-issuer", "https://elsewhere.test"]
        self.assert_refused(verify(self.bundle, self.artifact, who=issuer), "OIDCIssuer")

    def test_tampering_with_the_log_entry(self):
        """The command is run for each part of the entry, in both kinds of bundle by turns."""
        sources = [json.loads(path.read_text()) for path in (self.bundle, self.attestation)]
        entries = [source["verificationMaterial"]["tlogEntries"][0] for source in sources]
        cases = []
        for number, pair in enumerate(zip(altered(entries[0]), altered(entries[1]))):
            name, entry, why = pair[number % 2]
            cases.append((name, sources[number % 2], entry, why))
        swapped = with_checkpoint_of(entries[0], entries[1])
        cases.append(("another checkpoint", sources[0], swapped, "invalid root hash signature"))
        cases.append(("another entry", sources[0], entries[1], "does not match|inconsistent"))

        def run(case):
            name, source, entry, why = case
            bundle = copy.deepcopy(source)
            bundle["verificationMaterial"]["tlogEntries"] = [entry]
            return name, why, verify(self.altered_file(bundle, name), self.artifact)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for name, why, outcome in pool.map(run, cases):
                with self.subTest(name):
                    self.assert_refused(outcome, why)

    def test_tampering_with_the_rest(self):
        """Signature, timestamp, certificate, and a bundle without its entry."""
        good = json.loads(self.bundle.read_text())

        def signature(bundle, _):
            message = bundle["messageSignature"]
            message["signature"] = flipped(message["signature"], -1)

        def timestamp(bundle, material):
            times = material["timestampVerificationData"]["rfc3161Timestamps"]
            times[0]["signedTimestamp"] = flipped(times[0]["signedTimestamp"], -1)

        def no_timestamp(bundle, material):
            material["timestampVerificationData"]["rfc3161Timestamps"] = []

        def certificate(bundle, material):
            material["certificate"]["rawBytes"] = flipped(material["certificate"]["rawBytes"], -1)

        def no_entry(bundle, material):
            material["tlogEntries"] = []

        for alter, why in [
            (signature, "not enough sources of verified time"),
            (timestamp, "not enough sources of verified time"),
            (no_timestamp, "inclusion promise or signed timestamp"),
            (certificate, "certificate chain"),
            (no_entry, "log entry"),
        ]:
            bundle = copy.deepcopy(good)
            alter(bundle, bundle["verificationMaterial"])
            outcome = verify(self.altered_file(bundle, alter.__name__), self.artifact)
            with self.subTest(alter.__name__):
                self.assert_refused(outcome, why)

    def test_trust_in_others(self):
        """Another log of the same name; another Fulcio; a configuration that trusts no timestamps."""
        config = json.loads(TRUST_CONFIG.read_text())
        other_log = json.loads((WORK / "other.trusted_root.json").read_text())
        with tempfile.TemporaryDirectory(dir=WORK) as directory:
            elsewhere = serve.Services(directory).trusted_root({}, "http://elsewhere.test")
        for name, parts, why in [
            ("log", {"tlogs": other_log["tlogs"]}, "invalid log entry.*invalid signature"),
            ("ca", {"certificateAuthorities": elsewhere["certificateAuthorities"]},
             "certificate chain"),
            ("ct", {"ctlogs": elsewhere["ctlogs"]}, "SCT"),
            ("tsa", {"timestampAuthorities": elsewhere["timestampAuthorities"]},
             "not enough sources of verified time"),
            ("no tsa", {"timestampAuthorities": []}, "no Timestamp Authorities"),
        ]:
            trust = config | {"trustedRoot": config["trustedRoot"] | parts}
            path = self.altered_file(trust, f"trust in another {name}")
            with self.subTest(name):
                self.assert_refused(verify(self.bundle, self.artifact, trust_config=path), why)

    def test_fasti_agrees(self):
        """`fasti verify` accepts the same bundles, and refuses them for somebody else."""
        trusted = ["--trusted-root", str(WORK / "pki" / "trusted_root.json")]
        who = ["--certificate-identity", serve.EMAIL]
        who += ["--certificate-oidc-issuer", serve.OIDC_ISSUER]
        stranger = ["--certificate-identity", "stranger@interop.test", *who[2:]]
        for bundle in (self.bundle, self.attestation):
            command = [FASTI, "verify", "--bundle", str(bundle), *trusted]
            command += ["--artifact", str(self.artifact)]
            for identity, code in ((who, 0), (stranger, 1)):
                done = subprocess.run(
                    command + identity, capture_output=True, text=True, timeout=60
                )
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
