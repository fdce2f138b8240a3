//! Sigstore bundles with Rekor v2 entries, as sigstore-conformance and sigstore-python publish
//! them: what they accept is accepted, what they refuse (`_fail`) is refused, and so is every
//! edited copy of what is accepted.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::client::artifact::{Artifact, ArtifactFile};
use fasti::client::trust::Trust;
use fasti::client::trusted_root;
use fasti::client::verify::{self, Demand, Refusal, Verdict, Vouched};
use fasti::entry::Bundle;
use serde_json::Value;

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

struct Case {
    name: String,
    json: Vec<u8>,
    artifact: ArtifactFile,
    trust: Trust,
}

impl Case {
    fn verify(&self, json: &[u8], demand: &Demand) -> Result<Verdict, Refusal> {
        let bundle = Bundle::parse(json)?;
        let is_envelope = self.name.contains("dsse");
        let artifact = (!is_envelope).then_some(&self.artifact as &dyn Artifact);
        verify::bundle(&bundle, artifact, &self.trust, demand)
    }

    fn must_fail(&self) -> bool {
        self.name.ends_with("_fail")
    }
}

/// Bundles over `a.txt` or an envelope. The one bundle over another artifact is left out, as that
/// was not published with it.
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
        let artifact = ArtifactFile::new(data.join("v2-bundles/a.txt"));
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
    let Some(data) = super::sigstore::data("") else { return };
    for case in cases(&data) {
        match case.verify(&case.json, &Demand::default()) {
            Ok(verdict) => {
                assert!(!case.must_fail(), "{} was accepted: {:?}", case.name, verdict.proved());
                let certificate = verdict.signer.as_ref().and_then(|s| s.certificate.as_ref());
                let certificate = certificate.expect("a certificate");
                assert!(matches!(certificate.vouched, Vouched::By(_)), "{}", case.name);
                assert_eq!(verdict.logged.len(), 1, "{}", case.name);
            }
            Err(refusal) => assert!(case.must_fail(), "{}: {refusal}", case.name),
        }
    }
}

#[test]
fn identities_are_demanded_exactly() {
    let Some(data) = super::sigstore::data("") else { return };
    let cases = cases(&data);
    let case = cases.iter().find(|case| case.name == "rekor2-happy-path").expect("it is there");
    let demand = |identity: &str, issuer: &str| Demand {
        identity: Some(identity.to_owned()),
        oidc_issuer: Some(issuer.to_owned()),
        ..Demand::default()
    };
    case.verify(&case.json, &demand(WORKFLOW, GITHUB)).expect("that is who signed");
    let (prefix, _) = WORKFLOW.split_at(WORKFLOW.len() - 1);
    let refusal = case.verify(&case.json, &demand(prefix, GITHUB)).unwrap_err();
    assert!(matches!(refusal, Refusal::Identity { .. }), "{refusal}");
    let refusal = case.verify(&case.json, &demand(WORKFLOW, "https://issuer.example")).unwrap_err();
    assert!(matches!(refusal, Refusal::OidcIssuer { .. }), "{refusal}");

    let unvouched = Trust { authorities: Vec::new(), ..case.trust.clone() };
    let bundle = Bundle::parse(&case.json).expect("it parses");
    let judge = |demand: &Demand| verify::bundle(&bundle, Some(&case.artifact), &unvouched, demand);
    let refusal = judge(&demand(WORKFLOW, GITHUB)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoAuthorities), "{refusal}");
    let verdict = judge(&Demand::default()).expect("nobody in particular is demanded");
    let doubts = verdict.not_checked().join("\n");
    assert!(doubts.contains("no authority was asked"), "{doubts}");
}

/// Every value of a good bundle that says something is edited, one at a time.
#[test]
fn edited_bundles_are_refused() {
    let Some(data) = super::sigstore::data("") else { return };
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

/// Where a bundle can be edited, and to what. Left out is what other values repeat and nothing
/// rests on: hints, times, unknown lines of the checkpoint.
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

/// Other values like this one: a number, base64 with one bit changed or cut, a text cut.
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
