//! The cases of sigstore-conformance (`bundle-verify`), where they lie: each with the identity or
//! key, the artifact and the trusted root that it names or that its README prescribes. Cases whose
//! names end in `_fail` are refused, the others verify.
//!
//! Bundles with entries of Rekor v1 are refused, whatever their names say.

use std::path::Path;

use fasti_entry::{Bundle, PublicKey};
use fasti_verify::{Artifact, Demand, Refusal, TrustedRoot, Verdict, trusted_root};
use fasti_x509::pem;

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Why cases about times and certificate logs are refused.
const REASONS: [(&str, &str); 9] = [
    ("rekor2-no-timestamp_fail", "no trusted party says that the signature was made then"),
    ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", "but is trusted from"),
    ("rekor2-timestamp-outside-tsa-cert-validity_fail", "was not valid at that time"),
    ("rekor2-timestamp-payload-mismatch_fail", "it was made for something else"),
    ("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", "no trusted party says"),
    ("rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", "no trusted party says"),
    ("rekor2-timestamp-with-incorrect-time_fail", "saw the signature at 2025-07-15T10:33:31Z"),
    ("trust-root-tlog-missing-validity-start_fail", "not signed by a trusted log"),
    ("intoto-tsa-timestamp-outside-cert-validity_fail", "saw the signature at 2023-02-02"),
];

fn judge(data: &Path, case: &Path) -> Result<Verdict, String> {
    let text = |name: &str, default: &str| {
        let text = std::fs::read_to_string(case.join(name));
        text.map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
    };
    let bundle = Bundle::parse(&super::read(&case.join("bundle.sigstore.json")));
    let bundle = bundle.map_err(|error| error.to_string())?;
    let artifact = std::fs::read(case.join("artifact"));
    let artifact =
        artifact.unwrap_or_else(|_| super::read(&data.join("conformance/bundle-verify/a.txt")));
    let demand = match std::fs::read(case.join("key.pub")) {
        Ok(key) => {
            let key = pem::blocks(&key).next().expect("a key").der();
            let key = key.map_err(|error| error.to_string())?;
            let public_key = PublicKey::from_spki_der(&key).map_err(|error| error.to_string())?;
            Demand { public_key: Some(public_key), ..Demand::default() }
        }
        Err(_) => Demand {
            identity: Some(text("identity", WORKFLOW)),
            oidc_issuer: Some(text("issuer", GITHUB)),
            ..Demand::default()
        },
    };
    fasti_verify::bundle(&bundle, Some(&artifact as &dyn Artifact), &root(data, case), &demand)
        .map_err(|refusal| refusal.to_string())
}

fn root(data: &Path, case: &Path) -> TrustedRoot {
    let root = case.join("trusted_root.json");
    let root = if root.exists() { root } else { data.join("trust/prod_trusted_root.json") };
    trusted_root::read(&super::read(&root)).expect("a root")
}

/// Whether the bundle has only entries of kinds that Rekor v2 has.
fn is_newer(case: &Path) -> bool {
    let bundle = Bundle::parse(&super::read(&case.join("bundle.sigstore.json")));
    let is_newer = |kind: &str, version: &str| version == "0.0.2" && kind != "intoto";
    bundle.is_ok_and(|bundle| {
        bundle.tlog_entries.iter().all(|entry| is_newer(&entry.kind, &entry.version))
    })
}

#[test]
fn cases_are_judged_as_their_names_say() {
    let Some(data) = super::data() else { return };
    let cases = data.join("conformance/bundle-verify").read_dir().expect("the directory lists");
    let mut cases: Vec<_> = cases.map(|case| case.expect("an entry").path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    assert_eq!(cases.len(), 70);
    let (mut accepted, mut wrong) = (0, Vec::new());
    for case in cases {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let judged = judge(&data, &case);
        match &judged {
            Ok(verdict) => println!("{name}: accepted, {:?}", verdict.times),
            Err(refusal) => println!("{name}: {refusal}"),
        }
        let reason = REASONS.iter().find(|(of, _)| *of == name).map(|(_, reason)| *reason);
        let is_right = match judged {
            Ok(verdict) => {
                accepted += 1;
                let has_time = !verdict.times.is_empty() || case.join("key.pub").exists();
                !name.ends_with("_fail") && has_time
            }
            Err(refusal) if name.ends_with("_fail") || !is_newer(&case) => {
                reason.is_none_or(|reason| refusal.contains(reason))
            }
            Err(_) => false,
        };
        if !is_right {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(accepted >= 12, "{accepted}");
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
        let (root, anyone) = (root(&data, &case), Demand::default());
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
        let root = root(&data, &case);
        let bundle = bundle.expect("a bundle");
        let judged = fasti_verify::bundle(&bundle, Some(&artifact), &root, &demand);
        let is_unlogged = matches!(judged, Err(Refusal::NotLoggedCertificate(_)));
        assert_eq!(is_unlogged, !is_good, "{name}: {judged:?}");
    }
}
