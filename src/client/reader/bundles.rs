//! Whole bundles of a log, read ahead of the caller.
//!
//! Invariants: a bundle is returned only after it was verified, off the I/O threads. Bundles are
//! returned in order. The bundles in flight are bounded in number and, estimated by the largest
//! seen so far, in bytes.

use std::ops::Range;
use std::sync::Arc;

use fasti_read::VerifiedBundle;
use fasti_read::bundle::{Expected, Unsound, decode};
use fasti_read::reading::Pieces;
use fasti_seams::offload::Workers;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt as _};
use tiles_spec::{BundleCoord, Hash, LeafIndex, ProofError, ResourcePath, TileIndex, TreeSize};

use super::error::{ReadError, read};
use super::view::View;
use crate::fetch::Fetch;
use crate::host::fetch_wanted;

/// The fewest bundles in flight at once, however large.
const AHEAD_MIN: usize = 4;
/// The most bundles in flight at once, however small.
const AHEAD_MAX: usize = 64;
/// The most bytes in flight at once, as long as that allows [`AHEAD_MIN`] bundles.
const AHEAD_BYTES: usize = 32 << 20;
/// The same if this gives way to others. Reading a bundle does not give way: with many at once, a
/// writer's clients would wait for its index.
const AHEAD_BYTES_GIVING_WAY: usize = 1 << 20;

/// Bundles of a view in order, read and verified ahead.
pub struct Bundles<'a, T> {
    view: &'a mut View,
    /// The bundles not requested yet.
    rest: Range<u64>,
    work: Arc<dyn Fn(VerifiedBundle) -> T + Send + Sync>,
    reading: FuturesOrdered<BoxFuture<'static, Result<Read<T>, ReadError>>>,
    largest: usize,
}

/// A bundle as it was read.
struct Read<T> {
    bytes: usize,
    outcome: Result<T, Unsound>,
}

impl View {
    /// Reads all entries of a bundle, verified: index, leaf hash and bytes of each.
    pub async fn bundle(
        &mut self,
        index: TileIndex,
    ) -> Result<Vec<(LeafIndex, Hash, Vec<u8>)>, ReadError> {
        let next = TileIndex::new(index.get().saturating_add(1));
        let owned = |bundle: VerifiedBundle| {
            bundle.entries().map(|(index, leaf, bytes)| (index, leaf, bytes.to_vec())).collect()
        };
        let found = self.bundles_with(index..next, owned).next().await?;
        found.ok_or_else(|| self.no_bundle(index))
    }

    /// Reads the bundles in `range`, all of which must be in the tree.
    pub fn bundles(&mut self, range: Range<TileIndex>) -> Bundles<'_, VerifiedBundle> {
        self.bundles_with(range, |bundle| bundle)
    }

    /// Like [`Self::bundles`], but passes each bundle through `work` once it is verified, off the
    /// I/O threads and in parallel with others.
    pub fn bundles_with<T>(
        &mut self,
        range: Range<TileIndex>,
        work: impl Fn(VerifiedBundle) -> T + Send + Sync + 'static,
    ) -> Bundles<'_, T> {
        Bundles {
            view: self,
            rest: range.start.get()..range.end.get(),
            work: Arc::new(work),
            reading: FuturesOrdered::new(),
            largest: 0,
        }
    }

    /// What the tree says about a bundle. Reads the tile above if it is not held.
    async fn expected(&mut self, coord: BundleCoord) -> Result<Expected, ReadError> {
        let tile = self.tree.tile_about(coord)?;
        read(&*self.fetch, self.tree.load(tile)).await?;
        Ok(self.tree.expected(coord)?)
    }

    /// Describes the damage to a bundle. Names the damaged entry if the bundle's own tile can be
    /// read.
    async fn blame(&mut self, unsound: Unsound) -> ReadError {
        // If not, the tree does not have the tile.
        drop(read(&*self.fetch, self.tree.load(unsound.tile())).await);
        ReadError::of(self.tree.blame(&unsound), &*self.fetch)
    }

    /// The error for a bundle beyond the end of the tree.
    fn no_bundle(&self, index: TileIndex) -> ReadError {
        let size = self.head().size;
        let first = BundleCoord { index, width: tiles_spec::TileWidth::FULL }.start_leaf();
        let index = first.or_else(|| TreeSize::MAX.last_leaf()).expect("not the empty tree");
        ProofError::NotInTree { index, size }.into()
    }
}

impl<T: Send + 'static> Bundles<'_, T> {
    /// The next bundle; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<T>, ReadError> {
        self.read_ahead().await?;
        let Some(read) = self.reading.next().await.transpose()? else { return Ok(None) };
        self.largest = self.largest.max(read.bytes);
        match read.outcome {
            Ok(done) => Ok(Some(done)),
            Err(unsound) => Err(self.view.blame(unsound).await),
        }
    }

    /// Requests more bundles, up to the limit in flight.
    async fn read_ahead(&mut self) -> Result<(), ReadError> {
        let gives_way = self.view.workers.are_background();
        let bytes = if gives_way { AHEAD_BYTES_GIVING_WAY } else { AHEAD_BYTES };
        // Until the first bundle is read, nothing is known about their size.
        let most = bytes.checked_div(self.largest).unwrap_or(AHEAD_MIN);
        let most = most.clamp(AHEAD_MIN, AHEAD_MAX);
        while self.reading.len() < most
            && let Some(index) = self.rest.next().map(TileIndex::new)
        {
            let coord = BundleCoord::at(self.view.head().size, index)
                .ok_or_else(|| self.view.no_bundle(index))?;
            let expected = self.view.expected(coord).await?;
            let (fetch, workers) = (self.view.fetch.clone(), self.view.workers.clone());
            let reading = read_one(fetch, workers, coord, expected, self.work.clone());
            self.reading.push_back(Box::pin(reading));
        }
        Ok(())
    }
}

/// Fetches a bundle, verifies it and works on it.
async fn read_one<T: Send + 'static>(
    fetch: Arc<dyn Fetch>,
    workers: Workers,
    coord: BundleCoord,
    expected: Expected,
    work: Arc<dyn Fn(VerifiedBundle) -> T + Send + Sync>,
) -> Result<Read<T>, ReadError> {
    let fault = |fault| ReadError::of(fault, &*fetch);
    let mut pieces = Pieces::new([ResourcePath::Bundle(coord)], 1);
    let (piece, bytes) = loop {
        let (id, want) = pieces.request().expect("it was not found yet");
        let found = fetch_wanted(&*fetch, want).await?;
        if let Some(found) = pieces.answer(id, found).map_err(fault)? {
            break found;
        }
    };
    let entries = decode(piece, bytes).map_err(fault)?;
    let bytes = entries.as_bytes().len();
    let check = move || expected.check(piece.read, entries).map(|bundle| work(bundle));
    Ok(Read { bytes, outcome: workers.run(check).await })
}

#[cfg(test)]
mod tests;
