//! The frontier, compared with the oracle's Merkle trees.

use fasti_kit::oracle;

use super::*;
use crate::hash::leaf_hash;

/// The leaf hashes of `count` small entries.
pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

#[test]
fn frontier_is_the_naive_tree_at_every_size() {
    let leaves = leaves(1025);
    let mut frontier = Frontier::new();
    for size in 0..=leaves.len() {
        assert_eq!(frontier.size().get(), size as u64);
        assert_eq!(frontier.root(), oracle::root(&leaves[..size]), "size {size}");
        assert_eq!(root_of(&leaves[..size]), frontier.root());

        let mut start = 0;
        for (bit, node) in (0..16).rev().filter(|bit| size >> bit & 1 == 1).zip(frontier.nodes()) {
            assert_eq!(*node, oracle::root(&leaves[start..start + (1 << bit)]), "size {size}");
            start += 1 << bit;
        }
        assert_eq!(start, size);

        let again = Frontier::from_nodes(frontier.size(), frontier.nodes().to_vec()).unwrap();
        assert_eq!(again, frontier);
        if size < leaves.len() {
            frontier.push(leaves[size]).unwrap();
        }
    }
}

#[test]
fn the_reference_tree_of_certificate_transparency() {
    // Entries and roots from transparency-dev/merkle, testonly/constants.go.
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(frontier.head().root.to_string(), *root, "size {size}");
        if let Some(entry) = entries.get(size) {
            frontier.push(leaf_hash(entry)).unwrap();
        }
    }
}

#[test]
fn a_tree_at_its_largest_size_takes_no_more() {
    let nodes = vec![EMPTY_ROOT; 63];
    let mut frontier = Frontier::from_nodes(TreeSize::MAX, nodes).unwrap();
    let before = frontier.clone();
    assert_eq!(frontier.push(EMPTY_ROOT), Err(SizeOverflow));
    assert_eq!(frontier, before);
}

#[test]
fn nodes_must_match_the_size() {
    let size = TreeSize::new(5).unwrap();
    for nodes in [0, 1, 3] {
        let error = Frontier::from_nodes(size, vec![EMPTY_ROOT; nodes]).unwrap_err();
        assert_eq!(error, FrontierMismatch { size, nodes });
    }
    assert_eq!(Frontier::from_nodes(TreeSize::ZERO, vec![]).unwrap().head(), TreeHead::EMPTY);
}
