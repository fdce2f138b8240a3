//! Writing and reading bundles, and rebuilding leaves from them.

use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{ARTIFACT, Signer, admit, with};
use crate::{InclusionProof, SigningAlgorithm, Submission, pae};

fn answer(kind: Kind, leaf: &[u8]) -> TransparencyLogEntry {
    TransparencyLogEntry {
        log_index: 0,
        log_id: vec![7; 32],
        kind: kind.name().to_owned(),
        version: kind.version().to_owned(),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: 0,
            root_hash: [1; 32],
            tree_size: 1,
            hashes: vec![],
            checkpoint: "log.example\n1\nAQ==\n\n".to_owned(),
        }),
        canonicalized_body: leaf.to_vec(),
    }
}

/// A logged signature over [`ARTIFACT`], and its bundle.
fn bundle(signer: &Signer, material: &KeyMaterial) -> (Bundle, Vec<u8>) {
    let request = signer.request(material);
    let leaf = admit(&request).unwrap().into_bytes();
    let Ok(Submission::HashedRekord(logged)) = Submission::parse(request.to_string().as_bytes())
    else {
        panic!("the request is for a hashedrekord")
    };
    (Bundle::for_signed_digest(&logged, answer(Kind::HashedRekord, &leaf)), leaf)
}

fn key(signer: &Signer) -> PublicKey {
    PublicKey::from_spki_der(&signer.spki).unwrap()
}

#[test]
fn written_read_and_rebuilt_for_every_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let (digest, key) = (signer.digest(ARTIFACT), key(signer));
        for material in [signer.public_key(), signer.certificate()] {
            let (bundle, leaf) = bundle(signer, &material);
            let read = Bundle::parse(&bundle.to_json()).unwrap();
            assert_eq!(read, bundle);
            let rebuilt = read.rebuild_leaf(&read.tlog_entries[0], Some(&key), Some(&digest));
            assert_eq!(rebuilt.unwrap(), leaf);
            read.signed(Some(&key), Some(&digest)).unwrap().verify().unwrap();
            assert_eq!(
                read.certificate().unwrap().map(Certificate::into_public_key),
                matches!(material, KeyMaterial::Certificate(_)).then_some(key.clone())
            );
        }
    }
}

#[test]
fn written_in_protobuf_json() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    for (material, field) in
        [(signer.public_key(), "publicKey"), (signer.certificate(), "certificate")]
    {
        let (bundle, _) = bundle(signer, &material);
        let json: Json = serde_json::from_slice(&bundle.to_json()).unwrap();
        assert_eq!(json["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
        let (inner, value) = match material {
            KeyMaterial::PublicKey(der) => (
                "hint",
                STANDARD.encode(ArtifactDigest::of(HashAlgorithm::Sha256, &der).as_bytes()),
            ),
            KeyMaterial::Certificate(der) => ("rawBytes", STANDARD.encode(der)),
        };
        let tlog_entry: Json = serde_json::from_slice(&bundle.tlog_entries[0].to_json()).unwrap();
        assert_eq!(
            json["verificationMaterial"],
            json!({field: {inner: value}, "tlogEntries": [tlog_entry]})
        );
        let BundleContent::MessageSignature(message) = &bundle.content else { unreachable!() };
        assert_eq!(
            json["messageSignature"],
            json!({
                "messageDigest": {
                    "algorithm": "SHA2_256",
                    "digest": STANDARD.encode(signer.digest(ARTIFACT).as_bytes()),
                },
                "signature": STANDARD.encode(&message.signature),
            })
        );
        assert_eq!(json.as_object().unwrap().len(), 3);
    }
}

#[test]
fn envelopes_in_both_kinds_of_entry() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP384Sha384);
    let material = signer.public_key();
    let sig = signer.sign(&pae("text/plain", ARTIFACT));
    let envelope = DsseEnvelope {
        payload: ARTIFACT.to_vec(),
        payload_type: "text/plain".to_owned(),
        signatures: vec![crate::DsseSignature { sig: sig.clone(), keyid: String::new() }],
    };
    let dsse = admit(&json!({"dsseRequestV002": {
        "envelope": {
            "payload": STANDARD.encode(ARTIFACT),
            "payloadType": "text/plain",
            "signatures": [{"sig": STANDARD.encode(&sig)}],
        },
        "verifiers": [crate::testing::verifier(signer.algorithm, &material)],
    }}));
    let mut request = signer.request(&material);
    let spec = &mut request["hashedRekordRequestV002"];
    spec["digest"] = json!(STANDARD.encode(envelope.pae_digest(HashAlgorithm::Sha384).as_bytes()));
    spec["signature"]["content"] = json!(STANDARD.encode(&sig));
    let hashedrekord = admit(&request);

    let (mut bundle, _) = bundle(signer, &material);
    bundle.content = BundleContent::DsseEnvelope(envelope);
    bundle.timestamps = vec![vec![0x30, 0]];
    for leaf in [dsse.unwrap(), hashedrekord.unwrap()] {
        bundle.tlog_entries = vec![answer(leaf.kind(), leaf.bytes())];
        let read = Bundle::parse(&bundle.to_json()).unwrap();
        assert_eq!(read, bundle);
        let rebuilt = read.rebuild_leaf(&read.tlog_entries[0], Some(&key(signer)), None).unwrap();
        assert_eq!(rebuilt, leaf.bytes());
        read.signed(Some(&key(signer)), None).unwrap().verify().unwrap();
    }
}

