//! A log in memory and a host that reads it one object at a time; only in tests.

use std::collections::BTreeMap;

use tiles_spec::tree::root_of;
use tiles_spec::{Hash, TreeHead, TreeSize, append_entry, leaf_hash};

use crate::reading::{Reading, Want};

/// The objects of a log by path, built naively from the specification.
#[derive(Clone)]
pub(crate) struct TestLog {
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    pub(crate) head: TreeHead,
    /// Every request that was made.
    pub(crate) requests: Vec<String>,
}

pub(crate) fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| format!("entry {i}").into_bytes()).collect()
}

impl TestLog {
    pub(crate) fn of(entries: &[Vec<u8>]) -> Self {
        let mut objects = BTreeMap::new();
        for (index, chunk) in entries.chunks(256).enumerate() {
            let mut bundle = Vec::new();
            for entry in chunk {
                append_entry(&mut bundle, entry).unwrap();
            }
            objects.insert(path("entries", index, chunk.len()), bundle);
        }
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let size = TreeSize::new(entries.len() as u64).unwrap();
        let head = TreeHead { size, root: root_of(&leaves) };
        let (mut hashes, mut level) = (leaves, 0);
        while !hashes.is_empty() {
            for (index, chunk) in hashes.chunks(256).enumerate() {
                let bytes = chunk.iter().flat_map(|hash| *hash.as_bytes()).collect();
                objects.insert(path(&format!("{level}"), index, chunk.len()), bytes);
            }
            hashes = hashes.chunks_exact(256).map(root_of).collect();
            level += 1;
        }
        Self { objects, head, requests: Vec::new() }
    }

    /// Brings a reading to its outcome.
    pub(crate) fn host<R: Reading>(&mut self, mut reading: R) -> Result<R::Outcome, R::Fault> {
        loop {
            if let Some(outcome) = reading.outcome() {
                return Ok(outcome);
            }
            let (id, Want { object, bytes }) = reading.request().expect("a request or an outcome");
            let object = object.to_string();
            let found = self.objects.get(&object).map(|whole| match bytes {
                None => whole.clone(),
                Some(bytes) => {
                    let at = |offset: u64| usize::try_from(offset).unwrap();
                    whole[at(bytes.start)..at(bytes.end)].to_vec()
                }
            });
            self.requests.push(object);
            reading.answer(id, found)?;
        }
    }
}

fn path(kind: &str, index: usize, width: usize) -> String {
    let partial = if width == 256 { String::new() } else { format!(".p/{width}") };
    format!("tile/{kind}/{index:03}{partial}")
}
