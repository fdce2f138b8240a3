//! A place in a log of Rekor v1, as data and as sentences.

use fasti_read::window::Window;
use tiles_spec::{Hash, LeafIndex, TreeHead};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A place in a log of Rekor v1. There is a promise, or a proof, or both.
#[derive(Clone, Debug)]
pub struct LoggedV1 {
    /// The log's name in the trusted root.
    pub log: String,
    /// The log's ID, which is the SHA-256 of its key.
    pub log_id: [u8; 32],
    /// When the caller trusts that key.
    pub in_use: Window,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// What the log promised.
    pub promise: Option<Promise>,
    /// Where the entry was proved to be.
    pub tree: Option<V1Tree>,
}

/// What a log signed when it took an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The entry's index, counted over all trees of the log.
    pub index: LeafIndex,
    /// The time by the log's clock.
    pub time: OffsetDateTime,
}

/// A tree of a log, and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V1Tree {
    /// The first line of the tree's checkpoints: the log's host and the tree's number.
    pub origin: String,
    /// The tree that contains the entry.
    pub head: TreeHead,
    /// The entry's index in that tree.
    pub index: LeafIndex,
}

impl LoggedV1 {
    /// When the log took the entry, by its own clock and under its signature.
    pub fn integrated_time(&self) -> Option<OffsetDateTime> {
        self.promise.map(|promise| promise.time)
    }

    /// What was proved, one sentence each.
    pub fn proved(&self) -> Vec<String> {
        let (log, id) = (&self.log, hex::encode(self.log_id));
        let mut sentences = Vec::new();
        if let Some(V1Tree { origin, head, index }) = &self.tree {
            sentences.push(format!(
                "the signature is entry {index} of the tree {origin:?} of the log {log}, among {} \
                 with root hash {}",
                head.size, head.root
            ));
            sentences.push(format!("that tree is signed by the log's key {id}"));
        }
        if let Some(Promise { index, time }) = self.promise {
            let time = time.format(&Rfc3339).unwrap_or_else(|_| time.to_string());
            sentences.push(format!(
                "the log {log} signed with its key {id} that it took the signature as entry \
                 {index} at {time}"
            ));
        }
        sentences
    }

    /// What was not checked, one sentence each.
    /// `when_signed` is when the signature was made, as far as a trusted party says so.
    pub(super) fn not_checked(&self, when_signed: Option<Window>) -> Vec<String> {
        let log = &self.log;
        let mut sentences = Vec::new();
        if self.tree.is_none() {
            sentences.push(format!(
                "whether the log {log} kept its promise: the bundle has no proof of the entry"
            ));
        }
        if self.promise.is_none() && self.in_use.is_bounded() && when_signed.is_none() {
            sentences.push(not_dated(log, self.in_use));
        }
        sentences
    }
}

/// That nobody says when it was signed, so that the log's key may have been out of use.
pub(super) fn not_dated(log: &str, in_use: Window) -> String {
    format!(
        "whether that was while the key of {log} was in use, {in_use}: no trusted party says when \
         it was signed"
    )
}
