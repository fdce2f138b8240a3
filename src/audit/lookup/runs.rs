//! Runs: recomputes the postings of a run's leaves, and compares them with the signed and stored
//! parts.

use fasti_client::reader::{ReadError, VerifiedBundle, View};
use fasti_entry::lookup_keys_and_attestation;
use fasti_lookup_spec::{LeafRange, LookupPath, Posting, Run, slice_bits};
use tiles_spec::LeafIndex;
use tiles_spec::tile::bundle_indices;

use super::attestations::{Attested, Due, Further, Gone, due, further};
use super::audit::{Audit, IndexAuditError};
use super::revisions::Latest;
use super::scratch::Scratch;
use crate::problem::{Fault, Kind};
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
                self.findings.add(path, Fault::missing());
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
            self.findings.add(path, Fault::missing());
        }
        Ok(())
    }

    async fn check_run(&mut self, revision: LeafIndex, run: &Run) -> std::io::Result<()> {
        let scratch = || Scratch::new(run.bits(), &self.options.scratch);
        let mut leaves = Derived { own: scratch(), further: scratch(), gone: Gone::new(run.range) };
        if !self.derive(&run.range, &mut leaves).await? {
            return Ok(());
        }
        let mut actual = 0;
        for (slice, part) in run.slices() {
            let own = leaves.own.take(slice.index())?;
            let further = leaves.further.take(slice.index())?;
            let path = LookupPath::Part { range: run.range, part: slice.index() };
            let due = if self.keeps_attestations {
                let listed = self.listed(path, run.range, slice, part).await;
                due(own, further, listed.as_deref(), &leaves.gone)
            } else {
                Due { postings: own, late: 0, unexplained: 0 }
            };
            self.report.late += due.late;
            self.report.unexplained += due.unexplained;
            actual += due.postings.len() as u64;
            self.check_part(revision, run.range, slice, part, due.postings).await;
        }
        let (start, end) = (run.range.start(), run.range.end());
        let signed = run.postings;
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
        Ok(())
    }

    /// Computes the postings of a range from the log's entries. Returns whether that was possible.
    async fn derive(
        &mut self,
        range: &LeafRange,
        leaves: &mut Derived<'_>,
    ) -> std::io::Result<bool> {
        let (asked, fetch) = (*range, self.fetch.clone());
        let derive = move |bundle: VerifiedBundle| postings_of(&bundle, &asked);
        let indices = bundle_indices(range.start(), range.end());
        let mut bundles = self.log.bundles_with(indices, derive);
        loop {
            let read = match bundles.next().await {
                Ok(Some((count, postings, attested))) => {
                    postings.into_iter().try_for_each(|posting| leaves.own.add(posting))?;
                    (self.progress)(count);
                    let attested = if self.keeps_attestations { attested } else { Vec::new() };
                    further(&fetch, attested).await.map_err(ReadError::from)
                }
                Ok(None) => return Ok(true),
                Err(error) => Err(error),
            };
            match read {
                Ok(further) => further.into_iter().try_for_each(|one| leaves.add(one))?,
                Err(error) => {
                    let run = format!("lookup/run/{}/{}", range.start(), range.end());
                    let fault = format!("cannot be recomputed: {}", with_causes(&error));
                    self.findings.add(run, Fault::new(Kind::Unvouched, fault));
                    return Ok(false);
                }
            }
        }
    }
}

/// What the leaves of a run have.
struct Derived<'a> {
    /// The postings of the entries themselves.
    own: Scratch<'a>,
    /// Those of their attestations.
    further: Scratch<'a>,
    gone: Gone,
}

impl Derived<'_> {
    fn add(&mut self, (index, postings): Further) -> std::io::Result<()> {
        let Some(postings) = postings else {
            self.gone.add(index);
            return Ok(());
        };
        postings.into_iter().try_for_each(|posting| self.further.add(posting))
    }
}

/// The number of leaves of a bundle in the range, their postings, and those that may have more by
/// their attestations.
fn postings_of(bundle: &VerifiedBundle, range: &LeafRange) -> (u64, Vec<Posting>, Vec<Attested>) {
    let (mut leaves, mut postings, mut attested) = (0, Vec::new(), Vec::new());
    for (index, leaf, entry) in bundle.entries().filter(|(index, ..)| range.contains(*index)) {
        leaves += 1;
        let (keys, attestation) = lookup_keys_and_attestation(&leaf, entry);
        postings.extend(keys.into_iter().map(|key| Posting { key, index }));
        let attestation =
            attestation.map(|sha256| Attested { index, sha256, entry: entry.to_vec() });
        attested.extend(attestation);
    }
    (leaves, postings, attested)
}
