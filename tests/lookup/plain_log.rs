//! A log written directly as tiles, for sizes that would take a writer too long to reach.

use std::path::Path;

use tiles_spec::tree::root_of;
use tiles_spec::{
    BundleCoord, Checkpoint, Frontier, Hash, HashTile, Level, TILE_WIDTH_MAX, TileCoord, TileIndex,
    append_entry, leaf_hash,
};

use crate::scene::{ORIGIN, signing_key};

/// Writes what the tree of these entries implies, and its checkpoint.
pub fn write(directory: &Path, entries: impl Iterator<Item = Vec<u8>>) {
    let put = |path: String, bytes: &[u8]| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("creates");
        std::fs::write(path, bytes).expect("writes");
    };
    let mut tree = Frontier::new();
    let (mut hashes, mut bundle) = (Vec::new(), Vec::new());
    let place = |level: u8, hashes: &[Hash], count: usize| {
        let index = TileIndex::new((count.div_ceil(TILE_WIDTH_MAX) - 1) as u64);
        let tile = HashTile::new(hashes.to_vec()).expect("a tile");
        let level = Level::new(level).expect("a level");
        (TileCoord { level, index, width: tile.width() }, tile)
    };
    let put_bundle = |leaves: &[Hash], bundle: &mut Vec<u8>| {
        let last = &leaves[(leaves.len() - 1) / TILE_WIDTH_MAX * TILE_WIDTH_MAX..];
        let (TileCoord { index, width, .. }, _) = place(0, last, leaves.len());
        put(BundleCoord { index, width }.to_string(), bundle);
        bundle.clear();
    };
    for entry in entries {
        append_entry(&mut bundle, &entry).expect("not too long");
        hashes.push(leaf_hash(&entry));
        tree.push(hashes[hashes.len() - 1]).expect("not too many");
        if hashes.len() % TILE_WIDTH_MAX == 0 {
            put_bundle(&hashes, &mut bundle);
        }
    }
    if !bundle.is_empty() {
        put_bundle(&hashes, &mut bundle);
    }
    for level in 0.. {
        for (index, chunk) in hashes.chunks(TILE_WIDTH_MAX).enumerate() {
            let (coord, tile) = place(level, chunk, index * TILE_WIDTH_MAX + chunk.len());
            put(coord.to_string(), &tile.encode());
        }
        if hashes.len() < TILE_WIDTH_MAX {
            break;
        }
        hashes = hashes.chunks_exact(TILE_WIDTH_MAX).map(root_of).collect();
    }
    let checkpoint =
        Checkpoint { origin: ORIGIN.to_owned(), head: tree.head(), extensions: Vec::new() };
    let text = checkpoint.to_text();
    put("checkpoint".to_owned(), format!("{text}\n{}", signing_key().sign(&text)).as_bytes());
}