#[test]
fn another_key_artifact_or_kind_is_noticed() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let other = key(Signer::of(SigningAlgorithm::EcdsaP384Sha384));
    let (right_key, digest) = (key(signer), signer.digest(ARTIFACT));
    let (hinted, leaf) = bundle(signer, &signer.public_key());
    let (certified, _) = bundle(signer, &signer.certificate());
    let entry = &hinted.tlog_entries[0];

    let refusal = |bundle: &Bundle, key, digest| {
        bundle.rebuild_leaf(entry, key, digest).unwrap_err().to_string()
    };
    assert!(refusal(&hinted, None, Some(&digest)).contains("the signer's public key"));
    assert!(refusal(&hinted, Some(&right_key), None).contains("the digest of the artifact"));
    assert!(refusal(&certified, Some(&other), Some(&digest)).contains("another key than the one"));
    let another = signer.digest(b"another");
    assert!(refusal(&certified, None, Some(&another)).contains("not that of the artifact"));
    let wrong_hash = ArtifactDigest::of(HashAlgorithm::Sha512, ARTIFACT);
    assert!(refusal(&certified, None, Some(&wrong_hash)).contains("a SHA2_512 digest, but"));
    for (kind, version) in [("hashedrekord", "0.0.1"), ("intoto", "0.0.2"), ("dsse", "0.0.2")] {
        let (kind, version) = (kind.to_owned(), version.to_owned());
        let entry = TransparencyLogEntry { kind, version, ..entry.clone() };
        assert!(hinted.rebuild_leaf(&entry, Some(&right_key), Some(&digest)).is_err());
    }

    // Another key of the same kind gives a leaf, but not this one, and the signature is not by it.
    let stranger = key(&Signer::generate(SigningAlgorithm::EcdsaP256Sha256));
    let rebuilt = hinted.rebuild_leaf(entry, Some(&stranger), Some(&digest)).unwrap();
    assert_ne!(rebuilt, leaf);
    assert!(hinted.signed(Some(&stranger), Some(&digest)).unwrap().verify().is_err());
}

#[test]
fn versions_and_their_shapes() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let (mut bundle, leaf) = bundle(signer, &signer.certificate());
    let VerificationMaterial::Certificate(der) = bundle.material.clone() else { unreachable!() };
    bundle.material = VerificationMaterial::CertificateChain(vec![der, vec![0x30, 0]]);
    for version in [BundleVersion::V0_1, BundleVersion::V0_2] {
        bundle.version = version;
        let read = Bundle::parse(&bundle.to_json()).unwrap();
        assert_eq!(read, bundle);
        let digest = signer.digest(ARTIFACT);
        let rebuilt = read.rebuild_leaf(&read.tlog_entries[0], None, Some(&digest)).unwrap();
        assert_eq!(rebuilt, leaf);
    }
    bundle.version = BundleVersion::V0_3;
    let message = Bundle::parse(&bundle.to_json()).unwrap_err().to_string();
    assert!(
        message.contains("x509CertificateChain and a bundle of version 0.3 exclude"),
        "{message}"
    );
    bundle.tlog_entries[0].inclusion_proof = None;
    bundle.version = BundleVersion::V0_1;
    assert!(Bundle::parse(&bundle.to_json()).is_ok());
    bundle.version = BundleVersion::V0_2;
    let error = Bundle::parse(&bundle.to_json()).unwrap_err();
    assert_eq!(error.field(), Some("verificationMaterial.tlogEntries[0].inclusionProof"));
}

#[test]
fn refusals() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let (bundle, _) = bundle(signer, &signer.certificate());
    let json: Json = serde_json::from_slice(&bundle.to_json()).unwrap();
    let signature = json!({"sig": "AAAA"});
    let envelope = |signatures: Vec<&Json>| json!({"payload": "AAAA", "payloadType": "x", "signatures": signatures});
    for (pointer, value, why) in [
        ("/mediaType", json!(null), "mediaType: missing or empty"),
        ("/mediaType", json!("application/json"), "mediaType: unknown value \"application/json\""),
        ("/verificationMaterial", json!({}), "publicKey or certificate is required"),
        (
            "/verificationMaterial",
            json!({"publicKey": {}, "certificate": {"rawBytes": "AAAA"}}),
            "publicKey and certificate exclude each other",
        ),
        ("/verificationMaterial/certificate", json!({}), "certificate.rawBytes: missing or empty"),
        ("/verificationMaterial/tlogEntries", json!(vec![0; 33]), "33 elements; at most 32"),
        ("/verificationMaterial/tlogEntries/0/logId", json!(null), "tlogEntries[0].logId: missing"),
        ("/messageSignature", json!(null), "messageSignature or dsseEnvelope is required"),
        (
            "/messageSignature",
            json!({"messageDigest": null}),
            "messageSignature.signature: missing",
        ),
        (
            "/messageSignature/messageDigest/algorithm",
            json!("SHA3_256"),
            "unknown value \"SHA3_256\"",
        ),
        ("/messageSignature/messageDigest/digest", json!("AAAA"), "3 bytes long"),
        ("/dsseEnvelope", envelope(vec![&signature]), "exclude each other"),
    ] {
        let mut json = json.clone();
        json["dsseEnvelope"] = Json::Null;
        let message = Bundle::parse(with(&json, pointer, value).to_string().as_bytes());
        let message = message.unwrap_err().to_string();
        assert!(message.contains(why), "{message}");
    }
    let mut two = json.clone();
    two["messageSignature"] = Json::Null;
    two["dsseEnvelope"] = envelope(vec![&signature, &signature]);
    let message = Bundle::parse(two.to_string().as_bytes()).unwrap_err().to_string();
    assert!(message.starts_with("dsseEnvelope.signatures: 2 elements; at most 1"), "{message}");
}
