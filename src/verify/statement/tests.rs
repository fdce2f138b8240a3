//! Statements about an artifact, and about others.

use fasti_entry::{ArtifactDigest, HashAlgorithm};
use serde_json::{Value, json};

use super::super::artifact::NamedDigest;
use super::*;

const ARTIFACT: &[u8] = b"an artifact";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";

fn hex_of(algorithm: HashAlgorithm) -> String {
    hex::encode(ArtifactDigest::of(algorithm, ARTIFACT).as_bytes())
}

fn envelope(payload_type: &str, payload: &impl ToString) -> DsseEnvelope {
    let payload = payload.to_string().into_bytes();
    DsseEnvelope { payload, payload_type: payload_type.to_owned(), signatures: Vec::new() }
}

fn about(digest: &Value) -> Value {
    json!({
        "_type": TYPES[0],
        "subject": [{"name": "another", "digest": {"sha256": "00"}}, {"name": "a", "digest": digest}],
        "predicateType": PREDICATE,
        "predicate": {},
    })
}

fn name(statement: &Value, artifact: &dyn Artifact) -> Result<Naming, String> {
    let read = read(&envelope(IN_TOTO, statement), Some(artifact), None);
    read.map(|(_, naming)| naming.unwrap()).map_err(|error| error.to_string())
}

#[test]
fn only_known_types_are_read() {
    let sha256 = json!({"sha256": hex_of(HashAlgorithm::Sha256)});
    let artifact = ARTIFACT.to_vec();
    let mut statement = about(&sha256);
    for known in TYPES {
        statement["_type"] = json!(known);
        name(&statement, &artifact).unwrap();
    }
    for unknown in ["https://evil.example/x", "", "https://in-toto.io/Statement/v1/", "statement"] {
        statement["_type"] = json!(unknown);
        // Whatever else it holds, and also without an artifact.
        for subject in [statement["subject"].clone(), json!(7)] {
            statement["subject"] = subject;
            let refusal = name(&statement, &artifact).unwrap_err();
            assert!(refusal.contains(&format!("of the type {unknown:?}")), "{refusal}");
            assert!(read(&envelope(IN_TOTO, &statement), None, None).is_err());
        }
    }
    for missing in ["_type", "predicateType"] {
        let mut statement = about(&sha256);
        statement.as_object_mut().unwrap().remove(missing);
        let refusal = name(&statement, &artifact).unwrap_err();
        assert!(refusal.contains(missing), "{refusal}");
    }
}

#[test]
fn digests_are_compared_under_their_names() {
    let [sha256, sha384, sha512] = HashAlgorithm::ALL.map(hex_of);
    let artifact = ARTIFACT.to_vec();
    for digest in [
        json!({"sha256": sha256}),
        json!({"sha384": sha384}),
        json!({"sha512": sha512}),
        json!({"sha256": sha256.to_uppercase()}),
        json!({"sha512": sha512, "sha256": sha256, "sha1": "00", "dirHash": "h1:x"}),
    ] {
        let naming = name(&about(&digest), &artifact).unwrap();
        assert!(naming.name.starts_with("\"a\" (by its sha") && !naming.is_weak, "{naming:?}");
    }
    let mut without_others = about(&json!({"sha3_256": sha256, "gitCommit": "00"}));
    without_others["subject"].as_array_mut().unwrap().remove(0);
    for (statement, reason) in [
        (about(&json!({"sha512": sha256})), "no subject of its statement has"),
        (about(&json!({"SHA256": sha256})), "no subject of its statement has"),
        (about(&json!({"sha256": &sha256[2..]})), "no subject of its statement has"),
        (about(&json!({"sha256": 7})), "cannot be read"),
        (about(&json!({"sha256": sha256, "sha512": "00"})), "\"a\" contradicts itself"),
        (without_others, "digests by gitCommit, sha3_256 alone"),
        (json!({"_type": TYPES[1], "predicateType": "x"}), "no subject with a digest"),
        (json!({"_type": TYPES[1], "predicateType": "x", "subject": [{}]}), "no subject with"),
    ] {
        let refusal = name(&statement, &artifact).unwrap_err();
        assert!(refusal.contains(reason), "not {reason}: {refusal}");
    }
}

