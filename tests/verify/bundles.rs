//! Sigstore bundles as published by sigstore-conformance and sigstore-python. What they accept is
//! accepted, what they refuse (`_fail`) is refused, and so is every edited copy of an accepted
//! bundle.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{ArtifactDigest, Bundle, BundleContent, HashAlgorithm, PublicKey};
use fasti_read::window::Window;
use fasti_verify::{Artifact, Demand, Refusal, TrustedRoot, Verdict, Vouched, trusted_root};
use fasti_x509::{NamePattern, Pattern, pem};
use serde_json::Value;

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Every published bundle with a Rekor v2 entry, and the reason for its refusal, if it must be
/// refused.
const VERDICTS: [(&str, Option<&str>); 10] = [
    ("OLD-rekor2-dsse-0.0.2", None),
    ("rekor2-checkpoint-cosigned", None),
    ("rekor2-checkpoint-missing-origin_fail", Some("not three or more non-empty lines")),
    ("rekor2-checkpoint-multiple-cosigs", None),
    ("rekor2-checkpoint-no-matching-signature_fail", Some("the checkpoint is of the log")),
    ("rekor2-checkpoint-origin-not-first", None),
    ("rekor2-checkpoint-two-sigs-from-origin", None),
    ("rekor2-dsse-happy-path", None),
    ("rekor2-happy-path", None),
    ("sigstore-python-dsse-staging-rekor-v2", None),
];

/// Bundles with entries of Rekor v1 logs, and the trusted roots that name those logs.
const OLDER: [(&str, &str); 5] = [
    ("happy-path-intoto-in-dsse-v3", "prod_trusted_root"),
    ("happy-path-v0.1", "prod_trusted_root"),
    ("happy-path-v0.3", "prod_trusted_root"),
    ("managed-key-and-trusted-root", "managed_key_trusted_root"),
    ("managed-key-happy-path", "prod_trusted_root"),
];

struct Case {
    name: String,
    json: Vec<u8>,
    artifact: Vec<u8>,
    trust: TrustedRoot,
}

/// The digest, from the bundle, of an artifact that was not published with it.
fn unpublished(bundle: &Bundle) -> Option<ArtifactDigest> {
    match &bundle.content {
        BundleContent::MessageSignature(message) => message.digest,
        BundleContent::DsseEnvelope(_) => None,
    }
}

impl Case {
    fn verify(&self, json: &[u8], demand: &Demand) -> Result<Verdict, Refusal> {
        let bundle = Bundle::parse(json)?;
        let is_envelope = self.name.contains("dsse");
        let artifact = (!is_envelope).then_some(&self.artifact as &dyn Artifact);
        fasti_verify::bundle(&bundle, artifact, &self.trust, demand)
    }

    fn must_fail(&self) -> bool {
        self.name.ends_with("_fail")
    }
}

