//! A batch between the tasks of a term: committed, then published.

use std::time::Instant;

use fasti_grow::Integrated;
use fasti_objects::IntegratedTime;
use fasti_seams::trace::Traces;
use fasti_store::{NewObject, RecordNumber};
use tiles_spec::{Hash, LeafIndex, TreeSize};

use crate::record::RecordDigest;
use crate::sequence::Waiter;

/// How many published batches may wait to be settled before some are skipped.
pub(super) const SETTLES_MAX: usize = 1024;

/// How a record changed the tree.
pub(super) struct Grown {
    pub number: RecordNumber,
    /// The previous record, and the size of its tree.
    pub previous: (RecordDigest, TreeSize),
    pub integrated: Integrated,
    /// The times of its entries, to be written with it.
    pub times: Vec<NewObject>,
    /// When it entered the log.
    pub time: Option<IntegratedTime>,
}

/// A committed batch on its way to the finisher; without growth if all entries were duplicates.
pub(super) struct Committed {
    pub grown: Option<Grown>,
    pub leaves: Vec<(Hash, LeafIndex)>,
    pub waiters: Vec<Waiter>,
    /// When it was taken from the pool, for metrics.
    pub taken: Instant,
    /// The traces of those who wait, if any are traced.
    pub traces: Option<Traces>,
}

/// What was written for a published batch.
pub(super) struct Settled {
    pub number: RecordNumber,
    pub size: TreeSize,
    /// The bytes of its tiles and bundles.
    pub bytes: u64,
}