#[test]
fn an_artifact_that_is_only_a_digest() {
    let sha256 = hex_of(HashAlgorithm::Sha256);
    let commit = "0a".repeat(20);
    let subject = json!({"sha512": "00", "sha256": sha256, "gitCommit": commit});
    let named = |text: &str| {
        name(&about(&subject), &text.parse::<NamedDigest>().unwrap()).map(|naming| naming.is_weak)
    };
    assert_eq!(named(&format!("sha256:{sha256}")), Ok(false));
    assert_eq!(named(&format!("gitCommit:{commit}")), Ok(true));
    for other in [
        format!("sha256:{}", "0b".repeat(32)),
        format!("sha1:{commit}"),
        format!("sha3_256:{sha256}"),
        format!("gitCommit:{}", "0b".repeat(20)),
    ] {
        named(&other).unwrap_err();
    }
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
    assert!(!name(&about(&subject), &digest).unwrap().is_weak);
}

#[test]
fn nothing_is_said_twice() {
    let subject = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, hex_of(HashAlgorithm::Sha256));
    let head = format!(r#""_type":"{}","predicateType":"{PREDICATE}""#, TYPES[0]);
    let artifact = ARTIFACT.to_vec();
    let refusal = |text: String| {
        read(&envelope(IN_TOTO, &text), Some(&artifact), None).unwrap_err().to_string()
    };
    read(&envelope(IN_TOTO, &format!("{{{head},\"subject\":{subject}}}")), Some(&artifact), None)
        .unwrap();
    for twice in [
        format!("{{{head},\"subject\":{subject},\"subject\":{subject}}}"),
        format!("{{{head},\"predicateType\":\"x\",\"subject\":{subject}}}"),
        format!("{{{head},\"_type\":\"x\",\"subject\":{subject}}}"),
    ] {
        assert!(refusal(twice).contains("duplicate field"));
    }
    let twice = r#"[{"digest":{"sha256":"00","sha256":"01"}}]"#;
    let refusal = refusal(format!("{{{head},\"subject\":{twice}}}"));
    assert!(refusal.contains("two digests by \"sha256\""), "{refusal}");
}

#[test]
fn a_predicate_can_be_demanded_by_its_type() {
    let statement = about(&json!({"sha256": hex_of(HashAlgorithm::Sha256)}));
    let artifact = ARTIFACT.to_vec();
    let demanding = |envelope: &DsseEnvelope, predicate: &str| {
        read(envelope, Some(&artifact), Some(predicate)).map_err(|error| error.to_string())
    };
    let seen = demanding(&envelope(IN_TOTO, &statement), PREDICATE).unwrap().0.unwrap();
    assert_eq!((&*seen.predicate_type, seen.predicate.as_deref()), (PREDICATE, Some("{}")));
    let refusal = demanding(&envelope(IN_TOTO, &statement), &PREDICATE[1..]).unwrap_err();
    assert!(refusal.contains("its predicate is a \"https://slsa.dev/provenance/v1\""), "{refusal}");
    let other = DsseEnvelope { payload: artifact.clone(), ..envelope("text/plain", &"") };
    let refusal = demanding(&other, PREDICATE).unwrap_err();
    assert!(refusal.contains("not an in-toto statement"), "{refusal}");
    // Without the demand it names its payload.
    assert_eq!(read(&other, Some(&artifact), None).unwrap().0, None);
    let stranger = b"another".to_vec();
    let refusal = read(&other, Some(&stranger), None).unwrap_err().to_string();
    assert!(refusal.contains("neither an in-toto statement nor the artifact"), "{refusal}");
}
