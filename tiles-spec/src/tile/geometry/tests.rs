//! The tiles of a tree, compared with the wording of the specification.

use std::collections::BTreeSet;

use super::*;

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
    let leaves = tiles_of_leaves(size(old), size(new), size(new));
    assert!(leaves.filter_map(|tile| tile.bundle()).eq(bundles), "{old} to {new}");
}

fn check_whole(n: u64, naive: &BTreeSet<TileCoord>) {
    let all: Vec<_> = levels().flat_map(|level| tiles_at(size(n), level)).collect();
    assert!(all.iter().eq(naive), "size {n}");
    assert!(bundles_at(size(n)).eq(naive.iter().filter_map(TileCoord::bundle)));
    let edge: Vec<_> = naive.iter().copied().filter(|tile| !tile.width.is_full()).collect();
    assert_eq!(edge_tiles(size(n)), edge, "size {n}");
    assert_eq!(edge_bundle(size(n)), edge.first().and_then(TileCoord::bundle));
    for level in levels() {
        let full = naive.iter().filter(|tile| tile.level == level && tile.width.is_full());
        assert_eq!(unfinished_tile(size(n), level), TileIndex::new(full.count() as u64));
    }
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
fn leaves_map_to_tiles_and_slots() {
    let at = |n| {
        let index = LeafIndex::new(n).unwrap();
        (index.tile_index().get(), index.slot())
    };
    assert_eq!([at(0), at(255), at(256), at(70_000)], [(0, 0), (0, 255), (1, 0), (273, 112)]);
}

#[test]
fn parents_and_children() {
    for n in [1, 255, 256, 257, 65_535, 65_536, 65_793, 200_000] {
        let tree = size(n);
        let all: BTreeSet<_> = levels().flat_map(|level| tiles_at(tree, level)).collect();
        for tile in &all {
            let parent = tile.parent().unwrap();
            assert_eq!(parent.child(), Some(tile.full()), "{tile}");
            // A full tile has its root in a tile of the tree; a partial one has none yet.
            let above = parent.tile(tree);
            assert_eq!(above.is_some(), tile.width.is_full(), "{tile}");
            assert!(above.is_none_or(|above| all.contains(&above)));
            for slot in 0..tile.width.as_usize() {
                let child = tile.child(slot);
                assert_eq!(child.is_none(), tile.level == Level::ZERO);
                assert!(child.is_none_or(|child| all.contains(&child)));
            }
            assert_eq!(tile.child(tile.width.as_usize()), None);
            assert_eq!(tile.wider(), (!tile.width.is_full()).then_some(tile.full()));
        }
    }
    assert_eq!(coord(63, 0, 1).parent(), None);
    assert_eq!(coord(1, u64::MAX, 256).child(0), None, "no number for it");
    let leaf = Slot::of_leaf(LeafIndex::new(70_000).unwrap());
    assert_eq!(leaf.narrowest(), coord(0, 273, 113));
    assert_eq!(leaf.tile(size(70_000)), None);
    assert_eq!(leaf.tile(size(70_001)), Some(coord(0, 273, 113)));
}

#[test]
fn bundles_of_leaves() {
    let indices = |from, to| {
        let indices = bundle_indices(size(from), size(to));
        indices.start.get()..indices.end.get()
    };
    assert_eq!(indices(0, 0), 0..0);
    assert_eq!(indices(0, 1), 0..1);
    assert_eq!(indices(0, 256), 0..1);
    assert_eq!(indices(255, 257), 0..2);
    assert_eq!(indices(256, 257), 1..2);
    assert!(indices(300, 300).is_empty() && indices(600, 300).is_empty());
    for (from, to) in [(0, 700), (255, 256), (256, 700), (511, 513)] {
        let grown = bundles_for_growth(size(from), size(to));
        let expected: Vec<_> = grown.iter().map(|bundle| bundle.index.get()).collect();
        assert_eq!(indices(from, to).collect::<Vec<_>>(), expected);
    }
    let bundle = BundleCoord::at(size(300), TileIndex::new(1)).unwrap();
    assert_eq!(bundle.leaf(43), LeafIndex::new(299));
    assert_eq!(bundle.end(), Some(size(300)));
    assert_eq!(coord(0, u64::MAX, 1).bundle().unwrap().leaf(0), None);
    assert_eq!(BundleCoord::at(size(256), TileIndex::new(1)), None);
}
