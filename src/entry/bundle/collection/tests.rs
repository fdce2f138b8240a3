//! One bundle in every form, several in one file, and files that are something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::*;
use crate::InclusionProof;
use crate::testing::Signer;
use crate::{SigningAlgorithm, pae};

const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;

fn entry() -> TransparencyLogEntry {
    TransparencyLogEntry {
        log_index: 27,
        log_id: vec![7; 32],
        kind: "dsse".to_owned(),
        version: "0.0.1".to_owned(),
        integrated_time: 1_700_000_000,
        inclusion_promise: Some(vec![1, 2]),
        inclusion_proof: Some(InclusionProof {
            log_index: 3,
            root_hash: [1; 32],
            tree_size: 4,
            hashes: vec![],
            checkpoint: "log.test - 1\n4\nAQ==\n\n".to_owned(),
        }),
        canonicalized_body: br#"{"apiVersion":"0.0.1","kind":"dsse","spec":{}}"#.to_vec(),
    }
}

fn certificate(signer: &Signer) -> Vec<u8> {
    signer.certificate().der().to_vec()
}

/// A bundle as a PEP 740 attestation has it.
fn attested() -> Bundle {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let sig = signer.sign(&pae(IN_TOTO, PAYLOAD));
    Bundle {
        version: BundleVersion::V0_3,
        material: VerificationMaterial::Certificate(certificate(signer)),
        tlog_entries: vec![entry()],
        timestamps: Vec::new(),
        content: BundleContent::DsseEnvelope(DsseEnvelope {
            payload: PAYLOAD.to_vec(),
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![DsseSignature { sig, keyid: String::new() }],
        }),
    }
}

fn json_of(bundle: &Bundle) -> Json {
    serde_json::from_slice(&bundle.to_json()).unwrap()
}

