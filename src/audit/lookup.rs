//! The index of a log, audited: derived again from the log's entries and compared, byte for byte
//! (`src/docs/formats.md`, "Lookup index").
//!
//! | module | what is checked |
//! |---|---|
//! | [`revisions`] | the lookup log, that each revision is of the log, and which is shown as the newest |
//! | [`runs`] | every run of the newest revision, against the entries of its leaves |
//! | [`part`] | one object of a run, and which postings are wrong in it |
//! | [`scratch`] | the postings of a run by parts, on disk where they do not fit |
//! | [`files`] | in a directory: that there is nothing else |
//!
//! No code of the builder of the index is used: postings come from the verified bundles, one part after the
//! other is laid out from them, and has to be the one that was signed and the one that is stored (I15).
//!
//! Invariants: a clean report means that the newest index is the one that the log's leaves make, in every
//! byte that a client may be given. Memory does not grow with the log. Whatever a file holds is
//! a report, never a panic.

mod files;
mod part;
mod revisions;
mod runs;
mod scratch;

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tiles_spec::TreeSize;
use tiles_spec::lookup::{LeafRange, LookupPath};
use tokio::runtime::Handle;

use super::fsck::{self, FsckError, Objects, Problem, fsck};
use super::report::Findings;
use crate::client::fetch::{DirectoryFetch, Fetch, LookupLog};
use crate::client::reader::{ReadError, View};
use crate::client::trust::Trust;

/// How to check an index.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that read and hash the lookup log.
    pub workers: NonZeroUsize,
    /// A directory for postings that do not fit into memory: 24 bytes for each of the largest run.
    pub scratch: PathBuf,
}

/// Whom to believe.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// For the log.
    pub log: &'a Trust,
    /// For its index.
    pub lookup: &'a Trust,
    /// The log's origin, as its checkpoint was verified.
    pub origin: &'a str,
}

/// Nothing could be found out about the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexAuditError {
    /// The log that is indexed cannot be read.
    #[error("the log of the index")]
    Log(#[from] ReadError),
    /// Postings do not fit into memory, and cannot be laid aside.
    #[error("cannot lay postings aside in {}", directory.display())]
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
    /// Leaves of the tree that the newest is of, if there is one.
    pub size: Option<u64>,
    /// Runs that were checked: those of the newest revision, and of a newer one where it has replaced some
    /// meanwhile.
    pub runs: u64,
    /// Objects of those runs that are as the log's leaves make them.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Postings in those.
    pub postings: u64,
    /// Objects that no run of the newest revision has: of earlier revisions, or not shown yet.
    pub unlisted: u64,
    /// Everything that is wrong, by path.
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Problems beyond those that are named.
    #[serde(skip)]
    pub problems_omitted: u64,
}

/// What every part of the check works with.
struct Audit<'a> {
    fetch: Arc<dyn Fetch>,
    /// The log, verified.
    log: View,
    findings: Findings,
    report: IndexReport,
    keys: Keys<'a>,
    options: &'a Options,
    progress: fsck::Progress<'a>,
    /// Parts that were not there.
    missing: Vec<(LeafRange, LookupPath)>,
}

/// Checks the index of a log that was checked before. `announce` is told how many entries are indexed
/// before the work begins. Not to be called by a thread of the runtime.
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
        // In this order: a log that grows meanwhile has grown at least as far as its index.
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

/// Derives the tree of the lookup log again, as that of any log.
fn check_lookup_log(objects: &Objects, trust: &Trust, workers: NonZeroUsize, to: &Findings) {
    let objects = match objects {
        Objects::Directory(directory) => {
            match DirectoryFetch::open(directory.root().join("lookup")) {
                Ok(directory) => Objects::Directory(directory),
                // That it is missing is found by whoever opens it next.
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
        // So is this.
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
