//! A whole log in a directory: entry bundles, hash tiles, `checkpoint` and `log.json`, byte for
//! byte what a writer publishes if it gets all entries at once (C2SP tlog-tiles;
//! `src/docs/formats.md`).
//!
//! Bundles and their tiles are written by one thread per processor, each with its own stretch of
//! the log. The tiles above them are written at the end. `checkpoint` is the last file, so an
//! interrupted run leaves no log.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Serialize;
use tiles_spec::tile::{bundle_indices, edge_tiles, tiles_at};
use tiles_spec::{
    Checkpoint, ENTRY_BYTES_MAX, Frontier, Hash, HashTile, Level, Note, NoteSigningKey,
    TILE_WIDTH_MAX, TileCoord, TileIndex, TileMap, TreeHead, TreeSize, append_entry, leaf_hash,
    plan_root,
};

use crate::census::Census;
use crate::entries::Entries;

/// Tiles in one stretch of a thread: 65,536 entries.
const STRETCH_TILES: u64 = TILE_WIDTH_MAX as u64;

/// The result of writing a log.
#[derive(Debug)]
pub struct Written {
    /// The tree head.
    pub head: TreeHead,
    /// The total length of all entries.
    pub entry_bytes: u64,
    /// How often the keys of several entries occur.
    pub census: Census,
}

/// Why a corpus cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The directory is not empty.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The system reported an error.
    #[error("cannot write {path}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
}

/// Writes the log of `entries`, which must be fewer than 2^63, into `root`, which must be empty or
/// not exist. The key's name is the log's origin; the key is stored in `_writer/log.key`.
pub fn write(root: &Path, entries: &Entries, key: &NoteSigningKey) -> Result<Written, WriteError> {
    let size = TreeSize::new(entries.distribution().entries).expect("checked by the caller");
    let directory = Directory { root };
    directory.make()?;
    directory.write_key(key)?;
    let (stretches, census) = write_stretches(&directory, entries, size)?;
    let entry_bytes = stretches.iter().map(|stretch| stretch.entry_bytes).sum();
    let head = write_upper_tiles(&directory, size, stretches)?;
    let origin = key.verifier_key().name().as_str();
    directory.write("log.json", &description(origin, key))?;
    directory.write("checkpoint", &checkpoint(origin, head, key))?;
    Ok(Written { head, entry_bytes, census })
}

/// What a stretch of level 0 tiles contributes to the tiles above.
struct Stretch {
    number: u64,
    /// The roots of its full tiles.
    full: Vec<Hash>,
    /// The hashes in its last tile, if that is partial.
    partial: Vec<Hash>,
    entry_bytes: u64,
}

/// Writes bundles and level 0 tiles, and returns the stretches in order.
fn write_stretches(
    directory: &Directory<'_>,
    entries: &Entries,
    size: TreeSize,
) -> Result<(Vec<Stretch>, Census), WriteError> {
    let tiles = bundle_indices(TreeSize::ZERO, size).end.get();
    let next = AtomicU64::new(0);
    let work = || {
        let mut done = Vec::new();
        let mut census = Census::new(entries.distribution());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number * STRETCH_TILES >= tiles {
                return Ok((done, census));
            }
            done.push(write_stretch(directory, entries, size, number, &mut census)?);
        }
    };
    let mut all = Vec::new();
    let mut census = Census::new(entries.distribution());
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in running {
            let (done, counted) = worker.join().expect("a worker does not panic")?;
            all.extend(done);
            census.merge(&counted);
        }
        Ok(())
    })?;
    all.sort_unstable_by_key(|stretch| stretch.number);
    Ok((all, census))
}

