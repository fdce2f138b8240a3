//! An entry proved to be in a log, and the formats for that proof: a `.tlog-proof` (C2SP), and a
//! `TransparencyLogEntry` (Rekor), from which a bundle is made.

use fasti_entry::{EntryError, InclusionProof, RekorEntry, TransparencyLogEntry};
use tiles_spec::{Hash, LeafIndex, TlogProof};

use super::trust::OpenedCheckpoint;

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

    /// The answer that the log gives to the submitter of the entry. Refuses entries that are not
    /// Rekor's.
    pub fn to_transparency_log_entry(
        &self,
        checkpoint: &OpenedCheckpoint,
    ) -> Result<TransparencyLogEntry, EntryError> {
        let kind = RekorEntry::parse(&self.bytes)?.kind();
        let head = checkpoint.head();
        Ok(TransparencyLogEntry {
            log_index: self.index.get(),
            log_id: checkpoint.log().log_id.to_vec(),
            kind: kind.name().to_owned(),
            version: kind.version().to_owned(),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: self.index.get(),
                root_hash: *head.root.as_bytes(),
                tree_size: head.size.get(),
                hashes: self.proof.iter().map(|hash| *hash.as_bytes()).collect(),
                // An opened checkpoint is UTF-8.
                checkpoint: String::from_utf8_lossy(&checkpoint.to_bytes()).into_owned(),
            }),
            canonicalized_body: self.bytes.clone(),
        })
    }
}
