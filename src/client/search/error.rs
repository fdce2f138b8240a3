//! Why there is no answer, with the places of what is at fault.

use fasti_lookup_spec::{LookupError, LookupPath};
use fasti_objects::Published;
use fasti_read::search::{Conflict, IndexRefusal, QuestionError, SearchFault, Wrong};
use tiles_spec::TreeSize;

use crate::fetch::Fetch;
use crate::host::place_of;
use crate::reader::ReadError;

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The question is invalid.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The log could not be read, or what it serves does not belong to its tree.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no index, and the log is too large to search leaf by leaf.
    #[error(
        "the log has no index: nothing at {place}. It has {leaves} leaves to search one by one, \
         more than the {scan_max} that are allowed"
    )]
    NoIndex {
        /// Where it should be.
        place: String,
        /// The number of leaves to search.
        leaves: u64,
        /// The number of leaves allowed.
        scan_max: u64,
    },
    /// The index is not trusted.
    #[error("{place} is refused")]
    Index {
        /// The newest revision.
        place: String,
        /// Why.
        #[source]
        source: Box<IndexRefusal>,
    },
    /// The log has fewer entries than its index.
    #[error(
        "ROLLBACK: the log serves a tree of {} entries, but signed one of {} that is indexed. It \
         was restored from an old copy, or something in between serves an old checkpoint. Keep \
         `checkpoint` and `lookup/latest`: they are the evidence",
        .0.shown.head().size, .0.indexed.head().size
    )]
    Shrunk(Box<Conflict>),
    /// The log signed two trees, of which neither extends the other.
    #[error(
        "FORK: the log signed a tree of {} entries with root {}, which is indexed, and one of \
         {} entries with root {} that does not extend it. Keep `checkpoint` and \
         `lookup/latest`, and tell others: they are the evidence",
        .0.indexed.head().size, .0.indexed.head().root,
        .0.shown.head().size, .0.shown.head().root
    )]
    Fork(Box<Conflict>),
    /// A part of the index is missing.
    #[error("{place} is missing, but the signed index implies it")]
    PartMissing {
        /// The part.
        place: String,
    },
    /// A part of the index does not contain what was signed.
    #[error("{place} does not match the signed index")]
    Part {
        /// The part.
        place: String,
        /// Why not.
        #[source]
        source: LookupError,
    },
    /// The index lists a leaf under a term that the leaf does not have.
    #[error(
        "WRONG INDEX: revision {} lists entry {} under the {}, which it does not have. The index \
         was signed: keep `lookup/latest` and tell others", .0.revision, .0.index, .0.term
    )]
    WrongPosting(Box<Wrong>),
    /// The index does not list a leaf under a term that the leaf has.
    #[error(
        "WRONG INDEX: revision {} does not list entry {} under the {}, which it has. The index \
         was signed: keep `lookup/latest` and tell others", .0.revision, .0.index, .0.term
    )]
    MissingPosting(Box<Wrong>),
    /// The index no longer exists.
    #[error("the index is gone: nothing at {place}, but there were {revisions} revisions before")]
    IndexGone {
        /// Where it should be.
        place: String,
        /// The number of revisions seen before.
        revisions: TreeSize,
    },
}

impl SearchError {
    /// Whether the log or index itself is at fault, rather than the connection or the question.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Read(error) => error.is_refusal(),
            Self::Question(_) | Self::NoIndex { .. } => false,
            _ => true,
        }
    }

    /// The error for a fault in what was fetched, with the places of the objects.
    pub(crate) fn of(fault: SearchFault, fetch: &dyn Fetch) -> Self {
        let place = |object: &Published| place_of(fetch, object);
        let latest = || fetch.place_of_lookup(&LookupPath::Latest);
        match fault {
            SearchFault::Question(error) => Self::Question(error),
            SearchFault::NoLog => ReadError::NoLog { place: place(&Published::CHECKPOINT) }.into(),
            SearchFault::Checkpoint(refusal) => ReadError::Checkpoint(refusal).into(),
            SearchFault::Read(fault) => ReadError::of(fault, fetch).into(),
            SearchFault::NoIndex { leaves, scan_max } => {
                Self::NoIndex { place: latest(), leaves, scan_max }
            }
            SearchFault::Index(source) => Self::Index { place: latest(), source },
            SearchFault::Shrunk(conflict) => Self::Shrunk(conflict),
            SearchFault::Fork(conflict) => Self::Fork(conflict),
            SearchFault::PartMissing { object } => Self::PartMissing { place: place(&object) },
            SearchFault::Part { object, source } => Self::Part { place: place(&object), source },
            SearchFault::WrongPosting(wrong) => Self::WrongPosting(wrong),
            SearchFault::MissingPosting(wrong) => Self::MissingPosting(wrong),
        }
    }

    /// Whether the cause can be that log or index changed while they were read, so that reading
    /// them again can succeed.
    pub(crate) fn may_have_moved_on(&self) -> bool {
        matches!(self, Self::PartMissing { .. } | Self::Shrunk(_))
    }
}
