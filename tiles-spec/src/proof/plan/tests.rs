//! Proofs built from tiles, compared with the oracle's, from the smallest trees to the largest.

use fasti_kit::oracle;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::hash::{leaf_hash, node_hash};
use crate::proof::{
    inclusion_proof_len, root_from_inclusion, verify_consistency, verify_inclusion,
};
use crate::tile::tiles_at;
use crate::tree::tests::leaves;
use crate::tree::{Frontier, TreeHead};

/// All tiles of a tree, as wide as its size makes them.
pub(crate) fn tiles_of(leaves: &[Hash]) -> TileMap {
    let mut map = TileMap::new();
    let mut hashes = leaves.to_vec();
    for level in (0..8).filter_map(Level::new) {
        for coord in tiles_at(size(leaves.len()), level) {
            let start = usize::try_from(coord.index.get()).unwrap() * 256;
            let tile = HashTile::new(hashes[start..start + coord.width.as_usize()].to_vec());
            map.insert(coord, tile.unwrap());
        }
        hashes = hashes.as_chunks::<256>().0.iter().map(|tile| oracle::root(tile)).collect();
    }
    map
}

pub(crate) fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

pub(crate) fn index(n: usize) -> LeafIndex {
    LeafIndex::new(n as u64).unwrap()
}

pub(crate) fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead { size: size(leaves.len()), root: oracle::root(leaves) }
}

/// Gives a plan only the tiles that it named, truncated to the width that it named.
struct OnlyPlanned<'a> {
    plan: &'a ProofPlan,
    tiles: &'a TileMap,
}

impl TileSource for OnlyPlanned<'_> {
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]> {
        assert!(self.plan.tiles().contains(&TileCoord { level, index, width }));
        Some(&self.tiles.tile(level, index, width)?[..width.as_usize()])
    }
}

fn build(plan: &ProofPlan, tiles: &TileMap) -> Vec<Hash> {
    assert!(plan.tiles().is_sorted_by(|a, b| (a.level, a.index) < (b.level, b.index)));
    plan.build(&OnlyPlanned { plan, tiles }).unwrap()
}

#[test]
fn inclusion_proofs_of_every_leaf_of_every_small_tree() {
    let all = leaves(300);
    for n in 1..=all.len() {
        let leaves = &all[..n];
        let (head, tiles) = (head(leaves), tiles_of(leaves));
        for m in 0..n {
            let proof = build(&plan_inclusion(index(m), head.size).unwrap(), &tiles);
            assert_eq!(proof, oracle::inclusion(m, leaves), "leaf {m} of {n}");
            assert_eq!(inclusion_proof_len(index(m), head.size), Ok(proof.len()));
            assert_eq!(verify_inclusion(&leaves[m], index(m), &head, &proof), Ok(()));
        }
    }
}

#[test]
fn consistency_proofs_between_all_small_trees() {
    let all = leaves(130);
    for n in 0..=all.len() {
        let (new, tiles) = (head(&all[..n]), tiles_of(&all[..n]));
        for m in 0..=n {
            let old = head(&all[..m]);
            let proof = build(&plan_consistency(old.size, new.size).unwrap(), &tiles);
            let expected = if m == 0 { vec![] } else { oracle::consistency(m, &all[..n]) };
            assert_eq!(proof, expected, "{m} to {n}");
            assert_eq!(verify_consistency(&old, &new, &proof), Ok(()), "{m} to {n}");
        }
    }
}

#[test]
fn proofs_of_every_subtree_of_every_small_tree() {
    let all = leaves(40);
    let check = |start: usize, end: usize, leaves: &[Hash]| {
        let Ok(part) = Subtree::new(size(start), size(end)) else { return };
        let plan = plan_subtree_consistency(part, size(leaves.len())).unwrap();
        let proof = build(&plan, &tiles_of(leaves));
        assert_eq!(proof, oracle::subtree_consistency(start, end, leaves), "{start} to {end}");
    };
    for n in 1..=all.len() {
        for (start, end) in (0..n).flat_map(|start| (start + 1..=n).map(move |end| (start, end))) {
            check(start, end, &all[..n]);
        }
    }
    // Whole and unfinished tiles.
    let all = leaves(700);
    for (start, end) in [(0, 256), (256, 512), (512, 700), (512, 600), (0, 512), (0, 700)] {
        check(start, end, &all);
    }
    let beyond = Subtree::new(size(0), size(9)).unwrap();
    assert!(plan_subtree_consistency(beyond, size(8)).is_err());
}

#[test]
fn frontiers_of_all_small_trees() {
    let all = leaves(600);
    let mut frontier = Frontier::new();
    for (n, leaf) in all.iter().enumerate() {
        let nodes = build(&plan_root(size(n)), &tiles_of(&all[..n]));
        assert_eq!(Frontier::from_nodes(size(n), nodes).as_ref(), Ok(&frontier));
        frontier.push(*leaf).unwrap();
    }
}

