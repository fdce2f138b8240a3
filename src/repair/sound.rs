//! The tiles and entries of a signed tree, found around the damage in a stored log.
//!
//! What a tile must hash to is in the tile above, and so on up to the right edge, whose tiles must
//! make the signed root together. What has that hash is right, wherever it was found: in the stored
//! object, in the objects below it, or in a copy of the log.
//!
//! Invariants: every tile and bundle that is returned follows from the signed root. The number of
//! tiles held and of combinations tried is bounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use fasti_client::fetch::Fetch;
use tiles_spec::tile::edge_tiles;
use tiles_spec::tree::root_of;
use tiles_spec::{
    BundleCoord, EntryBundle, Frontier, Hash, HashTile, Level, ResourcePath, SignedCheckpoint,
    TileCoord, TileMap, TileWidth, TreeHead, TreeSize, append_entry, plan_root,
};

/// The most tiles held, 8 KiB each.
const TILES_MAX: usize = 1024;
/// The most readings of a tile of the edge that are tried.
const EDGE_TILES_MAX: usize = 64;
/// The most combinations of what damaged tiles may have held that are tried.
const COMBINATIONS_MAX: usize = 4096;

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// In its own object.
    Stored,
    /// In the objects below it.
    Below,
    /// In another place that has the log's objects: a copy, by its number.
    Copy(usize),
}

/// Another place with objects of the log. It is not trusted.
pub(crate) struct Copy {
    pub(crate) fetch: Arc<dyn Fetch>,
    /// How many entries it has, as far as is known.
    size: TreeSize,
}

/// The signed tree of a log.
pub(crate) struct Sound {
    head: TreeHead,
    log: Arc<dyn Fetch>,
    copies: Vec<Copy>,
    /// The right edge, as far as it was found.
    edge: BTreeMap<TileCoord, (HashTile, Source)>,
    /// Other tiles that were found.
    held: BTreeMap<TileCoord, (HashTile, Source)>,
}

impl Copy {
    /// A place with objects of the log, of which a checkpoint says how many entries it has.
    pub(crate) async fn open(fetch: Arc<dyn Fetch>) -> Self {
        let read = fetch.fetch(&ResourcePath::Checkpoint).await.ok().flatten();
        let signed = read.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
        let size = signed.map_or(TreeSize::ZERO, |signed| signed.checkpoint().head.size);
        Self { fetch, size }
    }

    /// A place with the objects of a tree of this size.
    pub(crate) fn of(fetch: Arc<dyn Fetch>, size: TreeSize) -> Self {
        Self { fetch, size }
    }

    /// The widths in which an object of this width may be there, or a wider one.
    fn widths(&self, coord: TileCoord) -> Vec<TileWidth> {
        let there = TileCoord::at(self.size, coord.level, coord.index).map(|tile| tile.width);
        let wider = there.filter(|there| *there > coord.width);
        let mut widths = vec![coord.width];
        widths.extend(wider.into_iter().chain([TileWidth::FULL]));
        widths.dedup();
        widths
    }

    async fn tile(&self, coord: TileCoord) -> Option<HashTile> {
        for width in self.widths(coord) {
            let path = ResourcePath::Tile(TileCoord { width, ..coord });
            if let Ok(Some(bytes)) = self.fetch.fetch(&path).await
                && let Ok(tile) = HashTile::decode(&bytes, width)
            {
                return tile.truncate(coord.width).ok();
            }
        }
        None
    }

    async fn bundle(&self, coord: BundleCoord) -> Option<EntryBundle<Vec<u8>>> {
        for width in self.widths(coord.tile()) {
            let path = ResourcePath::Bundle(BundleCoord { width, ..coord });
            if let Ok(Some(bytes)) = self.fetch.fetch(&path).await
                && let Ok(entries) = EntryBundle::decode(bytes, width)
            {
                return Some(entries);
            }
        }
        None
    }
}

impl Sound {
    /// The tree with this head of the log behind `log`.
    pub(crate) async fn open(log: Arc<dyn Fetch>, copies: Vec<Copy>, head: TreeHead) -> Self {
        let (edge, held) = (BTreeMap::new(), BTreeMap::new());
        let mut this = Self { head, log, copies, edge, held };
        this.find_edge().await;
        this
    }

    /// The tree's size and root.
    pub(crate) fn head(&self) -> TreeHead {
        self.head
    }

    /// A tile of the tree, in its width there; `None` if it is nowhere to be found.
    pub(crate) async fn tile(&mut self, coord: TileCoord) -> Option<(HashTile, Source)> {
        if let Some(found) = self.edge.get(&coord).or_else(|| self.held.get(&coord)) {
            return Some(found.clone());
        }
        let expected = self.expected(coord).await?;
        let found = self.find(coord, expected).await?;
        if self.held.len() >= TILES_MAX {
            self.held.clear();
        }
        self.held.insert(coord, found.clone());
        Some(found)
    }

