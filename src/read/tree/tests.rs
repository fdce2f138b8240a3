//! What a tree requests, holds and refuses.

use tiles_spec::{LeafIndex, Level, TileIndex, TreeSize};

use super::*;
use crate::testing::{TestLog, entries};

fn index(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}

fn opened(log: &mut TestLog) -> Tree {
    log.host(Tree::open(log.head).unwrap()).unwrap()
}

#[test]
fn a_proof_requests_each_object_once() {
    let all = entries(66_000);
    let mut log = TestLog::of(&all);
    let mut tree = opened(&mut log);
    assert_eq!(log.requests, ["tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1"]);
    log.requests.clear();
    let wanted = [0, 65_999, 1, 256].map(index);
    let proven = log.host(tree.entries(wanted.to_vec()).unwrap()).unwrap();
    for (entry, wanted) in proven.iter().zip(wanted) {
        let n = usize::try_from(wanted.get()).unwrap();
        assert_eq!((entry.index, &entry.bytes), (wanted, &all[n]));
    }
    log.requests.sort();
    assert_eq!(
        log.requests,
        [
            "tile/0/000",
            "tile/0/001",
            "tile/1/000",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/257.p/208",
        ]
    );
    log.requests.clear();
    let old = TreeSize::new(300).unwrap();
    let grown = log.host(tree.consistency(old, log.head.size).unwrap()).unwrap();
    assert_eq!((grown.old.size, grown.new), (old, log.head));
    assert_eq!(log.requests, [""; 0], "the tiles are held");
    assert!(tree.consistency(log.head.size, TreeSize::MAX).is_err());
    assert!(tree.entries(vec![index(66_000)]).is_err());
}

#[test]
fn the_full_object_stands_in_for_a_partial_one_that_is_gone() {
    let mut log = TestLog::of(&entries(300));
    let full = TestLog::of(&entries(512));
    for path in ["tile/0/001", "tile/entries/001"] {
        log.objects.remove(&format!("{path}.p/44")).unwrap();
        log.objects.insert(path.to_owned(), full.objects[path].clone());
    }
    let mut tree = opened(&mut log);
    let proven = log.host(tree.entries(vec![index(299)]).unwrap()).unwrap();
    assert_eq!(proven[0].bytes, b"entry 299");
    log.objects.remove("tile/entries/001").unwrap();
    let missing = log.host(tree.entries(vec![index(299)]).unwrap()).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "tile/entries/001.p/44 is missing, but the signed checkpoint implies it"
    );
}

#[test]
fn the_edge_must_have_the_root() {
    let mut log = TestLog::of(&entries(300));
    log.objects.get_mut("tile/1/000.p/1").unwrap()[0] ^= 1;
    let refused = log.host(Tree::open(log.head).unwrap()).unwrap_err().to_string();
    assert!(refused.starts_with("tile/0/001.p/44, tile/1/000.p/1 does not belong"), "{refused}");
    let empty = Tree::open(TreeHead::EMPTY).unwrap().outcome();
    assert_eq!(empty.map(|tree| tree.head()), Some(TreeHead::EMPTY));
    let other = TreeHead { root: log.head.root, ..TreeHead::EMPTY };
    assert!(Tree::open(other).is_err());
}

#[test]
fn what_is_held_is_bounded() {
    let mut log = TestLog::of(&entries(66_000));
    let mut tree = opened(&mut log);
    for n in 0..257 {
        log.host(tree.entries(vec![index(n * 256)]).unwrap()).unwrap();
    }
    for index in (0..TILES_MAX as u64).map(TileIndex::new) {
        let coord = TileCoord { level: Level::new(9).unwrap(), index, width: TileWidth::FULL };
        tree.tiles.insert(coord, HashTile::new(vec![tiles_spec::EMPTY_ROOT; 256]).unwrap());
    }
    log.host(tree.entries(vec![index(0)]).unwrap()).unwrap();
    assert!(tree.tiles.len() < 10, "{}", tree.tiles.len());
    log.host(tree.entries(vec![index(65_999)]).unwrap()).unwrap();
}

#[test]
fn bundles_are_compared_with_the_tree() {
    let all = entries(600);
    let mut log = TestLog::of(&all);
    let mut tree = opened(&mut log);
    for n in 0..3 {
        log.requests.clear();
        let bundle = log.host(tree.bundle(TileIndex::new(n)).unwrap()).unwrap();
        let read: Vec<_> = bundle.entries().map(|(_, _, entry)| entry.to_vec()).collect();
        let first = usize::try_from(n).unwrap() * 256;
        assert_eq!(read, all[first..all.len().min(first + 256)]);
        assert_eq!(log.requests.len(), 1, "the tiles above are held");
    }
    assert!(tree.bundle(TileIndex::new(3)).is_err());
    log.objects.get_mut("tile/entries/001").unwrap()[10] ^= 1;
    let fault = log.host(tree.bundle(TileIndex::new(1)).unwrap()).unwrap_err().to_string();
    assert!(fault.starts_with("tile/entries/001 ") && fault.contains("entry 256 "), "{fault}");
    log.objects.remove("tile/0/001").unwrap();
    let mut tree = opened(&mut log);
    let fault = log.host(tree.bundle(TileIndex::new(1)).unwrap()).unwrap_err().to_string();
    assert!(fault.contains("the tree's hash of them"), "{fault}");
}
