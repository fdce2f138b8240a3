//! Guard: the second check before a signature (I6).
//!
//! A log that signs one wrong root is dead, and a single flipped bit is enough. So the root is
//! computed twice, by different code from different bytes. [`SigningGuard`] reads back the encoded
//! tiles and bundles, as readers will get them, before the checkpoint is signed, and proves that
//! the tree has only grown since the last signature. (The log checks its commit records in the same
//! way before they are written, with a guard of their own.)
//!
//! Nothing else reaches a signer (I16), and a guard never moves backwards (I1, I2).

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use fasti_seams::planted::{Bug, planted};
use fasti_signer::{Signer, SignerError, Statement};
use fasti_store::ObjectPath;
use tiles_spec::{
    Checkpoint, EntryBundle, Hash, HashTile, ResourcePath, SignedCheckpoint, TileCoord, TileMap,
    TileSource, TileWidth, TreeHead, TreeSize, VerifierKey, plan_consistency,
    tile::{bundles_for_growth, edge_tiles, tiles_for_growth},
    verify_consistency,
};

use crate::integrate::{Integrated, root_of};

/// Why the guard stopped the log. Each of these is a fault in memory, disk or program, and none is
/// ignored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// Two computations of the root disagree.
    #[error("{what} does not hash to the committed root at size {size}")]
    Root {
        /// What was hashed.
        what: String,
        /// The tree size.
        size: TreeSize,
    },
    /// An encoded object does not read back.
    #[error("{path} does not read back as it was written")]
    Object {
        /// The object.
        path: ObjectPath,
    },
    /// An object that the growth implies is missing from those to be published.
    #[error("{path} is missing from what is to be published")]
    Missing {
        /// The object.
        path: ObjectPath,
    },
    /// The new tree is not consistent with the last signed one.
    #[error("size {new} is not a consistent extension of the signed size {signed}")]
    Inconsistent {
        /// The last signed size.
        signed: TreeSize,
        /// The size to be signed.
        new: TreeSize,
    },
    /// A signature does not verify under the key that is supposed to have made it.
    #[error("the signer's signature does not verify")]
    Signature,
    /// The signer failed.
    #[error("cannot sign the checkpoint")]
    Signer(#[from] SignerError),
}

impl GuardError {
    /// The log itself is sound: its signer may recover.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Signer(error) if error.is_passing())
    }
}

/// Checks what is to be published, and signs it.
pub struct SigningGuard {
    signer: Arc<dyn Signer>,
    /// The tree whose encoded tiles and bundles were checked last.
    checked: TreeHead,
    /// The tree that was signed or published last.
    signed: TreeHead,
}

impl SigningGuard {
    /// A guard of a log whose newest published tree is `published`.
    pub fn new(signer: Arc<dyn Signer>, published: TreeHead) -> Self {
        Self { signer, checked: published, signed: published }
    }

    /// A guard that must first check the steps from `checked` to `published` again; some of them
    /// were published already.
    pub fn resume(signer: Arc<dyn Signer>, checked: TreeHead, published: TreeHead) -> Self {
        Self { signer, checked, signed: published }
    }

    /// The tree that was signed last.
    pub fn signed(&self) -> TreeHead {
        self.signed
    }

    /// The log's origin, and the key that verifies its signatures.
    pub fn identity(&self) -> (String, VerifierKey) {
        (self.signer.origin().to_string(), self.signer.verifier_key())
    }

    /// Reads back the encoded tiles and bundles of one growth step, recomputes the root from them,
    /// and checks that the step extends the tree that was checked before.
    pub fn check(&mut self, grown: &Integrated) -> Result<(), GuardError> {
        self.check_complete(grown)?;
        let tiles = decode(grown)?;
        check_levels(&tiles, grown)?;
        let head = grown.head;
        if root_of(head.size, &tiles) != Some(head.root) {
            return Err(wrong_root("what is to be published", head));
        }
        self.check_extension(head, &tiles)?;
        self.checked = head;
        Ok(())
    }

    /// The objects are exactly those that the growth implies, as counted by the specification (I3).
    fn check_complete(&self, grown: &Integrated) -> Result<(), GuardError> {
        let (old, new) = (self.checked.size, grown.head.size);
        let tiles = tiles_for_growth(old, new).into_iter().map(ObjectPath::from);
        let bundles = bundles_for_growth(old, new).into_iter().map(ObjectPath::from);
        let implied: BTreeSet<ObjectPath> = tiles.chain(bundles).collect();
        let given: BTreeSet<&ObjectPath> =
            grown.objects.iter().map(|object| &object.path).collect();
        match implied.iter().find(|path| !given.contains(path)) {
            Some(path) => Err(GuardError::Missing { path: path.clone() }),
            None if given.len() != implied.len() || given.len() != grown.objects.len() => {
                Err(wrong_root("a superfluous object", grown.head))
            }
            None => Ok(()),
        }
    }

