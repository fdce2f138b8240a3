//! All cases of sigstore-conformance for verifying bundles: what must verify does, what must fail
//! (`_fail`) is refused. Signers are demanded as each case says. A case that must fail and does not
//! is in the table with what is not checked yet.

use std::path::Path;

use fasti_entry::{Bundle, PublicKey};
use fasti_verify::{Artifact, Demand, Refusal, TrustedRoot, Verdict, any_bundle, trusted_root};
use fasti_x509::{NamePattern, Pattern, pem};

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// How this verifier judges a case.
enum Judged {
    /// It is accepted, as it must be.
    Verified,
    /// It is refused, as it must be, for a reason with this in it.
    Refused(&'static str),
    /// It must fail, but is accepted, because this is not checked yet.
    VerifiedYet(&'static str),
}

const TIME: &str = "whether the certificate was valid when it was used";
const TIMESTAMP: &str = "the timestamps of authorities (RFC 3161)";
const CERTIFICATE_LOG: &str = "the promises of certificate logs in certificates";

use Judged::{Refused, Verified, VerifiedYet};

/// Every case.
const CASES: [(&str, Judged); 70] = [
    ("bundle-empty-certificate-chain_fail", Refused("a certificate is required")),
    ("bundle-from-wrong-instance_fail", Refused("not made with that issuer's key")),
    ("bundle-invalid-base64-signature_fail", Refused("not valid base64")),
    ("bundle-malformed-json_fail", Refused("EOF")),
    ("bundle-negative-log-index_fail", Refused("expected an integer")),
    ("bundle-unknown-version_fail", Refused("version=99.9")),
    // The root in it is ignored, as the specification of bundles allows.
    ("bundle-with-root-cert_fail", Refused("it was signed by a@tny.town")),
    ("bundle-with-sct-with-extensions", Verified),
    ("checkpoint-bad-keyhint_fail", Refused("not signed by any known key")),
    ("checkpoint-wrong-roothash_fail", Refused("contradicts itself: tree size")),
    ("dsse-invalid-sig_fail", Refused("the signature does not verify")),
    ("dsse-mismatch-envelope_fail", Refused("another payload")),
    ("dsse-mismatch-sig_fail", Refused("another signature")),
    ("happy-path-intoto-in-dsse-v3", Verified),
    ("happy-path-v0.1", Verified),
    ("happy-path-v0.2", Verified),
    ("happy-path-v0.3", Verified),
    ("happy-path-v0.3-new-mediaType", Verified),
    ("inclusion-proof-corrupted-hash_fail", Refused("not in the log's tree")),
    ("incorrect-public-key_fail", Refused("another key or certificate")),
    ("integrated-time-in-future_fail", VerifiedYet(TIME)),
    ("intoto-expired-certificate_fail", Refused("not valid, or not trusted, at that time")),
    ("intoto-log-entry-mismatch_fail", Refused("envelope.signatures[0].sig: not valid base64")),
    ("intoto-missing-inclusion-proof_fail", Refused("a proof with a checkpoint is required")),
    ("intoto-set-outside-signing-cert-validity_fail", VerifiedYet(TIME)),
    ("intoto-tsa-timestamp-outside-cert-validity_fail", VerifiedYet(TIMESTAMP)),
    ("intoto-with-custom-trust-root", Verified),
    ("invalid-checkpoint-signature_fail", Refused("bad signature")),
    ("invalid-ct-key_fail", VerifiedYet(CERTIFICATE_LOG)),
    ("invalid-inclusion-proof_fail", Refused("a proof with a checkpoint is required")),
    ("managed-key-and-trusted-root", Verified),
    ("managed-key-happy-path", Verified),
    ("managed-key-no-key_fail", Refused("give the signer's public key")),
    ("managed-key-wrong-key_fail", Refused("it is not base64")),
    ("message-digest-mismatch_fail", Refused("not that of the artifact")),
    ("rekor2-checkpoint-cosigned", Verified),
    ("rekor2-checkpoint-missing-log-signature_fail", Refused("no signatures")),
    ("rekor2-checkpoint-missing-origin_fail", Refused("not three or more")),
    ("rekor2-checkpoint-missing-root-hash_fail", Refused("not three or more")),
    ("rekor2-checkpoint-missing-size_fail", Refused("not three or more")),
    ("rekor2-checkpoint-multiple-cosigs", Verified),
    ("rekor2-checkpoint-no-matching-signature_fail", Refused("the checkpoint is of the log")),
    ("rekor2-checkpoint-origin-not-first", Verified),
    ("rekor2-checkpoint-two-sigs-cosigned", Verified),
    ("rekor2-checkpoint-two-sigs-from-origin", Verified),
    ("rekor2-dsse-happy-path", Verified),
    ("rekor2-dsse-invalid-sig_fail", Refused("the signature does not verify")),
    ("rekor2-dsse-mismatch-envelope_fail", Refused("not about this signature")),
    ("rekor2-dsse-mismatch-sig_fail", Refused("not about this signature")),
    ("rekor2-happy-path", Verified),
    ("rekor2-no-inclusion-proof_fail", Refused("a proof with a checkpoint is required")),
    ("rekor2-no-timestamp_fail", VerifiedYet(TIME)),
    ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-outside-tsa-cert-validity_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-payload-mismatch_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-with-embedded-cert", Verified),
    ("rekor2-timestamp-with-expired-cert-chain", Verified),
    ("rekor2-timestamp-with-incorrect-time_fail", VerifiedYet(TIMESTAMP)),
    ("rekor2-timestamp-without-embedded-cert", Verified),
    ("set-invalid-signature_fail", Refused("the promise to log it")),
    ("signature-mismatch_fail", Refused("the signature does not verify")),
    ("trust-root-tlog-missing-validity-start_fail", Refused("the start of the window")),
    ("trust-root-tlog-validity-end-inclusive", Verified),
    ("trust-root-tsa-validity-end-inclusive", Verified),
    ("wrong-hashedrekord-artifact_fail", Refused("another digest")),
    ("wrong-hashedrekord-cert-and-sig_fail", Refused("another signature")),
    ("wrong-hashedrekord-entry_fail", Refused("another digest")),
    ("wrong-material_fail", Refused("not that of the artifact")),
];

fn text(path: &Path, default: &str) -> String {
    let text = std::fs::read_to_string(path);
    text.map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
}

fn demand(case: &Path) -> Result<Demand, String> {
    let key = std::fs::read(case.join("key.pub")).ok().map(|pem| {
        let der = pem::blocks(&pem).next().expect("a key").der().map_err(|e| e.to_string())?;
        PublicKey::from_spki_der(&der).map_err(|e| e.to_string())
    });
    let key = key.transpose()?;
    let by_name =
        |file: &str, default: &str| key.is_none().then(|| text(&case.join(file), default));
    Ok(Demand {
        identity: by_name("identity", WORKFLOW).map(|name| NamePattern::exact(None, &name)),
        oidc_issuer: by_name("issuer", GITHUB).map(Pattern::exact),
        public_key: key,
    })
}

/// The verdict, or why there is none.
fn judge(data: &Path, case: &Path) -> Result<Verdict, String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    let root = case.join("trusted_root.json");
    let root = if root.exists() { root } else { data.join("trust/prod_trusted_root.json") };
    let root: TrustedRoot =
        trusted_root::read(&super::read(&root)).map_err(|error| words(&error))?;
    let bundles = Bundle::parse_all(&super::read(&case.join("bundle.sigstore.json")));
    let bundles = bundles.map_err(|error| words(&error))?;
    let artifact = case.join("artifact");
    let default = data.join("conformance/bundle-verify/a.txt");
    let artifact = super::read(if artifact.exists() { &artifact } else { &default });
    let verdict: Result<Verdict, Refusal> =
        any_bundle(&bundles, Some(&artifact as &dyn Artifact), &root, &demand(case)?);
    verdict.map_err(|refusal| words(&refusal))
}

#[test]
fn every_case_is_judged_as_its_name_says() {
    let Some(data) = super::data() else { return };
    let home = data.join("conformance/bundle-verify");
    let cases = home.read_dir().expect("the directory lists");
    let cases = cases.map(|case| case.expect("an entry")).filter(|case| case.path().is_dir());
    let mut names: Vec<_> =
        cases.map(|case| case.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    assert_eq!(names, CASES.map(|(name, _)| name), "every case is listed");
    for (name, expected) in CASES {
        let judged = judge(&data, &home.join(name));
        println!("{name}: {}", judged.as_ref().err().map_or("accepted", String::as_str));
        assert_eq!(name.ends_with("_fail"), !matches!(expected, Verified), "{name}");
        match (judged, expected) {
            (Ok(_), Verified) => {}
            (Ok(_), VerifiedYet(why)) => println!("  although it must fail; not checked: {why}"),
            (Err(refusal), Refused(reason)) => {
                assert!(refusal.contains(reason), "{name}: {refusal}");
            }
            (Ok(verdict), Refused(_)) => panic!("{name}: accepted: {:?}", verdict.proved()),
            (Err(refusal), _) => panic!("{name}: {refusal}"),
        }
    }
}
