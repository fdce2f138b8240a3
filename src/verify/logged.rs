//! Is this leaf in a tree signed by a trusted log? (RFC 6962 section 2.1.1, C2SP tlog-checkpoint,
//! Rekor's `TransparencyLogEntry`.)
//!
//! The numbers appear in an entry up to three times. All copies must agree, so that readers who use
//! different copies come to the same verdict.

use fasti_entry::TransparencyLogEntry;
use fasti_read::window::Window;
use fasti_read::{OpenedCheckpoint, Trust};
use tiles_spec::{Hash, LeafIndex, leaf_hash, verify_inclusion};

use super::refusal::Refusal;
use super::verdict::{Logged, SignerSeen};

/// Verifies that `leaf` is the entry described by a log's answer, and that it is in the log.
pub fn check_entry(
    entry: &TransparencyLogEntry,
    leaf: &[u8],
    trust: &Trust,
) -> Result<Logged, Refusal> {
    let proof = entry.inclusion_proof.as_ref().ok_or(Refusal::NoProof)?;
    let checkpoint = trust.open(proof.checkpoint.as_bytes())?;
    let head = checkpoint.head();
    if entry.log_id != checkpoint.log().log_id && entry.log_id != checkpoint.log().key.log_id() {
        let stated = hex::encode(&entry.log_id);
        return Err(Refusal::LogId { stated, actual: hex::encode(checkpoint.log().log_id) });
    }
    agree("tree size", &proof.tree_size, &head.size.get())?;
    agree("root hash", &Hash::from(proof.root_hash), &head.root)?;
    agree("log index", &entry.log_index, &proof.log_index)?;
    let index = LeafIndex::new(entry.log_index).ok_or(Refusal::Number("log index"))?;
    if !entry.canonicalized_body.is_empty() && entry.canonicalized_body != leaf {
        return Err(Refusal::OtherLeaf);
    }
    let leaf = leaf_hash(leaf);
    let hashes: Vec<_> = proof.hashes.iter().copied().map(Hash::from).collect();
    verify_inclusion(&leaf, index, &head, &hashes)?;
    Ok(Logged::new(&checkpoint, index, leaf))
}

impl Logged {
    /// What a verified proof shows.
    pub(super) fn new(checkpoint: &OpenedCheckpoint, index: LeafIndex, leaf: Hash) -> Self {
        Self {
            log: checkpoint.log().key.clone(),
            head: checkpoint.head(),
            index,
            leaf,
            in_use: checkpoint.log().in_use,
            cosigned: checkpoint.cosigned().to_vec(),
        }
    }

    /// Checks that the log's key was in use when the entry was signed, as far as that is known.
    /// What a retired or stolen key signs later is not trusted.
    pub(super) fn check_time(&self, signer: Option<&SignerSeen>) -> Result<(), Refusal> {
        expect_in_use(self.log.name().as_str(), self.in_use, SignerSeen::time(signer))
    }
}

/// Checks that a log's key was in use at the time of signing, if that is known.
pub(super) fn expect_in_use(
    log: &str,
    in_use: Window,
    signed: Option<Window>,
) -> Result<(), Refusal> {
    match signed {
        Some(signed) if !signed.overlaps(&in_use) => {
            Err(Refusal::NotInUse { log: log.to_owned(), in_use, signed })
        }
        _ => Ok(()),
    }
}

pub(super) fn agree<T: PartialEq + ToString>(
    field: &'static str,
    stated: &T,
    actual: &T,
) -> Result<(), Refusal> {
    if stated == actual {
        return Ok(());
    }
    Err(Refusal::Contradiction { field, stated: stated.to_string(), actual: actual.to_string() })
}
