//! A small log, of Rekor v2 and of v1, whose proofs are made naively from the specification
//! (RFC 9162, section 2.1.3.1); only in tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{InclusionProof, TransparencyLogEntry};
use fasti_read::Trust;
use fasti_read::window::Window;
use rcgen::KeyPair;
use tiles_spec::tree::root_of;
use tiles_spec::{
    Checkpoint, Hash, LeafIndex, NoteSigningKey, TlogProof, TreeHead, TreeSize, leaf_hash,
};

use super::v1_log::V1Log;

/// The origin of the log.
const ORIGIN: &str = "log.test/one";
/// The index of the entry that is proved.
pub(crate) const INDEX: u64 = 280;

fn signing_key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[9; 32])
}

/// Trust in the log's key alone.
pub(crate) fn trust() -> Trust {
    Trust::in_keys([signing_key().verifier_key().clone()])
}

/// The proof of this entry, among 300 others.
pub(crate) fn proof_of(entry: &[u8]) -> TlogProof {
    let leaf = |index| match index {
        INDEX => leaf_hash(entry),
        other => leaf_hash(format!("entry {other}").as_bytes()),
    };
    let leaves: Vec<Hash> = (0..300).map(leaf).collect();
    let head = TreeHead { size: TreeSize::new(300).unwrap(), root: root_of(&leaves) };
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), head, extensions: Vec::new() };
    let text = checkpoint.to_text();
    TlogProof {
        extra: Some(entry.to_vec()),
        index: LeafIndex::new(INDEX).unwrap(),
        hashes: path(&leaves, usize::try_from(INDEX).unwrap()),
        checkpoint: format!("{text}\n{}", signing_key().sign(&text)).into_bytes(),
    }
}

/// The log's answer for this entry.
pub(crate) fn answer_for(entry: &[u8], kind: &str, version: &str) -> TransparencyLogEntry {
    let proof = proof_of(entry);
    let checkpoint = trust().open(&proof.checkpoint).unwrap();
    TransparencyLogEntry {
        log_index: INDEX,
        log_id: checkpoint.log().log_id.to_vec(),
        kind: kind.to_owned(),
        version: version.to_owned(),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: INDEX,
            root_hash: *checkpoint.head().root.as_bytes(),
            tree_size: checkpoint.head().size.get(),
            hashes: proof.hashes.iter().map(|hash| *hash.as_bytes()).collect(),
            checkpoint: String::from_utf8(proof.checkpoint).unwrap(),
        }),
        canonicalized_body: entry.to_vec(),
    }
}

/// A made-up log of Rekor v1, with a key of any kind.
pub(crate) struct OlderLog(pub(crate) KeyPair);

/// The host of the log, and the number of its tree.
pub(crate) const HOST: &str = "older.test";
const TREE: u64 = 1_193_050_959_916_656_506;
/// The index of the entry over all trees of the log, and when it was taken.
pub(crate) const GLOBAL_INDEX: u64 = 4_163_431 + INDEX;
pub(crate) const TIME: u64 = 1_700_000_000;

impl OlderLog {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate().unwrap())
    }

    fn spki(&self) -> Vec<u8> {
        rcgen::PublicKeyData::subject_public_key_info(&self.0)
    }

    pub(crate) fn trusted(&self) -> V1Log {
        V1Log::new(HOST.to_owned(), &self.spki(), Window::default()).unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        rcgen::SigningKey::sign(&self.0, message).unwrap()
    }

    /// A signed checkpoint with this first line, whose signature line has this name and key ID.
    pub(crate) fn note(&self, origin: &str, head: TreeHead, name: &str, id: [u8; 4]) -> String {
        let origin = origin.to_owned();
        let extensions = vec!["Timestamp: 1700000000000000000".to_owned()];
        let text = Checkpoint { origin, head, extensions }.to_text();
        let line = [&id[..], &self.sign(text.as_bytes())].concat();
        format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(line))
    }

    /// The first bytes of the log's ID, which are the ID of its key.
    pub(crate) fn key_id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.trusted().log_id();
        [a, b, c, d]
    }

    /// Signs the promise of the entry again.
    pub(crate) fn promise(&self, entry: &mut TransparencyLogEntry) {
        let text = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
            STANDARD.encode(&entry.canonicalized_body),
            entry.integrated_time,
            hex::encode(&entry.log_id),
            entry.log_index,
        );
        entry.inclusion_promise = Some(self.sign(text.as_bytes()));
    }

    /// The log's answer for this body, with a promise and a proof.
    pub(crate) fn answer_for(
        &self,
        body: &[u8],
        kind: &str,
        version: &str,
    ) -> TransparencyLogEntry {
        let mut entry = answer_for(body, kind, version);
        entry.log_index = GLOBAL_INDEX;
        entry.log_id = self.trusted().log_id().to_vec();
        entry.integrated_time = TIME;
        let proof = entry.inclusion_proof.as_mut().unwrap();
        let size = TreeSize::new(proof.tree_size).unwrap();
        let head = TreeHead { size, root: Hash::from(proof.root_hash) };
        proof.checkpoint = self.note(&format!("{HOST} - {TREE}"), head, HOST, self.key_id());
        self.promise(&mut entry);
        entry
    }
}

/// The siblings on the way from a leaf to the root, from below.
fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (path(left, index), root_of(right))
    } else {
        (path(right, index - left.len()), root_of(left))
    };
    path.push(sibling);
    path
}
