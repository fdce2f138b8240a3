//! Proofs (RFC 6962), and files with one (C2SP tlog-proof).

use tiles_spec::proof::{PROOF_HASHES_MAX, inclusion_proof_len, root_from_inclusion};
use tiles_spec::tile::tiles_for_growth;
use tiles_spec::tree::root_of;
use tiles_spec::{
    HASH_BYTES, Hash, HashTile, LeafIndex, Level, TLOG_PROOF_BYTES_MAX, TileCoord, TileMap,
    TlogProof, TreeHead, TreeSize, leaf_hash, plan_consistency, plan_inclusion, plan_root,
    verify_consistency, verify_inclusion,
};

use crate::{Seeds, signed};

/// See the crate. The bytes are a file, or two numbers and hashes.
pub fn check(data: &[u8]) {
    file(data);
    let Some((one, rest)) = data.split_first_chunk() else { return };
    let Some((other, hashes)) = rest.split_first_chunk() else { return };
    let (one, other) = (u64::from_be_bytes(*one), u64::from_be_bytes(*other));
    let (hashes, _) = hashes.as_chunks::<HASH_BYTES>();
    let hashes: Vec<Hash> = hashes.iter().copied().map(Hash::from).collect();
    if let Some(size) = TreeSize::new(other) {
        plans(one, size);
        inclusion(one, size, &hashes);
        if let Some(old) = TreeSize::new(one) {
            consistency(old, size, &hashes);
        }
    }
    growth(one, other);
}

fn file(data: &[u8]) {
    let Ok(proof) = TlogProof::parse(data) else { return };
    assert!(data.len() <= TLOG_PROOF_BYTES_MAX);
    assert_eq!(proof.to_bytes(), data);
    assert_eq!(proof.to_string().into_bytes(), data);
    assert!(proof.hashes.len() <= PROOF_HASHES_MAX);
    let leaf = leaf_hash(b"4");
    let keys = signed::verifier_keys();
    if let Ok(checkpoint) = proof.verify(&leaf, signed::ORIGIN, &keys[..1]) {
        assert!(verify_inclusion(&leaf, proof.index, &checkpoint.head, &proof.hashes).is_ok());
    }
}

/// A plan names few tiles, all of them in the tree.
fn plans(index: u64, size: TreeSize) {
    let plans = [
        LeafIndex::new(index).and_then(|index| plan_inclusion(index, size).ok()),
        TreeSize::new(index).and_then(|old| plan_consistency(old, size).ok()),
        Some(plan_root(size)),
    ];
    for plan in plans.into_iter().flatten() {
        assert!(plan.tiles().len() <= 2 * PROOF_HASHES_MAX);
        for tile in plan.tiles() {
            assert_eq!(TileCoord::at(size, tile.level, tile.index), Some(*tile));
        }
    }
}

/// Exactly one number of hashes is taken, and each of them counts.
fn inclusion(index: u64, size: TreeSize, hashes: &[Hash]) {
    let leaf = leaf_hash(b"a leaf");
    let Some(index) = LeafIndex::new(index) else { return };
    let Ok(length) = inclusion_proof_len(index, size) else {
        assert!(!size.contains(index));
        assert!(root_from_inclusion(&leaf, index, size, hashes).is_err());
        return;
    };
    assert!(size.contains(index) && length <= PROOF_HASHES_MAX);
    let root = root_from_inclusion(&leaf, index, size, hashes);
    assert_eq!(root.is_ok(), hashes.len() == length);
    let Ok(root) = root else { return };
    let head = TreeHead { size, root };
    assert_eq!(verify_inclusion(&leaf, index, &head, hashes), Ok(()));
    for at in 0..hashes.len() {
        let mut other = hashes.to_vec();
        other[at] = leaf;
        if other != hashes {
            assert!(verify_inclusion(&leaf, index, &head, &other).is_err());
        }
    }
}

fn consistency(old: TreeSize, new: TreeSize, hashes: &[Hash]) {
    let head = |size, n: u8| TreeHead { size, root: Hash::from([n; 32]) };
    // Nobody can make up hashes that lead to both of two roots given before.
    if !old.is_zero() && old != new {
        assert!(verify_consistency(&head(old, 1), &head(new, 2), hashes).is_err());
    }
    if old == new {
        assert!(verify_consistency(&head(old, 1), &head(new, 2), &[]).is_err());
    }
}

/// What is built from the tiles of a small tree is verified.
fn growth(one: u64, other: u64) {
    let small = |number: u64| usize::try_from(number % 600).expect("it is small");
    let (old, new) = (small(one).min(small(other)), small(one).max(small(other)));
    let leaves = signed::leaves(new);
    let tiles = tiles(&leaves);
    let (old_head, new_head) = (signed::head(old), signed::head(new));
    let plan = plan_consistency(old_head.size, new_head.size).expect("it grows");
    let proof = plan.build(&tiles).expect("all tiles are there");
    assert_eq!(verify_consistency(&old_head, &new_head, &proof), Ok(()));
    if old < new {
        let index = LeafIndex::new(old as u64).expect("it is small");
        let plan = plan_inclusion(index, new_head.size).expect("it has the leaf");
        let proof = plan.build(&tiles).expect("all tiles are there");
        assert_eq!(verify_inclusion(&leaves[old], index, &new_head, &proof), Ok(()));
        let other = leaf_hash(b"no leaf");
        assert!(verify_inclusion(&other, index, &new_head, &proof).is_err());
    }
}

/// The tiles of a tree of at most 65,536 leaves.
pub(crate) fn tiles(leaves: &[Hash]) -> TileMap {
    let mut tiles = TileMap::new();
    let roots: Vec<Hash> = leaves.chunks_exact(256).map(root_of).collect();
    let size = TreeSize::new(leaves.len() as u64).expect("it is small");
    for coord in tiles_for_growth(TreeSize::ZERO, size) {
        let row = if coord.level == Level::ZERO { leaves } else { &roots };
        let start = usize::try_from(coord.index.get()).expect("it is small") * 256;
        let hashes = row[start..start + coord.width.as_usize()].to_vec();
        tiles.insert(coord, HashTile::new(hashes).expect("1 to 256 hashes"));
    }
    tiles
}

/// See the crate.
pub fn seeds() -> Seeds {
    let tiles = tiles(&signed::leaves(7));
    let index = LeafIndex::new(4).expect("it is small");
    let plan = plan_inclusion(index, signed::head(7).size).expect("it has the leaf");
    let hashes = plan.build(&tiles).expect("all tiles are there");
    let bare = TlogProof {
        extra: None,
        index,
        hashes: hashes.clone(),
        checkpoint: signed::checkpoint(7).to_bytes(),
    };
    let with_extra = TlogProof { extra: Some(b"an entry".to_vec()), ..bare.clone() };
    let numbers = |one: u64, other: u64| [one.to_be_bytes(), other.to_be_bytes()].concat();
    let mut proof = numbers(4, 7);
    for hash in &hashes {
        proof.extend(hash.as_bytes());
    }
    vec![
        ("file", bare.to_bytes()),
        ("file-with-extra", with_extra.to_bytes()),
        ("inclusion", proof),
        ("large", numbers(1 << 40, (1 << 62) + 12_345)),
        ("grown", numbers(255, 513)),
    ]
}
