//! A log in memory, laid out as C2SP tlog-tiles says, and signed with a key that never changes. It
//! uses none of the writer's code.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use tiles_spec::{Checkpoint, Hash, NoteSigningKey, TreeHead, TreeSize, append_entry};

use crate::oracle;

/// The origin of a log that has not been given another.
pub const ORIGIN: &str = "log.test/one";

/// The objects of a log, and the key that signs it.
#[derive(Clone, Debug)]
pub struct MadeLog {
    /// By path.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Its key's name is the log's origin.
    pub key: NoteSigningKey,
}

/// This many entries.
pub fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| format!("entry {i}").into_bytes()).collect()
}

/// The key of the log with this origin.
pub fn signing_key(origin: &str) -> NoteSigningKey {
    NoteSigningKey::from_seed(origin.parse().expect("a key name"), &[9; 32])
}

/// The tree of these entries.
pub fn head(entries: &[Vec<u8>]) -> TreeHead {
    let leaves: Vec<Hash> = entries.iter().map(|entry| oracle::leaf(entry)).collect();
    head_of(&leaves)
}

fn head_of(leaves: &[Hash]) -> TreeHead {
    let size = TreeSize::new(leaves.len() as u64).expect("it fits into memory");
    TreeHead { size, root: oracle::root(leaves) }
}

/// The checkpoint of a tree, of the log that the key names.
pub fn checkpoint(key: &NoteSigningKey, head: TreeHead) -> Vec<u8> {
    let origin = key.verifier_key().name().to_string();
    let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
    format!("{text}\n{}", key.sign(&text)).into_bytes()
}

/// Without any object, not even a checkpoint.
impl Default for MadeLog {
    fn default() -> Self {
        Self::named(ORIGIN)
    }
}

impl MadeLog {
    /// Nothing yet, of a log with this origin.
    pub fn named(origin: &str) -> Self {
        Self { objects: BTreeMap::new(), key: signing_key(origin) }
    }

    /// The log of these entries, with the objects of this size only.
    pub fn of(entries: &[Vec<u8>]) -> Self {
        let mut log = Self::default();
        log.publish(entries);
        log
    }

    /// Adds the objects of the tree of these entries, and its checkpoint.
    pub fn publish(&mut self, entries: &[Vec<u8>]) {
        for (index, chunk) in entries.chunks(256).enumerate() {
            let mut bundle = Vec::new();
            for entry in chunk {
                append_entry(&mut bundle, entry).expect("an entry fits into a bundle");
            }
            self.objects.insert(path("entries", index, chunk.len()), bundle);
        }
        let leaves: Vec<Hash> = entries.iter().map(|entry| oracle::leaf(entry)).collect();
        let mut hashes = leaves.clone();
        for level in 0.. {
            if hashes.is_empty() {
                break;
            }
            for (index, chunk) in hashes.chunks(256).enumerate() {
                let bytes = chunk.iter().flat_map(|hash| *hash.as_bytes()).collect();
                self.objects.insert(path(&level.to_string(), index, chunk.len()), bytes);
            }
            hashes = hashes.chunks_exact(256).map(oracle::root).collect();
        }
        self.sign(head_of(&leaves));
    }

    /// Adds the integrated times of the entries of a tree.
    pub fn date(&mut self, times: &[u64]) {
        for (index, chunk) in times.chunks(256).enumerate() {
            let bytes = chunk.iter().flat_map(|time| time.to_be_bytes()).collect();
            let beside = path("entries", index, chunk.len());
            self.objects.insert(beside.replace("tile/entries/", "time/"), bytes);
        }
    }

    /// The integrated times, if there are any.
    pub fn times(&self) -> Option<Vec<u64>> {
        let files = (0..).map_while(|n| {
            let here = format!("time/{n:03}");
            let is_here = |(path, _): &(&String, _)| path.starts_with(&here);
            self.objects.iter().filter(is_here).map(|(_, bytes)| bytes).max_by_key(|b| b.len())
        });
        let times: Vec<u64> = files
            .flat_map(|bytes| bytes.chunks_exact(8))
            .map(|time| u64::from_be_bytes(time.try_into().expect("eight bytes")))
            .collect();
        (!times.is_empty()).then_some(times)
    }

    /// Stores a checkpoint with this head, true or not.
    pub fn sign(&mut self, head: TreeHead) {
        self.objects.insert("checkpoint".to_owned(), checkpoint(&self.key, head));
    }

    /// A part of an object, if there is the object, and if it is long enough.
    pub fn part(&self, path: &str, bytes: &Range<u64>) -> Option<Option<Vec<u8>>> {
        let whole = self.objects.get(path)?;
        let at = |offset: u64| usize::try_from(offset).expect("it is small");
        Some(whole.get(at(bytes.start)..at(bytes.end)).map(<[u8]>::to_vec))
    }

    /// Writes all objects below a directory.
    pub fn write_to(&self, directory: &Path) {
        for (path, bytes) in &self.objects {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().expect("it is below the directory"))
                .expect("the directory can be made");
            std::fs::write(path, bytes).expect("the file can be written");
        }
    }
}

/// The path of a tile or bundle.
pub(crate) fn path(kind: &str, index: usize, width: usize) -> String {
    let name = match index {
        0..1000 => format!("{index:03}"),
        _ => format!("x{:03}/{:03}", index / 1000, index % 1000),
    };
    let partial = if width == 256 { String::new() } else { format!(".p/{width}") };
    format!("tile/{kind}/{name}{partial}")
}
