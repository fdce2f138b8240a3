//! Audits the index of a log: recomputes it from the log's entries, and compares it byte for byte
//! (`src/docs/formats.md`, "Lookup index").
//!
//! | module | what is checked |
//! |---|---|
//! | [`revisions`] | the lookup log, that each revision is of the log, and the newest one served |
//! | [`times`] | what the newest revision commits to of the times of the log's entries |
//! | [`runs`] | every run of the newest revision, against the entries of its leaves |
//! | [`attestations`] | what leaves are listed by because of their attestations |
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

mod attestations;
mod audit;
mod files;
pub mod index_report;
mod part;
mod revisions;
mod runs;
mod scratch;
mod times;

use std::num::NonZeroUsize;
use std::sync::Arc;

use fasti_client::description::Description;
use fasti_client::fetch::{DirectoryFetch, Fetch, LookupLog};
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::Trust;
use tiles_spec::TreeSize;
use tokio::runtime::Handle;

use super::findings::Findings;
use super::fsck::{self, FsckError, Objects, Problem, fsck};
use super::problem::Fault;
use audit::Audit;
pub use audit::{IndexAuditError, Keys, Options};
pub use index_report::IndexReport;

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
        let shown = revisions::Latest::read(&*fetch).await;
        let lookup: Arc<dyn Fetch> = Arc::new(LookupLog(fetch.clone()));
        let lookup = View::open(lookup, keys.lookup).await;
        let log = View::open(fetch.clone(), keys.log).await?;
        let report = IndexReport::default();
        let missing = Vec::new();
        let description = fetch.description().await.map_err(ReadError::from)?;
        let keeps_attestations =
            Description::parse(&description.unwrap_or_default()).keeps_attestations();
        let mut audit = Audit {
            fetch,
            log,
            findings,
            report,
            keys,
            options,
            progress,
            missing,
            keeps_attestations,
        };
        let newest = audit.check_revisions(lookup, shown).await;
        if let Some((revision, manifest)) = &newest {
            announce(manifest.head.size);
            audit.report.size = Some(manifest.head.size.get());
            audit.check_times(*revision, manifest).await;
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
    let options = fsck::Options { workers, verify_signatures: false, attestations: false };
    match fsck(&objects, trust, options, |_| {}, &|_| {}) {
        Ok(report) => {
            for problem in report.problems {
                to.add_problem(Problem { path: format!("lookup/{}", problem.path), ..problem });
            }
            to.omit(report.problems_omitted);
        }
        // The same applies here.
        Err(FsckError::NoLog(_)) => {}
        Err(FsckError::Fetch(error)) => {
            to.add("lookup/checkpoint", Fault::unread(&error));
        }
        // Nothing was checked before.
        Err(FsckError::State(_)) => {}
    }
}

#[cfg(test)]
mod tests;
