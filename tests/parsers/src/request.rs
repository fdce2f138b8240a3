//! Requests to log an entry, in protobuf JSON and on the wire of gRPC, compared with each other and
//! with `prost-reflect`.

use std::sync::LazyLock;

use fasti::entry::{
    EntryError, LOOKUP_KEYS_MAX, PROTOBUF_DESCRIPTORS, RekorEntry, Submission, expect_few_keys,
    lookup_keys,
};
use fasti_kit::certificates::{ARTIFACT, ED25519_PH, P256, Signer, email};
use fasti_kit::requests;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tiles_spec::leaf_hash;

use crate::Seeds;

/// The longest message of a refusal, in bytes: it quotes only the beginning of what it refuses.
const MESSAGE_BYTES_MAX: usize = 4096;

/// The shape of a message, for the other reader.
pub(crate) fn described(name: &str) -> MessageDescriptor {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(PROTOBUF_DESCRIPTORS).expect("descriptors"));
    POOL.get_message_by_name(name).expect("it is described")
}

fn request() -> MessageDescriptor {
    described("dev.sigstore.rekor.v2.CreateEntryRequest")
}

/// See the crate.
pub fn check(data: &[u8]) {
    let ours = Submission::parse(data);
    if let Ok(ours) = modest(&ours) {
        let mut json = serde_json::Deserializer::from_slice(data);
        if let Ok(theirs) = DynamicMessage::deserialize(request(), &mut json) {
            let wire = theirs.encode_to_vec();
            assert_eq!(Submission::parse_protobuf(&wire).ok().as_ref(), Some(ours));
        }
        verified(ours);
    }
    let ours = Submission::parse_protobuf(data);
    if let Ok(ours) = modest(&ours) {
        let theirs = DynamicMessage::decode(request(), data).expect("it is protobuf");
        let json = serde_json::to_vec(&theirs).expect("it has a JSON form");
        assert_eq!(Submission::parse(&json).ok().as_ref(), Some(ours));
        verified(ours);
    }
}

/// A refusal has a message of moderate length.
fn modest<T>(read: &Result<T, EntryError>) -> Result<&T, &EntryError> {
    read.as_ref().inspect_err(|error| {
        assert!(error.to_string().len() <= MESSAGE_BYTES_MAX, "{error}");
    })
}

/// What the log takes, it can read, find and verify again.
fn verified(submission: &Submission) {
    if let Ok(signers) = submission.signers() {
        assert!(!signers.is_empty());
    }
    let verified = submission.verify();
    let Ok(entry) = modest(&verified) else { return };
    assert_eq!(submission.expect_modest().ok(), Some(()));
    let leaf = entry.bytes();
    let read = RekorEntry::parse(leaf).expect("an entry");
    assert_eq!(read.kind(), submission.kind());
    assert_eq!(read.to_leaf().as_deref().ok(), Some(leaf));
    assert!(read.verify_again().is_ok());
    assert!(expect_few_keys(leaf).is_ok());
    let keys = lookup_keys(&leaf_hash(leaf), leaf);
    assert!((2..=LOOKUP_KEYS_MAX).contains(&keys.len()));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let signer = Signer::generate(P256);
    let ed25519 = Signer::generate(ED25519_PH);
    let certificate = signer.certificate_with(vec![email("dev@example.com")], Vec::new());
    let requests = [
        requests::artifact(&ed25519, ARTIFACT, None),
        requests::artifact(&signer, ARTIFACT, Some(&certificate)),
        requests::envelope(&[(&signer, None)], "text/plain", ARTIFACT),
    ];
    let [json_1, json_2, json_3] = requests.clone().map(|json| json.to_string().into_bytes());
    let [wire_1, wire_2, wire_3] = requests.map(|json| {
        let message = DynamicMessage::deserialize(request(), json).expect("a request");
        message.encode_to_vec()
    });
    vec![
        ("json-key", json_1),
        ("json-certificate", json_2),
        ("json-envelope", json_3),
        ("wire-key", wire_1),
        ("wire-certificate", wire_2),
        ("wire-envelope", wire_3),
    ]
}
