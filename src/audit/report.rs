//! The outcome of a check, as programs and people get it.

use fasti_client::trust::OpenedCheckpoint;
use fasti_lookup_spec::LookupPath;
use serde::Serialize;

use super::elsewhere::Elsewhere;
use super::heads_report::HeadsReport;
use super::lookup::index_report::IndexReport;
use super::problem::{Kind, Problem};

/// The outcome of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The log, if its checkpoint verified.
    pub origin: Option<String>,
    /// Leaves in the signed tree.
    pub size: Option<u64>,
    /// The signed root, hex.
    pub root: Option<String>,
    /// The checkpoint of that tree.
    #[serde(skip)]
    pub checkpoint: Option<OpenedCheckpoint>,
    /// Entries that were read and hash to the signed root.
    pub entries: u64,
    /// Rekor entries among those.
    pub rekor_entries: u64,
    /// Entries of Rekor v1 among those. Their signatures are not verified again, since most are
    /// over what the log does not keep.
    pub rekor_v1_entries: u64,
    /// Entries that begin like a Rekor entry but cannot be read as one.
    pub unreadable_entries: u64,
    /// Signatures in Rekor entries that were verified again.
    pub signatures: u64,
    /// Entries with an integrated time, if the log keeps times.
    pub timed_entries: Option<u64>,
    /// The attestations beside the entries, if they were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestations: Option<Attestations>,
    /// Objects that were read.
    pub objects: u64,
    /// Objects beyond the checkpoint: written, but not published yet.
    pub ahead: u64,
    /// Whether the log says that it was frozen with exactly this tree.
    pub frozen: bool,
    /// Heads that the log keeps, if it keeps any. Their problems are listed with the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<u64>,
    /// The outcome for the index, if it was checked. Its problems are listed with the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<IndexReport>,
    /// What of this is from an earlier check, if this one went on from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    /// What mirrors and witnesses have of the log. Their problems are listed with the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// Everything that is wrong, by path.
    pub problems: Vec<Problem>,
    /// Problems beyond those named.
    pub problems_omitted: u64,
}

/// What a check did not read, because an earlier one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// Leaves in the tree of the earlier check, which is proved to be the beginning of this tree.
    pub size: u64,
    /// Its root, hex.
    pub root: String,
    /// Entries that were not read again, and neither were their bundles and the full tiles over
    /// them.
    pub entries_not_read: u64,
    /// Integrated times that were not read again.
    pub times_not_read: u64,
    /// Tiles, with their bundles, that were read again because they had problems.
    pub places_read_again: u64,
    /// Why everything was read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_over: Option<String>,
}

/// How many entries that state the hash of an attestation have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Attestations {
    /// Their attestations are there.
    pub kept: u64,
    /// They are not there: the log did not keep them, or lost them.
    pub missing: u64,
}

impl Report {
    /// Whether the log is as it was signed.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Adds what mirrors and witnesses have.
    #[must_use]
    pub fn with_elsewhere(mut self, elsewhere: Vec<Elsewhere>, problems: Vec<Problem>) -> Self {
        self.problems.extend(problems);
        self.problems.sort();
        self.elsewhere = elsewhere;
        self
    }

    /// Adds the outcome for the heads.
    #[must_use]
    pub fn with_heads(mut self, mut heads: HeadsReport) -> Self {
        self.problems.append(&mut heads.problems);
        self.problems.sort();
        self.problems_omitted += heads.problems_omitted;
        self.heads = heads.kept;
        self
    }

    /// Adds that the index could not be checked, since the log is damaged.
    #[must_use]
    pub fn with_unchecked_index(mut self, problem: String) -> Self {
        let path = LookupPath::Latest.to_string();
        self.problems.push(Problem { path, problem, kind: Kind::Unvouched });
        self.problems.sort();
        self
    }

    /// Adds the outcome for the index.
    #[must_use]
    pub fn with_index(mut self, mut index: IndexReport) -> Self {
        self.problems.append(&mut index.problems);
        self.problems.sort();
        self.problems_omitted += std::mem::take(&mut index.problems_omitted);
        self.lookup = Some(index);
        self
    }
}
