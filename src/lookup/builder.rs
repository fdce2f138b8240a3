//! Builder: from a grown log to the next revision of its index.
//!
//! Each step reads the log from where the last revision ended, as any reader does, and verifies it;
//! builds the new runs; and commits a revision ([`super::revisions`]). Between steps nothing is
//! kept that is not in the newest revision, so a crash costs one step.
//!
//! Invariants (I15): a revision indexes a tree of the log that the log has signed or that a signed
//! one grew from; runs are built only from verified leaves and verified runs.

use std::time::Instant;

use fasti_client::reader::View;
use fasti_client::times::frontier_of_times;
use fasti_lookup_spec::{LeafRange, Manifest, Posting, RevisionFile, Run};
use tiles_spec::{Hash, TreeHead};

use super::context::IndexContext;
use super::error::IndexError;
use super::plan::{self, Piece};
use super::revisions::Revisions;
use super::run::build_run;
use super::source::postings;
use super::tidy::Tidy;

/// Builds the index of one log.
pub struct Builder {
    context: IndexContext,
    revisions: Revisions,
    /// The runs of the next revision, as far as they are built.
    runs: Vec<Run>,
    /// The tree of the newest revision.
    indexed: TreeHead,
    /// The frontier of its times, if the log keeps times.
    times: Option<Vec<Hash>>,
    /// Whether a run was merged since.
    is_merged: bool,
    tidy: Tidy,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// There was nothing to do.
    UpToDate,
    /// A revision was committed.
    Revised {
        /// The tree that it indexes.
        indexed: TreeHead,
        /// The tree that the log has published.
        log: TreeHead,
    },
}

/// A revision that is ready to be committed.
pub(super) struct Prepared {
    /// When the work on it began.
    began: Instant,
    file: RevisionFile,
    /// The tree that the log has published.
    log: TreeHead,
}

/// A merge that can be done in parallel with the steps.
pub struct Merge {
    /// The leaves.
    pub(super) range: LeafRange,
    /// The runs that cover them.
    pub(super) pieces: Vec<Run>,
}

impl Builder {
    /// Opens the index, and finishes what was left undone.
    pub async fn open(context: IndexContext) -> Result<Self, IndexError> {
        let revisions = Revisions::open(context.clone()).await?;
        let newest = revisions.newest();
        let indexed = newest.map_or(TreeHead::EMPTY, |manifest| manifest.head);
        let runs = newest.map_or_else(Vec::new, |manifest| manifest.runs.clone());
        let times = newest.and_then(|manifest| manifest.times.clone());
        let tidy = Tidy::new(&context);
        Ok(Self { context, revisions, runs, indexed, times, is_merged: false, tidy })
    }

    /// The tree of the newest revision.
    pub fn indexed(&self) -> TreeHead {
        self.indexed
    }

    /// The number of runs of the newest revision.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Commits the next revision, if there is something new. It indexes no more of the log's growth
    /// than the limits allow; runs of more than `rewrite_max` postings are left in pieces.
    pub async fn advance(&mut self, rewrite_max: u64) -> Result<Advance, IndexError> {
        match self.prepare(rewrite_max).await? {
            Some(prepared) => self.commit(prepared).await,
            None => Ok(Advance::UpToDate),
        }
    }

    /// Builds the runs of the next revision, if there is something new.
    pub(super) async fn prepare(
        &mut self,
        rewrite_max: u64,
    ) -> Result<Option<Prepared>, IndexError> {
        let began = self.context.clock.now();
        let view = View::open(self.context.log.clone(), &self.context.trust).await?;
        let mut view = view.on(self.context.workers.clone());
        let log = view.head();
        self.expect_growth(&mut view).await?;
        let is_whole = rewrite_max < u64::MAX || plan::in_pieces(&self.runs).is_none();
        if log.size == self.indexed.size && !self.is_merged && is_whole {
            self.context.metrics.set_sizes(self.indexed.size, log.size);
            return Ok(None);
        }
        let from = self.indexed.size;
        let (fresh, end) =
            postings(&mut view, from, log.size, self.context.config.postings_max).await?;
        let head = view.head_at(end).await?;
        let mut runs = Vec::new();
        for piece in plan::plan(&self.runs, end, rewrite_max) {
            runs.push(self.make(piece, &fresh).await?);
        }
        drop(fresh);
        let known = self.times.clone().map(|nodes| (self.indexed.size, nodes));
        let times = frontier_of_times(&*self.context.log, known, end, log.size).await?;
        let manifest = Manifest { origin: self.context.origin.clone(), head, times, runs };
        let checkpoint = view.checkpoint().to_bytes();
        Ok(Some(Prepared { began, file: RevisionFile { manifest, checkpoint }, log }))
    }

