//! An entry proved to be in a log, in Rekor's format: a `TransparencyLogEntry`, from which a bundle
//! is made.

use fasti_entry::{EntryError, InclusionProof, RekorEntry, TransparencyLogEntry};

pub use fasti_read::ProvenEntry;
use fasti_read::trust::OpenedCheckpoint;

/// The answer that the log gives to the submitter of the entry. Refuses entries that are not
/// Rekor's.
pub fn to_transparency_log_entry(
    entry: &ProvenEntry,
    checkpoint: &OpenedCheckpoint,
) -> Result<TransparencyLogEntry, EntryError> {
    let kind = RekorEntry::parse(&entry.bytes)?.kind();
    let head = checkpoint.head();
    Ok(TransparencyLogEntry {
        log_index: entry.index.get(),
        log_id: checkpoint.log().log_id.to_vec(),
        kind: kind.name().to_owned(),
        version: kind.version().to_owned(),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: entry.index.get(),
            root_hash: *head.root.as_bytes(),
            tree_size: head.size.get(),
            hashes: entry.proof.iter().map(|hash| *hash.as_bytes()).collect(),
            // An opened checkpoint is UTF-8.
            checkpoint: String::from_utf8_lossy(&checkpoint.to_bytes()).into_owned(),
        }),
        canonicalized_body: entry.bytes.clone(),
    })
}
