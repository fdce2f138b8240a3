//! The tiles of a tree, compared with the wording of the specification; and the content of tiles.

use std::collections::BTreeSet;

use super::*;
use crate::tree::tests::{leaves, naive_root};

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

fn coord(level: u8, index: u64, width: u16) -> TileCoord {
    TileCoord {
        level: Level::new(level).unwrap(),
        index: TileIndex::new(index),
        width: TileWidth::new(width).unwrap(),
    }
}

/// All tiles of a tree: at level l, floor(size / 256^l) hashes, 256 to a tile, with the rest in the
/// last tile.
fn naive_tiles(size: u64) -> BTreeSet<TileCoord> {
    let mut tiles = BTreeSet::new();
    let mut hashes = size;
    for level in 0.. {
        for hash in 0..hashes {
            if hash % 256 == 255 {
                tiles.insert(coord(level, hash / 256, 256));
            } else if hash + 1 == hashes {
                tiles.insert(coord(level, hash / 256, u16::try_from(hashes % 256).unwrap()));
            }
        }
        hashes /= 256;
        if hashes == 0 {
            break;
        }
    }
    tiles
}

fn check_growth(
    old: u64,
    naive_old: &BTreeSet<TileCoord>,
    new: u64,
    naive_new: &BTreeSet<TileCoord>,
) {
    let grown = tiles_for_growth(size(old), size(new));
    let naive: Vec<_> = naive_new.difference(naive_old).copied().collect();
    assert_eq!(grown, naive, "{old} to {new}");
    let bundles: Vec<_> = naive.iter().filter_map(TileCoord::bundle).collect();
    assert_eq!(bundles_for_growth(size(old), size(new)), bundles, "{old} to {new}");
}

fn check_whole(n: u64, naive: &BTreeSet<TileCoord>) {
    let all: Vec<_> = levels().flat_map(|level| tiles_at(size(n), level)).collect();
    assert!(all.iter().eq(naive), "size {n}");
    assert!(bundles_at(size(n)).eq(naive.iter().filter_map(TileCoord::bundle)));
    let edge: Vec<_> = naive.iter().copied().filter(|tile| !tile.width.is_full()).collect();
    assert_eq!(edge_tiles(size(n)), edge, "size {n}");
    assert_eq!(edge_bundle(size(n)), edge.first().and_then(TileCoord::bundle));
    for tile in naive {
        assert_eq!(TileCoord::at(size(n), tile.level, tile.index), Some(*tile));
        let start = tile.index.get() << (8 * (u32::from(tile.level.get()) + 1));
        assert_eq!(tile.start_leaf().map(LeafIndex::get), Some(start));
    }
}

#[test]
fn growth_between_all_small_sizes() {
    let naive: Vec<_> = (0..=700).map(naive_tiles).collect();
    for (new, naive_new) in (0..).zip(&naive) {
        check_whole(new, naive_new);
        for (old, naive_old) in (0..=new).zip(&naive) {
            check_growth(old, naive_old, new, naive_new);
        }
        assert_eq!(tiles_for_growth(size(new), size(new / 2)), []);
    }
}

#[test]
fn growth_around_the_first_tile_of_level_2() {
    let edges = [65_279, 65_280, 65_281, 65_791, 65_792, 65_793, 131_071, 131_072, 131_073];
    let sizes: Vec<_> = (65_500..65_580).step_by(3).chain(65_530..65_545).chain(edges).collect();
    let naive: Vec<_> = sizes.iter().map(|size| naive_tiles(*size)).collect();
    for (new, naive_new) in sizes.iter().zip(&naive) {
        check_whole(*new, naive_new);
        for (old, naive_old) in sizes.iter().zip(&naive).filter(|(old, _)| *old <= new) {
            check_growth(*old, naive_old, *new, naive_new);
        }
    }
}

