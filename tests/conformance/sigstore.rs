//! Real Rekor v2 entries, requests of other clients, and Sigstore bundles.

use fasti::entry::{
    ArtifactDigest, Bundle, BundleContent, EntryError, HashAlgorithm, Identity, IdentityKind,
    RekorEntry, Submission, TransparencyLogEntry,
};
use fasti_kit::conformance_data::{files, read};
use serde_json::{Value, json};

use super::data;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("the file is JSON")
}

fn admit(request: &Value) -> Result<Vec<u8>, EntryError> {
    Ok(Submission::parse(request.to_string().as_bytes())?.verify()?.into_bytes())
}

#[test]
fn requests_of_other_clients_are_admitted() {
    let Some(directory) = data("v2-requests") else { return };
    for path in files(&directory, ".json") {
        let request = read(&path);
        let spec = &json(&request)["hashedRekordRequestV002"];
        let expected = json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": spec["digest"]},
                "signature": spec["signature"],
            }},
        });
        let submission = Submission::parse(&request).unwrap();
        let entry = submission.verify().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(entry.bytes(), serde_json_canonicalizer::to_vec(&expected).unwrap());
    }
}

#[test]
fn real_leaves_are_read_and_written_back() {
    let Some(directory) = data("v2-entries") else { return };
    for path in files(&directory, ".body.json") {
        let (name, leaf) = (path.display(), read(&path));
        let read = RekorEntry::parse(&leaf);
        if path.ends_with("clients-md-example.body.json") {
            // From a document written before the format was final.
            let message = read.unwrap_err().to_string();
            assert!(message.contains("hashedRekordV0_0_2: unknown field"), "{message}");
            continue;
        }
        let entry = read.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(entry.to_leaf().unwrap() == leaf, "{name}");
    }
}

#[test]
fn real_entries_would_be_admitted_as_they_are() {
    let Some(directory) = data("v2-entries") else { return };
    let mut admitted = 0;
    for path in files(&directory, ".hashedrekord-0.0.2.body.json") {
        let leaf = read(&path);
        let spec = &json(&leaf)["spec"]["hashedRekordV002"];
        let request = json!({"hashedRekordRequestV002": {
            "digest": spec["data"]["digest"],
            "signature": spec["signature"],
        }});
        assert!(admit(&request).unwrap() == leaf, "{}", path.display());
        admitted += 1;
    }
    assert!(admitted >= 9, "only {admitted} entries");
}

#[test]
fn the_real_dsse_entry_would_be_admitted_as_it_is() {
    let (Some(entries), Some(bundles)) = (data("v2-entries"), data("v2-bundles")) else { return };
    let leaf = read(&entries.join("OLD-rekor2-dsse-0.0.2.body.json"));
    let bundle = json(&read(&bundles.join("OLD-rekor2-dsse-0.0.2.json")));
    let signatures = json(&leaf)["spec"]["dsseV002"]["signatures"].clone();
    let request = json!({"dsseRequestV002": {
        "envelope": bundle["dsseEnvelope"],
        "verifiers": [signatures[0]["verifier"]],
    }});
    assert!(admit(&request).unwrap() == leaf);
}

#[test]
fn leaves_are_rebuilt_from_bundles() {
    let Some(directory) = data("v2-bundles") else { return };
    for path in files(&directory, ".json") {
        let name = path.display();
        let bundle = Bundle::parse(&read(&path)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let artifact = match &bundle.content {
            BundleContent::MessageSignature(message) => message.digest,
            BundleContent::DsseEnvelope(_) => None,
        };
        let [entry] = bundle.tlog_entries.as_slice() else { panic!("{name}: one log entry") };
        let leaf = bundle.rebuild_leaf(entry, None, artifact.as_ref());
        assert!(leaf.unwrap() == entry.canonicalized_body, "{name}");
        bundle.signed(None, artifact.as_ref()).unwrap().verify().unwrap();
        assert_eq!(Bundle::parse(&bundle.to_json()).unwrap(), bundle, "{name}");
    }
}

#[test]
fn a_bundle_is_about_its_artifact() {
    let Some(directory) = data("v2-bundles") else { return };
    let bundle = Bundle::parse(&read(&directory.join("rekor2-happy-path.json"))).unwrap();
    let artifact = ArtifactDigest::of(HashAlgorithm::Sha256, &read(&directory.join("a.txt")));
    let entry = &bundle.tlog_entries[0];
    let leaf = bundle.rebuild_leaf(entry, None, Some(&artifact)).unwrap();
    assert!(leaf == entry.canonicalized_body);
    let other = ArtifactDigest::of(HashAlgorithm::Sha256, b"another artifact");
    assert!(bundle.rebuild_leaf(entry, None, Some(&other)).is_err());
}

#[test]
fn answers_are_read_and_written_back() {
    let Some(directory) = data("v2-entries") else { return };
    for path in files(&directory, ".tle.json") {
        let name = path.display();
        let read_back = TransparencyLogEntry::parse(&read(&path));
        if path.ends_with("clients-md-example.tle.json") {
            let error = read_back.unwrap_err();
            assert_eq!(error.field(), Some("inclusionProof.rootHash"), "base64 of hexadecimal");
            continue;
        }
        let entry = read_back.unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut written = json(&entry.to_json());
        for (field, unset) in [("integratedTime", json!("0")), ("inclusionPromise", Value::Null)] {
            assert_eq!(written[field], unset, "{name}");
        }
        let mut original = json(&read(&path));
        for json in [&mut written, &mut original] {
            let fields = json.as_object_mut().unwrap();
            fields.retain(|name, _| name != "integratedTime" && name != "inclusionPromise");
        }
        assert_eq!(written, original, "{name}");
    }
}

#[test]
fn bundles_of_the_older_log_are_read() {
    let Some(directory) = data("v1-bundles") else { return };
    for path in files(&directory, ".json") {
        let name = path.display();
        let bundle = Bundle::parse(&read(&path)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(Bundle::parse(&bundle.to_json()).unwrap(), bundle, "{name}");
    }
}

#[test]
fn fulcio_certificates_tell_who_signed() {
    let Some(directory) = data("v2-bundles") else { return };
    let bundle = Bundle::parse(&read(&directory.join("rekor2-happy-path.json"))).unwrap();
    let certificate = bundle.certificate().unwrap().expect("the bundle has a certificate");
    let workflow = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon\
                    /.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    assert_eq!(
        certificate.identities(),
        [Identity { kind: IdentityKind::Uri, name: workflow.to_owned() }]
    );
    let issuer = "https://token.actions.githubusercontent.com";
    assert_eq!(certificate.fulcio_issuer().unwrap(), Some(issuer));
}
