//! Record guard: the second check before a commit record is written (I6).
//!
//! A record that states a wrong root would kill the log, and a single flipped bit is enough. So a
//! record is read back from its encoded bytes, and its entries are folded into a compact frontier:
//! other code than [`integrate`](fasti_grow::integrate), and other bytes. What is published is
//! checked in the same way before it is signed ([`fasti_grow::guard`]). The guard has its own copy
//! of the times of the unfinished bundle, which the next record must state.
//!
//! A guard never moves backwards (I1, I2).

use fasti_seams::planted::{Bug, planted};
use tiles_spec::{Frontier, Hash, TreeHead, TreeSize, leaf_hash};

use crate::record::{EncodedRecord, Record, RecordDigest, RecordError, TimesDigest};
use crate::times::TimesEdge;

/// Why the guard stopped the log. Each of these is a fault in memory, disk or program, and none is
/// ignored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordGuardError {
    /// The encoded record does not read back.
    #[error("the commit record does not read back as it was written")]
    Record(#[from] RecordError),
    /// The record does not begin where the last one ended.
    #[error("the commit record starts at tree size {found}, not at the last one, {expected}")]
    NotNext {
        /// The size at which the record begins.
        found: TreeSize,
        /// The size of the last committed tree.
        expected: TreeSize,
    },
    /// The record states other times for the entries before it.
    #[error(
        "the commit record at tree size {0} states other times than the entries before it have"
    )]
    Times(TreeSize),
    /// Two computations of the root disagree.
    #[error("{what} does not hash to the committed root at size {size}")]
    Root {
        /// What was hashed.
        what: String,
        /// The tree size.
        size: TreeSize,
    },
}

/// Checks commit records before they are written.
#[derive(Debug, Clone)]
pub struct RecordGuard {
    frontier: Frontier,
    times: TimesEdge,
}

/// A record that passed the check, with the tree it leads to.
#[derive(Debug)]
pub struct CheckedRecord {
    /// The bytes to write.
    pub encoded: EncodedRecord,
    after: RecordGuard,
}

impl CheckedRecord {
    /// The tree with this record's batch.
    pub fn head(&self) -> TreeHead {
        self.after.head()
    }
}

impl RecordGuard {
    /// A guard over the tree of the newest commit record, and the times of its unfinished bundle.
    pub fn new(frontier: Frontier, times: TimesEdge) -> Self {
        Self { frontier, times }
    }

    /// The tree of the newest record that was accepted.
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// What the next record states about the times before it.
    pub fn times(&self) -> TimesDigest {
        self.times.digest()
    }

    /// Reads the record back and recomputes the root from its bytes.
    pub fn check(&self, encoded: EncodedRecord) -> Result<CheckedRecord, RecordGuardError> {
        let (record, digest) = Record::decode(&encoded.bytes)?;
        let after = self.grow(&record, digest, encoded.digest)?;
        Ok(CheckedRecord { encoded, after })
    }

    /// Follows a record that is already in the log.
    pub fn follow(
        &mut self,
        record: &Record,
        digest: RecordDigest,
    ) -> Result<(), RecordGuardError> {
        *self = self.grow(record, digest, digest)?;
        Ok(())
    }

    fn grow(
        &self,
        record: &Record,
        digest: RecordDigest,
        expected: RecordDigest,
    ) -> Result<Self, RecordGuardError> {
        let head = self.head();
        if record.before != head || digest != expected {
            let found = record.before.size;
            return Err(RecordGuardError::NotNext { found, expected: head.size });
        }
        if record.times.is_some_and(|times| times != self.times()) {
            return Err(RecordGuardError::Times(head.size));
        }
        let Self { mut frontier, mut times } = self.clone();
        for entry in &record.entries {
            let leaf = leaf_hash(entry);
            let leaf = if planted(Bug::GuardSkipped) { damaged(leaf) } else { leaf };
            frontier.push(leaf).map_err(|_| wrong_root(record.after))?;
        }
        if frontier.head() != record.after {
            return Err(wrong_root(record.after));
        }
        times.grow(head.size, record.after.size, record.time);
        Ok(Self { frontier, times })
    }

    /// The checked record is in the log: the next one must follow it.
    pub fn accept(&mut self, checked: CheckedRecord) -> EncodedRecord {
        *self = checked.after;
        checked.encoded
    }
}

/// Every thirtieth hash, damaged in memory: what [`Bug::GuardSkipped`] lets pass.
pub(super) fn damaged(leaf: Hash) -> Hash {
    if leaf.as_bytes()[0] < 8 { leaf_hash(leaf.as_bytes()) } else { leaf }
}

fn wrong_root(head: TreeHead) -> RecordGuardError {
    RecordGuardError::Root { what: "the record".to_owned(), size: head.size }
}

#[cfg(test)]
mod tests;