fn write_stretch(
    directory: &Directory<'_>,
    entries: &Entries,
    size: TreeSize,
    number: u64,
    census: &mut Census,
) -> Result<Stretch, WriteError> {
    let mut stretch = Stretch { number, full: Vec::new(), partial: Vec::new(), entry_bytes: 0 };
    for index in number * STRETCH_TILES..(number + 1) * STRETCH_TILES {
        let tile = TileCoord::at(size, Level::ZERO, TileIndex::new(index));
        let Some((tile, first)) = tile.and_then(|tile| Some((tile, tile.start_leaf()?))) else {
            break;
        };
        let mut hashes = Vec::with_capacity(tile.width.as_usize());
        let mut bundle = Vec::new();
        entries.each(first.get(), tile.width.as_usize(), |n, plan, leaf| {
            census.count(n, plan);
            hashes.push(leaf_hash(&leaf));
            append_entry(&mut bundle, &leaf).expect("an entry that fits");
            stretch.entry_bytes += leaf.len() as u64;
        });
        let path = tile.bundle().expect("it is of level 0");
        directory.write(&path.to_string(), &bundle)?;
        let hashes = directory.write_tile(tile, hashes)?;
        if tile.width.is_full() {
            stretch.full.push(hashes.root());
        } else {
            stretch.partial = hashes.hashes().to_vec();
        }
    }
    Ok(stretch)
}

/// Writes the tiles above level 0 and derives the root.
fn write_upper_tiles(
    directory: &Directory<'_>,
    size: TreeSize,
    stretches: Vec<Stretch>,
) -> Result<TreeHead, WriteError> {
    let mut edge = TileMap::new();
    let mut hashes = Vec::new();
    for stretch in stretches {
        hashes.extend(stretch.full);
        if let Some(tile) = edge_tiles(size).first().filter(|_| !stretch.partial.is_empty()) {
            edge.insert(*tile, HashTile::new(stretch.partial).expect("1 to 255"));
        }
    }
    for level in 1.. {
        let level = Level::new(level).expect("a tree has 8 levels of tiles at most");
        let mut above = Vec::new();
        for (tile, hashes) in tiles_at(size, level).zip(hashes.chunks(TILE_WIDTH_MAX)) {
            let hashes = directory.write_tile(tile, hashes.to_vec())?;
            if tile.width.is_full() {
                above.push(hashes.root());
            } else {
                edge.insert(tile, hashes);
            }
        }
        if above.is_empty() {
            break;
        }
        hashes = above;
    }
    let nodes = plan_root(size).build(&edge).expect("the unfinished tiles are all there");
    Ok(Frontier::from_nodes(size, nodes).expect("a node for each bit").head())
}

/// The directory of a log.
struct Directory<'a> {
    root: &'a Path,
}

impl Directory<'_> {
    fn make(&self) -> Result<(), WriteError> {
        fs::create_dir_all(self.root).map_err(at(self.root))?;
        match fs::read_dir(self.root).map_err(at(self.root))?.next() {
            Some(_) => Err(WriteError::NotEmpty(self.root.to_owned())),
            None => Ok(()),
        }
    }

    /// Writes the key to the place where a writer keeps it.
    fn write_key(&self, key: &NoteSigningKey) -> Result<(), WriteError> {
        let private = self.root.join("_writer");
        fs::DirBuilder::new().mode(0o700).create(&private).map_err(at(&private))?;
        let path = private.join("log.key");
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{}", *key.to_private_string()));
        written.map_err(at(&path))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.root.join(name);
        let written = match fs::write(&path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().expect("it is below the root");
                fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes))
            }
            written => written,
        };
        written.map_err(at(&path))
    }

    fn write_tile(&self, tile: TileCoord, hashes: Vec<Hash>) -> Result<HashTile, WriteError> {
        let hashes = HashTile::new(hashes).expect("1 to 256 hashes");
        self.write(&tile.to_string(), &hashes.encode())?;
        Ok(hashes)
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    |source| WriteError::Io { path: path.to_owned(), source }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    origin: &'a str,
    verifier_keys: [String; 1],
    entry_bytes_max: usize,
}

fn description(origin: &str, key: &NoteSigningKey) -> Vec<u8> {
    let verifier_keys = [key.verifier_key().to_string()];
    let description = Description { origin, verifier_keys, entry_bytes_max: ENTRY_BYTES_MAX };
    let mut json = serde_json::to_vec_pretty(&description).expect("strings and numbers serialize");
    json.push(b'\n');
    json
}

fn checkpoint(origin: &str, head: TreeHead, key: &NoteSigningKey) -> Vec<u8> {
    let checkpoint = Checkpoint { origin: origin.to_owned(), head, extensions: Vec::new() };
    let text = checkpoint.to_text();
    let mut note = Note::unsigned(text.as_str()).expect("a checkpoint is the text of a note");
    note.append(key.sign(&text)).expect("its first signature");
    note.to_bytes()
}
