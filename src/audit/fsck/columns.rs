//! The lowest level: a tile of leaf hashes, and the bundle of the entries that they hash.

use fasti_entry::{RekorEntry, is_rekor_v1};
use tiles_spec::tree::root_of;
use tiles_spec::{BundleCoord, EntryBundle, Hash, LeafIndex, TileCoord, leaf_hash};

use super::attestations;
use super::check::Check;
use super::found::Found;
use crate::problem::{Fault, Kind};

/// The beginning of every Rekor entry.
const REKOR_HEAD: &[u8] = b"{\"apiVersion\":";

/// A tile of level 0 and its bundle.
pub(super) struct Column {
    pub(super) coord: TileCoord,
    pub(super) expected: Expected,
}

/// What the tiles above vouch for.
pub(super) enum Expected {
    /// The root of a full tile, unless damage above has made it unknown.
    Root(Option<Hash>),
    /// The hashes of a partial tile, which was already checked with the right edge.
    Hashes(Vec<Option<Hash>>),
}

/// Checks columns one by one, and reuses its buffers.
pub(super) struct Worker<'a> {
    check: &'a Check<'a>,
    tile_bytes: Vec<u8>,
    bundle_bytes: Vec<u8>,
}

/// What is known about a column's leaf hashes before its entries are hashed.
enum Leaves {
    /// These hashes, for which the tiles above vouch.
    Sound(Vec<Hash>),
    /// The tile is missing or damaged; its root should be this.
    ByRoot(Hash),
    /// The tiles above vouch for nothing. These are the hashes in the tile, if there is one.
    Unvouched(Option<Vec<Hash>>),
}

impl<'a> Worker<'a> {
    pub(super) fn new(check: &'a Check<'a>) -> Self {
        Self { check, tile_bytes: Vec::new(), bundle_bytes: Vec::new() }
    }

    /// Checks one column.
    pub(super) fn check(&mut self, column: &Column) -> Found {
        let root = match column.expected {
            Expected::Root(root) => root,
            Expected::Hashes(_) => None,
        };
        let mut found = Found::of(root);
        let leaves = self.leaves(column, &mut found);
        let bundle = BundleCoord { index: column.coord.index, width: column.coord.width };
        let entries = match self.check.objects.bundle(bundle, &mut self.bundle_bytes) {
            Ok(entries) => entries,
            Err(fault) => {
                found.add(bundle, fault);
                return found;
            }
        };
        self.check.findings.count_object();
        let width = column.coord.width.as_usize();
        let hashes: Vec<Hash> = entries.entries().take(width).map(leaf_hash).collect();
        if let Err(fault) = judge(&hashes, &leaves, bundle) {
            if matches!(leaves, Leaves::Unvouched(Some(_))) {
                let problem =
                    format!("disagrees with {bundle}; no tile above vouches for either of them");
                found.add(column.coord, Fault::new(Kind::Unvouched, problem));
            }
            found.add(bundle, fault);
        } else if !matches!(leaves, Leaves::Unvouched(_)) {
            look_at(self.check, &entries, width, bundle, &mut found);
        }
        found
    }

    fn leaves(&mut self, column: &Column, found: &mut Found) -> Leaves {
        let expected = match &column.expected {
            Expected::Root(expected) => *expected,
            Expected::Hashes(hashes) => {
                let hashes: Option<Vec<_>> = hashes.iter().copied().collect();
                return hashes.map_or(Leaves::Unvouched(None), Leaves::Sound);
            }
        };
        let tile = self.check.objects.tile(column.coord, &mut self.tile_bytes);
        let hashes = match tile {
            Ok(tile) => {
                self.check.findings.count_object();
                Some(tile.hashes().to_vec())
            }
            Err(fault) => {
                found.add(column.coord, fault);
                None
            }
        };
        match (hashes, expected) {
            (Some(hashes), Some(expected)) if root_of(&hashes) == expected => Leaves::Sound(hashes),
            (Some(_), Some(expected)) => {
                let problem = "damaged: does not hash to the tile above";
                found.add(column.coord, problem);
                Leaves::ByRoot(expected)
            }
            (None, Some(expected)) => Leaves::ByRoot(expected),
            (hashes, None) => Leaves::Unvouched(hashes),
        }
    }
}

/// Examines the entries of a sound bundle.
fn look_at(
    check: &Check<'_>,
    entries: &EntryBundle<&[u8]>,
    width: usize,
    bundle: BundleCoord,
    found: &mut Found,
) {
    found.counts.entries = width as u64;
    for (slot, bytes) in entries.entries().take(width).enumerate() {
        if check.attestations {
            attestations::check(check, bytes, found);
        }
        if !bytes.starts_with(REKOR_HEAD) {
            continue;
        }
        let entry = match RekorEntry::parse(bytes) {
            Ok(entry) => entry,
            Err(_) if is_rekor_v1(bytes) => {
                found.counts.rekor += 1;
                found.counts.rekor_v1 += 1;
                continue;
            }
            Err(error) => {
                found.counts.unreadable += 1;
                if check.verify_signatures {
                    let index = name(bundle, slot);
                    let problem = format!("{index} is not a Rekor entry: {error}");
                    found.add(bundle, Fault::new(Kind::Entry, problem));
                }
                continue;
            }
        };
        found.counts.rekor += 1;
        if !check.verify_signatures {
            continue;
        }
        match entry.verify_again() {
            Ok(verified) => found.counts.signatures += verified,
            Err(error) => {
                let problem = format!("the signature in {}: {error}", name(bundle, slot));
                found.add(bundle, Fault::new(Kind::Entry, problem));
            }
        }
    }
}

/// Checks that the entries hash to what is expected.
fn judge(hashes: &[Hash], leaves: &Leaves, bundle: BundleCoord) -> Result<(), Fault> {
    match leaves {
        Leaves::Sound(leaves) | Leaves::Unvouched(Some(leaves)) => {
            let mut wrong = (0..hashes.len()).filter(|slot| leaves[*slot] != hashes[*slot]);
            let Some(first) = wrong.next() else { return Ok(()) };
            let rest = match wrong.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let tile = bundle.tile();
            let first = name(bundle, first);
            Err(format!("damaged: {first} does not hash to its leaf in {tile}{rest}").into())
        }
        Leaves::ByRoot(root) if root_of(hashes) == *root => Ok(()),
        Leaves::ByRoot(_) => Err("damaged: does not hash to the tiles above".into()),
        Leaves::Unvouched(None) => {
            let problem = "cannot be checked: the tiles above are damaged";
            Err(Fault::new(Kind::Unvouched, problem))
        }
    }
}

fn name(bundle: BundleCoord, slot: usize) -> String {
    format!("entry {}", bundle.leaf(slot).map_or(0, LeafIndex::get))
}
