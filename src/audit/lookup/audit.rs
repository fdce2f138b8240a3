//! How to check an index, and what all parts of a check share.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::Trust;
use fasti_lookup_spec::{LeafRange, LookupPath};

use super::index_report::IndexReport;
use crate::findings::Findings;
use crate::fsck::Progress;

/// How to check an index.
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of threads that read and hash the lookup log.
    pub workers: NonZeroUsize,
    /// A directory for postings that do not fit into memory: 24 bytes per posting of the largest
    /// run.
    pub scratch: PathBuf,
}

/// Whom to trust.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// For the log.
    pub log: &'a Trust,
    /// For its index.
    pub lookup: &'a Trust,
    /// The log's origin, from its verified checkpoint.
    pub origin: &'a str,
}

/// Why the index could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexAuditError {
    /// The indexed log cannot be read.
    #[error("cannot read the indexed log")]
    Log(#[from] ReadError),
    /// Postings do not fit into memory, and cannot be written to disk.
    #[error("cannot write postings to {}", directory.display())]
    Scratch {
        /// The scratch directory.
        directory: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// The context shared by all parts of the check.
pub(super) struct Audit<'a> {
    pub fetch: Arc<dyn Fetch>,
    /// The log, verified.
    pub log: View,
    pub findings: Findings,
    pub report: IndexReport,
    pub keys: Keys<'a>,
    pub options: &'a Options,
    pub progress: Progress<'a>,
    /// Parts that were missing.
    pub missing: Vec<(LeafRange, LookupPath)>,
    /// Whether the log says that it keeps attestations.
    pub keeps_attestations: bool,
}

impl Audit<'_> {
    pub fn into_report(self) -> IndexReport {
        let (problems, problems_omitted) = self.findings.into_problems();
        IndexReport { problems, problems_omitted, ..self.report }
    }
}
