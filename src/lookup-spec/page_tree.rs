//! The tree over the pages of a part (RFC 6962).

use tiles_spec::hash::{Hash, node_hash};

/// The tree over the pages of a part.
pub(crate) struct PageTree {
    /// From the hashes of the pages up to the root.
    levels: Vec<Vec<Hash>>,
}

impl PageTree {
    /// Builds the tree over at least one page.
    pub(crate) fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                // The last of an odd number moves up unchanged.
                alone => alone[0],
            });
            levels.push(above.collect());
        }
        Self { levels }
    }

    pub(crate) fn root(&self) -> Hash {
        self.levels.last().expect("there is a level")[0]
    }

    /// The siblings on the path from a page to the root.
    pub(crate) fn proof(&self, page: usize) -> impl Iterator<Item = &Hash> {
        let levels = self.levels.iter().enumerate();
        levels.filter_map(move |(height, level)| level.get(page >> height ^ 1))
    }
}

/// The number of hashes in the longest proof.
pub(crate) fn proof_hashes_max(pages: u32) -> usize {
    // The bits of the last page's number. The number of pages comes from a manifest and can be
    // anything.
    (u32::BITS - pages.saturating_sub(1).leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use tiles_spec::hash::leaf_hash;
    use tiles_spec::proof::root_from_inclusion;
    use tiles_spec::size::{LeafIndex, TreeSize};
    use tiles_spec::tree::root_of;

    use super::*;

    #[test]
    fn the_tree_is_that_of_rfc_6962() {
        for count in 1..70 {
            let leaves: Vec<Hash> = (0..count).map(|n: u32| leaf_hash(&n.to_be_bytes())).collect();
            let tree = PageTree::new(leaves.clone());
            assert_eq!(tree.root(), root_of(&leaves));
            let longest = (0..count as usize).map(|page| tree.proof(page).count()).max();
            assert_eq!(longest, Some(proof_hashes_max(count)));
            for (page, leaf) in leaves.iter().enumerate() {
                let proof: Vec<Hash> = tree.proof(page).copied().collect();
                let index = LeafIndex::new(page as u64).unwrap();
                let size = TreeSize::new(count.into()).unwrap();
                assert_eq!(root_from_inclusion(leaf, index, size, &proof), Ok(tree.root()));
            }
        }
        assert_eq!([0, 1 << 31, (1 << 31) + 1, u32::MAX].map(proof_hashes_max), [0, 31, 32, 32]);
    }
}