    /// A bundle of the tree, in its width there and as it is stored in a log; `None` if it is
    /// nowhere to be found.
    pub(crate) async fn bundle(&mut self, coord: BundleCoord) -> Option<(Vec<u8>, Source)> {
        let tile = coord.tile();
        let leaves = match self.edge.get(&tile) {
            Some((tile, _)) => root_of(tile.hashes()),
            None => self.expected(tile).await?,
        };
        let stored = Copy::of(self.log.clone(), self.head.size);
        let stored = stored.bundle(coord).await.map(|entries| (entries, Source::Stored));
        let mut found = stored.filter(|(entries, _)| hashes_to(entries, coord, &leaves));
        for (number, copy) in self.copies.iter().enumerate() {
            if found.is_none() {
                let copied = copy.bundle(coord).await.map(|it| (it, Source::Copy(number)));
                found = copied.filter(|(entries, _)| hashes_to(entries, coord, &leaves));
            }
        }
        let (entries, source) = found?;
        Some((first_entries(&entries, coord.width)?, source))
    }

    /// What a full tile must hash to.
    async fn expected(&mut self, tile: TileCoord) -> Option<Hash> {
        let slot = tile.parent()?;
        let above = slot.tile(self.head.size)?;
        let (above, _) = Box::pin(self.tile(above)).await?;
        above.hashes().get(slot.as_usize()).copied()
    }

    /// Finds a full tile by its root.
    async fn find(&self, coord: TileCoord, expected: Hash) -> Option<(HashTile, Source)> {
        let is_it = |tile: &HashTile| tile.root() == expected;
        if let Some(stored) = self.stored(coord).await.filter(is_it) {
            return Some((stored, Source::Stored));
        }
        if let Some(derived) = self.derive(coord, is_it).await {
            return Some((derived, Source::Below));
        }
        for (number, copy) in self.copies.iter().enumerate() {
            if let Some(tile) = copy.tile(coord).await.filter(is_it) {
                return Some((tile, Source::Copy(number)));
            }
        }
        None
    }

    async fn stored(&self, coord: TileCoord) -> Option<HashTile> {
        Copy::of(self.log.clone(), self.head.size).tile(coord).await
    }

    /// Makes a tile from the objects below it: from what is stored there, or else from what is
    /// below that.
    async fn derive(
        &self,
        coord: TileCoord,
        is_it: impl Fn(&HashTile) -> bool,
    ) -> Option<HashTile> {
        let shallow = self.made_from_below(coord).await;
        if let Some(tile) = shallow.filter(|tile| is_it(tile)) {
            return Some(tile);
        }
        if coord.level == Level::ZERO {
            return None;
        }
        let mut slots = Vec::new();
        for slot in 0..coord.width.as_usize() {
            slots.push(self.possible_roots(coord.child(slot)?).await);
        }
        combinations(&slots, |hashes| {
            HashTile::new(hashes.to_vec()).ok().filter(|tile| is_it(tile))
        })
    }

    /// A tile from the leaves of its bundle, or from the roots of the tiles below it, of which
    /// those that are not there are made in the same way.
    async fn made_from_below(&self, coord: TileCoord) -> Option<HashTile> {
        let mut hashes = Vec::new();
        match coord.bundle() {
            Some(bundle) => {
                let stored = Copy::of(self.log.clone(), self.head.size).bundle(bundle).await?;
                hashes = stored.leaf_hashes();
                hashes.truncate(coord.width.as_usize());
            }
            None => {
                for slot in 0..coord.width.as_usize() {
                    let child = coord.child(slot)?;
                    let tile = match self.stored(child).await {
                        Some(tile) => tile,
                        None => Box::pin(self.made_from_below(child)).await?,
                    };
                    hashes.push(tile.root());
                }
            }
        }
        HashTile::new(hashes).ok()
    }

    /// A tile whose bundles are two levels below, from their entries. Where those are lost, the
    /// tiles of the lowest level must do.
    async fn made_from_entries(&self, coord: TileCoord) -> Option<HashTile> {
        let mut hashes = Vec::new();
        for slot in 0..coord.width.as_usize() {
            let child = coord.child(slot)?;
            let tile = match self.made_from_below(child).await {
                Some(tile) => tile,
                None => self.stored(child).await?,
            };
            hashes.push(tile.root());
        }
        HashTile::new(hashes).ok()
    }

