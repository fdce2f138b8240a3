//! A small frozen log. Rebuilt from its entries and its key, it must be byte for byte the same as
//! in `tests/data/golden-log` at the top of the repository.
//!
//! Changing a byte here changes what every reader of an existing log depends on. To rewrite the
//! files on purpose: `cargo test -p tiles-spec --test golden -- --ignored write`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tiles_spec::cosignature::CosigningKey;
use tiles_spec::tile::{bundles_at, tiles_at};
use tiles_spec::{
    Checkpoint, EntryBundle, Frontier, HashTile, LeafIndex, Level, Note, NoteSigningKey, Origin,
    ResourcePath, SignedCheckpoint, TileMap, TlogProof, TreeSize, append_entry, cosign, leaf_hash,
    open_checkpoint, plan_inclusion, plan_root,
};

const ORIGIN: &str = "golden.example/log";
const SIZE: u64 = 300;
/// 2026-01-01T00:00:00Z.
const COSIGNED_AT: u64 = 1_767_225_600;
/// Leaves with proof files: the first, the corners of the two tiles, one inside, the last.
const PROVED: [u64; 5] = [0, 100, 255, 256, 299];

type Files = BTreeMap<String, Vec<u8>>;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden-log")
}

fn log_key() -> NoteSigningKey {
    let origin: Origin = ORIGIN.parse().unwrap();
    NoteSigningKey::from_seed(origin.key_name(), b"the seed of the golden log's key")
}

fn witness_key() -> CosigningKey {
    CosigningKey::from_seed(
        "golden.example/witness".parse().unwrap(),
        b"the seed of the golden witness' ",
    )
}

/// Entry 0 is empty; the others are a line and a tail of varying length.
fn entry(n: u64) -> Vec<u8> {
    if n == 0 {
        return Vec::new();
    }
    let tail = (0..n * n % 61).map(|i| (n * 31 + i * 7).to_le_bytes()[0]);
    format!("golden entry {n}\n").into_bytes().into_iter().chain(tail).collect()
}

/// All files of the log, by path.
fn make() -> Files {
    let mut files = Files::new();
    let size = TreeSize::new(SIZE).unwrap();
    let mut frontier = Frontier::new();
    for n in 0..SIZE {
        frontier.push(leaf_hash(&entry(n))).unwrap();
    }
    for coord in bundles_at(size) {
        let start = coord.start_leaf().unwrap().get();
        let mut bundle = Vec::new();
        for n in start..start + u64::from(coord.width.get()) {
            append_entry(&mut bundle, &entry(n)).unwrap();
        }
        files.insert(coord.to_string(), bundle);
    }
    let mut hashes: Vec<_> = (0..SIZE).map(|n| leaf_hash(&entry(n))).collect();
    let mut tiles = TileMap::new();
    for level in (0..8).filter_map(Level::new) {
        let mut above = Vec::new();
        for (coord, hashes) in tiles_at(size, level).zip(hashes.chunks(256)) {
            let tile = HashTile::new(hashes.to_vec()).unwrap();
            above.extend(coord.width.is_full().then(|| tile.root()));
            files.insert(coord.to_string(), tile.encode());
            tiles.insert(coord, tile);
        }
        hashes = above;
    }

    let checkpoint =
        Checkpoint { origin: ORIGIN.to_owned(), head: frontier.head(), extensions: vec![] };
    let mut note = Note::unsigned(checkpoint.to_text()).unwrap();
    note.append(log_key().sign(note.text())).unwrap();
    note.append(cosign(&witness_key(), note.text(), COSIGNED_AT).unwrap()).unwrap();
    for index in PROVED.into_iter().filter_map(LeafIndex::new) {
        let hashes = plan_inclusion(index, size).unwrap().build(&tiles).unwrap();
        let proof = TlogProof { extra: None, index, hashes, checkpoint: note.to_bytes() };
        files.insert(format!("proofs/{index}.tlog-proof"), proof.to_bytes());
    }
    files.insert("checkpoint".to_owned(), note.to_bytes());
    let keys = format!("{}\n{}\n", log_key().verifier_key(), witness_key().verifier_key());
    files.insert("vkeys".to_owned(), keys.into_bytes());
    files
}

/// Reads all files below a directory, by their path from there.
fn read(root: &Path, below: &Path, files: &mut Files) {
    for found in std::fs::read_dir(below).unwrap() {
        let path = found.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

fn frozen() -> Files {
    let mut files = Files::new();
    read(&directory(), &directory(), &mut files);
    files
}

#[test]
fn the_log_comes_out_as_it_was() {
    let (made, frozen) = (make(), frozen());
    assert!(made.keys().eq(frozen.keys()), "{:?} {:?}", made.keys(), frozen.keys());
    for (path, bytes) in made {
        assert!(bytes == frozen[&path], "{path} has changed");
    }
}

#[test]
fn the_frozen_files_are_a_log() {
    let frozen = frozen();
    let vkeys = String::from_utf8(frozen["vkeys"].clone()).unwrap();
    let keys: Vec<_> = vkeys.lines().map(|vkey| vkey.parse().unwrap()).collect();
    let checkpoint = open_checkpoint(&frozen["checkpoint"], ORIGIN, &keys[..1]).unwrap();
    assert_eq!(checkpoint.head.size.get(), SIZE);
    let signed = SignedCheckpoint::parse(&frozen["checkpoint"]).unwrap();
    assert_eq!(signed.verify(&keys).unwrap().len(), 2);

    let mut tiles = TileMap::new();
    for (path, bytes) in frozen.iter().filter(|(path, _)| path.starts_with("tile/")) {
        match path.parse().unwrap() {
            ResourcePath::Tile(coord) => {
                tiles.insert(coord, HashTile::decode(bytes, coord.width).unwrap());
            }
            ResourcePath::Bundle(coord) => {
                let bundle = EntryBundle::decode(bytes, coord.width).unwrap();
                let hashes = HashTile::new(bundle.leaf_hashes()).unwrap();
                assert_eq!(hashes.encode(), frozen[&coord.tile().to_string()]);
            }
            ResourcePath::Checkpoint => unreachable!("it is not below tile/"),
        }
    }
    let nodes = plan_root(checkpoint.head.size).build(&tiles).unwrap();
    let frontier = Frontier::from_nodes(checkpoint.head.size, nodes).unwrap();
    assert_eq!(frontier.head(), checkpoint.head);

    for n in PROVED {
        let proof = TlogProof::parse(&frozen[&format!("proofs/{n}.tlog-proof")]).unwrap();
        assert_eq!(proof.index.get(), n);
        assert_eq!(proof.verify(&leaf_hash(&entry(n)), ORIGIN, &keys[..1]).unwrap(), checkpoint);
    }
}

#[test]
#[ignore = "writes the frozen files anew"]
fn write() {
    for (path, bytes) in make() {
        let path = directory().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
