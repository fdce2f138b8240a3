//! What was found, and what that proves.

use std::ops::Range;

use tiles_spec::{TreeHead, TreeSize};

use super::index::Index;
use crate::proven::ProvenEntry;
use crate::trust::OpenedCheckpoint;

/// A verified answer.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The entries found, ascending. If there are more than the limit, the first in the order of
    /// the question.
    pub entries: Vec<Match<T>>,
    /// The log's checkpoint to which all inclusion proofs lead.
    pub log: OpenedCheckpoint,
    /// The index that was used, if the log has one.
    pub index: Option<Index>,
    /// The number of leaves that the index covers.
    pub indexed: TreeSize,
    /// The number of leaves after those that were searched one by one.
    pub scanned: u64,
    /// The number of leaves after those that were not searched.
    pub unsearched: u64,
    /// The first leaf of interest; earlier leaves were not searched.
    pub since: TreeSize,
    /// The end of what this answer is about: if the oldest entries were asked for and there are
    /// more than the limit, the leaf from which on the next question can ask; otherwise
    /// [`searched`](Self::searched). Every match from `since` up to here was found.
    pub until: TreeSize,
    /// The number of entries that the index lists, and that do not match by themselves, because
    /// their attestations are not there: nobody can tell whether they match.
    pub unconfirmed: u64,
    /// The number of matching entries.
    pub total: Total,
    /// Whether there are more entries than the limit allows, or than can be examined.
    pub is_cut: bool,
    /// Whether `entries` are all matches in the log from `since` on: the limit left nothing out,
    /// every leaf was searched, and no attestation was missing.
    pub complete: bool,
}

/// An entry that matches the question.
#[derive(Clone, Debug)]
pub struct Match<T> {
    /// The entry with its inclusion proof.
    pub entry: ProvenEntry,
    /// The terms of the question that it matches.
    pub terms: Vec<T>,
}

/// The number of matching entries in the leaves searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Exactly this many, by the entries found or by the counts in the index.
    Exactly(u64),
    /// At most this many: the lists of several keys can share entries that were not read.
    AtMost(u64),
}

impl<T> Answer<T> {
    /// The size and root hash of the log's newest tree.
    pub const fn head(&self) -> TreeHead {
        self.log.head()
    }

    /// The end of the leaves searched: every leaf of interest before it was searched.
    pub fn searched(&self) -> TreeSize {
        if self.unsearched == 0 { self.head().size } else { self.indexed.max(self.since) }
    }

    /// The leaves that were searched.
    pub fn range(&self) -> Range<TreeSize> {
        self.since..self.searched()
    }
}

impl Total {
    /// The number.
    pub const fn get(self) -> u64 {
        match self {
            Self::Exactly(total) | Self::AtMost(total) => total,
        }
    }

    /// Whether the number is exact.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}
