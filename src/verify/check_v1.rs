//! Is this entry in a trusted log of Rekor v1? (`dev.sigstore.rekor.v1`, RFC 6962 section 2.1.1.)
//!
//! The log can vouch for it in two ways. A promise is its signature over the entry, with the index
//! in the whole log and the time at which it took the entry. A proof shows the entry in one of the
//! log's trees, at an index of that tree. Which is needed depends on the version of the bundle: in
//! 0.1 the promise, later the proof. Each that is there is verified, needed or not.
//!
//! The time counts only with a promise, as nothing else is signed together with it.

use fasti_entry::{BundleVersion, InclusionProof, TransparencyLogEntry};
use fasti_read::window::Window;
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize, leaf_hash, verify_inclusion};
use time::OffsetDateTime;

use super::logged::{agree, expect_in_use};
use super::logged_v1::{LoggedV1, Promise, V1Tree};
use super::refusal::Refusal;
use super::v1_log::V1Log;
use super::verdict::SignerSeen;

/// Verifies that an entry, as a log of Rekor v1 answers with it, is in one of these logs: its
/// proof, and its promise if it has one. Its body is for the caller to look at.
pub fn check_entry_v1(entry: &TransparencyLogEntry, logs: &[V1Log]) -> Result<LoggedV1, Refusal> {
    check(entry, V1Log::find(logs, entry)?, BundleVersion::V0_3)
}

/// Verifies that an entry, whose body was compared with the bundle, is in `log`.
pub(super) fn check(
    entry: &TransparencyLogEntry,
    log: &V1Log,
    version: BundleVersion,
) -> Result<LoggedV1, Refusal> {
    let promise = match &entry.inclusion_promise {
        Some(promise) => Some(check_promise(entry, log, promise)?),
        None if version == BundleVersion::V0_1 => return Err(Refusal::NoPromise),
        None => None,
    };
    let leaf = leaf_hash(&entry.canonicalized_body);
    let proof = entry.inclusion_proof.as_ref();
    let tree = proof.map(|proof| check_proof(proof, &leaf, log)).transpose()?.flatten();
    if tree.is_none() && version > BundleVersion::V0_1 {
        return Err(Refusal::NoProof);
    }
    Ok(LoggedV1 {
        log: log.name.clone(),
        log_id: log.log_id(),
        in_use: log.in_use,
        leaf,
        promise,
        tree,
    })
}

/// Checks that the log's key was in use when the entry was signed, as far as that is known. With a
/// promise, it was.
pub(super) fn check_time(logged: &LoggedV1, signer: &SignerSeen) -> Result<(), Refusal> {
    match logged.promise {
        Some(_) => Ok(()),
        None => expect_in_use(&logged.log, logged.in_use, SignerSeen::time(Some(signer))),
    }
}

fn check_promise(
    entry: &TransparencyLogEntry,
    log: &V1Log,
    promise: &[u8],
) -> Result<Promise, Refusal> {
    let index = LeafIndex::new(entry.log_index).ok_or(Refusal::Number("log index"))?;
    let seconds = i64::try_from(entry.integrated_time).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds)
        .map_err(|_| Refusal::Number("integrated time"))?;
    log.expect_promise(entry, promise)?;
    let signed = Window { from: Some(time), until: Some(time) };
    expect_in_use(&log.name, log.in_use, Some(signed))?;
    Ok(Promise { index, time })
}

/// `None` if nobody signed the tree, as in some bundles of version 0.1.
fn check_proof(
    proof: &InclusionProof,
    leaf: &Hash,
    log: &V1Log,
) -> Result<Option<V1Tree>, Refusal> {
    let index = LeafIndex::new(proof.log_index).ok_or(Refusal::Number("log index"))?;
    let size = TreeSize::new(proof.tree_size).ok_or(Refusal::Number("tree size"))?;
    let stated = TreeHead { size, root: Hash::from(proof.root_hash) };
    let tree = if proof.checkpoint.is_empty() {
        None
    } else {
        let checkpoint = log.open(proof.checkpoint.as_bytes())?;
        agree("tree size", &proof.tree_size, &checkpoint.head.size.get())?;
        agree("root hash", &stated.root, &checkpoint.head.root)?;
        Some(V1Tree { origin: checkpoint.origin, head: checkpoint.head, index })
    };
    let hashes: Vec<_> = proof.hashes.iter().copied().map(Hash::from).collect();
    verify_inclusion(leaf, index, &stated, &hashes)?;
    Ok(tree)
}

#[cfg(test)]
mod tests;
