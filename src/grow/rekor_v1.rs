//! The guard of what clients of Rekor v1 get signed: checkpoints in v1's form, and entry timestamps
//! (I6, I16).
//!
//! Both only repeat, in another form, what the log has published. A v1 checkpoint is made of a
//! published checkpoint, which is opened with the log's own key. An entry timestamp is signed only
//! for an entry that was proved to be in such a tree. So nothing that is signed here can fork the
//! log, whatever the caller does. Each signature is verified before anyone gets it.
//!
//! The log can be an inactive shard, which nobody writes any more: of it only the public key is
//! needed.
//!
//! A v1 checkpoint has the first line `<host> - <tree ID>`, one signature line, and as its key ID
//! the first bytes of the SHA-256 of the key. The key is the log's own or a second one; v1's
//! clients know the log by it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fasti_entry::EntryTimestamp;
use fasti_objects::IntegratedTime;
use fasti_signer::{Signer, Statement};
use sha2::{Digest as _, Sha256};
use tiles_spec::note::KeyId;
use tiles_spec::{
    Checkpoint, CheckpointError, Hash, LeafIndex, NoteSignature, ProofError, TreeHead, VerifierKey,
    leaf_hash, open_checkpoint, verify_inclusion,
};

use crate::guard::GuardError;
use crate::virtual_index::VirtualIndex;

/// The number by which v1's clients know a tree: positive, below 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeId(u64);

impl TreeId {
    /// `None` if it is out of range.
    pub fn new(id: u64) -> Option<Self> {
        (id > 0 && i64::try_from(id).is_ok()).then_some(Self(id))
    }

    /// The tree ID of a log: the first eight bytes of its log ID as a number, without the highest
    /// bit. It is derived from the log's own key, and so never changes.
    pub fn of(log_id: &[u8; 32]) -> Self {
        let [first @ .., _, _, _, _, _, _, _, _] = log_id;
        let first = u64::from_be_bytes(*first.first_chunk().expect("there are 24"));
        Self((first & (u64::MAX >> 1)).max(1))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why nothing is signed for v1's clients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RekorV1GuardError {
    /// The checkpoint is not one of this log.
    #[error("this is not a published checkpoint of this log")]
    Checkpoint(#[source] CheckpointError),
    /// The entry was not proved to be in the published tree.
    #[error("the entry is not proved to be in the published tree")]
    Unproved(#[source] ProofError),
    /// The key cannot sign for v1's clients.
    #[error("the key is of a kind that clients of Rekor v1 do not know; use ECDSA on P-256")]
    Key,
    /// The signer failed, or its signature does not verify.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// Signs for v1's clients.
pub struct RekorV1Guard {
    /// The log's own key, whose checkpoints are published.
    log: VerifierKey,
    /// The key that v1's clients know.
    signer: Arc<dyn Signer>,
    tree: TreeId,
    spki: Vec<u8>,
    log_id: [u8; 32],
    /// The last checkpoint, so that a key service is asked once for each.
    last: Mutex<Option<(TreeHead, Arc<str>)>>,
}

impl RekorV1Guard {
    /// A guard for the log with this key, whose v1 clients know the key of `signer`.
    pub fn new(log: VerifierKey, signer: Arc<dyn Signer>) -> Result<Self, RekorV1GuardError> {
        let spki = signer.verifier_key().public_key().to_spki_der();
        let spki = spki.ok_or(RekorV1GuardError::Key)?;
        let tree = TreeId::of(&log.log_id());
        let log_id = Sha256::digest(&spki).into();
        Ok(Self { log, signer, tree, spki, log_id, last: Mutex::default() })
    }

    /// The log's tree ID.
    pub fn tree(&self) -> TreeId {
        self.tree
    }

    /// The DER `SubjectPublicKeyInfo` of the key that v1's clients know.
    pub fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// The SHA-256 of that key, by which v1's clients know the log.
    pub fn log_id(&self) -> &[u8; 32] {
        &self.log_id
    }

    /// The v1 checkpoint of the tree of a published checkpoint.
    pub async fn checkpoint(&self, published: &[u8]) -> Result<Arc<str>, RekorV1GuardError> {
        let head = self.open(published)?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, checkpoint)) = last.filter(|(signed, _)| *signed == head) {
            return Ok(checkpoint);
        }
        let origin = format!("{} - {}", self.log.name(), self.tree);
        let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
        let signature = self.sign(Statement::Checkpoint(&text)).await?;
        let [a, b, c, d, ..] = self.log_id;
        let name = self.log.name().clone();
        let line = NoteSignature::new(name, KeyId::from([a, b, c, d]), signature);
        let checkpoint: Arc<str> = format!("{text}\n{line}").into();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((head, checkpoint.clone()));
        Ok(checkpoint)
    }

    /// The signature that says when an entry entered the log, which is proved to be in the tree of
    /// a published checkpoint. What is signed is its index over all shards; this one begins at
    /// `first`.
    pub async fn timestamp(
        &self,
        published: &[u8],
        first: VirtualIndex,
        (index, body): (LeafIndex, &[u8]),
        proof: &[Hash],
        time: IntegratedTime,
    ) -> Result<Vec<u8>, RekorV1GuardError> {
        let head = self.open(published)?;
        verify_inclusion(&leaf_hash(body), index, &head, proof)
            .map_err(RekorV1GuardError::Unproved)?;
        let timestamp =
            EntryTimestamp::new(body, time.get(), &self.log_id, first.of_leaf(index).get());
        self.sign(Statement::Timestamp(&timestamp)).await
    }

    fn open(&self, published: &[u8]) -> Result<TreeHead, RekorV1GuardError> {
        let keys = std::slice::from_ref(&self.log);
        let opened = open_checkpoint(published, self.log.name().as_str(), keys);
        Ok(opened.map_err(RekorV1GuardError::Checkpoint)?.head)
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<Vec<u8>, RekorV1GuardError> {
        let signature = self.signer.sign(statement).await.map_err(GuardError::from)?;
        let bytes = signature.bytes().to_vec();
        if self.signer.verifier_key().verify(statement.text(), &bytes) {
            Ok(bytes)
        } else {
            Err(GuardError::Signature.into())
        }
    }
}

#[cfg(test)]
mod tests;
