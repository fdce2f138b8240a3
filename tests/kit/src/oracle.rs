//! Merkle trees by brute force, written as RFC 6962 section 2.1 defines them. Nothing here is
//! clever or fast, and nothing depends on the code under test, not even for hashing.
//!
//! The functions take any type of hash, so that the tests of the crate that defines one can use
//! them.

use sha2::{Digest as _, Sha256};

/// A type of hash.
pub trait Node: Copy + AsRef<[u8]> + From<[u8; 32]> {}

impl<H: Copy + AsRef<[u8]> + From<[u8; 32]>> Node for H {}

/// The hash of a leaf with this entry.
pub fn leaf<H: Node>(entry: &[u8]) -> H {
    let hash: [u8; 32] = Sha256::new().chain_update([0]).chain_update(entry).finalize().into();
    hash.into()
}

/// The hash of the node above these two.
pub fn node<H: Node>(left: H, right: H) -> H {
    let hasher = Sha256::new().chain_update([1]).chain_update(left).chain_update(right);
    <[u8; 32]>::from(hasher.finalize()).into()
}

/// `MTH(D[n])`: the root of the tree with these leaf hashes.
pub fn root<H: Node>(leaves: &[H]) -> H {
    match leaves {
        [] => <[u8; 32]>::from(Sha256::digest([])).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = split(leaves);
            node(root(left), root(right))
        }
    }
}

/// `PATH(m, D[n])`: the inclusion proof of leaf `m`, leaf side first (section 2.1.1).
pub fn inclusion<H: Node>(m: usize, leaves: &[H]) -> Vec<H> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = split(leaves);
    let (mut proof, other) = match m.checked_sub(left.len()) {
        None => (inclusion(m, left), right),
        Some(m) => (inclusion(m, right), left),
    };
    proof.push(root(other));
    proof
}

/// `PROOF(m, D[n])`: the consistency proof from the first `m` leaves, of which there is at least
/// one (section 2.1.2).
pub fn consistency<H: Node>(m: usize, leaves: &[H]) -> Vec<H> {
    subproof(m, leaves, true)
}

/// SUBPROOF(m, D[n], b): `known` says whether the reader knows the root of the first `m` leaves.
fn subproof<H: Node>(m: usize, leaves: &[H], known: bool) -> Vec<H> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = split(leaves);
    let (mut proof, other) = if m <= left.len() {
        (subproof(m, left, known), right)
    } else {
        (subproof(m - left.len(), right, false), left)
    };
    proof.push(root(other));
    proof
}

/// `SUBTREE_PROOF(start, end, D[n])`: the proof that the tree has the subtree of the leaves from
/// `start` to `end` (draft-ietf-plants-merkle-tree-certs-03, section 4.4.1).
pub fn subtree_consistency<H: Node>(start: usize, end: usize, leaves: &[H]) -> Vec<H> {
    subtree_subproof(start, end, leaves, true)
}

fn subtree_subproof<H: Node>(start: usize, end: usize, leaves: &[H], known: bool) -> Vec<H> {
    if (start, end) == (0, leaves.len()) {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = split(leaves);
    let k = left.len();
    let (mut proof, other) = if end <= k {
        (subtree_subproof(start, end, left, known), right)
    } else if k <= start {
        (subtree_subproof(start - k, end - k, right, known), left)
    } else {
        (subtree_subproof(0, end - k, right, false), left)
    };
    proof.push(root(other));
    proof
}

/// At the largest power of two that is smaller than the number of leaves.
fn split<H>(leaves: &[H]) -> (&[H], &[H]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}

/// The root of a growing tree: its perfect subtrees, largest first, with their sizes.
#[derive(Clone, Debug)]
pub struct Row<H> {
    size: usize,
    subtrees: Vec<(usize, H)>,
}

impl<H> Default for Row<H> {
    fn default() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }
}

impl<H: Node> Row<H> {
    /// How many leaves it has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: H) {
        self.size += 1;
        let mut last = (1, leaf);
        while let Some(&(size, left)) = self.subtrees.last()
            && size == last.0
        {
            self.subtrees.pop();
            last = (2 * size, node(left, last.1));
        }
        self.subtrees.push(last);
    }

    /// The root of the leaves so far.
    pub fn root(&self) -> H {
        let roots = self.subtrees.iter().rev().map(|&(_, root)| root);
        roots.reduce(|right, left| node(left, right)).unwrap_or_else(|| root(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_has_the_root_of_the_recursion() {
        let leaves: Vec<[u8; 32]> = (0..300u16).map(|n| leaf(&n.to_be_bytes())).collect();
        let mut row = Row::default();
        for size in 0..leaves.len() {
            assert_eq!((row.size(), row.root()), (size, root(&leaves[..size])));
            row.push(leaves[size]);
        }
    }

    #[test]
    fn proofs_lead_to_the_root() {
        let leaves: Vec<[u8; 32]> = (0..7u8).map(|n| leaf(&[n])).collect();
        let pair = |n: usize| node(leaves[n], leaves[n + 1]);
        let (left, right) = (node(pair(0), pair(2)), node(pair(4), leaves[6]));
        assert_eq!(root(&leaves), node(left, right));
        assert_eq!(inclusion(6, &leaves), [pair(4), left]);
        assert_eq!(inclusion(2, &leaves), [leaves[3], pair(0), right]);
        // The example of RFC 6962, section 2.1.3.
        assert_eq!(consistency(3, &leaves), [leaves[2], leaves[3], pair(0), right]);
        assert_eq!(consistency(4, &leaves), [right]);
        assert_eq!(consistency(7, &leaves), [[0; 32]; 0]);
    }
}
