//! Subtrees, and proofs that they are parts of a tree.
//!
//! The draft on Merkle tree certificates (draft-ietf-plants-merkle-tree-certs-03, sections 4.1 and
//! 4.4), which C2SP tlog-witness and tlog-cosignature refer to.
//!
//! Invariants: a [`Subtree`] is a node of every tree that has all its leaves, or would be one if
//! the tree ended with it. A proof of one length is accepted, and every hash in it affects a root
//! that is compared.

use thiserror::Error;

use super::error::ProofError;
use crate::hash::{Hash, node_hash};
use crate::size::TreeSize;
use crate::tree::TreeHead;

/// The leaves from `start` up to, but not including, `end`. There is at least one, and `start` is a
/// multiple of their number, rounded up to a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subtree {
    start: TreeSize,
    end: TreeSize,
}

/// Not the bounds of a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the leaves from {start} to {end} are not a subtree")]
pub struct SubtreeError {
    /// The first leaf.
    pub start: TreeSize,
    /// The one after the last.
    pub end: TreeSize,
}

impl Subtree {
    /// The subtree with these bounds.
    pub fn new(start: TreeSize, end: TreeSize) -> Result<Self, SubtreeError> {
        let leaves = end.get().checked_sub(start.get()).filter(|leaves| *leaves > 0);
        let is_aligned =
            leaves.is_some_and(|leaves| start.get().is_multiple_of(leaves.next_power_of_two()));
        if is_aligned { Ok(Self { start, end }) } else { Err(SubtreeError { start, end }) }
    }

    /// How many leaves come before it.
    pub const fn start(&self) -> TreeSize {
        self.start
    }

    /// The size of the smallest tree that has all its leaves.
    pub const fn end(&self) -> TreeSize {
        self.end
    }
}

/// Verifies that the tree has this subtree, whose root hash is `hash`.
pub fn verify_subtree_consistency(
    subtree: Subtree,
    hash: &Hash,
    head: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if subtree.end > head.size {
        return Err(ProofError::Shrunk { old: subtree.end, new: head.size });
    }
    // The places, on one level after the other, of the subtree's first and last leaf and of the
    // tree's last leaf. The climb begins at the highest node that ends with the subtree and is, or
    // is inside, the subtree and the tree as it is now.
    let mut at = Places {
        first: subtree.start.get(),
        last: subtree.end.get() - 1,
        edge: head.size.get() - 1,
    };
    if at.last == at.edge {
        while at.first != at.last {
            at.rise();
        }
    } else {
        while at.first != at.last && at.last & 1 == 1 {
            at.rise();
        }
    }
    let wrong = |expected| ProofError::Length { expected, actual: proof.len() };
    let (corner, rest) = match proof.split_first() {
        _ if at.first == at.last => (*hash, proof),
        Some((corner, rest)) => (*corner, rest),
        None => return Err(wrong(1)),
    };
    let (mut part, mut whole) = (corner, corner);
    for (position, sibling) in rest.iter().enumerate() {
        if at.edge == 0 {
            return Err(wrong(position + proof.len() - rest.len()));
        }
        if at.last & 1 == 1 || at.last == at.edge {
            if at.first < at.last {
                part = node_hash(sibling, &part);
            }
            whole = node_hash(sibling, &whole);
            // Without a right neighbour a node is also the one above it.
            while at.last & 1 == 0 {
                at.rise();
            }
        } else {
            whole = node_hash(&whole, sibling);
        }
        at.rise();
    }
    if at.edge != 0 {
        return Err(wrong(proof.len() + 1));
    }
    expect(subtree.end, part, *hash)?;
    expect(head.size, whole, head.root)
}

struct Places {
    first: u64,
    last: u64,
    edge: u64,
}

impl Places {
    /// Goes up by a level.
    fn rise(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
        self.edge >>= 1;
    }
}

fn expect(size: TreeSize, computed: Hash, claimed: Hash) -> Result<(), ProofError> {
    let mismatch = ProofError::RootMismatch { size, computed, claimed };
    if computed == claimed { Ok(()) } else { Err(mismatch) }
}

#[cfg(test)]
mod tests {
    use fasti_kit::oracle;

    use super::*;
    use crate::tree::tests::leaves;

    fn size(size: usize) -> TreeSize {
        TreeSize::new(size as u64).unwrap()
    }

    #[test]
    fn which_bounds_are_of_a_subtree() {
        let is = |start, end| Subtree::new(size(start), size(end)).is_ok();
        for start in 0..40_usize {
            for end in 0..40_usize {
                let fits = end > start && {
                    let width = (0..10).map(|n| 1_usize << n).find(|n| *n >= end - start).unwrap();
                    start % width == 0
                };
                assert_eq!(is(start, end), fits, "{start}..{end}");
            }
        }
    }

    #[test]
    fn every_subtree_of_every_small_tree_and_no_altered_proof() {
        let all = leaves(35);
        let other = crate::hash::leaf_hash(b"other");
        for n in 1..=all.len() {
            let tree = &all[..n];
            let head = TreeHead { size: size(n), root: oracle::root(tree) };
            for (start, end) in
                (0..n).flat_map(|start| (start + 1..=n).map(move |end| (start, end)))
            {
                let Ok(subtree) = Subtree::new(size(start), size(end)) else { continue };
                let hash: Hash = oracle::root(&tree[start..end]);
                let proof = oracle::subtree_consistency(start, end, tree);
                let verify =
                    |proof: &[Hash]| verify_subtree_consistency(subtree, &hash, &head, proof);
                assert_eq!(verify(&proof), Ok(()), "{start}..{end} of {n}");
                if start == 0 {
                    assert_eq!(proof, oracle::consistency(end, tree));
                }
                for at in 0..proof.len() {
                    let mut altered = proof.clone();
                    altered[at] = other;
                    assert!(verify(&altered).is_err());
                    altered.remove(at);
                    assert!(verify(&altered).is_err());
                }
                for at in 0..=proof.len() {
                    let mut longer = proof.clone();
                    longer.insert(at, other);
                    assert!(verify(&longer).is_err(), "{start}..{end} of {n}, at {at}");
                }
                let wrong = verify_subtree_consistency(subtree, &other, &head, &proof);
                assert!(wrong.is_err());
                let elsewhere = TreeHead { root: other, ..head };
                assert!(verify_subtree_consistency(subtree, &hash, &elsewhere, &proof).is_err());
            }
        }
    }

    #[test]
    fn no_subtree_is_larger_than_its_tree() {
        let subtree = Subtree::new(size(0), size(5)).unwrap();
        let head = TreeHead { size: size(4), root: oracle::root(&leaves(4)) };
        let verified = verify_subtree_consistency(subtree, &head.root, &head, &[]);
        assert_eq!(verified, Err(ProofError::Shrunk { old: size(5), new: size(4) }));
    }
}
