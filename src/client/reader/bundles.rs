//! Whole bundles of a log, read ahead of the caller.
//!
//! Invariants: a bundle is returned only after all its entries were hashed, and match the verified
//! tree: the tile of the right edge, or the hash in the tile above. The full tile in between
//! follows from the entries and is not read. Bundles are returned in order. The bundles in flight
//! are bounded in number and, estimated by the largest seen so far, in bytes.

use std::ops::Range;
use std::sync::Arc;

use fasti_seams::offload::Workers;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt as _};
use tiles_spec::{
    BundleCoord, EntryBundle, Hash, LeafIndex, Level, ProofError, ResourcePath, TILE_WIDTH_MAX,
    TileCoord, TileIndex, TileWidth, TreeSize, leaf_hash, tree::root_of,
};

use super::tiles::{above, fetch_or_wider, slot_above};
use super::{ReadError, View};
use crate::fetch::Fetch;

/// The fewest bundles in flight at once, however large.
const AHEAD_MIN: usize = 4;
/// The most bundles in flight at once, however small.
const AHEAD_MAX: usize = 64;
/// The most bytes in flight at once, as long as that allows [`AHEAD_MIN`] bundles.
const AHEAD_BYTES: usize = 32 << 20;

/// All entries of one bundle, each verified against the tree.
#[derive(Debug)]
pub struct VerifiedBundle {
    coord: BundleCoord,
    entries: EntryBundle,
    leaves: Vec<Hash>,
}

/// Bundles of a view in order, read and verified ahead.
pub struct Bundles<'a, T> {
    view: &'a mut View,
    /// The bundles not requested yet.
    rest: Range<u64>,
    work: Arc<dyn Fn(VerifiedBundle) -> T + Send + Sync>,
    reading: FuturesOrdered<BoxFuture<'static, Result<Read<T>, ReadError>>>,
    largest: usize,
}

/// What the verified tree says about a bundle.
enum Expected {
    /// The bundle is full, and its leaf hashes have this root.
    Root(Hash),
    /// These are the bundle's leaf hashes.
    Leaves(Vec<Hash>),
}

/// A bundle as it was read.
struct Read<T> {
    bytes: usize,
    outcome: Result<T, Unsound>,
}

/// A bundle that does not match the tree.
struct Unsound {
    coord: BundleCoord,
    place: String,
    leaves: Vec<Hash>,
}

impl VerifiedBundle {
    /// The coordinates of the bundle: its index, and how many entries this view's tree has in it.
    pub const fn coord(&self) -> BundleCoord {
        self.coord
    }

    /// The index, leaf hash and bytes of each entry, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (LeafIndex, Hash, &[u8])> {
        self.leaves.iter().enumerate().map(|(slot, leaf)| {
            let entry = self.entries.entry(slot).expect("a leaf for each entry");
            (leaf_at(self.coord, slot), *leaf, entry)
        })
    }
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
        found.ok_or_else(|| self.no_bundle(index.get()))
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
        let tile = coord.tile();
        if !coord.width.is_full() {
            self.load([tile]).await?;
            return Ok(Expected::Leaves(self.hashes(tile)?.to_vec()));
        }
        let parent = above(Level::ZERO, tile.index)
            .and_then(|(level, index)| TileCoord::at(self.head().size, level, index))
            .ok_or(ProofError::MissingTile(tile))?;
        self.load([parent]).await?;
        Ok(Expected::Root(self.hashes(parent)?[slot_above(tile.index)]))
    }

    /// Describes the damage to a bundle. Names the damaged entry if the bundle's own tile can be
    /// read.
    async fn blame(&mut self, unsound: Unsound) -> ReadError {
        let Unsound { coord, place, leaves } = unsound;
        let tile = self.load([coord.tile()]).await.and_then(|()| self.hashes(coord.tile()));
        let wrong = |tile: &[Hash]| tile.iter().zip(&leaves).position(|(tile, leaf)| tile != leaf);
        let reason = match tile.ok().and_then(wrong) {
            Some(slot) => not_its_leaf(leaf_at(coord, slot)),
            None => "its entries do not hash to the tree's hash of them".to_owned(),
        };
        ReadError::Damaged { place, reason }
    }

    /// The error for a bundle beyond the end of the tree.
    fn no_bundle(&self, index: u64) -> ReadError {
        let first = index.saturating_mul(TILE_WIDTH_MAX as u64).min(TreeSize::MAX.get() - 1);
        let index = LeafIndex::new(first).expect("below the largest size");
        ProofError::NotInTree { index, size: self.head().size }.into()
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
        // Until the first bundle is read, nothing is known about their size.
        let most = AHEAD_BYTES.checked_div(self.largest).unwrap_or(AHEAD_MIN);
        let most = most.clamp(AHEAD_MIN, AHEAD_MAX);
        while self.reading.len() < most
            && let Some(index) = self.rest.next()
        {
            let size = self.view.head().size;
            let coord = TileCoord::at(size, Level::ZERO, TileIndex::new(index))
                .and_then(|tile| tile.bundle())
                .ok_or_else(|| self.view.no_bundle(index))?;
            let expected = self.view.expected(coord).await?;
            let (fetch, workers) = (self.view.fetch.clone(), self.view.workers.clone());
            let read = read(fetch, workers, coord, expected, self.work.clone());
            self.reading.push_back(Box::pin(read));
        }
        Ok(())
    }
}

/// Fetches a bundle, verifies it and works on it.
async fn read<T: Send + 'static>(
    fetch: Arc<dyn Fetch>,
    workers: Workers,
    coord: BundleCoord,
    expected: Expected,
    work: Arc<dyn Fn(VerifiedBundle) -> T + Send + Sync>,
) -> Result<Read<T>, ReadError> {
    let (place, entries) = fetch_bundle(&*fetch, coord).await?;
    let bytes = entries.as_bytes().len();
    let verify = move || {
        let leaves: Vec<_> =
            entries.entries().take(coord.width.as_usize()).map(leaf_hash).collect();
        let sound = match expected {
            Expected::Root(root) => root_of(&leaves) == root,
            Expected::Leaves(expected) => leaves == expected,
        };
        if sound {
            Ok(work(VerifiedBundle { coord, entries, leaves }))
        } else {
            Err(Unsound { coord, place, leaves })
        }
    };
    Ok(Read { bytes, outcome: workers.run(verify).await })
}

/// Fetches a bundle, or the full one that replaced it, and returns where it was read. Not verified.
pub(super) async fn fetch_bundle(
    fetch: &dyn Fetch,
    coord: BundleCoord,
) -> Result<(String, EntryBundle), ReadError> {
    let (exact, full) = (ResourcePath::Bundle(coord), ResourcePath::Bundle(coord.full()));
    let (place, bytes, read) = fetch_or_wider(fetch, exact, full).await?;
    let width = if read == exact { coord.width } else { TileWidth::FULL };
    match EntryBundle::decode(bytes, width) {
        Ok(entries) => Ok((place, entries)),
        Err(error) => Err(ReadError::Damaged { place, reason: error.to_string() }),
    }
}

/// The log index of an entry in a bundle of the tree.
fn leaf_at(coord: BundleCoord, slot: usize) -> LeafIndex {
    let first = coord.index.get() * TILE_WIDTH_MAX as u64;
    LeafIndex::new(first + slot as u64).expect("the tree has the bundle")
}

/// Why a bundle is damaged.
pub(super) fn not_its_leaf(index: LeafIndex) -> String {
    format!("entry {index} does not hash to its leaf in the tree")
}

#[cfg(test)]
mod tests;