#[test]
fn the_rolling_hashes_of_the_subtree_test_vectors() {
    // draft-ietf-plants-merkle-tree-certs-05, "Subtree Test Vectors": leaves are the bytes 0, 1,
    // and so on; each hash covers one line for every aligned subtree (and tree size) up to 130.
    let leaves: Vec<_> = (0..130).map(|byte: u8| leaf_hash(&[byte])).collect();
    let mut subtrees = Vec::new();
    for end in 1..=leaves.len() {
        for start in 0..end {
            if start % (end - start).next_power_of_two() == 0 {
                subtrees.push(start..end);
            }
        }
    }
    let line = |text: &mut Sha256, prefix: String, proof: &[Hash]| {
        text.update(prefix);
        for hash in proof {
            text.update(format!(" {hash}"));
        }
        text.update("\n");
    };

    let mut text = Sha256::new();
    for s in &subtrees {
        line(&mut text, format!("[{}, {})", s.start, s.end), &[root_of(&leaves[s.clone()])]);
    }
    let expected = "94a95384a8c69acea9b50d035a58285b3a777cb7a724005faa5e1f1e1190007f";
    assert_eq!(Hash::from(<[u8; 32]>::from(text.finalize())).to_string(), expected);

    let mut text = Sha256::new();
    for s in &subtrees {
        let tiles = tiles_of(&leaves[s.clone()]);
        for m in s.clone() {
            let plan = plan_inclusion(index(m - s.start), size(s.len())).unwrap();
            line(&mut text, format!("{m} [{}, {})", s.start, s.end), &build(&plan, &tiles));
        }
    }
    let expected = "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f";
    assert_eq!(Hash::from(<[u8; 32]>::from(text.finalize())).to_string(), expected);

    let mut text = Sha256::new();
    for n in 0..=leaves.len() {
        let tiles = tiles_of(&leaves[..n]);
        for s in subtrees.iter().filter(|s| s.end <= n) {
            let proof = if s.start == 0 {
                build(&plan_consistency(size(s.end), size(n)).unwrap(), &tiles)
            } else if s.len() == 1 {
                build(&plan_inclusion(index(s.start), size(n)).unwrap(), &tiles)
            } else {
                naive_subtree_consistency(s.clone(), &leaves[..n], true)
            };
            line(&mut text, format!("[{}, {}) {n}", s.start, s.end), &proof);
        }
    }
    let expected = "c586ebbb73a5621baf2140095d87dde934e3b6503a562a1a5215b8209edd083d";
    assert_eq!(Hash::from(<[u8; 32]>::from(text.finalize())).to_string(), expected);
}

/// SUBTREE_SUBPROOF of the same draft, for the subtrees that are neither prefixes nor leaves.
fn naive_subtree_consistency(s: Range<usize>, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if s == (0..leaves.len()) {
        return if known { vec![] } else { vec![oracle::root(leaves)] };
    }
    let half = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(half);
    let (mut proof, other) = if s.end <= half {
        (naive_subtree_consistency(s, left, known), right)
    } else if s.start >= half {
        (naive_subtree_consistency(s.start - half..s.end - half, right, known), left)
    } else {
        (naive_subtree_consistency(0..s.end - half, right, false), left)
    };
    proof.push(oracle::root(other));
    proof
}

#[test]
fn proofs_across_three_tile_levels() {
    // Sizes just below and above the start of level 2, and some in between, each against each.
    let all = leaves(66_100);
    let tiles = tiles_of(&all);
    let mut frontier = Frontier::new();
    let heads: Vec<_> = (all.iter())
        .map(|leaf| {
            frontier.push(*leaf).unwrap();
            frontier.head()
        })
        .collect();
    let sizes =
        [1, 255, 256, 257, 511, 33_000, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 66_100];
    for new in sizes.map(|n| heads[n - 1]) {
        // The tiles of the largest tree serve for all sizes, because a full tile starts with every
        // partial one.
        for old in sizes.map(|n| heads[n - 1]).into_iter().filter(|old| old.size <= new.size) {
            let proof = build(&plan_consistency(old.size, new.size).unwrap(), &tiles);
            assert_eq!(verify_consistency(&old, &new, &proof), Ok(()));

            let leaf = index(usize::try_from(old.size.get()).unwrap() - 1);
            let proof = build(&plan_inclusion(leaf, new.size).unwrap(), &tiles);
            let leaf_hash = &all[usize::try_from(leaf.get()).unwrap()];
            assert_eq!(verify_inclusion(leaf_hash, leaf, &new, &proof), Ok(()));
        }
        let nodes = build(&plan_root(new.size), &tiles);
        assert_eq!(Frontier::from_nodes(new.size, nodes).unwrap().root(), new.root);
    }
}

