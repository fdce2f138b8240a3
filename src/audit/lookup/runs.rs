//! Runs: recomputes the postings of a run's leaves, and compares them with the signed and stored
//! parts.

use fasti_client::reader::{VerifiedBundle, View};
use fasti_entry::lookup_keys;
use fasti_lookup_spec::{LeafRange, LookupPath, Posting, Run, slice_bits};
use tiles_spec::LeafIndex;
use tiles_spec::tile::bundle_indices;

use super::audit::{Audit, IndexAuditError};
use super::revisions::Latest;
use super::scratch::Scratch;
use fasti_seams::causes::with_causes;

/// How many newer revisions are tried for parts that were replaced during the check.
const ROUNDS_MAX: usize = 5;

impl Audit<'_> {
    /// Checks runs of a revision. The last ones come first: they are small, and the first to be
    /// replaced.
    pub(super) async fn check_runs(
        &mut self,
        revision: LeafIndex,
        runs: &[Run],
    ) -> Result<(), IndexAuditError> {
        for run in runs.iter().rev() {
            self.report.runs += 1;
            self.check_run(revision, run).await.map_err(|source| {
                let directory = self.options.scratch.clone();
                IndexAuditError::Scratch { directory, source }
            })?;
        }
        Ok(())
    }

    /// Reports missing parts, unless a newer revision no longer has them: then the runs in their
    /// place are checked.
    pub(super) async fn check_missing(&mut self) -> Result<(), IndexAuditError> {
        for _ in 0..ROUNDS_MAX {
            if self.missing.is_empty() {
                return Ok(());
            }
            self.log = View::open(self.fetch.clone(), self.keys.log).await?;
            let shown = Latest::read(&*self.fetch).await;
            let Some((revision, manifest)) = self.check_shown(None, shown).await else { break };
            let is_listed = |range: LeafRange| manifest.runs.iter().any(|run| run.range == range);
            let missing = std::mem::take(&mut self.missing);
            let (missing, replaced): (Vec<_>, Vec<_>) =
                missing.into_iter().partition(|(range, _)| is_listed(*range));
            for (_, path) in missing {
                self.findings.add(path, "missing");
            }
            let overlaps = |run: &Run| {
                let (start, end) = (run.range.start(), run.range.end());
                replaced.iter().any(|(range, _)| range.start() < end && start < range.end())
            };
            let again: Vec<Run> =
                manifest.runs.iter().filter(|run| overlaps(run)).cloned().collect();
            self.check_runs(revision, &again).await?;
        }
        for (_, path) in std::mem::take(&mut self.missing) {
            self.findings.add(path, "missing");
        }
        Ok(())
    }

    async fn check_run(&mut self, revision: LeafIndex, run: &Run) -> std::io::Result<()> {
        let mut scratch = Scratch::new(run.bits(), &self.options.scratch);
        if !self.derive(&run.range, &mut scratch).await? {
            return Ok(());
        }
        let (start, end) = (run.range.start(), run.range.end());
        let (signed, actual) = (run.postings, scratch.count());
        if signed != actual {
            let counted = format!("counts {signed} postings from {start} to {end}");
            let fault = format!("a wrong index was signed: it {counted}, but there are {actual}");
            self.findings.add(LookupPath::Revision(revision), fault);
        }
        let parts = 1u32 << slice_bits(actual);
        if run.parts.len() != parts as usize {
            let cut = run.parts.len();
            let cuts = format!("cuts {start} to {end} into {cut} parts");
            let fault = format!("a wrong index was signed: it {cuts}, but there should be {parts}");
            self.findings.add(LookupPath::Revision(revision), fault);
        }
        for (slice, part) in run.slices() {
            let postings = scratch.take(slice.index())?;
            self.check_part(revision, run.range, slice, part, postings).await;
        }
        Ok(())
    }

    /// Computes the postings of a range from the log's entries. Returns whether that was possible.
    async fn derive(
        &mut self,
        range: &LeafRange,
        scratch: &mut Scratch<'_>,
    ) -> std::io::Result<bool> {
        let asked = *range;
        let derive = move |bundle: VerifiedBundle| postings_of(&bundle, &asked);
        let indices = bundle_indices(range.start(), range.end());
        let mut bundles = self.log.bundles_with(indices, derive);
        loop {
            match bundles.next().await {
                Ok(Some((leaves, postings))) => {
                    postings.into_iter().try_for_each(|posting| scratch.add(posting))?;
                    (self.progress)(leaves);
                }
                Ok(None) => return Ok(true),
                Err(error) => {
                    let run = format!("lookup/run/{}/{}", range.start(), range.end());
                    let fault = format!("cannot be recomputed: {}", with_causes(&error));
                    self.findings.add(run, fault);
                    return Ok(false);
                }
            }
        }
    }
}

/// The number of leaves of a bundle in the range, and their postings.
fn postings_of(bundle: &VerifiedBundle, range: &LeafRange) -> (u64, Vec<Posting>) {
    let mut leaves = 0;
    let mut postings = Vec::new();
    for (index, leaf, entry) in bundle.entries().filter(|(index, ..)| range.contains(*index)) {
        leaves += 1;
        let keys = lookup_keys(&leaf, entry);
        postings.extend(keys.into_iter().map(|key| Posting { key, index }));
    }
    (leaves, postings)
}