#[test]
fn the_examples_of_the_specification() {
    let all = |n| -> Vec<String> {
        levels().flat_map(|level| tiles_at(size(n), level)).map(|tile| tile.to_string()).collect()
    };
    let tiles = all(70_000);
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert_eq!(
        tiles[272..],
        ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    assert_eq!(all(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(all(0), [""; 0]);
    let edge: Vec<_> = edge_tiles(size(65_536)).iter().map(ToString::to_string).collect();
    assert_eq!(edge, ["tile/2/000.p/1"]);
}

#[test]
fn the_largest_tree() {
    let max = TreeSize::MAX;
    let edge: Vec<_> = edge_tiles(max).iter().map(|tile| tile.width.get()).collect();
    assert_eq!(edge, [255, 255, 255, 255, 255, 255, 255, 127]);
    let grown = tiles_for_growth(size(max.get() - 256), max);
    // A full and a partial tile of level 0, and one more hash in level 1.
    assert_eq!(grown.len(), 3);
    assert_eq!(grown[1].start_leaf(), LeafIndex::new(max.get() - 255));
    assert_eq!(tiles_at(max, Level::new(63).unwrap()).count(), 0);
    assert_eq!(BundleCoord::holding(LeafIndex::new(max.get() - 1).unwrap(), max), edge_bundle(max));
    for tile in [coord(0, u64::MAX, 1), coord(7, 1, 1), coord(63, 1, 1)] {
        assert_eq!(tile.start_leaf(), None);
        assert_eq!(TileCoord::at(max, tile.level, tile.index), None);
    }
    assert_eq!(coord(63, 0, 1).start_leaf(), LeafIndex::new(0));
}

#[test]
fn bundles_hold_leaves() {
    // Cases from transparency-dev/tessera, api/layout/paths_test.go.
    let holding = |leaf, n| {
        BundleCoord::holding(LeafIndex::new(leaf).unwrap(), size(n))
            .map(|bundle| bundle.to_string())
    };
    assert_eq!(holding(255, 256).as_deref(), Some("tile/entries/000"));
    assert_eq!(holding(251, 255).as_deref(), Some("tile/entries/000.p/255"));
    assert_eq!(holding(256, 512).as_deref(), Some("tile/entries/001"));
    assert_eq!(holding(3, 257).as_deref(), Some("tile/entries/000"));
    assert_eq!(holding(256, 257).as_deref(), Some("tile/entries/001.p/1"));
    let far = holding(123_456_789 * 256, 123_456_790 * 256);
    assert_eq!(far.as_deref(), Some("tile/entries/x123/x456/789"));
    assert_eq!(holding(256, 256), None);

    let bundle = BundleCoord::holding(LeafIndex::new(256).unwrap(), size(300)).unwrap();
    assert_eq!(bundle.tile(), coord(0, 1, 44));
    assert_eq!(bundle.tile().bundle(), Some(bundle));
    assert_eq!(bundle.full().tile(), coord(0, 1, 44).full());
    assert_eq!(bundle.start_leaf(), LeafIndex::new(256));
    assert_eq!(coord(1, 1, 44).bundle(), None);
}

#[test]
fn tiles_decode_at_their_exact_length() {
    let hashes = leaves(256);
    let full = HashTile::new(hashes.clone()).unwrap();
    let bytes = full.encode();
    assert_eq!(bytes.len(), 8192);
    for width in (1..=256).filter_map(TileWidth::new) {
        let end = width.as_usize() * 32;
        let tile = HashTile::decode(&bytes[..end], width).unwrap();
        assert_eq!(tile.hashes(), &hashes[..width.as_usize()]);
        assert_eq!(tile.width(), width);
        assert_eq!(tile.encode(), &bytes[..end]);
        assert_eq!(tile.root(), naive_root(tile.hashes()));
        assert_eq!(full.clone().truncate(width), Ok(tile.clone()));
        if !width.is_full() {
            let error = TileError::Narrow { wanted: TileWidth::FULL, actual: width };
            assert_eq!(tile.truncate(TileWidth::FULL), Err(error));
        }
        for length in [0, end - 32, end - 1, end + 1, end + 32] {
            let error = TileError::Length { width, actual: length };
            assert_eq!(HashTile::decode(&vec![0; length], width), Err(error));
        }
    }
    assert_eq!(HashTile::new(vec![]), Err(TileError::Width(0)));
    assert_eq!(HashTile::new(leaves(257)), Err(TileError::Width(257)));
}

#[test]
fn subtree_roots_within_a_tile() {
    let hashes = leaves(200);
    let tile = HashTile::new(hashes.clone()).unwrap();
    for (start, end) in [(0, 1), (0, 128), (64, 128), (128, 200), (199, 200)] {
        assert_eq!(tile.subtree_root(start..end), Some(naive_root(&hashes[start..end])));
    }
    assert_eq!(tile.subtree_root(128..256), None);
    assert_eq!(tile.subtree_root(200..201), None);
}
