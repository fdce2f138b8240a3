//! An entry proved to be in a log, and that proof as a file (C2SP tlog-proof).

use tiles_spec::{Hash, LeafIndex, TlogProof};

use crate::trust::OpenedCheckpoint;

/// An entry with the proof that it is in the log.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// The entry's index in the log.
    pub index: LeafIndex,
    /// The entry as stored in the log.
    pub bytes: Vec<u8>,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// The inclusion proof in the tree of the checkpoint under which the entry was read.
    pub proof: Vec<Hash>,
}

impl ProvenEntry {
    /// The proof as a file. The entry is included as its extra data, so that nothing else is needed
    /// to check the proof. `checkpoint` is the one under which the entry was read.
    pub fn to_tlog_proof(&self, checkpoint: &OpenedCheckpoint) -> TlogProof {
        TlogProof {
            extra: Some(self.bytes.clone()),
            index: self.index,
            hashes: self.proof.clone(),
            checkpoint: checkpoint.to_bytes(),
        }
    }
}
