//! All cases of sigstore-conformance for verifying bundles: what must verify does, what must fail
//! (`_fail`) is refused. Signers are demanded as each case says.

use std::path::Path;

use fasti_entry::{Bundle, PublicKey};
use fasti_verify::{Artifact, Demand, Refusal, TrustedRoot, Verdict, any_bundle, trusted_root};
use fasti_x509::{NamePattern, Pattern, pem};

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const LOG_WITHOUT_A_BEGINNING: &str = "trust-root-tlog-missing-validity-start_fail";

/// How this verifier judges a case.
enum Judged {
    /// It is accepted, as it must be.
    Verified,
    /// It is refused, as it must be, for a reason with this in it.
    Refused(&'static str),
}

use Judged::{Refused, Verified};

/// Every case.
const CASES: [(&str, Judged); 70] = [
    ("bundle-empty-certificate-chain_fail", Refused("a certificate is required")),
    ("bundle-from-wrong-instance_fail", Refused("the log entry is of the log with the ID")),
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
    ("integrated-time-in-future_fail", Refused("saw the signature at")),
    ("intoto-expired-certificate_fail", Refused("saw the signature at 2023-02-01")),
    ("intoto-log-entry-mismatch_fail", Refused("envelope.signatures[0].sig: not valid base64")),
    ("intoto-missing-inclusion-proof_fail", Refused("a proof with a checkpoint is required")),
    ("intoto-set-outside-signing-cert-validity_fail", Refused("saw the signature at")),
    ("intoto-tsa-timestamp-outside-cert-validity_fail", Refused("saw the signature at 2023-02-02")),
    ("intoto-with-custom-trust-root", Verified),
    ("invalid-checkpoint-signature_fail", Refused("bad signature")),
    ("invalid-ct-key_fail", Refused("no trusted certificate log")),
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
    ("rekor2-no-timestamp_fail", Refused("no trusted party says that the signature was made then")),
    ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", Refused("but is trusted from")),
    ("rekor2-timestamp-outside-tsa-cert-validity_fail", Refused("was not valid at that time")),
    ("rekor2-timestamp-payload-mismatch_fail", Refused("it was made for something else")),
    ("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", Refused("no trusted party says")),
    ("rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", Refused("no trusted party says")),
    ("rekor2-timestamp-with-embedded-cert", Verified),
    ("rekor2-timestamp-with-expired-cert-chain", Verified),
    (
        "rekor2-timestamp-with-incorrect-time_fail",
        Refused("saw the signature at 2025-07-15T10:33:31Z"),
    ),
    ("rekor2-timestamp-without-embedded-cert", Verified),
    ("set-invalid-signature_fail", Refused("the promise to log it")),
    ("signature-mismatch_fail", Refused("the signature does not verify")),
    (
        LOG_WITHOUT_A_BEGINNING,
        Refused(
            "the tree is not signed by a trusted log: the checkpoint is of the log \
             \"log2025-alpha1.rekor.sigstage.dev\", but the trusted keys are of rekor.sigstage.dev",
        ),
    ),
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
        ..Demand::default()
    })
}

/// The trusted root of a case.
fn root(data: &Path, case: &Path) -> Vec<u8> {
    let root = case.join("trusted_root.json");
    let root = if root.exists() { root } else { data.join("trust/prod_trusted_root.json") };
    super::read(&root)
}

