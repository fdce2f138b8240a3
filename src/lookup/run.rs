//! Builds a run: all postings of a leaf range, from stored runs and new postings.
//!
//! One part is laid out while the previous one is written and the inputs of the next are read. So
//! memory holds one part of each input and three of the output, whatever the length of the run.
//!
//! Invariants: the same leaves give the same bytes, however they were merged before. Every leaf of
//! the range has its postings in exactly one input. A part that already exists with these bytes is
//! left as it is, so a build that was interrupted is simply repeated.

use std::ops::AddAssign;

use bytes::Bytes;
use fasti_lookup_spec::{
    BuiltPart, KeySlice, LeafRange, LookupPath, Part, Posting, Run, build_part, slice_bits,
};
use fasti_seams::offload::offload_large;
use fasti_store::{Created, ObjectPath, Store, StoreError};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tiles_spec::TreeSize;

use super::error::BuildError;
use super::merge::Inputs;

/// Parts of the output that are laid out and written at once.
const PARTS_AT_ONCE: usize = 2;

/// The cost of building a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Parts written.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their postings.
    pub postings: u64,
    /// Stored parts read.
    pub parts_read: u64,
    /// Their bytes.
    pub bytes_read: u64,
    /// Their postings, which were written before.
    pub postings_read: u64,
}

/// Builds the run of `range` and writes its parts. `stored` are the runs of its first leaves, in
/// order; `fresh` are the postings of all leaves after those, sorted and distinct.
///
/// After an error some parts may have been written; they are correct, and repeating the call is
/// safe.
pub async fn build_run(
    objects: &dyn Store,
    range: LeafRange,
    stored: &[Run],
    fresh: Vec<Posting>,
) -> Result<(Run, Written), BuildError> {
    let from = end_of(range, stored)?;
    let fresh = offload_large(move || expect_all(range, from, fresh)).await?;
    let read = Written::of_reading(stored);
    let postings = read.postings_read + fresh.len() as u64;

    let inputs = Inputs::new(objects, range, stored, fresh, slice_bits(postings));
    let parts: Vec<Part> = write_parts(objects, range, inputs).try_collect().await?;
    let written = Written {
        parts: parts.len() as u64,
        bytes: parts.iter().map(Part::bytes).sum(),
        postings,
        ..read
    };
    Ok((Run::new(range, postings, parts)?, written))
}

/// Writes a part for each slice; returns the parts in order.
fn write_parts<'a>(
    objects: &'a dyn Store,
    range: LeafRange,
    inputs: Inputs<'a>,
) -> BoxStream<'a, Result<Part, BuildError>> {
    stream::try_unfold(inputs, Inputs::next)
        .map_ok(move |(slice, postings)| write_part(objects, range, slice, postings))
        .try_buffered(PARTS_AT_ONCE)
        .boxed()
}

/// Lays out a part and writes it. The postings are those of the inputs, one after another.
async fn write_part(
    objects: &dyn Store,
    range: LeafRange,
    slice: KeySlice,
    mut postings: Vec<Posting>,
) -> Result<Part, BuildError> {
    let BuiltPart { part, bytes } = offload_large(move || {
        // The stable sort detects ascending runs, and merges them.
        postings.sort();
        build_part(range, slice, &postings)
    })
    .await;
    let path = LookupPath::Part { range, part: slice.index() };
    // Durable before a revision names it: no commit record implies it.
    let (path, bytes) = (ObjectPath::from(path), Bytes::from(bytes));
    match objects.create(&path, bytes.clone()).await? {
        Created::Now => Ok(part),
        Created::Already => match objects.get(&path).await? {
            Some(there) if there.bytes == bytes => Ok(part),
            _ => Err(StoreError::Conflict { path }.into()),
        },
    }
}

/// The first leaf that the stored runs do not cover.
fn end_of(range: LeafRange, stored: &[Run]) -> Result<TreeSize, BuildError> {
    let mut end = range.start();
    for run in stored {
        if run.range.start() != end || !range.includes(&run.range) {
            let (start, stop) = (run.range.start(), run.range.end());
            let reason = format!("a run of {start} to {stop} does not continue them at {end}");
            return Err(BuildError::of(range, reason));
        }
        Run::new(run.range, run.postings, run.parts.clone())?;
        end = run.range.end();
    }
    Ok(end)
}

/// The postings, if they ascend and are those of all leaves from `from` to the end of the range.
fn expect_all(
    range: LeafRange,
    from: TreeSize,
    postings: Vec<Posting>,
) -> Result<Vec<Posting>, BuildError> {
    if let Some(pair) = postings.array_windows().find(|[a, b]| a >= b) {
        let reason = format!("{} of leaf {} is out of order", pair[1].key, pair[1].index);
        return Err(BuildError::of(range, reason));
    }
    let missing = |leaf: u64| BuildError::of(range, format!("leaf {leaf} has none"));
    let leaves = range.end().get() - from.get();
    let Some(leaves) = usize::try_from(leaves).ok().filter(|leaves| *leaves <= postings.len())
    else {
        let reason = format!("{} new ones are fewer than {leaves} leaves have", postings.len());
        return Err(BuildError::of(range, reason));
    };
    let mut found = vec![false; leaves];
    for posting in &postings {
        let offset = posting.index.get().checked_sub(from.get());
        let slot = offset.and_then(|offset| found.get_mut(usize::try_from(offset).ok()?));
        let stray = || BuildError::of(range, format!("leaf {} is not one of them", posting.index));
        *slot.ok_or_else(stray)? = true;
    }
    match (from.get()..).zip(found).find(|(_, found)| !found) {
        Some((leaf, _)) => Err(missing(leaf)),
        None => Ok(postings),
    }
}

impl Written {
    /// The cost of reading these runs.
    fn of_reading(stored: &[Run]) -> Self {
        let parts = || stored.iter().flat_map(|run| &run.parts);
        Self {
            parts_read: parts().count() as u64,
            bytes_read: parts().map(Part::bytes).sum(),
            postings_read: stored.iter().map(|run| run.postings).sum(),
            ..Self::default()
        }
    }
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.parts += other.parts;
        self.bytes += other.bytes;
        self.postings += other.postings;
        self.parts_read += other.parts_read;
        self.bytes_read += other.bytes_read;
        self.postings_read += other.postings_read;
    }
}

#[cfg(test)]
mod tests;
