//! The size of an index.

use fasti::lookup_spec::{Manifest, Part, Run};
use serde::Serialize;

use crate::units::show_count;

/// The size of an index, according to its manifest.
#[derive(Debug, Serialize)]
pub struct Stock {
    /// Leaves that the index has.
    pub leaves: u64,
    /// Pairs of a key and a leaf.
    pub postings: u64,
    /// Different keys, counted once for each run.
    pub keys: u64,
    /// Runs that make up the index.
    pub runs: usize,
    /// Objects: parts of the runs.
    pub parts: usize,
    /// Bytes of all parts.
    pub bytes: u64,
    /// Bytes of the manifest.
    pub manifest_bytes: usize,
    /// Of the parts.
    pub bytes_per_entry: f64,
    /// Of the parts.
    pub bytes_per_posting: f64,
}

impl Stock {
    /// The size of an index with this manifest.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn of(manifest: &Manifest) -> Self {
        let parts = || manifest.runs.iter().flat_map(|run| &run.parts);
        let postings: u64 = manifest.runs.iter().map(|run| run.postings).sum();
        let bytes: u64 = parts().map(Part::bytes).sum();
        let leaves = manifest.runs.iter().map(|run: &Run| run.range.len()).sum();
        let per = |count: u64| if count == 0 { 0.0 } else { bytes as f64 / count as f64 };
        Self {
            leaves,
            postings,
            keys: parts().map(|part| part.records).sum(),
            runs: manifest.runs.len(),
            parts: parts().count(),
            bytes,
            manifest_bytes: manifest.to_bytes().len(),
            bytes_per_entry: per(leaves),
            bytes_per_posting: per(postings),
        }
    }

    /// On one line.
    pub fn text(&self) -> String {
        let Self { runs, parts, manifest_bytes, .. } = self;
        let (leaves, postings) = (show_count(self.leaves), show_count(self.postings));
        let (bytes, of_entry, of_posting) =
            (show_count(self.bytes), self.bytes_per_entry, self.bytes_per_posting);
        format!(
            "{leaves} entries, {postings} postings in {runs} runs of {parts} parts: {bytes} bytes, \
             {of_entry:.1} per entry, {of_posting:.1} per posting; manifest of {manifest_bytes} \
             bytes"
        )
    }
}