/// The verdict, or why the bundle could not be judged.
fn judge(data: &Path, case: &Path) -> Result<Verdict, String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    let root = trusted_root::read(&root(data, case)).map_err(|error| words(&error))?;
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
    let mut wrong = Vec::new();
    for (name, expected) in CASES {
        let judged = judge(&data, &home.join(name));
        println!("{name}: {}", judged.as_ref().err().map_or("accepted", String::as_str));
        assert_eq!(name.ends_with("_fail"), !matches!(expected, Verified), "{name}");
        match (judged, expected) {
            (Ok(_), Verified) => {}
            (Err(refusal), Refused(reason)) if refusal.contains(reason) => {}
            (Ok(verdict), _) => wrong.push(format!("{name}: accepted: {:?}", verdict.proved())),
            (Err(refusal), _) => wrong.push(format!("{name}: {refusal}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The log of that case is left out of its trusted root, and the reader is told why.
#[test]
fn a_log_whose_key_has_no_first_day_is_left_out() {
    let Some(data) = super::data() else { return };
    let case = data.join("conformance/bundle-verify").join(LOG_WITHOUT_A_BEGINNING);
    let root = trusted_root::read(&root(&data, &case)).expect("the other log is left");
    assert_eq!(
        root.left_out,
        ["tlogs[1] (\"https://log2025-alpha1.rekor.sigstage.dev\"): validFor is malformed: it \
             has no start"]
    );
}

/// The same bundle without its timestamp, without the trusted authority, without the certificate
/// log: each is missed.
#[test]
fn nothing_of_a_good_case_can_be_missing() {
    let Some(data) = super::data() else { return };
    for name in ["bundle-with-sct-with-extensions", "rekor2-happy-path"] {
        let case = data.join("conformance/bundle-verify").join(name);
        let bundle = Bundle::parse(&super::read(&case.join("bundle.sigstore.json")));
        let bundle = bundle.expect("a bundle");
        let artifact = super::read(&data.join("conformance/bundle-verify/a.txt"));
        let judge = |bundle: &Bundle, root: &TrustedRoot, demand: &Demand| {
            fasti_verify::bundle(bundle, Some(&artifact), root, demand)
        };
        let (root, anyone) =
            (trusted_root::read(&root(&data, &case)).expect("a root"), Demand::default());
        assert_eq!(root.left_out, Vec::<String>::new());
        let verdict = judge(&bundle, &root, &anyone).expect("good");
        assert!(verdict.proved().iter().any(|words| words.contains("the certificate log http")));

        let timeless = Bundle { timestamps: Vec::new(), ..bundle.clone() };
        let refusal = judge(&timeless, &root, &anyone).unwrap_err();
        assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
        let waived = Demand { allow_untimed_certificate: true, ..Demand::default() };
        assert!(judge(&timeless, &root, &waived).expect("accepted").is_untimed());
        let other = TrustedRoot { timestamp_authorities: Vec::new(), ..root.clone() };
        let refusal = judge(&bundle, &other, &anyone).unwrap_err();
        assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
        let other = TrustedRoot { certificate_logs: Vec::new(), ..root.clone() };
        let refusal = judge(&bundle, &other, &anyone).unwrap_err();
        assert!(matches!(refusal, Refusal::NotLoggedCertificate(_)), "{refusal}");
        let waived = Demand { allow_unlogged_certificate: true, ..Demand::default() };
        judge(&bundle, &other, &waived).expect("accepted");
    }
}

/// Certificates that Fulcio issued years ago are in its log, and not in that of its test instance.
#[test]
fn certificate_logs_of_older_bundles() {
    let Some(data) = super::data() else { return };
    for (name, is_good) in [
        ("invalid-ct-key_fail", false),
        ("happy-path-v0.1", true),
        ("happy-path-v0.3", true),
        ("happy-path-intoto-in-dsse-v3", true),
    ] {
        let case = data.join("conformance/bundle-verify").join(name);
        let bundle = Bundle::parse(&super::read(&case.join("bundle.sigstore.json")));
        let artifact = super::read(&data.join("conformance/bundle-verify/a.txt"));
        let demand = Demand { allow_untimed_certificate: true, ..Demand::default() };
        let root = trusted_root::read(&root(&data, &case)).expect("a root");
        let bundle = bundle.expect("a bundle");
        let judged = fasti_verify::bundle(&bundle, Some(&artifact), &root, &demand);
        let is_unlogged = matches!(judged, Err(Refusal::NotLoggedCertificate(_)));
        assert_eq!(is_unlogged, !is_good, "{name}: {judged:?}");
    }
}
