//! An index that follows a log from revision to revision, as its builder grows it.

use fasti::client::reader::View;
use fasti::lookup::error::BuildError;
use fasti::lookup::run::{Written, build_run};
use fasti::lookup::source::postings;
use fasti::lookup_spec::{LeafRange, Run, ranges};
use fasti::store::Store;
use tiles_spec::TreeSize;

/// The runs of the newest revision.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub runs: Vec<Run>,
    pub written: Written,
}

impl Index {
    /// Extends the index to a larger tree. On an error it stays unchanged.
    pub async fn grow(
        &mut self,
        store: &dyn Store,
        view: &mut View,
        size: TreeSize,
    ) -> Result<(), BuildError> {
        let mut runs = Vec::new();
        let mut written = self.written;
        for range in ranges(size) {
            if let Some(run) = self.runs.iter().find(|run| run.range == range) {
                runs.push(run.clone());
                continue;
            }
            let stored: Vec<Run> =
                self.runs.iter().filter(|run| range.includes(&run.range)).cloned().collect();
            let from = stored.last().map_or(range.start(), |run| run.range.end());
            let (run, took) =
                build_run(store, range, &stored, fresh(view, from, range).await).await?;
            written += took;
            runs.push(run);
        }
        (self.runs, self.written) = (runs, written);
        Ok(())
    }
}

async fn fresh(
    view: &mut View,
    from: TreeSize,
    range: LeafRange,
) -> Vec<fasti::lookup_spec::Posting> {
    let (found, reached) =
        postings(view, from, range.end(), usize::MAX).await.expect("the log is sound");
    assert_eq!(reached, range.end().max(from));
    found
}