fn pep_740(bundle: &Bundle) -> Json {
    let json = json_of(bundle);
    let envelope = &json["dsseEnvelope"];
    json!({
        "version": 1,
        "verification_material": {
            "certificate": json["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": json["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": envelope["payload"],
            "signature": envelope["signatures"][0]["sig"],
        },
    })
}

fn parse(file: &Json) -> Result<Vec<Bundle>, EntryError> {
    Bundle::parse_all(file.to_string().as_bytes())
}

fn refusal(file: &Json) -> String {
    parse(file).unwrap_err().to_string()
}

#[test]
fn one_bundle_in_every_form() {
    let bundle = attested();
    let (json, attestation) = (json_of(&bundle), pep_740(&bundle));
    for file in [
        json.clone(),
        attestation.clone(),
        json!({"attestations": [{"predicateType": "x", "bundle": json}]}),
        json!({"attestations": [{"bundle": json, "repository_id": 1, "bundle_url": "x"}]}),
        json!({"bundle": json}),
        json!({"version": 1, "attestation_bundles": [
            {"publisher": {"kind": "x"}, "attestations": [attestation]},
        ]}),
    ] {
        assert_eq!(parse(&file).unwrap(), std::slice::from_ref(&bundle), "{file}");
    }
}

#[test]
fn several_bundles_in_a_file() {
    let bundle = attested();
    let text = json_of(&bundle).to_string();
    let lines = |text: &str| Bundle::parse_all(text.as_bytes());
    let three = format!("{text}\n\n{text}\r\n{text}");
    assert_eq!(lines(&three).unwrap(), vec![bundle.clone(); 3]);
    let twice = json!({"attestations": vec![json!({"bundle": json_of(&bundle)}); 2]});
    assert_eq!(parse(&twice).unwrap(), vec![bundle; 2]);
    for (file, words) in [
        (format!("{text}\n{{\n"), "line 2: not acceptable JSON"),
        (format!("{text}\n[]"), "line 2: expected an object"),
        (text[1..].to_owned(), "not acceptable JSON"),
        (String::new(), "EOF"),
        (text.repeat(2), "trailing"),
        (vec![text.as_str(); BUNDLES_MAX + 1].join("\n"), "at most 256"),
    ] {
        let error = lines(&file).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    for (file, words) in [
        (json!({"attestations": []}), "a bundle is required"),
        (json!({"attestations": [{"bundle_url": "x"}]}), "attestations[0]"),
        (json!({"attestations": [{"bundle": null}]}), "not its address"),
        (json!({"attestations": 1}), "attestations: expected an array"),
        (json!({"attestation_bundles": [{"attestations": [{}]}]}), "[0].attestations[0]"),
    ] {
        let error = refusal(&file);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn attestations_of_pep_740_are_read_strictly() {
    let attestation = pep_740(&attested());
    for (pointer, value, words) in [
        ("/version", json!(2), "unknown value 2 of an attestation of PEP 740"),
        ("/envelope/signature", json!(null), "envelope.signature: missing"),
        ("/envelope/statement", json!(""), "envelope.statement: missing"),
        ("/verification_material/certificate", json!(null), "certificate: missing"),
        (
            "/verification_material/transparency_entries/0/inclusionProof",
            json!(null),
            "transparency_entries[0].inclusionProof: missing",
        ),
    ] {
        let error = refusal(&crate::testing::with(&attestation, pointer, value));
        assert!(error.contains(words), "{error}");
    }
}

/// What cosign wrote for this signature.
fn cosign(signature: &[u8], cert: Option<&str>) -> Json {
    let entry = entry();
    let mut file = json!({
        "base64Signature": STANDARD.encode(signature),
        "rekorBundle": {
            "SignedEntryTimestamp": STANDARD.encode([1, 2]),
            "Payload": {
                "body": STANDARD.encode(&entry.canonicalized_body),
                "integratedTime": entry.integrated_time,
                "logIndex": entry.log_index,
                "logID": hex::encode(&entry.log_id),
            },
        },
    });
    if let Some(cert) = cert {
        file["cert"] = json!(cert);
    }
    file
}

#[test]
fn files_of_older_cosign_are_bundles_with_a_promise() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let pem = |label: &str, der: &[u8]| {
        pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
    };
    let der = certificate(signer);
    let text = pem("CERTIFICATE", &der);
    let hint = VerificationMaterial::PublicKeyHint(String::new());
    let promised = TransparencyLogEntry { inclusion_proof: None, ..entry() };
    for (cert, material) in [
        (Some(STANDARD.encode(&text)), VerificationMaterial::Certificate(der.clone())),
        (Some(text), VerificationMaterial::Certificate(der)),
        (Some(STANDARD.encode(pem("PUBLIC KEY", &signer.spki))), hint.clone()),
        (None, hint),
    ] {
        let [bundle] = parse(&cosign(b"sig", cert.as_deref())).unwrap().try_into().unwrap();
        assert_eq!(bundle.version, BundleVersion::V0_1);
        assert_eq!(bundle.material, material);
        assert_eq!(bundle.tlog_entries, std::slice::from_ref(&promised));
        let message = MessageSignature { digest: None, signature: b"sig".to_vec() };
        assert_eq!(bundle.content, BundleContent::MessageSignature(message));
    }
    // For attestations, the envelope stands in the place of the signature.
    let attested = attested();
    let envelope = json_of(&attested)["dsseEnvelope"].to_string();
    let [bundle] = parse(&cosign(envelope.as_bytes(), None)).unwrap().try_into().unwrap();
    assert_eq!(bundle.content, attested.content);

    let good = cosign(b"sig", None);
    for (pointer, value, words) in [
        ("/base64Signature", json!(""), "base64Signature: missing"),
        ("/base64Signature", json!(STANDARD.encode("{}")), "base64Signature.signatures: missing"),
        ("/rekorBundle", json!(null), "rekorBundle: missing"),
        ("/rekorBundle/SignedEntryTimestamp", json!(null), "SignedEntryTimestamp: missing"),
        ("/rekorBundle/Payload/logID", json!("07"), "64 hexadecimal digits"),
        ("/rekorBundle/Payload/body", json!("AAAA"), "Payload.body: not acceptable JSON"),
        ("/rekorBundle/Payload/integratedTime", json!(-1), "integratedTime: expected"),
    ] {
        let error = refusal(&crate::testing::with(&good, pointer, value));
        assert!(error.contains(words), "{error}");
    }
    let mut no_pem = good;
    no_pem["cert"] = json!("AAAA");
    assert!(refusal(&no_pem).contains("cert: missing or empty; a public key"));
}

#[test]
fn other_files_are_called_what_they_are() {
    let bundle = json_of(&attested());
    let entry = bundle["verificationMaterial"]["tlogEntries"][0].clone();
    let cosign = cosign(b"sig", None);
    for (file, what) in [
        (bundle["dsseEnvelope"].clone(), "a bare DSSE envelope"),
        (json!({"_type": "x", "predicateType": "y"}), "an in-toto statement without a signature"),
        (json!({"mediaType": "x", "tlogs": []}), "a trusted root"),
        (json!({"trustedRoot": {"tlogs": []}, "signingConfig": {}}), "a trust configuration"),
        (entry, "a log entry"),
        (json!({"Base64Signature": "x", "Payload": "y"}), "a container image's signature"),
        (cosign["rekorBundle"].clone(), "the log's part of a cosign bundle"),
    ] {
        let error = refusal(&file);
        assert!(error.starts_with(&format!("this is {what}, not a Sigstore bundle")), "{error}");
    }
    assert!(refusal(&json!({})).starts_with("mediaType: missing"));
    for (label, what) in [("SIGNED MESSAGE", "a signature of Git"), ("PUBLIC KEY", "PEM, not")] {
        let text = format!("\n-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let error = Bundle::parse_all(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("this is {what}")), "{error}");
    }
}
