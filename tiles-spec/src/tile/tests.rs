//! The content of tiles.

use fasti_kit::oracle;

use super::*;
use crate::tree::tests::leaves;

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
        assert_eq!(tile.root(), oracle::root(tile.hashes()));
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
        assert_eq!(tile.subtree_root(start..end), Some(oracle::root(&hashes[start..end])));
    }
    assert_eq!(tile.subtree_root(128..256), None);
    assert_eq!(tile.subtree_root(200..201), None);
}
