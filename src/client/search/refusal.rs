//! Why there is no answer.

use tiles_spec::lookup::LookupError;
use tiles_spec::{LeafIndex, TreeSize};

use super::index::IndexRefusal;
use super::question::QuestionError;
use crate::client::reader::ReadError;
use crate::client::trust::OpenedCheckpoint;

/// Two checkpoints that the log has signed and that cannot both be of one growing tree, or the second
/// is an old one.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// Of the tree that is indexed; it lies in `lookup/latest`.
    pub indexed: OpenedCheckpoint,
    /// Shown as the newest, in `checkpoint`.
    pub shown: OpenedCheckpoint,
}

/// A leaf that an index has wrong. The index was signed, so this is lasting evidence: a revision and the
/// log together show it to anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The revision of the index.
    pub revision: LeafIndex,
    /// The leaf.
    pub index: LeafIndex,
    /// What was asked for.
    pub term: String,
}

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The question is none.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The log could not be read, or what it serves is not its tree.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no index, and the log is too long to be searched leaf by leaf.
    #[error(
        "the log has no index: nothing at {place}. It has {leaves} leaves to search one by one, \
         more than the {scan_max} that are allowed"
    )]
    NoIndex {
        /// Where it should be.
        place: String,
        /// Leaves to search.
        leaves: u64,
        /// Leaves that may be.
        scan_max: u64,
    },
    /// The index is not believed.
    #[error("{place} is refused")]
    Index {
        /// The newest revision.
        place: String,
        /// Why.
        #[source]
        source: Box<IndexRefusal>,
    },
    /// The log shows fewer entries than its index has.
    #[error(
        "ROLLBACK: the log shows a tree of {} entries, and has signed one of {} that is indexed. It \
         was restored from an old copy, or something in between serves an old checkpoint. Keep \
         `checkpoint` and `lookup/latest`: they are the evidence",
        .0.shown.head().size, .0.indexed.head().size
    )]
    Shrunk(Box<Conflict>),
    /// The log has signed two trees that are not one growing tree.
    #[error(
        "FORK: the log has signed a tree of {} entries with root {}, which is indexed, and one of \
         {} entries with root {} that does not begin with it. Keep `checkpoint` and \
         `lookup/latest`, and tell others: they are the evidence",
        .0.indexed.head().size, .0.indexed.head().root,
        .0.shown.head().size, .0.shown.head().root
    )]
    Fork(Box<Conflict>),
    /// A part of the index is not there.
    #[error("{place} is missing, which the signed index implies")]
    PartMissing {
        /// The part.
        place: String,
    },
    /// A part of the index does not hold what was signed.
    #[error("{place} is not as the signed index has it")]
    Part {
        /// The part.
        place: String,
        /// Why not.
        #[source]
        source: LookupError,
    },
    /// The index lists a leaf under something that the leaf does not have.
    #[error(
        "WRONG INDEX: revision {} lists entry {} under the {}, which it does not have. The index was \
         signed: keep `lookup/latest` and tell others", .0.revision, .0.index, .0.term
    )]
    WrongPosting(Box<Wrong>),
    /// The index does not list a leaf under something that the leaf has.
    #[error(
        "WRONG INDEX: revision {} does not list entry {} under the {}, which it has. The index was \
         signed: keep `lookup/latest` and tell others", .0.revision, .0.index, .0.term
    )]
    MissingPosting(Box<Wrong>),
    /// There was an index before.
    #[error("the index has gone: nothing at {place}, and there were {revisions} revisions before")]
    IndexGone {
        /// Where it should be.
        place: String,
        /// How many revisions were seen.
        revisions: TreeSize,
    },
}

impl SearchError {
    /// Whether log or index are themselves at fault, rather than the way to them or the question.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Read(error) => error.is_refusal(),
            Self::Question(_) | Self::NoIndex { .. } => false,
            _ => true,
        }
    }

    /// Whether it may be due to log or index having moved on while they were read, so that another
    /// look may show them in accord.
    pub(crate) fn may_have_moved_on(&self) -> bool {
        matches!(self, Self::PartMissing { .. } | Self::Shrunk(_))
    }
}