    /// Commits a revision that was prepared last, and publishes it.
    pub(super) async fn commit(&mut self, prepared: Prepared) -> Result<Advance, IndexError> {
        let Prepared { began, file, log } = prepared;
        let (head, runs) = (file.manifest.head, file.manifest.runs.clone());
        let times = file.manifest.times.clone();
        self.revisions.append(file).await?;
        self.tidy.retire(&self.runs, &runs);
        self.tidy.retire_paths(self.revisions.take_superseded());
        (self.runs, self.indexed, self.times, self.is_merged) = (runs, head, times, false);
        self.context.metrics.set_sizes(head.size, log.size);
        self.context.metrics.revised(self.context.clock.now() - began);
        Ok(Advance::Revised { indexed: head, log })
    }

    /// Indexes everything that the log has published, and merges whatever is in pieces.
    pub async fn catch_up(&mut self) -> Result<TreeHead, IndexError> {
        while let Advance::Revised { .. } = self.advance(u64::MAX).await? {
            self.tidy.sweep().await;
        }
        Ok(self.indexed)
    }

    /// Checks that this is the log that was indexed, and that it is not smaller.
    async fn expect_growth(&self, view: &mut View) -> Result<(), IndexError> {
        let (shown, indexed) = (view.head(), self.indexed);
        if shown.size < indexed.size {
            return Err(IndexError::Shrunk { shown: shown.size, indexed: indexed.size });
        }
        if view.head_at(indexed.size).await? == indexed {
            Ok(())
        } else {
            Err(IndexError::Forked { size: indexed.size })
        }
    }

    async fn make(&self, piece: Piece, fresh: &[Posting]) -> Result<Run, IndexError> {
        let (range, stored, new) = match piece {
            Piece::Kept(run) => return Ok(run),
            Piece::Made { range, stored, fresh } => (range, stored, fresh),
        };
        let is_new = |posting: &&Posting| new.is_some_and(|new| new.contains(posting.index));
        let fresh: Vec<Posting> = fresh.iter().filter(is_new).copied().collect();
        make_run(&self.context, range, &stored, fresh).await
    }

    /// A postponed merge, if there is one.
    pub(super) fn put_off(&mut self) -> Option<Merge> {
        let (range, pieces) = plan::in_pieces(&self.runs)?;
        self.tidy.work_on(Some(range));
        Some(Merge { range, pieces })
    }

    /// Adopts a run that was merged in parallel with the steps.
    pub(super) fn adopt(&mut self, merged: Run) {
        let before = self.runs.clone();
        self.is_merged |= plan::adopt(&mut self.runs, merged);
        // The pieces are still in the newest revision, and are kept for some time after it.
        self.tidy.retire(&before, &self.runs);
        self.tidy.work_on(None);
    }

    /// Removes what no reader needs any more.
    pub(super) async fn sweep(&mut self) {
        self.tidy.sweep().await;
    }
}

/// Builds a run and counts it.
pub(super) async fn make_run(
    context: &IndexContext,
    range: LeafRange,
    stored: &[Run],
    fresh: Vec<Posting>,
) -> Result<Run, IndexError> {
    let (run, written) = build_run(&*context.objects, range, stored, fresh).await?;
    let metrics = &context.metrics;
    metrics.postings.inc_by(written.postings);
    metrics.postings_rewritten.inc_by(written.postings_read);
    metrics.parts.inc_by(written.parts);
    metrics.bytes.inc_by(written.bytes);
    Ok(run)
}
