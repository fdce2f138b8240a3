//! A log read back from its files as its readers see them, and derived again with the oracle.

use std::collections::BTreeMap;

use tiles_spec::{Hash, TreeHead, VerifierKey, open_checkpoint};

use crate::made_log::path;
use crate::oracle::{self, Row};

/// A log as its readers see it.
pub struct Published {
    /// What its checkpoint says.
    pub head: TreeHead,
    /// Its entries, in order.
    pub entries: Vec<Vec<u8>>,
    /// Their integrated times; 0 for those from before the log kept times.
    pub times: Vec<u64>,
    leaves: Vec<Hash>,
}

/// The paths that the checkpoint of a tree of this size implies. Instead of a partial object, a
/// store may have the full one.
pub fn paths(size: usize) -> Vec<String> {
    let mut paths = pieces("entries", size);
    let (mut level, mut count) = (0, size);
    while count > 0 {
        paths.extend(pieces(&level.to_string(), count));
        (level, count) = (level + 1, count / 256);
    }
    paths.extend(times(size));
    paths.into_iter().map(|(path, _)| path).collect()
}

/// The times are beside the bundles.
fn times(count: usize) -> Vec<(String, usize)> {
    let beside = |path: String| path.replace("tile/entries/", "time/");
    pieces("entries", count).into_iter().map(|(path, width)| (beside(path), width)).collect()
}

fn pieces(kind: &str, count: usize) -> Vec<(String, usize)> {
    let width = |index: usize| (count - index * 256).min(256);
    (0..count.div_ceil(256)).map(|n| (path(kind, n, width(n)), width(n))).collect()
}

/// The number of leaves in a checkpoint that verifies.
pub fn head_of(checkpoint: &[u8], origin: &str, key: &VerifierKey) -> TreeHead {
    let opened = open_checkpoint(checkpoint, origin, std::slice::from_ref(key));
    opened.expect("the checkpoint verifies").head
}

/// The path of the full object that may stand for a partial one.
pub fn full(path: &str) -> Option<&str> {
    path.split_once(".p/").map(|(full, _)| full)
}

/// Reads and checks everything that the checkpoint implies.
pub fn verify(
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
    origin: &str,
    key: &VerifierKey,
) -> Published {
    let checkpoint = read("checkpoint").expect("there is a checkpoint");
    let head = head_of(&checkpoint, origin, key);
    let size = usize::try_from(head.size.get()).expect("a test's log is small");
    let mut entries = Vec::with_capacity(size);
    for (path, width) in pieces("entries", size) {
        let bundle = read_wider(read, &path);
        let mut bundle = &bundle[..];
        for _ in 0..width {
            let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
            entries.push(bundle[2..2 + length].to_vec());
            bundle = &bundle[2 + length..];
        }
    }
    let leaves: Vec<Hash> = entries.iter().map(|entry| oracle::leaf(entry)).collect();
    assert_eq!(oracle::root(&leaves), head.root, "the entries hash to the root at size {size}");
    check_tiles(read, &leaves);
    Published { head, entries, times: read_times(read, size), leaves }
}

/// Reads all times. Files are missing only at the beginning, and times never decrease.
fn read_times(read: &dyn Fn(&str) -> Option<Vec<u8>>, size: usize) -> Vec<u64> {
    let mut all = Vec::with_capacity(size);
    for (path, width) in times(size) {
        let found = read(&path).or_else(|| read(full(&path)?));
        assert!(found.is_some() || all.last().is_none_or(|last| *last == 0), "{path} is missing");
        let found = found.unwrap_or_else(|| vec![0; 8 * width]);
        let fields = found.chunks_exact(8).take(width);
        all.extend(fields.map(|time| u64::from_be_bytes(time.try_into().expect("eight bytes"))));
    }
    assert_eq!(all.len(), size, "there is a time for each entry");
    assert!(all.is_sorted(), "times never decrease");
    all
}

fn check_tiles(read: &dyn Fn(&str) -> Option<Vec<u8>>, leaves: &[Hash]) {
    let mut hashes = leaves.to_vec();
    for level in 0.. {
        if hashes.is_empty() {
            break;
        }
        for ((path, _), chunk) in
            pieces(&level.to_string(), hashes.len()).iter().zip(hashes.chunks(256))
        {
            let expected: Vec<u8> = chunk.iter().flat_map(|hash| *hash.as_bytes()).collect();
            assert!(read_wider(read, path).starts_with(&expected), "{path}");
        }
        hashes = hashes.chunks_exact(256).map(oracle::root).collect();
    }
}

impl Published {
    /// The number of entries from before the log kept times.
    pub fn timeless(&self) -> usize {
        self.times.iter().take_while(|time| **time == 0).count()
    }

    /// Checks every checkpoint ever published: one root per size, each the root of a prefix of this
    /// log, so that they are all consistent (I1, I2). Files torn by a power cut do not count.
    /// Returns the number of sizes published.
    pub fn check_shown<'a>(
        &self,
        shown: impl IntoIterator<Item = &'a [u8]>,
        origin: &str,
        key: &VerifierKey,
    ) -> usize {
        let mut heads: BTreeMap<usize, Hash> = BTreeMap::new();
        for bytes in shown {
            let Ok(checkpoint) = open_checkpoint(bytes, origin, std::slice::from_ref(key)) else {
                continue;
            };
            let TreeHead { size, root } = checkpoint.head;
            let size = usize::try_from(size.get()).expect("a test's log is small");
            let one = *heads.entry(size).or_insert(root);
            assert_eq!(one, root, "two roots were published at size {size}");
        }
        let mut row = Row::default();
        for (&size, &root) in &heads {
            assert!(size <= self.leaves.len(), "size {size} was published, but the log is smaller");
            self.leaves[row.size()..size].iter().for_each(|leaf| row.push(*leaf));
            assert_eq!(row.root(), root, "the tree published at size {size} is not of this log");
        }
        heads.len()
    }
}

/// A partial object may have been superseded by the full one.
fn read_wider(read: &dyn Fn(&str) -> Option<Vec<u8>>, path: &str) -> Vec<u8> {
    if let Some(bytes) = read(path) {
        return bytes;
    }
    let full = full(path).unwrap_or_else(|| panic!("{path} is missing"));
    read(full).unwrap_or_else(|| panic!("{path} and {full} are missing"))
}