/// Bundles over `a.txt` or an envelope. The only bundle over another artifact has its own test.
fn cases(data: &Path) -> Vec<Case> {
    let read =
        |path: PathBuf| std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut cases = Vec::new();
    for file in data.join("v2-bundles").read_dir().expect("the directory lists") {
        let path = file.expect("a directory entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "json")
            || name == "sigstore-python-staging-rekor-v2"
        {
            continue;
        }
        let json = read(path);
        let newer = String::from_utf8_lossy(&json).contains("alpha3");
        let root = if newer { "staging_trusted_root_alpha3" } else { "staging_trusted_root" };
        let root = read(data.join(format!("trust/{root}.json")));
        let artifact = read(data.join("v2-bundles/a.txt"));
        cases.push(Case {
            name,
            json,
            artifact,
            trust: trusted_root::read(&root).expect("a root"),
        });
    }
    assert!(cases.len() >= 10, "only {} bundles found", cases.len());
    cases
}

#[test]
fn published_bundles_verify_or_are_refused_as_published() {
    let Some(data) = super::data() else { return };
    let mut cases = cases(&data);
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    let names: Vec<&str> = cases.iter().map(|case| &case.name[..]).collect();
    assert_eq!(names, VERDICTS.map(|(name, _)| name), "every file has its verdict");
    for (case, (_, reason)) in cases.iter().zip(VERDICTS) {
        assert_eq!(reason.is_some(), case.must_fail(), "{}: as its name says", case.name);
        match case.verify(&case.json, &Demand::default()) {
            Ok(verdict) => {
                println!("{}: accepted", case.name);
                assert_eq!(reason, None, "{} was accepted: {:?}", case.name, verdict.proved());
                let certificate = verdict.signer.as_ref().and_then(|s| s.certificate.as_ref());
                let certificate = certificate.expect("a certificate");
                assert!(matches!(certificate.vouched, Vouched::By(_)), "{}", case.name);
                assert_eq!(verdict.logged.len(), 1, "{}", case.name);
            }
            Err(refusal) => {
                println!("{}: {refusal}", case.name);
                let words = reason.unwrap_or_else(|| panic!("{}: {refusal}", case.name));
                assert!(refusal.to_string().contains(words), "{}: {refusal}", case.name);
            }
        }
    }
}

/// Only the digest of this artifact is known.
#[test]
fn the_bundle_over_another_artifact_verifies() {
    let Some(data) = super::data() else { return };
    let json = data.join("v2-bundles/sigstore-python-staging-rekor-v2.json");
    let root = super::read(&data.join("trust/staging_trusted_root.json"));
    let trust = trusted_root::read(&root).expect("a root");
    let bundle = Bundle::parse(&super::read(&json)).expect("a bundle");
    let artifact = unpublished(&bundle).expect("a signature over an artifact");
    let verdict = fasti_verify::bundle(&bundle, Some(&artifact), &trust, &Demand::default());
    assert_eq!(verdict.expect("accepted").logged.len(), 1);
}

/// A log key that was retired before the entry was signed vouches for nothing.
#[test]
fn a_log_is_trusted_while_its_key_is_in_use() {
    let Some(data) = super::data() else { return };
    let cases = cases(&data);
    let case = cases.iter().find(|case| case.name == "rekor2-happy-path").expect("it is there");
    let bundle = Bundle::parse(&case.json).expect("a bundle");
    let judge = |from: Option<&str>, until: Option<&str>| {
        let mut trust = case.trust.clone();
        for log in &mut trust.trust.logs {
            log.in_use = Window::parse(from, until).expect("a window");
        }
        fasti_verify::bundle(&bundle, Some(&case.artifact), &trust, &Demand::default())
    };
    judge(Some("2020-01-01T00:00:00Z"), Some("2100-01-01T00:00:00Z")).expect("it was signed then");
    for (from, until) in
        [(None, Some("2020-01-01T00:00:00Z")), (Some("2100-01-01T00:00:00Z"), None)]
    {
        let refusal = judge(from, until).unwrap_err();
        assert!(matches!(refusal, Refusal::NotInUse { .. }), "{refusal}");
    }
}

/// A published bundle with an entry of a Rekor v1 log, and what is needed to verify it.
struct Older {
    name: &'static str,
    json: Value,
    artifact: Option<ArtifactDigest>,
    trust: TrustedRoot,
    demand: Demand,
}

impl Older {
    fn verify(&self, json: &Value) -> Result<Verdict, Refusal> {
        let bundle = Bundle::parse(json.to_string().as_bytes())?;
        let artifact = self.artifact.as_ref().map(|artifact| artifact as &dyn Artifact);
        fasti_verify::bundle(&bundle, artifact, &self.trust, &self.demand)
    }
}

fn older(data: &Path) -> Vec<Older> {
    let paths = super::files(&data.join("v1-bundles"), ".json");
    let names: Vec<_> = paths.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    assert_eq!(names, OLDER.map(|(name, _)| name), "every file has its root");
    let key = super::read(&data.join("v1-bundles/managed-key.pub"));
    let key = pem::blocks(&key).next().expect("a key").der().expect("DER");
    let key = PublicKey::from_spki_der(&key).expect("a key");
    let older = paths.iter().zip(OLDER).map(|(path, (name, root))| {
        let json = super::read(path);
        let root = super::read(&data.join(format!("trust/{root}.json")));
        let public_key = name.starts_with("managed-key").then(|| key.clone());
        Older {
            name,
            artifact: unpublished(&Bundle::parse(&json).expect("a bundle")),
            json: serde_json::from_slice(&json).expect("JSON"),
            trust: trusted_root::read(&root).expect("a root"),
            demand: Demand { public_key, ..Demand::default() },
        }
    });
    older.collect()
}

#[test]
fn entries_of_the_older_log_verify() {
    let Some(data) = super::data() else { return };
    for case in older(&data) {
        let verdict = case.verify(&case.json).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        println!("{}: {:#?}", case.name, verdict.proved());
        let [logged] = verdict.logged_v1.as_slice() else { panic!("{}", case.name) };
        let entry = &case.json["verificationMaterial"]["tlogEntries"][0];
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
        let promise = logged.promise.expect("a promise");
        assert_eq!(Some(promise.index.get()), number(&entry["logIndex"]), "{}", case.name);
        let time = promise.time.unix_timestamp().unsigned_abs();
        assert_eq!(Some(time), number(&entry["integratedTime"]), "{}", case.name);
        assert_eq!(verdict.integrated_times().collect::<Vec<_>>(), [promise.time]);
        let tree = logged.tree.as_ref().expect("a proof");
        let stated = number(&entry["inclusionProof"]["logIndex"]);
        assert_eq!(Some(tree.index.get()), stated, "{}", case.name);
        assert!(verdict.logged.is_empty(), "{}", case.name);
    }
}

/// Every meaningful value, as above. Those of the promise are among them.
#[test]
fn edited_bundles_of_the_older_log_are_refused() {
    let Some(data) = super::data() else { return };
    for case in older(&data) {
        let entry = "/verificationMaterial/tlogEntries/0";
        let mut all = edits(&case.json);
        for field in ["integratedTime", "inclusionPromise/signedEntryTimestamp"] {
            let pointer = format!("{entry}/{field}");
            let text = case.json.pointer(&pointer).and_then(Value::as_str).expect("it is there");
            all.extend(others(text).into_iter().map(|other| (pointer.clone(), other.into())));
        }
        for (pointer, edited) in all {
            let mut copy = case.json.clone();
            *copy.pointer_mut(&pointer).expect("it was found there") = edited;
            let refused = case.verify(&copy).is_err();
            assert!(refused, "{}: accepted with another {pointer}", case.name);
        }
    }
}

/// With another index or time, or without its promise, an entry is still proved; only the promise
/// says when it was logged.
#[test]
fn without_a_promise_there_is_no_time() {
    let Some(data) = super::data() else { return };
    for mut case in older(&data) {
        let entry = &mut case.json["verificationMaterial"]["tlogEntries"][0];
        entry["inclusionPromise"] = Value::Null;
        entry["integratedTime"] = Value::from("1");
        case.demand.allow_untimed_certificate = true;
        let judged = case.verify(&case.json);
        if case.name == "happy-path-v0.1" {
            assert!(matches!(judged, Err(Refusal::NoPromise)), "{}", case.name);
        } else {
            let verdict = judged.unwrap_or_else(|e| panic!("{}: {e}", case.name));
            assert_eq!(verdict.integrated_times().count(), 0, "{}", case.name);
        }
    }
}

/// An early bundle of sigstore-python: a P-384 key signed a SHA-256 digest, and nobody signed the
/// tree. The chain in it, up to a root, counts for nothing.
#[test]
fn an_early_bundle_verifies() {
    let Some(data) = super::data() else { return };
    let case = data.join("conformance/bundle-verify/bundle-with-root-cert_fail");
    let bundle = Bundle::parse(&super::read(&case.join("bundle.sigstore.json"))).expect("a bundle");
    let root = super::read(&data.join("trust/prod_trusted_root.json"));
    let trust = trusted_root::read(&root).expect("a root");
    let artifact = super::read(&case.join("artifact"));
    let judge = |artifact: &dyn Artifact| {
        fasti_verify::bundle(&bundle, Some(artifact), &trust, &Demand::default())
    };
    let verdict = judge(&artifact).expect("accepted");
    let algorithm = verdict.signer.as_ref().map(|signer| signer.algorithm.name());
    assert_eq!(algorithm, Some("PKIX_ECDSA_P384_SHA_256"));
    assert_eq!(verdict.logged_v1[0].tree, None);
    assert!(verdict.not_checked().iter().any(|doubt| doubt.contains("kept its promise")));
    judge(&ArtifactDigest::of(HashAlgorithm::Sha256, &artifact)).expect("accepted");
    judge(&b"another".to_vec()).expect_err("refused");
}

#[test]
fn identities_are_demanded_exactly() {
    let Some(data) = super::data() else { return };
    let cases = cases(&data);
    let case = cases.iter().find(|case| case.name == "rekor2-happy-path").expect("it is there");
    let demand = |identity: &str, issuer: &str| Demand {
        identity: Some(NamePattern::exact(None, identity)),
        oidc_issuer: Some(Pattern::exact(issuer)),
        ..Demand::default()
    };
    case.verify(&case.json, &demand(WORKFLOW, GITHUB)).expect("that is who signed");
    let (prefix, _) = WORKFLOW.split_at(WORKFLOW.len() - 1);
    let refusal = case.verify(&case.json, &demand(prefix, GITHUB)).unwrap_err();
    assert!(matches!(refusal, Refusal::Identity { .. }), "{refusal}");
    let refusal = case.verify(&case.json, &demand(WORKFLOW, "https://issuer.example")).unwrap_err();
    assert!(matches!(refusal, Refusal::OidcIssuer { .. }), "{refusal}");

    let unvouched = TrustedRoot { authorities: Vec::new(), ..case.trust.clone() };
    let bundle = Bundle::parse(&case.json).expect("it parses");
    let judge =
        |demand: &Demand| fasti_verify::bundle(&bundle, Some(&case.artifact), &unvouched, demand);
    let refusal = judge(&demand(WORKFLOW, GITHUB)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoAuthorities), "{refusal}");
    let verdict = judge(&Demand::default()).expect("nobody in particular is demanded");
    let doubts = verdict.not_checked().join("\n");
    assert!(doubts.contains("no authority was asked"), "{doubts}");
}