#[test]
fn a_tile_that_is_missing_or_narrow_is_named() {
    let all = leaves(700);
    let tiles = tiles_of(&all);
    let plans = [
        plan_inclusion(index(300), size(700)).unwrap(),
        plan_consistency(size(300), size(700)).unwrap(),
        plan_root(size(700)),
    ];
    for plan in plans {
        for missing in plan.tiles() {
            let mut others = tiles.clone();
            let whole = others.0.remove(&(missing.level, missing.index)).unwrap();
            assert_eq!(plan.build(&others), Err(ProofError::MissingTile(*missing)));
            if let Some(narrow) = TileWidth::new(missing.width.get() - 1) {
                others.insert(*missing, whole.tile.truncate(narrow).unwrap());
                assert_eq!(plan.build(&others), Err(ProofError::MissingTile(*missing)));
            }
        }
    }
}

/// A source that returns fewer hashes than requested.
struct Short<'a>(&'a TileMap);

impl TileSource for Short<'_> {
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]> {
        Some(&self.0.tile(level, index, width)?[..width.as_usize() - 1])
    }
}

#[test]
fn a_source_that_gives_too_little_gave_nothing() {
    let tiles = tiles_of(&leaves(700));
    for plan in [plan_inclusion(index(0), size(700)).unwrap(), plan_root(size(700))] {
        assert!(matches!(plan.build(&Short(&tiles)), Err(ProofError::MissingTile(_))));
    }
}

#[test]
fn a_tile_map_keeps_the_widest() {
    let coord = TileCoord::at(size(3), Level::ZERO, TileIndex::new(0)).unwrap();
    let tile = HashTile::new(leaves(3)).unwrap();
    let narrow = tile.clone().truncate(TileWidth::new(2).unwrap()).unwrap();
    for order in [[&tile, &narrow], [&narrow, &tile]] {
        let mut map = TileMap::new();
        assert!(map.is_empty());
        for tile in order {
            map.insert(coord, tile.clone());
        }
        assert_eq!(map.len(), 1);
        assert_eq!(map.tile(coord.level, coord.index, coord.width), Some(tile.hashes()));
    }
}

#[test]
fn leaves_that_are_not_there_have_no_plan() {
    let error = ProofError::NotInTree { index: index(5), size: size(5) };
    assert_eq!(plan_inclusion(index(5), size(5)), Err(error));
    let error = ProofError::Shrunk { old: size(6), new: size(5) };
    assert_eq!(plan_consistency(size(6), size(5)), Err(error));
    assert_eq!(plan_root(TreeSize::ZERO).tiles(), []);
}

/// Tiles of a tree whose leaves are all equal. Every subtree of one height has the same hash, so
/// trees of any size are possible.
struct Uniform {
    /// Hash of a perfect subtree, by height.
    by_height: Vec<Hash>,
    /// A full tile of each level.
    tiles: Vec<[Hash; 256]>,
}

impl Uniform {
    fn new() -> Self {
        let mut by_height = vec![leaf_hash(b"all the same")];
        for height in 1..63 {
            by_height.push(node_hash(&by_height[height - 1], &by_height[height - 1]));
        }
        let tiles = by_height.iter().step_by(8).map(|hash| [*hash; 256]).collect();
        Self { by_height, tiles }
    }

    fn head(&self, size: TreeSize) -> TreeHead {
        let heights = (0..63).rev().filter(|height| size.get() >> height & 1 == 1);
        let nodes = heights.map(|height| self.by_height[height]).collect();
        Frontier::from_nodes(size, nodes).unwrap().head()
    }
}

impl TileSource for Uniform {
    fn tile(&self, level: Level, _: TileIndex, width: TileWidth) -> Option<&[Hash]> {
        Some(&self.tiles[usize::from(level.get())][..width.as_usize()])
    }
}

proptest! {
    #[test]
    fn trees_of_any_size_up_to_the_largest(
        new in prop_oneof![1..i64::MAX as u64 + 1, (0..63_u32).prop_map(|bits| (1 << bits) + (1 << bits) / 3)],
        part in any::<u64>(),
    ) {
        let tree = Uniform::new();
        let new = TreeSize::new(new).unwrap();
        let old = TreeSize::new(1 + part % new.get()).unwrap();
        let leaf = LeafIndex::new(old.get() - 1).unwrap();

        let plan = plan_consistency(old, new).unwrap();
        let proof = plan.build(&tree).unwrap();
        prop_assert_eq!(verify_consistency(&tree.head(old), &tree.head(new), &proof), Ok(()));

        let plan = plan_inclusion(leaf, new).unwrap();
        let proof = plan.build(&tree).unwrap();
        prop_assert_eq!(inclusion_proof_len(leaf, new), Ok(proof.len()));
        let root = root_from_inclusion(&tree.by_height[0], leaf, new, &proof);
        prop_assert_eq!(root, Ok(tree.head(new).root));

        let nodes = plan_root(new).build(&tree).unwrap();
        prop_assert_eq!(Frontier::from_nodes(new, nodes).unwrap().head(), tree.head(new));
    }
}
