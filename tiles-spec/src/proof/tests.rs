//! Proofs that a verifier must refuse, and the test vectors of others.

use fasti_kit::oracle;

use super::plan::tests::{head, index, size};
use super::*;
use crate::hash::{EMPTY_ROOT, leaf_hash};
use crate::tree::tests::leaves;

/// Size of the largest tree whose proofs are all altered in every way.
const SMALL: usize = 33;

/// Every hash sequence that differs from `proof` in one bit.
fn bit_flips(proof: &[Hash]) -> impl Iterator<Item = Vec<Hash>> {
    (0..proof.len() * 256).map(|bit| {
        let mut altered = proof.to_vec();
        altered[bit / 256] = flip(&altered[bit / 256], bit % 256);
        altered
    })
}

fn flip(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from(bytes)
}

/// Proofs of other lengths: truncated at either end, doubled, extended at either end.
fn other_lengths(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut others: Vec<_> = (0..proof.len()).map(|length| proof[..length].to_vec()).collect();
    others.extend((1..=proof.len()).map(|start| proof[start..].to_vec()));
    others.push([proof, &[EMPTY_ROOT]].concat());
    others.push([&[EMPTY_ROOT], proof].concat());
    others.extend(proof.first().map(|first| [&[*first], proof].concat()));
    others.extend(proof.last().map(|last| [proof, &[*last]].concat()));
    others.push(vec![EMPTY_ROOT; 1000]);
    others
}

#[test]
fn an_altered_inclusion_proof_is_refused() {
    let all = leaves(SMALL as u64);
    for n in 1..=SMALL {
        let head = head(&all[..n]);
        for (m, leaf) in all[..n].iter().enumerate() {
            let proof = oracle::inclusion(m, &all[..n]);
            let check =
                |leaf: &Hash, proof: &[Hash]| verify_inclusion(leaf, index(m), &head, proof);
            assert_eq!(check(leaf, &proof), Ok(()));
            for altered in bit_flips(&proof) {
                assert!(matches!(check(leaf, &altered), Err(ProofError::RootMismatch { .. })));
            }
            for altered in other_lengths(&proof) {
                let error = ProofError::Length { expected: proof.len(), actual: altered.len() };
                assert_eq!(check(leaf, &altered), Err(error));
            }
            for bit in 0..256 {
                assert!(check(&flip(leaf, bit), &proof).is_err());
                let other = TreeHead { root: flip(&head.root, bit), ..head };
                assert!(verify_inclusion(leaf, index(m), &other, &proof).is_err());
            }
        }
    }
}

#[test]
fn an_inclusion_proof_shows_the_tree_before_its_leaf() {
    let all = leaves(SMALL as u64);
    for n in 1..=SMALL {
        for m in 0..n {
            let proof = oracle::inclusion(m, &all[..n]);
            let before = frontier_from_inclusion(index(m), size(n), &proof).unwrap();
            assert_eq!(before.head(), head(&all[..m]));
            for altered in other_lengths(&proof) {
                frontier_from_inclusion(index(m), size(n), &altered).unwrap_err();
            }
        }
        frontier_from_inclusion(index(n), size(n), &[]).unwrap_err();
    }
}

#[test]
fn an_inclusion_proof_holds_for_one_leaf_of_one_tree() {
    let all = leaves(SMALL as u64 + 8);
    let heads: Vec<_> = (0..=all.len()).map(|n| head(&all[..n])).collect();
    for n in 1..=SMALL {
        for m in 0..n {
            let proof = oracle::inclusion(m, &all[..n]);
            for other in &heads {
                for wrong in (0..all.len()).filter(|wrong| other.size != size(n) || *wrong != m) {
                    assert!(verify_inclusion(&all[m], index(wrong), other, &proof).is_err());
                }
            }
        }
    }
}

#[test]
fn an_altered_consistency_proof_is_refused() {
    let all = leaves(SMALL as u64);
    for n in 1..=SMALL {
        let new = head(&all[..n]);
        for m in 1..=n {
            let old = head(&all[..m]);
            let proof = oracle::consistency(m, &all[..n]);
            assert_eq!(verify_consistency(&old, &new, &proof), Ok(()));
            for altered in bit_flips(&proof) {
                let verdict = verify_consistency(&old, &new, &altered);
                assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "{m} to {n}");
            }
            for altered in other_lengths(&proof) {
                let error = ProofError::Length { expected: proof.len(), actual: altered.len() };
                assert_eq!(verify_consistency(&old, &new, &altered), Err(error), "{m} to {n}");
            }
            for bit in 0..256 {
                let other = TreeHead { root: flip(&old.root, bit), ..old };
                assert!(verify_consistency(&other, &new, &proof).is_err());
                let other = TreeHead { root: flip(&new.root, bit), ..new };
                assert!(verify_consistency(&old, &other, &proof).is_err());
            }
        }
    }
}

#[test]
fn a_consistency_proof_holds_for_one_pair_of_trees() {
    let all = leaves(SMALL as u64 + 8);
    let heads: Vec<_> = (0..=all.len()).map(|n| head(&all[..n])).collect();
    for n in 1..=SMALL {
        for m in (1..n).rev() {
            let proof = oracle::consistency(m, &all[..n]);
            for other in &heads {
                let (old, new) = (&heads[m], &heads[n]);
                assert_eq!(verify_consistency(other, new, &proof).is_ok(), other == old);
                assert_eq!(verify_consistency(old, other, &proof).is_ok(), other == new);
            }
        }
    }
}