    /// The roots that a full tile may have: of what is stored, of what is below it, of copies.
    async fn possible_roots(&self, coord: TileCoord) -> Vec<Hash> {
        let mut roots = Vec::new();
        roots.extend(self.stored(coord).await.map(|tile| tile.root()));
        roots.extend(self.made_from_below(coord).await.map(|tile| tile.root()));
        if coord.level.get() == 1 {
            roots.extend(self.made_from_entries(coord).await.map(|tile| tile.root()));
        }
        for copy in &self.copies {
            roots.extend(copy.tile(coord).await.map(|tile| tile.root()));
        }
        let mut seen = Vec::new();
        roots.retain(|root| {
            let is_new = !seen.contains(root);
            seen.push(*root);
            is_new
        });
        roots
    }

    /// Finds the tiles of the right edge, which make the signed root together.
    async fn find_edge(&mut self) {
        let coords = edge_tiles(self.head.size);
        let mut possible = Vec::new();
        for coord in &coords {
            let stored = self.stored(*coord).await.map(|tile| (tile, Source::Stored));
            possible.push(Vec::from_iter(stored));
        }
        // Most edges are sound, and for most others a look at what is next to them is enough.
        for effort in [Effort::None, Effort::Next, Effort::All] {
            for (coord, possible) in coords.iter().zip(&mut possible) {
                for found in self.edge_tiles_by(*coord, effort).await {
                    if !possible.iter().any(|(tile, _)| *tile == found.0) {
                        possible.push(found);
                    }
                }
            }
            if let Some(edge) = combinations(&possible, |tiles| self.makes(&coords, tiles)) {
                self.edge = coords.into_iter().zip(edge).collect();
                return;
            }
        }
    }

    /// What a tile of the edge may be.
    async fn edge_tiles_by(&self, coord: TileCoord, effort: Effort) -> Vec<(HashTile, Source)> {
        let mut found = Vec::new();
        match effort {
            Effort::None => {}
            Effort::Next => {
                let below = self.made_from_below(coord).await;
                found.extend(below.map(|tile| (tile, Source::Below)));
                for (number, copy) in self.copies.iter().enumerate() {
                    let copied = copy.tile(coord).await;
                    found.extend(copied.map(|tile| (tile, Source::Copy(number))));
                }
            }
            Effort::All if coord.level == Level::ZERO => {}
            Effort::All => {
                let mut slots = Vec::new();
                for slot in 0..coord.width.as_usize() {
                    let child = coord.child(slot).expect("the tile has the slot");
                    slots.push(self.possible_roots(child).await);
                }
                combinations(&slots, |hashes| {
                    let tile = HashTile::new(hashes.to_vec()).ok()?;
                    found.push((tile, Source::Below));
                    (found.len() >= EDGE_TILES_MAX).then_some(())
                });
            }
        }
        found
    }

    /// The edge, if these tiles make the root.
    fn makes(
        &self,
        coords: &[TileCoord],
        tiles: &[(HashTile, Source)],
    ) -> Option<Vec<(HashTile, Source)>> {
        let mut map = TileMap::new();
        for (coord, (tile, _)) in coords.iter().zip(tiles) {
            map.insert(*coord, tile.clone());
        }
        let nodes = plan_root(self.head.size).build(&map).ok()?;
        let frontier = Frontier::from_nodes(self.head.size, nodes).ok()?;
        (frontier.root() == self.head.root).then(|| tiles.to_vec())
    }
}

/// How much is tried to find a tile of the edge.
#[derive(Clone, Copy)]
enum Effort {
    /// Only the stored one.
    None,
    /// What lies next below it, and in copies.
    Next,
    /// All that the tiles below it may be.
    All,
}

/// Tries one of the possibilities for each place, in every combination, those that come first
/// first, until one is right.
fn combinations<T: Clone, R>(
    places: &[Vec<T>],
    mut is_right: impl FnMut(&[T]) -> Option<R>,
) -> Option<R> {
    let mut chosen = vec![0; places.len()];
    for _ in 0..COMBINATIONS_MAX {
        let tried: Option<Vec<T>> =
            places.iter().zip(&chosen).map(|(place, at)| place.get(*at).cloned()).collect();
        // If there is no possibility for a place, nothing is right.
        if let Some(right) = is_right(&tried?) {
            return Some(right);
        }
        let next = (0..places.len()).find(|place| chosen[*place] + 1 < places[*place].len())?;
        chosen[..next].fill(0);
        chosen[next] += 1;
    }
    None
}

/// Whether the first entries of a bundle hash to the root of their tile.
fn hashes_to(entries: &EntryBundle<Vec<u8>>, coord: BundleCoord, root: &Hash) -> bool {
    let mut leaves = entries.leaf_hashes();
    leaves.truncate(coord.width.as_usize());
    leaves.len() == coord.width.as_usize() && root_of(&leaves) == *root
}

/// The bundle of the first entries, as it is stored.
pub(crate) fn first_entries<B: AsRef<[u8]>>(
    entries: &EntryBundle<B>,
    width: TileWidth,
) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries.entries().take(width.as_usize()) {
        append_entry(&mut bundle, entry).ok()?;
    }
    Some(bundle)
}
