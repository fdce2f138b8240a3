//! fsck: recomputes a log from its files (C2SP tlog-tiles, RFC 6962) and names what is missing,
//! damaged or inconsistent.
//!
//! The check goes from the top down: the signed root vouches for the right edge, each tile for the
//! tiles below it, and the tiles of level 0 for the entries ([`tiles`]). So a damaged object can be
//! told from the good ones around it. A damaged or missing tile is recomputed from the objects
//! below it, if those give the expected hash, so that one damage does not hide another ([`columns`]
//! does this for the lowest level). The times of the entries, to which the tree does not commit,
//! are checked for themselves ([`times`]), and so are the attestations beside the entries, if the
//! log keeps any ([`attestations`]). In a directory, all other files are then compared with
//! the verified objects ([`strays`]).
//!
//! Invariants: a clean report means that every byte implied by the checkpoint was read, and hashes
//! to the signed root. Memory does not grow with the log. A damaged log results in a report, never
//! in a panic.

mod attestations;
mod check;
mod columns;
mod objects;
mod strays;
mod tiles;
mod times;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use fasti_client::description::Description;
use fasti_client::trust::Trust;
use tiles_spec::{ResourcePath, TreeHead, TreeSize};

use super::findings::Findings;
pub use super::problem::Problem;
pub use super::report::{Attestations, Report};

use check::Check;
pub use check::{FsckError, Options, Progress};
use columns::Column;
pub use objects::Objects;
use strays::Group;
use tiles::Walk;
use times::Ranges;

/// The most jobs that wait for a worker. Each is small: what it reads is not in memory yet.
const JOBS_MAX: usize = 256;

/// One unit of work.
enum Job {
    Column(Column),
    Group(Group),
    Times(Range<u64>),
}

/// Checks a whole log. `announce` is called with the tree size before the work begins.
pub fn fsck(
    objects: &Objects,
    trust: &Trust,
    options: Options,
    announce: impl FnOnce(TreeSize),
    progress: Progress<'_>,
) -> Result<Report, FsckError> {
    let findings = Findings::default();
    let mut checkpoint = Vec::new();
    if !objects.read_into(&ResourcePath::Checkpoint, &mut checkpoint)? {
        return Err(FsckError::NoLog(objects.place(&ResourcePath::Checkpoint)));
    }
    findings.count_object();
    let opened = match trust.open(&checkpoint) {
        Ok(opened) => opened,
        Err(refusal) => {
            findings.add(ResourcePath::Checkpoint, refusal.to_string());
            return Ok(findings.into_report(None));
        }
    };
    let head = opened.head();
    announce(head.size);
    let description = objects.description()?;
    check_end(&description, &findings, head);
    let looks_for_attestations = options.attestations || description.keeps_attestations();
    let check = Check {
        objects,
        findings: &findings,
        size: head.size,
        verify_signatures: options.verify_signatures,
        attestations: looks_for_attestations,
        progress,
    };
    let times = Ranges::default();
    in_parallel(&check, &times, options.workers, |give| {
        Walk::new(&check, &|column| give(Job::Column(column))).run(&head.root);
        times::ranges(&check).for_each(|bundles| give(Job::Times(bundles)));
    });
    let timed = times.join(&check);
    if let Objects::Directory(directory) = objects {
        in_parallel(&check, &Ranges::default(), options.workers, |give| {
            strays::walk(&check, directory.root(), &|group| give(Job::Group(group)));
        });
    }
    let mut report = findings.into_report(Some(opened));
    report.timed_entries = timed;
    report.attestations = report.attestations.filter(|_| looks_for_attestations);
    Ok(report)
}

/// Checks that a log that says it was frozen serves the tree with which it was frozen.
fn check_end(description: &Description, findings: &Findings, shown: TreeHead) {
    match description.last_tree() {
        Some(last) if last == shown => findings.is_frozen(),
        Some(TreeHead { size, root }) => findings.add(
            ResourcePath::Checkpoint,
            format!(
                "is not of the last tree of the frozen log according to log.json: {size}, root \
                 hash {root}"
            ),
        ),
        None => {}
    }
}

/// Runs a walk, with workers for the jobs that it gives out, until everything is done.
fn in_parallel(
    check: &Check<'_>,
    times: &Ranges,
    workers: NonZeroUsize,
    walk: impl FnOnce(&dyn Fn(Job)),
) {
    let (give, take) = sync_channel(JOBS_MAX);
    let take = Mutex::new(take);
    std::thread::scope(|scope| {
        for _ in 0..workers.get() {
            scope.spawn(|| work(check, times, &take));
        }
        // Workers receive until this end is dropped, so there is always one to send to.
        walk(&|job| drop(give.send(job)));
        drop(give);
    });
}

fn work(check: &Check<'_>, times: &Ranges, take: &Mutex<Receiver<Job>>) {
    let mut worker = columns::Worker::new(check);
    loop {
        let job = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(Job::Column(column)) => {
                worker.check(&column);
                (check.progress)(u64::from(column.coord.width.get()));
            }
            Ok(Job::Group(group)) => strays::check(check, &group),
            Ok(Job::Times(bundles)) => times.check(check, bundles),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests;
