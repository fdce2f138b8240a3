//! Readings: questions to a log that say what must be fetched, and judge what came.
//!
//! A reading does no I/O. Its host asks for requests, makes them in any order or at once, and gives
//! each answer back, until there is an outcome:
//!
//! ```text
//! loop {
//!     while let Some((id, want)) = reading.request() { start to fetch it }
//!     if let Some(outcome) = reading.outcome() { return outcome }
//!     reading.answer(id, what one of the requests found)?;
//! }
//! ```
//!
//! Invariants: a reading without an outcome has a request, or waits for an answer. It limits the
//! number of requests in flight, so a host can make all that it gets. Nothing in an answer is used
//! before it was proved to belong to the log's signed tree.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use fasti_objects::Published;
use tiles_spec::{ProofError, ResourcePath};

/// A question to a log, on its way to an outcome.
pub trait Reading {
    /// What it leads to.
    type Outcome;
    /// Why it can fail.
    type Fault;

    /// The next request; `None` if another answer is needed first.
    fn request(&mut self) -> Option<(RequestId, Want)>;

    /// Takes the answer to a request: the whole object, unpacked, or exactly the bytes wanted;
    /// `None` if there is no such object. After an error there is no outcome.
    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), Self::Fault>;

    /// The outcome, once, when no more answers are needed.
    fn outcome(&mut self) -> Option<Self::Outcome>;
}

/// The number of a request within its reading.
pub type RequestId = u64;

/// What a reading wants to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The object.
    pub object: Published,
    /// Only these bytes of it (offsets from its beginning, the end excluded); `None` for all.
    pub bytes: Option<Range<u64>>,
}

/// Why what was fetched is not what a signed tree implies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An object that the checkpoint implies is missing.
    #[error("{object} is missing, but the signed checkpoint implies it")]
    Missing {
        /// The object.
        object: Published,
    },
    /// Objects do not contain what the checkpoint implies.
    #[error("{} does not belong to the signed tree: {reason}", listed(objects))]
    Damaged {
        /// The objects; one of several is to blame.
        objects: Vec<Published>,
        /// Why not.
        reason: String,
    },
    /// The tree does not contain what was requested, or a proof is wrong.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Fault {
    /// One object does not contain what the checkpoint implies.
    pub(crate) fn damaged(object: impl Into<Published>, reason: impl Into<String>) -> Self {
        Self::Damaged { objects: vec![object.into()], reason: reason.into() }
    }
}

fn listed(objects: &[Published]) -> String {
    objects.iter().map(Published::to_string).collect::<Vec<_>>().join(", ")
}

/// Tiles or bundles on their way. If a partial one is gone, the full one is requested, since a log
/// may replace the partial one by the full one.
#[derive(Debug)]
pub struct Pieces {
    waiting: VecDeque<(RequestId, Piece)>,
    asked: BTreeMap<RequestId, Piece>,
    in_flight_max: usize,
}

/// A tile or bundle: the exact one, and the one that is read instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The one that the tree implies.
    pub exact: ResourcePath,
    /// The one that was read: the same, or the full one.
    pub read: ResourcePath,
}

impl Pieces {
    /// These pieces, with at most so many requests in flight.
    pub fn new(paths: impl IntoIterator<Item = ResourcePath>, in_flight_max: usize) -> Self {
        let pieces = paths.into_iter().map(|path| Piece { exact: path, read: path });
        Self { waiting: (0..).zip(pieces).collect(), asked: BTreeMap::new(), in_flight_max }
    }

    /// The next request, as in [`Reading::request`].
    pub fn request(&mut self) -> Option<(RequestId, Want)> {
        if self.asked.len() >= self.in_flight_max {
            return None;
        }
        let (id, piece) = self.waiting.pop_front()?;
        self.asked.insert(id, piece);
        Some((id, Want { object: piece.read.into(), bytes: None }))
    }

    /// Takes an answer. Returns the piece if it was found; otherwise it is requested again.
    pub fn answer(
        &mut self,
        id: RequestId,
        found: Option<Vec<u8>>,
    ) -> Result<Option<(Piece, Vec<u8>)>, Fault> {
        let Some(piece) = self.asked.remove(&id) else { return Ok(None) };
        let missing = Fault::Missing { object: piece.exact.into() };
        match (found, piece.exact.wider()) {
            (Some(bytes), _) => Ok(Some((piece, bytes))),
            (None, Some(wider)) if piece.read != wider => {
                self.waiting.push_front((id, Piece { read: wider, ..piece }));
                Ok(None)
            }
            (None, _) => Err(missing),
        }
    }

    /// Whether all of them were found.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_empty()
    }
}
