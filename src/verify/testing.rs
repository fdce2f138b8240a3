//! A small log whose proofs are made naively from the specification (RFC 9162, section 2.1.3.1);
//! only in tests.

use fasti_entry::{InclusionProof, TransparencyLogEntry};
use fasti_read::Trust;
use tiles_spec::tree::root_of;
use tiles_spec::{
    Checkpoint, Hash, LeafIndex, NoteSigningKey, TlogProof, TreeHead, TreeSize, leaf_hash,
};

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
