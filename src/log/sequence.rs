//! Sequence: a batch of submissions gets contiguous leaf indices and becomes a commit record.
//!
//! Pure except for the lookup of what the log already holds. The result is ready to be committed:
//! the record has passed the guard, and the tiles are computed.

use std::time::SystemTime;

use fasti_grow::{Edge, Integrated, Leaf};
use fasti_objects::IntegratedTime;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{NewObject, RecordNumber};
use tiles_spec::{Hash, LeafIndex, TreeHead};
use tokio::sync::oneshot;

use crate::acknowledged::{SubmitError, SubmitResult};
use crate::dedup::{Assigned, Dedup, DedupError};
use crate::pool::PooledEntry;
use crate::record::{Epoch, Record, RecordDigest};
use crate::record_guard::{CheckedRecord, RecordGuard, RecordGuardError, damaged};
use crate::times::{TimesEdge, next_time};

/// A client that waits for a leaf to be published.
#[derive(Debug)]
pub struct Waiter {
    /// Where the leaf is or will be.
    pub index: LeafIndex,
    /// Its hash.
    pub leaf: Hash,
    /// Whether the log already held it.
    pub duplicate: bool,
    /// Where the answer goes.
    pub answer: oneshot::Sender<SubmitResult>,
}

/// The sequencer's place in the log: everything that the next record builds on.
pub struct Position {
    /// The right edge of the newest committed tree.
    pub edge: Edge,
    /// The guard over it.
    pub guard: RecordGuard,
    /// The number of the next record.
    pub number: RecordNumber,
    /// The digest of the newest one.
    pub previous: RecordDigest,
    /// This leader's term.
    pub epoch: Epoch,
    /// This writer's address.
    pub writer: String,
    /// The times of the unfinished bundle of the newest committed tree.
    pub times: TimesEdge,
    /// The time of the newest record.
    pub time: Option<IntegratedTime>,
}

/// A batch that is ready to be committed.
pub struct Sequenced {
    /// The record to be written.
    pub record: CheckedRecord,
    /// What to apply once the record is written.
    pub grown: Integrated,
    /// The times to write with it.
    pub times: Vec<NewObject>,
    /// The new leaves, in order.
    pub leaves: Vec<(Hash, LeafIndex)>,
}

/// Why a batch could not be prepared. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// The guard refused.
    #[error("the guard stops the log")]
    Guard(#[from] RecordGuardError),
}

/// Assigns indices. Submissions whose lookup failed are answered with the error, and those that
/// find the log full with that; all others become waiters, and the new leaves are returned in
/// order.
pub fn assign(
    dedup: &Dedup,
    position: &Position,
    batch: Vec<PooledEntry>,
) -> (Vec<Leaf>, Vec<Waiter>) {
    let hashes: Vec<Hash> = batch.iter().map(|submission| submission.leaf.hash).collect();
    let assigned = match dedup.assign(&hashes, position.edge.size()) {
        Ok(assigned) => assigned,
        Err(error) => {
            fail(batch, &error);
            return (Vec::new(), Vec::new());
        }
    };
    let (mut leaves, mut waiters) = (Vec::new(), Vec::with_capacity(batch.len()));
    for (submission, assigned) in batch.into_iter().zip(assigned) {
        let PooledEntry { leaf, waiter: answer, .. } = submission;
        let (index, duplicate) = match assigned {
            Assigned::New(index) => (index, false),
            Assigned::Known(index) => (index, true),
            Assigned::LogIsFull => {
                drop(answer.send(Err(SubmitError::LogIsFull)));
                continue;
            }
        };
        waiters.push(Waiter { index, leaf: leaf.hash, duplicate, answer });
        if !duplicate {
            let hash = if planted(Bug::GuardSkipped) { damaged(leaf.hash) } else { leaf.hash };
            leaves.push(Leaf { hash, ..leaf });
        }
    }
    (leaves, waiters)
}

fn fail(batch: Vec<PooledEntry>, error: &DedupError) {
    let reason = SubmitError::Dedup(error.to_string());
    for submission in batch {
        drop(submission.waiter.send(Err(reason.clone())));
    }
}

impl Position {
    /// The tree of the newest committed record.
    pub fn head(&self) -> TreeHead {
        self.guard.head()
    }

    /// Integrates new leaves and makes the record that commits them, at this date by the leader's
    /// clock.
    pub fn sequence(
        &mut self,
        new: Vec<Leaf>,
        nonce: [u8; 16],
        date: SystemTime,
    ) -> Result<Sequenced, SequenceError> {
        let before = self.head();
        let grown = self.edge.integrate(&new).ok_or_else(|| RecordGuardError::Root {
            what: "a batch beyond the largest tree size".to_owned(),
            size: before.size,
        })?;
        let hashes = new.iter().map(|leaf| leaf.hash);
        let leaves = hashes.zip(before.size.next_leaves()).collect();
        self.time = Some(next_time(self.time, date));
        let stated = self.times.digest();
        let times = self.times.grow(before.size, grown.head.size, self.time);
        let record = Record {
            number: self.number,
            epoch: self.epoch,
            nonce,
            time: self.time,
            times: Some(stated),
            previous: self.previous,
            before,
            after: grown.head,
            writer: self.writer.clone(),
            entries: new.into_iter().map(|leaf| leaf.entry).collect(),
            is_last: false,
        };
        let record = self.guard.check(record.encode())?;
        Ok(Sequenced { record, grown, times, leaves })
    }

    /// The record is in the log.
    pub fn advance(&mut self, record: CheckedRecord) {
        self.previous = self.guard.accept(record).digest;
        self.number = self.number.next();
    }
}
