//! The oracle: derives a log again from its files, by the textbook.
//!
//! It reads `checkpoint`, every entry bundle and every tile by path, and computes the tree by the
//! recursion of RFC 6962, so that nothing depends on the code under test.

use std::collections::BTreeMap;

use tiles_spec::{Hash, TreeHead, VerifierKey, leaf_hash, node_hash, open_checkpoint};

/// A log as its readers see it.
pub struct Published {
    pub entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
}

/// Reads and checks everything that the checkpoint implies.
pub fn verify(
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
    origin: &str,
    key: &VerifierKey,
) -> Published {
    let checkpoint = read("checkpoint").expect("there is a checkpoint");
    let checkpoint = open_checkpoint(&checkpoint, origin, std::slice::from_ref(key));
    let head = checkpoint.expect("the checkpoint verifies").head;
    let size = usize::try_from(head.size.get()).expect("a test's log is small");
    let mut entries = Vec::with_capacity(size);
    for (index, width) in pieces(size) {
        let bundle = read_wider(read, &format!("tile/entries/{}", name(index, width)));
        let mut bundle = &bundle[..];
        for _ in 0..width {
            let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
            entries.push(bundle[2..2 + length].to_vec());
            bundle = &bundle[2 + length..];
        }
    }
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(mth(&leaves), head.root, "the entries hash to the root at size {size}");
    check_tiles(read, &leaves);
    Published { entries, leaves }
}

fn check_tiles(read: &dyn Fn(&str) -> Option<Vec<u8>>, leaves: &[Hash]) {
    let mut hashes = leaves.to_vec();
    for level in 0.. {
        if hashes.is_empty() {
            break;
        }
        for (index, width) in pieces(hashes.len()) {
            let path = format!("tile/{level}/{}", name(index, width));
            let expected: Vec<u8> = hashes[index * 256..index * 256 + width]
                .iter()
                .flat_map(|hash| *hash.as_bytes())
                .collect();
            assert!(read_wider(read, &path).starts_with(&expected), "{path}");
        }
        hashes = hashes.chunks_exact(256).map(mth).collect();
    }
}

impl Published {
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
            self.leaves[row.size..size].iter().for_each(|leaf| row.push(*leaf));
            assert_eq!(row.root(), root, "the tree published at size {size} is not of this log");
        }
        heads.len()
    }
}

/// The perfect subtrees of a growing tree, largest first, with their sizes.
#[derive(Default)]
struct Row {
    size: usize,
    subtrees: Vec<(usize, Hash)>,
}

impl Row {
    fn push(&mut self, leaf: Hash) {
        self.size += 1;
        let mut last = (1, leaf);
        while let Some(&(size, left)) = self.subtrees.last()
            && size == last.0
        {
            self.subtrees.pop();
            last = (2 * size, node_hash(&left, &last.1));
        }
        self.subtrees.push(last);
    }

    fn root(&self) -> Hash {
        let roots = self.subtrees.iter().rev().map(|&(_, root)| root);
        roots.reduce(|right, left| node_hash(&left, &right)).unwrap_or(tiles_spec::EMPTY_ROOT)
    }
}

/// The Merkle tree hash of RFC 6962 section 2.1.
fn mth(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => tiles_spec::EMPTY_ROOT,
        [one] => *one,
        more => {
            let split = (more.len().next_power_of_two()) / 2;
            node_hash(&mth(&more[..split]), &mth(&more[split..]))
        }
    }
}

fn pieces(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count.div_ceil(256)).map(move |index| (index, (count - index * 256).min(256)))
}

fn name(index: usize, width: usize) -> String {
    assert!(index < 1000, "a test's log is small");
    if width == 256 { format!("{index:03}") } else { format!("{index:03}.p/{width}") }
}

/// A partial object may have been superseded by the full one.
fn read_wider(read: &dyn Fn(&str) -> Option<Vec<u8>>, path: &str) -> Vec<u8> {
    if let Some(bytes) = read(path) {
        return bytes;
    }
    let (full, _) = path.split_once(".p/").unwrap_or_else(|| panic!("{path} is missing"));
    read(full).unwrap_or_else(|| panic!("{path} and {full} are missing"))
}
