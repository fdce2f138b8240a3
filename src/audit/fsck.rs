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
//! A check tells how far it got ([`tracker`], [`state`]), and can go on from where an earlier one
//! got ([`resume`]). It then reads again only what had problems, and reports on the whole log.
//!
//! Invariants: a clean report means that every byte implied by the checkpoint was read, and hashes
//! to the signed root, by this check or by the earlier one. Memory does not grow with the log: each
//! worker holds one bundle, twice if it came packed, and the problems are bounded. A damaged log
//! results in a report, never in a panic.

mod attestations;
mod check;
mod columns;
mod found;
mod hosted;
mod objects;
mod resume;
mod state;
mod strays;
mod tiles;
mod times;
mod tracker;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use fasti_client::description::Description;
use fasti_client::trust::{OpenedCheckpoint, Trust};
use tiles_spec::{ResourcePath, TILE_WIDTH_MAX, TreeHead, TreeSize};

use super::findings::Findings;
use super::problem::Fault;
pub use super::problem::{Kind, Problem};
pub use super::report::{Attestations, Report, Resumed};

use check::Check;
pub use check::{FsckError, Options, Progress};
use columns::Column;
pub use objects::Objects;
pub use resume::ResumeError;
use resume::{Begun, begin};
pub use state::{STATE_BYTES_MAX, State, StateError};
use strays::Group;
use tiles::Walk;
use times::Ranges;
pub use tracker::Save;
use tracker::Tracker;

/// The most jobs that wait for a worker. Each is small: what it reads is not in memory yet.
const JOBS_MAX: usize = 256;

/// One unit of work.
enum Job {
    Column(Column),
    Group(Group),
    Times(Range<u64>),
}

/// What is told while a check is under way.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// How many entries were checked.
    pub progress: Progress<'a>,
    /// How far the check got.
    pub save: Save<'a>,
}

/// A check that went on from where another one got, and where it got itself.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The report on the whole log.
    pub report: Report,
    /// How far the check got; `None` without a checkpoint.
    pub state: Option<State>,
}

/// Checks a whole log. `announce` is called with the tree size before the work begins.
pub fn fsck(
    objects: &Objects,
    trust: &Trust,
    options: Options,
    announce: impl FnOnce(TreeSize),
    progress: Progress<'_>,
) -> Result<Report, FsckError> {
    let watch = Watch { progress, save: &|_| {} };
    Ok(fsck_from(objects, trust, options, None, announce, watch)?.report)
}

/// Checks what a log has beyond `before`, where an earlier check got, and the places in which that
/// one has found problems. `announce` is called with the number of entries to read.
pub fn fsck_from(
    objects: &Objects,
    trust: &Trust,
    options: Options,
    before: Option<&State>,
    announce: impl FnOnce(TreeSize),
    watch: Watch<'_>,
) -> Result<Outcome, FsckError> {
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
            return Ok(Outcome { report: findings.into_report(None), state: None });
        }
    };
    let description = objects.description()?;
    check_end(&description, &findings, opened.head());
    let attestations = options.attestations || description.keeps_attestations();
    let new = State::new(
        opened.log().key.clone(),
        opened.to_bytes(),
        options.verify_signatures,
        attestations,
    );
    let Begun { state, resumed } = begin(objects, trust, &opened, new, before)?;
    announce(left(&state, opened.head().size));
    findings.count_entries(state.counts);
    findings.count_objects(state.objects());
    let options = Options { attestations, ..options };
    let (timed, state) = check_all(objects, options, &opened, state, &findings, watch);
    let mut report = findings.into_report(Some(opened));
    report.timed_entries = timed;
    report.attestations = report.attestations.filter(|_| attestations);
    report.resumed = resumed;
    Ok(Outcome { report, state: Some(state) })
}

/// Checks everything that is not covered by a state. Returns how many entries have times, and how
/// far the check got.
fn check_all(
    objects: &Objects,
    options: Options,
    opened: &OpenedCheckpoint,
    state: State,
    findings: &Findings,
    watch: Watch<'_>,
) -> (Option<u64>, State) {
    let head = opened.head();
    let before = state.times;
    let tracker = Tracker::new(state, findings, watch.save);
    let check = Check {
        objects,
        findings,
        size: head.size,
        verify_signatures: options.verify_signatures,
        attestations: options.attestations,
        progress: watch.progress,
        tracker: &tracker,
    };
    let times = Ranges::after(before);
    in_parallel(&check, &times, options.workers, |give| {
        Walk::new(&check, &|column| give(Job::Column(column))).run(&head.root);
        times::ranges(&check, before.bundles).for_each(|bundles| give(Job::Times(bundles)));
    });
    if let Objects::Directory(directory) = objects {
        in_parallel(&check, &times, options.workers, |give| {
            strays::walk(&check, directory.root(), &|group| give(Job::Group(group)));
        });
    }
    (times.timed(), tracker.into_state())
}

/// How many entries of a tree of `size` have to be read.
fn left(state: &State, size: TreeSize) -> TreeSize {
    let width = TILE_WIDTH_MAX as u64;
    let again = state.places.iter().filter(|place| place.level.get() == 0).count() as u64 * width;
    let left = size.get().saturating_sub(state.entries()).saturating_add(again);
    TreeSize::new(left).unwrap_or(size)
}

/// Checks that a log that says it was frozen serves the tree with which it was frozen.
fn check_end(description: &Description, findings: &Findings, shown: TreeHead) {
    match description.last_tree() {
        Some(last) if last == shown => findings.is_frozen(),
        Some(TreeHead { size, root }) => {
            let fault = format!(
                "is not of the last tree of the frozen log according to log.json: {size}, root \
                 hash {root}"
            );
            findings.add(ResourcePath::Checkpoint, Fault::new(Kind::History, fault));
        }
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
                let found = worker.check(&column);
                found.report(check.findings);
                check.tracker.done(column.coord, &found);
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