    fn check_extension(&self, head: TreeHead, tiles: &TileMap) -> Result<(), GuardError> {
        let old = self.checked;
        let inconsistent = || GuardError::Inconsistent { signed: old.size, new: head.size };
        if old.size > head.size {
            return Err(inconsistent());
        }
        if old.size.is_zero() {
            return Ok(());
        }
        let plan = plan_consistency(old.size, head.size).map_err(|_| inconsistent())?;
        let proof = plan.build(tiles).map_err(|_| inconsistent())?;
        verify_consistency(&old, &head, &proof).map_err(|_| inconsistent())
    }

    /// Signs the tree that was checked last with each of the log's keys, and verifies every line.
    /// Returns the whole checkpoint, with the log's own line first.
    pub async fn sign(&mut self) -> Result<Bytes, GuardError> {
        let head = self.checked;
        let grown = head.size > self.signed.size;
        if !grown && head != self.signed {
            let (signed, new) = (self.signed.size, head.size);
            return Err(GuardError::Inconsistent { signed, new });
        }
        let origin = self.signer.origin().to_string();
        let text = Checkpoint { origin: origin.clone(), head, extensions: Vec::new() }.to_text();
        let (mut bytes, mut keys) = (format!("{text}\n"), Vec::new());
        for signer in self.signers() {
            bytes += &signer.sign(Statement::Checkpoint(&text)).await?.to_string();
            keys.push(signer.verifier_key());
        }
        let opened = SignedCheckpoint::parse(bytes.as_bytes()).ok().filter(|signed| {
            // Every line, in this order, and no others.
            signed.verify(&keys).is_ok_and(|signers| signers.into_iter().eq(&keys))
                && signed.note().signatures().len() == keys.len()
                && signed.checkpoint().head == head
                && signed.checkpoint().origin == origin
        });
        if opened.is_none() {
            return Err(GuardError::Signature);
        }
        self.signed = head;
        Ok(bytes.into())
    }

    /// The log's own signer, then the signers of further lines.
    fn signers(&self) -> impl Iterator<Item = &dyn Signer> {
        std::iter::once(&*self.signer).chain(self.signer.further().iter().map(|signer| &**signer))
    }
}

fn wrong_root(what: &str, head: TreeHead) -> GuardError {
    GuardError::Root { what: what.to_owned(), size: head.size }
}

/// The encoded hash tiles, plus the unfinished ones that this step did not change. The leaf hashes
/// of the encoded bundles replace those of the level-0 tiles, after both were found equal.
fn decode(grown: &Integrated) -> Result<TileMap, GuardError> {
    let mut tiles = TileMap::default();
    let mut bundled: Vec<(TileCoord, Vec<Hash>)> = Vec::new();
    for object in &grown.objects {
        let broken = || GuardError::Object { path: object.path.clone() };
        match object.path.as_str().parse().map_err(|_| broken())? {
            ResourcePath::Tile(coord) => {
                let tile = HashTile::decode(&object.bytes, coord.width).map_err(|_| broken())?;
                tiles.insert(coord, tile);
            }
            ResourcePath::Bundle(coord) => {
                let bundle = EntryBundle::decode(object.bytes.clone(), coord.width);
                bundled.push((coord.tile(), bundle.map_err(|_| broken())?.leaf_hashes()));
            }
            ResourcePath::Checkpoint => return Err(broken()),
        }
    }
    for (coord, hashes) in bundled {
        let tile = tiles.tile(coord.level, coord.index, coord.width);
        let tile = tile.map(|tile| &tile[..coord.width.as_usize()]);
        if tile != Some(&hashes[..]) && !planted(Bug::GuardSkipped) {
            return Err(wrong_root("an entry bundle", grown.head));
        }
    }
    for coord in edge_tiles(grown.head.size) {
        if tiles.tile(coord.level, coord.index, coord.width).is_none() {
            let kept = grown.tiles.tile(coord.level, coord.index, coord.width);
            let tile = kept.and_then(|hashes| HashTile::new(hashes.to_vec()).ok());
            tiles.insert(coord, tile.ok_or_else(|| wrong_root("the right edge", grown.head))?);
        }
    }
    Ok(tiles)
}

/// The root of each full tile is in the level above.
fn check_levels(tiles: &TileMap, grown: &Integrated) -> Result<(), GuardError> {
    for object in &grown.objects {
        let Ok(ResourcePath::Tile(coord)) = object.path.as_str().parse() else { continue };
        if !coord.width.is_full() {
            continue;
        }
        let full = tiles.tile(coord.level, coord.index, TileWidth::FULL);
        let root =
            full.and_then(|hashes| HashTile::new(hashes.to_vec()).ok()).map(|tile| tile.root());
        let above = coord.parent().and_then(|slot| tiles.hash(slot));
        if root.is_none() || root != above {
            return Err(wrong_root(object.path.as_str(), grown.head));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
