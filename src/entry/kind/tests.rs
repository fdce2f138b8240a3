//! The table, and a kind that stands in it without anybody else knowing.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tiles_spec::leaf_hash;

use super::*;
use crate::facts::StoredKey;
use crate::testing::admit;
use crate::{ArtifactDigest, HashAlgorithm, LookupTerm, expect_few_keys, lookup_keys};

const ARTIFACT: &[u8] = b"an artifact";
const KEY: &[u8] = b"a key";
const SIGNER: &str = "Somebody";

/// The request in protobuf.
#[derive(Clone, PartialEq, prost::Message)]
struct Create {
    #[prost(message, optional, tag = "1000")]
    made_up: Option<MadeUp>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MadeUp {
    #[prost(bytes = "vec", tag = "1")]
    artifact: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(string, tag = "4")]
    signer: String,
}

fn signature() -> Vec<u8> {
    Sha256::new().chain_update(KEY).chain_update(ARTIFACT).finalize().to_vec()
}

fn request() -> serde_json::Value {
    json!({"madeUpRequest": {
        "artifact": STANDARD.encode(ARTIFACT),
        "key": STANDARD.encode(KEY),
        "signature": STANDARD.encode(signature()),
        "signer": SIGNER,
    }})
}

#[test]
fn rows_are_in_the_order_of_the_variants_and_differ() {
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(row.kind as usize, index);
        assert_eq!(Kind::find(row.name, row.version).unwrap(), row.kind);
        let field = row.kind.request_field().expect("each kind so far has a request");
        assert_eq!(Kind::of_field(field), Some(row.kind));
        assert_eq!(Kind::of_field(&format!("{field}.envelope[0]")), Some(row.kind));
        assert!(listed::facts_of(row.name, row.version).is_none(), "{} is listed twice", row.name);
    }
    assert_eq!(Kind::of_field("unknown"), None);
    let numbers: Vec<_> = REQUESTS.iter().map(|field| field.name).collect();
    assert_eq!(numbers, ["hashedRekordRequestV002", "dsseRequestV002", "madeUpRequest"]);
}

#[test]
fn a_new_kind_is_taken_read_found_and_judged() {
    let entry = admit(&request()).unwrap();
    assert_eq!((entry.kind(), entry.kind().name()), (Kind::MadeUp, "madeup"));

    // In both encodings.
    let made_up = MadeUp {
        artifact: ARTIFACT.to_vec(),
        key: KEY.to_vec(),
        signature: signature(),
        signer: SIGNER.to_owned(),
    };
    let message = Create { made_up: Some(made_up) }.encode_to_vec();
    let submission = Submission::parse_protobuf(&message).unwrap();
    assert_eq!(submission.verify().unwrap(), entry);
    assert_eq!(submission.cost(), Cost::Quick);
    assert_eq!(submission.signers().unwrap(), []);

    // In canonical form, and back.
    let leaf = entry.bytes();
    let json: serde_json::Value = serde_json::from_slice(leaf).unwrap();
    assert_eq!(serde_json_canonicalizer::to_vec(&json).unwrap(), leaf);
    let read = RekorEntry::parse(leaf).unwrap();
    assert_eq!((read.kind(), read.to_leaf().unwrap()), (Kind::MadeUp, leaf.to_vec()));
    assert_eq!((read.signed_digest(), read.verify_again().unwrap()), (None, 0));

    // By everything that it states.
    let [short, long] = [HashAlgorithm::Sha256, HashAlgorithm::Sha512]
        .map(|algorithm| ArtifactDigest::of(algorithm, ARTIFACT).as_bytes().to_vec());
    let facts = Facts::of(leaf);
    assert_eq!(facts.digests.len(), 2);
    assert_eq!(facts.signers[0].key, StoredKey::Other(KEY.to_vec()));
    let hash = leaf_hash(leaf);
    let terms = [
        LookupTerm::Leaf(hash),
        LookupTerm::Digest(short),
        LookupTerm::Digest(long),
        LookupTerm::of_public_key(KEY),
        LookupTerm::Identity(SIGNER.to_lowercase()),
    ];
    let mut keys = terms.each_ref().map(LookupTerm::key);
    keys.sort();
    assert_eq!(lookup_keys(&hash, leaf), keys);
    assert!(terms.iter().all(|term| term.matches(&hash, leaf)));
    expect_few_keys(leaf).unwrap();
}

#[test]
fn a_new_kind_is_refused_by_its_own_rules_and_names() {
    let mut broken = request();
    broken["madeUpRequest"]["signer"] = json!(1);
    let error = admit(&broken).unwrap_err();
    assert_eq!(error.field(), Some("madeUpRequest.signer"));
    broken = request();
    broken["madeUpRequest"]["artifact"] = json!("AAAA");
    let error = admit(&broken).unwrap_err();
    assert_eq!(error.field().and_then(Kind::of_field), Some(Kind::MadeUp));
}

/// A row says how a kind is asked for and verified, and another how an index finds its entries.
#[test]
fn the_document_has_every_kind() {
    let document = include_str!("../../docs/formats.md");
    let rows = |kind: &str| document.lines().filter(|line| line.contains(kind)).count();
    for Row { name, version, .. } in TABLE.iter().filter(|row| row.kind != Kind::MadeUp) {
        assert_eq!(rows(&format!("| {name} {version} |")), 2, "{name} {version}");
    }
}
