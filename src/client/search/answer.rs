//! What was found, and what that proves.

use std::ops::Range;

use tiles_spec::{TreeHead, TreeSize};

use super::index::Index;
use crate::client::proven::ProvenEntry;
use crate::client::trust::OpenedCheckpoint;
use crate::entry::LookupTerm;

/// An answer, of which everything was checked.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The entries found, ascending; where there are more than the limit, the newest.
    pub entries: Vec<Match>,
    /// The log's checkpoint that all inclusion proofs lead to.
    pub log: OpenedCheckpoint,
    /// The index that was asked, if the log has one.
    pub index: Option<Index>,
    /// Leaves that the index answers for.
    pub indexed: TreeSize,
    /// Leaves behind those that were searched one by one.
    pub scanned: u64,
    /// Leaves behind those that were not searched.
    pub unsearched: u64,
    /// The leaves that were of interest, from this one on, to the end of what was searched.
    pub since: TreeSize,
    /// How many entries there are.
    pub total: Total,
    /// Whether there are more entries than the limit allowed, or than can be looked at.
    pub is_cut: bool,
    /// Whether `entries` are all that the log has from `since` on: nothing was left out for the limit,
    /// and nothing was left unsearched.
    pub complete: bool,
}

/// An entry that has what was asked for.
#[derive(Clone, Debug)]
pub struct Match {
    /// The entry with its inclusion proof.
    pub entry: ProvenEntry,
    /// What it has of what was asked for.
    pub terms: Vec<LookupTerm>,
}

/// How many entries there are in what was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// As many, by the entries found or by the counts in the index.
    Exactly(u64),
    /// No more: lists of several keys may share entries that were not read.
    AtMost(u64),
}

impl Answer {
    /// Size and root of the log's newest tree.
    pub const fn head(&self) -> TreeHead {
        self.log.head()
    }

    /// The end of what was searched: everything of interest before it was.
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

    /// Whether it is no estimate.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}
