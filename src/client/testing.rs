//! A log in memory for the tests of readers and auditors, built naively from the specification: it
//! uses no code of the writer, and none of the code under test. Only in builds for tests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use tiles_spec::{
    Checkpoint, Hash, NoteSigningKey, ResourcePath, TreeHead, TreeSize, append_entry, leaf_hash,
    tree::root_of,
};

use super::fetch::{Fetch, FetchError, PartFault};
use super::trust::Trust;

/// The origin of the log.
pub const ORIGIN: &str = "log.test/one";

/// The objects of a log by path.
#[derive(Clone, Default)]
pub struct TestLog {
    /// By path.
    pub objects: BTreeMap<String, Vec<u8>>,
}

/// This many entries.
pub fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| format!("entry {i}").into_bytes()).collect()
}

/// The key of the log.
pub fn signing_key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[9; 32])
}

/// Trust in that key alone.
pub fn trust() -> Trust {
    Trust::in_keys([signing_key().verifier_key().clone()])
}

impl TestLog {
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
                append_entry(&mut bundle, entry).unwrap();
            }
            self.objects.insert(path("entries", index, chunk.len()), bundle);
        }
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let mut hashes = leaves.clone();
        for level in 0.. {
            if hashes.is_empty() {
                break;
            }
            for (index, chunk) in hashes.chunks(256).enumerate() {
                let bytes = chunk.iter().flat_map(|hash| *hash.as_bytes()).collect();
                self.objects.insert(path(&level.to_string(), index, chunk.len()), bytes);
            }
            hashes = hashes.chunks_exact(256).map(root_of).collect();
        }
        let size = TreeSize::new(entries.len() as u64).unwrap();
        self.sign(TreeHead { size, root: root_of(&leaves) });
    }

    /// Stores a checkpoint with this head.
    pub fn sign(&mut self, head: TreeHead) {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), head, extensions: Vec::new() };
        let text = checkpoint.to_text();
        let note = format!("{text}\n{}", signing_key().sign(&text));
        self.objects.insert("checkpoint".to_owned(), note.into_bytes());
    }

    /// Writes all objects below a directory.
    pub fn write_to(&self, directory: &Path) {
        for (path, bytes) in &self.objects {
            let path = directory.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Reads the log as it is now.
    pub fn fetch(&self) -> Arc<dyn Fetch> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Fetch for TestLog {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let Some(whole) = self.objects.get(&path.to_string()) else { return Ok(None) };
        let offset = |at| usize::try_from(at).unwrap();
        match whole.get(offset(bytes.start)..offset(bytes.end)) {
            Some(part) => Ok(Some(part.to_vec())),
            None => Err(FetchError::Part {
                place: path.to_string(),
                bytes,
                fault: PartFault::BeyondEnd,
            }),
        }
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

fn path(kind: &str, index: usize, width: usize) -> String {
    let name = match index {
        0..1000 => format!("{index:03}"),
        _ => format!("x{:03}/{:03}", index / 1000, index % 1000),
    };
    let partial = if width == 256 { String::new() } else { format!(".p/{width}") };
    format!("tile/{kind}/{name}{partial}")
}
