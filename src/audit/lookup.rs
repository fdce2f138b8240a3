//! Audits the index of a log: recomputes it from the log's entries, and compares it byte for byte
//! (`src/docs/formats.md`, "Lookup index").
//!
//! | module | what is checked |
//! |---|---|
//! | [`revisions`] | the lookup log, that each revision is of the log, and the newest one served |
//! | [`runs`] | every run of the newest revision, against the entries of its leaves |
//! | [`part`] | one object of a run, and which postings are wrong in it |
//! | [`scratch`] | the postings of a run by part, on disk if they do not fit into memory |
//! | [`files`] | in a directory: that there is nothing else |
//!
//! None of the index builder's code is used. Postings come from the verified bundles. Each part is
//! laid out from them, and must equal both the signed part and the stored one (I15).
//!
//! Invariants: a clean report means that the newest index is the one that follows from the log's
//! leaves, in every byte that a client can read. Memory does not grow with the log. Any content of
//! a file results in a report, never in a panic.

mod files;
mod part;
mod revisions;
mod runs;
mod scratch;

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use fasti_client::fetch::{DirectoryFetch, Fetch, LookupLog};
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::Trust;
use fasti_lookup_spec::{LeafRange, LookupPath};
use serde::Serialize;
use tiles_spec::TreeSize;
use tokio::runtime::Handle;

use super::fsck::{self, FsckError, Objects, Problem, fsck};
use super::report::Findings;

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

/// The outcome of the check of an index.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IndexReport {
    /// Revisions in the signed lookup log.
    pub revisions: u64,
    /// Size of the tree indexed by the newest revision, if there is one.
    pub size: Option<u64>,
    /// Runs that were checked: those of the newest revision, and of a newer one if it has replaced
    /// some meanwhile.
    pub runs: u64,
    /// Objects of those runs that match the log's leaves.
    pub parts: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Postings in those objects.
    pub postings: u64,
    /// Objects that are in no run of the newest revision: of earlier revisions, or not served yet.
    pub unlisted: u64,
    /// Everything that is wrong, by path.
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Problems beyond those named.
    #[serde(skip)]
    pub problems_omitted: u64,
}

/// The context shared by all parts of the check.
struct Audit<'a> {
    fetch: Arc<dyn Fetch>,
    /// The log, verified.
    log: View,
    findings: Findings,
    report: IndexReport,
    keys: Keys<'a>,
    options: &'a Options,
    progress: fsck::Progress<'a>,
    /// Parts that were missing.
    missing: Vec<(LeafRange, LookupPath)>,
}

/// Checks the index of a log that was checked before. `announce` is called with the number of
/// indexed entries before the work begins. Must not be called on a thread of the runtime.
pub fn check(
    objects: &Objects,
    runtime: &Handle,
    keys: Keys<'_>,
    options: &Options,
    announce: impl FnOnce(TreeSize),
    progress: fsck::Progress<'_>,
) -> Result<IndexReport, IndexAuditError> {
    let findings = Findings::default();
    check_lookup_log(objects, keys.lookup, options.workers, &findings);
    let fetch = objects.fetch();
    runtime.block_on(async {
        // The index is read first: if the log grows meanwhile, it covers at least the index.
        let shown = revisions::Shown::read(&*fetch).await;
        let lookup: Arc<dyn Fetch> = Arc::new(LookupLog(fetch.clone()));
        let lookup = View::open(lookup, keys.lookup).await;
        let log = View::open(fetch.clone(), keys.log).await?;
        let report = IndexReport::default();
        let missing = Vec::new();
        let mut audit = Audit { fetch, log, findings, report, keys, options, progress, missing };
        let newest = audit.check_revisions(lookup, shown).await;
        if let Some((revision, manifest)) = &newest {
            announce(manifest.head.size);
            audit.report.size = Some(manifest.head.size.get());
            audit.check_runs(*revision, &manifest.runs).await?;
            audit.check_missing().await?;
        }
        if let Objects::Directory(directory) = objects {
            let newest = newest.map(|(_, manifest)| manifest);
            audit.check_files(directory.root(), newest.as_ref());
        }
        Ok(audit.into_report())
    })
}

/// Recomputes the tree of the lookup log, as that of any log.
fn check_lookup_log(objects: &Objects, trust: &Trust, workers: NonZeroUsize, to: &Findings) {
    let objects = match objects {
        Objects::Directory(directory) => {
            match DirectoryFetch::open(directory.root().join("lookup")) {
                Ok(directory) => Objects::Directory(directory),
                // If it is missing, the code that opens it next reports that.
                Err(_) => return,
            }
        }
        Objects::Remote { fetch, runtime } => {
            let fetch = Arc::new(LookupLog(fetch.clone()));
            Objects::Remote { fetch, runtime: runtime.clone() }
        }
    };
    let options = fsck::Options { workers, verify_signatures: false };
    match fsck(&objects, trust, options, |_| {}, &|_| {}) {
        Ok(report) => {
            for Problem { path, problem } in report.problems {
                to.add(format!("lookup/{path}"), problem);
            }
            to.omit(report.problems_omitted);
        }
        // The same applies here.
        Err(FsckError::NoLog(_)) => {}
        Err(FsckError::Fetch(error)) => {
            to.add("lookup/checkpoint", super::report::in_words(&error));
        }
    }
}

impl Audit<'_> {
    fn into_report(self) -> IndexReport {
        let (problems, problems_omitted) = self.findings.into_problems();
        IndexReport { problems, problems_omitted, ..self.report }
    }
}

#[cfg(test)]
mod tests;
