//! Sigstore bundles, envelopes (DSSE) and a log's answers, in protobuf JSON, and verified.

use fasti::client::trust::Trust;
use fasti::entry::{
    Bundle, BundleContent, DsseEnvelope, DsseSignature, InclusionProof, PublicKey, Submission,
    TransparencyLogEntry, pae,
};
use fasti::verify::{self, Demand, TrustedRoot};
use fasti_kit::certificates::{ARTIFACT, ED25519_PH, P256, Signer, email};
use fasti_kit::requests;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, SerializeOptions};
use tiles_spec::{Checkpoint, Note, TreeHead, TreeSize, leaf_hash};

use crate::{Seeds, request, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    if let Ok(answer) = TransparencyLogEntry::parse(data) {
        self::answer(&answer);
    }
    let Ok(bundle) = Bundle::parse(data) else { return };
    assert_eq!(Bundle::parse(&bundle.to_json()).ok().as_ref(), Some(&bundle));
    assert!(bundle.tlog_entries.len() <= 32 && bundle.timestamps.len() <= 32);
    if let BundleContent::DsseEnvelope(envelope) = &bundle.content {
        assert!((1..=10).contains(&envelope.signatures.len()));
    }
    verified(&bundle);
}

/// An answer is the same in JSON and on the wire.
fn answer(answer: &TransparencyLogEntry) {
    assert_eq!(TransparencyLogEntry::parse(&answer.to_json()).ok().as_ref(), Some(answer));
    let described = request::described("dev.sigstore.rekor.v1.TransparencyLogEntry");
    let wire = answer.to_protobuf();
    let theirs = DynamicMessage::decode(described, &wire[..]).expect("it is protobuf");
    assert_eq!(theirs.encode_to_vec(), wire);
    let mut json = serde_json::Serializer::new(Vec::new());
    let all = SerializeOptions::new().skip_default_fields(false);
    theirs.serialize_with_options(&mut json, &all).expect("it has a JSON form");
    let read = TransparencyLogEntry::parse(&json.into_inner());
    // The other writer leaves out bytes that are empty, where some are required.
    if let Ok(read) = read {
        assert_eq!(read, *answer);
    }
}

/// A verdict exists only for what the bundle has, in a log that is trusted.
fn verified(bundle: &Bundle) {
    let trust = TrustedRoot::from(Trust::in_keys(signed::verifier_keys()));
    let demand = Demand::default();
    let artifact = ARTIFACT.to_vec();
    let verdict = match &bundle.content {
        BundleContent::MessageSignature(_) => {
            verify::bundle(bundle, Some(&artifact), &trust, &demand)
        }
        BundleContent::DsseEnvelope(_) => verify::bundle(bundle, None, &trust, &demand),
    };
    let Ok(verdict) = verdict else { return };
    assert!(!verdict.logged.is_empty());
    let certificate = bundle.certificate().expect("it was read").expect("there is no other key");
    let key: &PublicKey = certificate.public_key();
    // In nobody's log it is worth nothing, and under another key neither.
    assert!(verify::bundle(bundle, Some(&artifact), &TrustedRoot::default(), &demand).is_err());
    let other = Signer::of(ED25519_PH);
    let other = PublicKey::from_spki_der(&other.spki).expect("a key");
    if *key != other {
        let demand = Demand { public_key: Some(other), ..Demand::default() };
        assert!(verify::bundle(bundle, Some(&artifact), &trust, &demand).is_err());
    }
}

/// The answer of a log with this one leaf.
fn logged(submission: &[u8]) -> TransparencyLogEntry {
    let submission = Submission::parse(submission).expect("a request");
    let entry = submission.verify().expect("it is signed");
    let size = TreeSize::new(1).expect("it is small");
    let root = leaf_hash(entry.bytes());
    let head = TreeHead { size, root };
    let origin = signed::ORIGIN.to_owned();
    let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
    let mut note = Note::unsigned(text.as_str()).expect("a text");
    note.append(signed::key().sign(&text)).expect("there is room");
    TransparencyLogEntry {
        log_index: 0,
        log_id: signed::key().verifier_key().log_id().to_vec(),
        kind: entry.kind().name().to_owned(),
        version: entry.kind().version().to_owned(),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: 0,
            root_hash: *root.as_bytes(),
            tree_size: 1,
            hashes: Vec::new(),
            checkpoint: note.to_string(),
        }),
        canonicalized_body: entry.into_bytes(),
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let signer = Signer::generate(P256);
    let certificate = signer.certificate_with(vec![email("dev@example.com")], Vec::new());
    let bundle_of = |certificate: Option<&[u8]>| {
        let request = requests::artifact(&signer, ARTIFACT, certificate).to_string();
        let answer = logged(request.as_bytes());
        let entry = fasti::entry::RekorEntry::parse(&answer.canonicalized_body);
        let entry = entry.expect("an entry");
        Bundle::for_signed_digest(entry.signed_digest().expect("it has one"), answer)
    };
    let certified = bundle_of(Some(&certificate));
    let hinted = bundle_of(None);
    let sig = signer.sign(&pae("text/plain", ARTIFACT));
    let envelope = DsseEnvelope {
        payload: ARTIFACT.to_vec(),
        payload_type: "text/plain".to_owned(),
        signatures: vec![DsseSignature { sig, keyid: String::new() }],
    };
    let enveloped = Bundle { content: BundleContent::DsseEnvelope(envelope), ..certified.clone() };
    let answer = certified.tlog_entries[0].to_json();
    vec![
        ("certified", certified.to_json()),
        ("hinted", hinted.to_json()),
        ("enveloped", enveloped.to_json()),
        ("answer", answer),
    ]
}
