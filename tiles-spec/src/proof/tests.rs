//! Proofs built from tiles, against the recursive definitions of RFC 6962.

use super::*;
use crate::size::Level;
use crate::tile::{HashTile, tiles_at};
use crate::tree::tests::{leaves, naive_root};

/// All tiles of a tree, at the widths that its size makes.
fn tiles_of(leaves: &[Hash]) -> TileMap {
    let size = size(leaves.len());
    let mut map = TileMap::new();
    let mut hashes = leaves.to_vec();
    for level in (0..8).filter_map(Level::new) {
        for coord in tiles_at(size, level) {
            let start = usize::try_from(coord.index.get()).unwrap() * 256;
            let tile = HashTile::new(hashes[start..start + coord.width.as_usize()].to_vec());
            map.insert(coord, tile.unwrap());
        }
        hashes = hashes.as_chunks::<256>().0.iter().map(|tile| naive_root(tile)).collect();
    }
    map
}

fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

fn index(n: usize) -> LeafIndex {
    LeafIndex::new(n as u64).unwrap()
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead { size: size(leaves.len()), root: naive_root(leaves) }
}

/// PATH(m, D[n]) of RFC 6962 section 2.1.1.
fn naive_inclusion(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, other) = if m < left.len() {
        (naive_inclusion(m, left), right)
    } else {
        (naive_inclusion(m - left.len(), right), left)
    };
    proof.push(naive_root(other));
    proof
}

/// SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2.
fn naive_consistency(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, other) = if m <= left.len() {
        (naive_consistency(m, left, whole), right)
    } else {
        (naive_consistency(m - left.len(), right, false), left)
    };
    proof.push(naive_root(other));
    proof
}

#[test]
fn inclusion_proofs_of_every_leaf_of_every_small_tree() {
    let all = leaves(300);
    for n in 1..=all.len() {
        let leaves = &all[..n];
        let (head, tiles) = (head(leaves), tiles_of(leaves));
        for m in 0..n {
            let plan = plan_inclusion(index(m), head.size).unwrap();
            let proof = plan.build(&tiles).unwrap();
            assert_eq!(proof, naive_inclusion(m, leaves), "leaf {m} of {n}");
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
            let proof = plan_consistency(old.size, new.size).unwrap().build(&tiles).unwrap();
            if m > 0 {
                assert_eq!(proof, naive_consistency(m, &all[..n], true), "{m} to {n}");
            }
            assert_eq!(verify_consistency(&old, &new, &proof), Ok(()), "{m} to {n}");
        }
    }
}
