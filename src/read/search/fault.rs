//! Why there is no answer.

use fasti_lookup_spec::LookupError;
use fasti_objects::Published;
use tiles_spec::LeafIndex;

use super::index::IndexRefusal;
use super::question::QuestionError;
use crate::reading::Fault;
use crate::trust::{CheckpointRefusal, OpenedCheckpoint};

/// Two checkpoints signed by the log. Either they cannot both belong to one growing tree, or the
/// second is an old one.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The checkpoint of the indexed tree, from `lookup/latest`.
    pub indexed: OpenedCheckpoint,
    /// The checkpoint served as the newest, from `checkpoint`.
    pub shown: OpenedCheckpoint,
}

/// A leaf for which an index is wrong. The index was signed, so this is lasting evidence: anyone
/// can verify it with the revision and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The revision of the index.
    pub revision: LeafIndex,
    /// The leaf.
    pub index: LeafIndex,
    /// The term of the question.
    pub term: String,
}

/// Why a search has no answer, apart from what its host could not fetch.
#[derive(Debug, thiserror::Error)]
pub enum SearchFault {
    /// The question is invalid.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// There is no checkpoint, so there is no log.
    #[error("there is no log")]
    NoLog,
    /// The checkpoint is not trusted.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointRefusal),
    /// What the log serves does not belong to its tree.
    #[error(transparent)]
    Read(#[from] Fault),
    /// There is no index, and the log is too large to search leaf by leaf.
    #[error("the log has no index, and {leaves} leaves to search, more than {scan_max}")]
    NoIndex {
        /// The number of leaves to search.
        leaves: u64,
        /// The number of leaves allowed.
        scan_max: u64,
    },
    /// The index is not trusted.
    #[error("the index is refused")]
    Index(#[source] Box<IndexRefusal>),
    /// The log has fewer entries than its index.
    #[error("the log serves a smaller tree than it signed before")]
    Shrunk(Box<Conflict>),
    /// The log signed two trees, of which neither extends the other.
    #[error("the log signed two trees, of which neither extends the other")]
    Fork(Box<Conflict>),
    /// A part of the index is missing.
    #[error("{object} is missing, but the signed index implies it")]
    PartMissing {
        /// The part.
        object: Published,
    },
    /// A part of the index does not contain what was signed.
    #[error("{object} does not match the signed index")]
    Part {
        /// The part.
        object: Published,
        /// Why not.
        #[source]
        source: LookupError,
    },
    /// The index lists a leaf under a term that the leaf does not have.
    #[error("revision {} lists entry {} under the {}, which it does not have",
        .0.revision, .0.index, .0.term)]
    WrongPosting(Box<Wrong>),
    /// The index does not list a leaf under a term that the leaf has.
    #[error("revision {} does not list entry {} under the {}, which it has",
        .0.revision, .0.index, .0.term)]
    MissingPosting(Box<Wrong>),
}
