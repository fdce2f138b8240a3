//! Whole bundles, each compared with what the verified tree says about it.
//!
//! Invariant: a [`VerifiedBundle`] exists only after all its entries were hashed, and match the
//! tree: the tile of the right edge, or the hash in the tile above. The full tile in between follows
//! from the entries and is not read.

use tiles_spec::tree::root_of;
use tiles_spec::{
    BundleCoord, EntryBundle, Hash, LeafIndex, ProofError, ResourcePath, TileCoord, TileIndex,
    TileWidth, TreeSize, leaf_hash,
};

use crate::reading::{Fault, Piece, Pieces, Reading, RequestId, Want};
use crate::tree::{Loading, Tree};

/// All entries of one bundle, each verified against the tree.
#[derive(Debug)]
pub struct VerifiedBundle {
    coord: BundleCoord,
    entries: EntryBundle,
    leaves: Vec<Hash>,
}

/// What the verified tree says about a bundle.
#[derive(Clone, Debug)]
pub struct Expected {
    coord: BundleCoord,
    hashes: Hashes,
}

#[derive(Clone, Debug)]
enum Hashes {
    /// The bundle is full, and its leaf hashes have this root.
    Root(Hash),
    /// These are the bundle's leaf hashes.
    Leaves(Vec<Hash>),
}

/// A bundle that does not match the tree.
#[derive(Debug)]
pub struct Unsound {
    coord: BundleCoord,
    read: ResourcePath,
    leaves: Vec<Hash>,
}

/// One bundle on its way.
#[derive(Debug)]
pub struct ReadingBundle<'a> {
    tree: &'a mut Tree,
    coord: BundleCoord,
    step: Step,
    outcome: Option<VerifiedBundle>,
}

#[derive(Debug)]
enum Step {
    /// The tile that says what to expect.
    Tile(Loading),
    Bundle(Pieces),
    /// The tile that tells which entry is damaged.
    Blame(Loading, Unsound),
    Done,
}

impl VerifiedBundle {
    /// The coordinates of the bundle: its index, and how many entries this tree has in it.
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

impl Tree {
    /// Reads a whole bundle. A host that reads many can do the steps of this itself, and hash the
    /// bundles in parallel.
    pub fn bundle(&mut self, index: TileIndex) -> Result<ReadingBundle<'_>, Fault> {
        let size = self.head().size;
        let outside = || {
            let first = BundleCoord { index, width: TileWidth::FULL }.start_leaf();
            let index = first.or(TreeSize::MAX.last_leaf()).expect("not the empty tree");
            ProofError::NotInTree { index, size }
        };
        let coord = BundleCoord::at(size, index).ok_or_else(outside)?;
        let loading = self.loading([self.tile_about(coord)?])?;
        let mut this =
            ReadingBundle { tree: self, coord, step: Step::Tile(loading), outcome: None };
        this.go_on()?;
        Ok(this)
    }

    /// The tile that says what to expect of a bundle: its own if it is partial, or the one above.
    pub fn tile_about(&self, bundle: BundleCoord) -> Result<TileCoord, ProofError> {
        let tile = bundle.tile();
        if !bundle.width.is_full() {
            return Ok(tile);
        }
        let above = tile.parent().and_then(|parent| parent.tile(self.head().size));
        above.ok_or(ProofError::MissingTile(tile))
    }

    /// What the tree says about a bundle. [`Self::tile_about`] must be held.
    pub fn expected(&self, coord: BundleCoord) -> Result<Expected, ProofError> {
        let tile = coord.tile();
        let hashes = if coord.width.is_full() {
            Hashes::Root(self.root_of(tile)?)
        } else {
            Hashes::Leaves(self.hashes(tile)?.to_vec())
        };
        Ok(Expected { coord, hashes })
    }