/// Every meaningful value of a good bundle is edited, one at a time.
#[test]
fn edited_bundles_are_refused() {
    let Some(data) = super::data() else { return };
    for case in cases(&data).iter().filter(|case| !case.must_fail()) {
        let json: Value = serde_json::from_slice(&case.json).expect("it is JSON");
        for (pointer, edited) in edits(&json) {
            let mut copy = json.clone();
            *copy.pointer_mut(&pointer).expect("it was found there") = edited;
            let refused = case.verify(copy.to_string().as_bytes(), &Demand::default()).is_err();
            assert!(refused, "{}: accepted with another {pointer}", case.name);
        }
    }
}

/// The places where a bundle can be edited, with the new values. Values are omitted if other values
/// repeat them and nothing depends on them: hints, times, unknown lines of the checkpoint.
fn edits(json: &Value) -> Vec<(String, Value)> {
    const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
    let proof = format!("{ENTRY}/inclusionProof");
    let mut pointers = vec![
        "/mediaType".to_owned(),
        "/verificationMaterial/certificate/rawBytes".to_owned(),
        "/messageSignature/signature".to_owned(),
        "/messageSignature/messageDigest/digest".to_owned(),
        "/dsseEnvelope/payload".to_owned(),
        "/dsseEnvelope/payloadType".to_owned(),
        "/dsseEnvelope/signatures/0/sig".to_owned(),
        format!("{ENTRY}/logIndex"),
        format!("{ENTRY}/logId/keyId"),
        format!("{ENTRY}/kindVersion/kind"),
        format!("{ENTRY}/kindVersion/version"),
        format!("{ENTRY}/canonicalizedBody"),
        format!("{proof}/logIndex"),
        format!("{proof}/rootHash"),
        format!("{proof}/treeSize"),
        format!("{proof}/checkpoint/envelope"),
    ];
    let hashes = json.pointer(&format!("{proof}/hashes")).and_then(Value::as_array);
    pointers.extend((0..hashes.map_or(0, Vec::len)).map(|i| format!("{proof}/hashes/{i}")));
    let mut edits = Vec::new();
    for pointer in pointers {
        let Some(text) = json.pointer(&pointer).and_then(Value::as_str) else { continue };
        edits.extend(others(text).into_iter().map(|other| (pointer.clone(), Value::from(other))));
    }
    edits
}

/// Similar values: a number, base64 with one bit changed or truncated, a truncated text.
fn others(text: &str) -> Vec<String> {
    if let Ok(number) = text.parse::<u64>() {
        return vec![(number + 1).to_string(), (number - 1).to_string(), "0".to_owned()];
    }
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() > 2 => [0, bytes.len() / 2, bytes.len() - 1]
            .into_iter()
            .map(|at| {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1;
                STANDARD.encode(bytes)
            })
            .chain([STANDARD.encode(&bytes[1..])])
            .collect(),
        _ => vec![text.chars().skip(1).collect(), format!("x{text}"), text.replace('.', "_")],
    }
}