#[test]
fn empty_and_equal_trees() {
    let all = leaves(5);
    let (empty, five) = (head(&[]), head(&all));
    let wrong = TreeHead { root: five.root, ..empty };
    assert_eq!(verify_consistency(&empty, &five, &[]), Ok(()));
    assert_eq!(verify_consistency(&empty, &empty, &[]), Ok(()));
    assert!(verify_consistency(&wrong, &five, &[]).is_err());
    assert!(verify_consistency(&wrong, &wrong, &[]).is_err());
    assert!(verify_consistency(&empty, &wrong, &[]).is_err());
    assert!(verify_consistency(&empty, &five, &[EMPTY_ROOT]).is_err());
    assert!(verify_consistency(&five, &five, &[five.root]).is_err());
    let fork = TreeHead { root: EMPTY_ROOT, ..five };
    assert!(verify_consistency(&five, &fork, &[]).is_err());
    let shrunk = ProofError::Shrunk { old: size(5), new: size(0) };
    assert_eq!(verify_consistency(&five, &empty, &[]), Err(shrunk));
    let outside = ProofError::NotInTree { index: index(0), size: size(0) };
    assert_eq!(verify_inclusion(&all[0], index(0), &empty, &[]), Err(outside));
}

#[test]
fn the_longest_proofs() {
    let last = LeafIndex::new(TreeSize::MAX.get() - 1).unwrap();
    assert_eq!(inclusion_proof_len(index(0), TreeSize::MAX), Ok(PROOF_HASHES_MAX));
    assert_eq!(inclusion_proof_len(last, TreeSize::MAX), Ok(62));
    let head = TreeHead { size: TreeSize::MAX, root: EMPTY_ROOT };
    for (old, length) in [(1 << 62, 1), ((1 << 62) - 1, 64), (1, 63), (2, 62), (3, 64)] {
        let old = TreeHead { size: TreeSize::new(old).unwrap(), root: EMPTY_ROOT };
        let error = ProofError::Length { expected: length, actual: 0 };
        assert_eq!(verify_consistency(&old, &head, &[]), Err(error));
    }
    let new = TreeHead { size: TreeSize::new(1 << 62).unwrap(), root: EMPTY_ROOT };
    let old = TreeHead { size: size(3), root: EMPTY_ROOT };
    let error = ProofError::Length { expected: PROOF_HASHES_MAX, actual: 0 };
    assert_eq!(verify_consistency(&old, &new, &[]), Err(error));
}

// The proofs below are from transparency-dev/merkle,
// testdata/{inclusion,consistency}/*/happy-path.json, over the eight entries that Certificate
// Transparency implementations use in tests.
const ROOT_2: &str = "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=";
const ROOT_3: &str = "rra8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8yngbnc=";
const ROOT_4: &str = "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=";
const ROOT_5: &str = "Tju7H3tHjc/nH7YxYxUZo7yhLJrvyhYSv85ME6hiZNQ=";
const ROOT_6: &str = "duZ9rbzfHhDht03cYIq9L5jfsW+851J3tSMqEn8gh+8=";
const ROOT_7: &str = "3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=";
const ROOT_8: &str = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
const LEAF_0: &str = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=";
const LEAF_1: &str = "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=";
const LEAF_4: &str = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=";
const LEAF_6: &str = "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=";
const NODE_2_4: &str = "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=";
const NODE_4_6: &str = "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=";
const NODE_4_8: &str = "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=";
const NODE_6_8: &str = "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=";

#[test]
fn published_inclusion_proofs() {
    let check = |entry: &[u8], m, n, root, proof: &[&str]| {
        let head = TreeHead { size: size(n), root: hash(root) };
        let proof: Vec<_> = proof.iter().copied().map(hash).collect();
        assert_eq!(
            verify_inclusion(&leaf_hash(entry), index(m), &head, &proof),
            Ok(()),
            "{m} in {n}"
        );
    };
    check(b"", 0, 1, LEAF_0, &[]);
    check(b"", 0, 8, ROOT_8, &[LEAF_1, NODE_2_4, NODE_4_8]);
    check(b"\x40\x41\x42\x43", 5, 8, ROOT_8, &[LEAF_4, NODE_6_8, ROOT_4]);
    check(b"\x10", 2, 3, ROOT_3, &[ROOT_2]);
    check(b"\x00", 1, 5, ROOT_5, &[LEAF_0, NODE_2_4, LEAF_4]);
}

#[test]
fn published_consistency_proofs() {
    let check = |m, old, n, new, proof: &[&str]| {
        let old = TreeHead { size: size(m), root: hash(old) };
        let new = TreeHead { size: size(n), root: hash(new) };
        let proof: Vec<_> = proof.iter().copied().map(hash).collect();
        assert_eq!(verify_consistency(&old, &new, &proof), Ok(()), "{m} to {n}");
    };
    check(1, LEAF_0, 1, LEAF_0, &[]);
    check(1, LEAF_0, 8, ROOT_8, &[LEAF_1, NODE_2_4, NODE_4_8]);
    check(6, ROOT_6, 8, ROOT_8, &[NODE_4_6, NODE_6_8, ROOT_4]);
    check(2, ROOT_2, 5, ROOT_5, &[NODE_2_4, LEAF_4]);
    check(6, ROOT_6, 7, ROOT_7, &[NODE_4_6, LEAF_6, ROOT_4]);
}

fn hash(base64: &str) -> Hash {
    Hash::from_base64(base64).unwrap()
}