    /// Describes the damage to a bundle. Names the damaged entry if the bundle's own tile is held.
    pub fn blame(&self, unsound: &Unsound) -> Fault {
        let Unsound { coord, read, leaves } = unsound;
        let wrong = |tile: &[Hash]| tile.iter().zip(leaves).position(|(tile, leaf)| tile != leaf);
        let reason = match self.hashes(coord.tile()).ok().and_then(wrong) {
            Some(slot) => not_its_leaf(leaf_at(*coord, slot)),
            None => "its entries do not hash to the tree's hash of them".to_owned(),
        };
        Fault::damaged(*read, reason)
    }
}

impl Expected {
    /// Compares the entries in an object with what the tree says. This hashes all of them.
    pub fn check(
        self,
        read: ResourcePath,
        entries: EntryBundle,
    ) -> Result<VerifiedBundle, Unsound> {
        let coord = self.coord;
        let leaves: Vec<_> =
            entries.entries().take(coord.width.as_usize()).map(leaf_hash).collect();
        let sound = match self.hashes {
            Hashes::Root(root) => root_of(&leaves) == root,
            Hashes::Leaves(expected) => leaves == expected,
        };
        if sound {
            Ok(VerifiedBundle { coord, entries, leaves })
        } else {
            Err(Unsound { coord, read, leaves })
        }
    }
}

impl Unsound {
    /// The bundle's own tile, with which [`Tree::blame`] can name the damaged entry.
    pub const fn tile(&self) -> TileCoord {
        self.coord.tile()
    }
}

impl ReadingBundle<'_> {
    /// Takes the next step if this one is complete.
    fn go_on(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Tile(loading) if loading.is_done() => {
                self.step = Step::Bundle(Pieces::new([ResourcePath::Bundle(self.coord)], 1));
                Ok(())
            }
            Step::Blame(loading, unsound) if loading.is_done() => Err(self.tree.blame(&unsound)),
            step => {
                self.step = step;
                Ok(())
            }
        }
    }

    fn check(&mut self, piece: Piece, bytes: Vec<u8>) -> Result<(), Fault> {
        let entries = decode(piece, bytes)?;
        self.step = match self.tree.expected(self.coord)?.check(piece.read, entries) {
            Ok(bundle) => {
                self.outcome = Some(bundle);
                Step::Done
            }
            Err(unsound) => Step::Blame(self.tree.loading([unsound.tile()])?, unsound),
        };
        Ok(())
    }
}

impl Reading for ReadingBundle<'_> {
    type Outcome = VerifiedBundle;
    type Fault = Fault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        match &mut self.step {
            Step::Tile(loading) | Step::Blame(loading, _) => loading.request(),
            Step::Bundle(pieces) => pieces.request(),
            Step::Done => None,
        }
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), Fault> {
        match &mut self.step {
            Step::Tile(loading) => _ = loading.answer(id, found, self.tree)?,
            Step::Blame(loading, unsound) => {
                // If the tile cannot be read, the whole bundle is to blame.
                if loading.answer(id, found, self.tree).is_err() {
                    return Err(self.tree.blame(unsound));
                }
            }
            Step::Bundle(pieces) => {
                if let Some((piece, bytes)) = pieces.answer(id, found)? {
                    self.check(piece, bytes)?;
                }
            }
            Step::Done => {}
        }
        self.go_on()
    }

    fn outcome(&mut self) -> Option<VerifiedBundle> {
        self.outcome.take()
    }
}

/// Decodes a bundle as it was read. Not verified.
pub fn decode(piece: Piece, bytes: Vec<u8>) -> Result<EntryBundle, Fault> {
    let width = match piece.read {
        ResourcePath::Bundle(bundle) => bundle.width,
        _ => TileWidth::FULL,
    };
    EntryBundle::decode(bytes, width).map_err(|error| Fault::damaged(piece.read, error.to_string()))
}

/// The log index of an entry in a bundle of the tree.
fn leaf_at(coord: BundleCoord, slot: usize) -> LeafIndex {
    coord.leaf(slot).expect("the tree has the bundle")
}

/// Why a bundle is damaged.
pub(crate) fn not_its_leaf(index: LeafIndex) -> String {
    format!("entry {index} does not hash to its leaf in the tree")
}
