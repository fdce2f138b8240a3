//! The index on disk against a map, over restarts, crashes and damage.

use std::collections::HashMap;
use std::path::Path;

use fasti_store::OsFiles;

use super::*;

/// Few enough that a few thousand leaves make runs of several levels.
const MEMORY_KEYS: usize = 64;

fn open(directory: &Path) -> Result<DiskIndex, DedupError> {
    DiskIndex::open_with(directory, Arc::new(OsFiles::default()), MEMORY_KEYS)
}

fn head(size: u64) -> TreeHead {
    TreeHead { size: TreeSize::new(size).expect("in range"), root: Hash::from([0; 32]) }
}

/// Numbers that look random, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 31)
    }

    /// A hash; every fourth is one of a few that begin alike.
    fn hash(&mut self) -> Hash {
        let mut bytes = [0; 32];
        bytes.chunks_mut(8).for_each(|part| part.copy_from_slice(&self.next().to_be_bytes()));
        if self.next().is_multiple_of(4) {
            bytes[..11].fill(0xff);
        }
        Hash::from(bytes)
    }
}

/// A batch of leaves behind a tree of `size`, sometimes with a repeated leaf.
fn batch(numbers: &mut Numbers, size: u64) -> Vec<(Hash, LeafIndex)> {
    let mut leaves: Vec<(Hash, LeafIndex)> = Vec::new();
    for n in size..=size + numbers.next() % 40 {
        let again = leaves.first().filter(|_| n.is_multiple_of(50)).map(|(leaf, _)| *leaf);
        let leaf = again.unwrap_or_else(|| numbers.hash());
        leaves.push((leaf, LeafIndex::new(n).expect("in range")));
    }
    leaves
}

fn assert_same(index: &DiskIndex, map: &HashMap<Hash, LeafIndex>, numbers: &mut Numbers) {
    let leaves: Vec<Hash> = map.keys().copied().collect();
    let found = index.find(&leaves).expect("answers");
    for (leaf, found) in leaves.iter().zip(found) {
        assert_eq!(found, map.get(leaf).copied(), "{leaf:?}");
    }
    let strangers: Vec<Hash> = (0..100).map(|_| numbers.hash()).collect();
    let strangers: Vec<Hash> = strangers.into_iter().filter(|s| !map.contains_key(s)).collect();
    assert!(index.find(&strangers).expect("answers").iter().all(Option::is_none));
}

#[test]
fn it_is_the_same_as_a_map() {
    for seed in 0..2 {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut numbers, mut map, mut size) = (Numbers(seed), HashMap::new(), 0);
        let (mut index, mut first) = (open(directory.path()).expect("opens"), None);
        for round in 0..60 {
            let mut leaves = batch(&mut numbers, size);
            size += leaves.len() as u64;
            if round % 7 == 0 {
                // The newest wins, whichever run holds the older one.
                leaves[0].0 = first.get_or_insert(leaves[0].0).to_owned();
            }
            index.add(&leaves, head(size)).expect("adds");
            map.extend(leaves);
            if round % 20 == 0 {
                assert_same(&index, &map, &mut numbers);
            }
            match numbers.next() % 20 {
                0 => {
                    drop(index);
                    index = open(directory.path()).expect("opens");
                    assert_same(&index, &map, &mut numbers);
                }
                1 if round > 40 => {
                    index.clear().expect("clears");
                    size = 0;
                    map.clear();
                    assert_eq!(index.covers().expect("answers"), None);
                }
                _ => {}
            }
            let covered = (size > 0).then(|| head(size));
            assert_eq!(index.covers().expect("answers"), covered);
        }
        let files = std::fs::read_dir(directory.path()).expect("lists").count();
        assert!(files < 40, "old runs are removed: {files}");
    }
}

#[test]
fn a_writer_that_was_killed_is_behind_by_what_was_in_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut numbers, mut map, mut size) = (Numbers(1), HashMap::new(), 0);
    let index = open(directory.path()).expect("opens");
    for _ in 0..300 {
        let leaves = batch(&mut numbers, size);
        size += leaves.len() as u64;
        index.add(&leaves, head(size)).expect("adds");
        map.extend(leaves);
    }
    std::mem::forget(index);
    let index = open(directory.path()).expect("opens");
    let covered = index.covers().expect("answers").expect("something was written out").size.get();
    assert!((size - 200..size).contains(&covered), "{covered} of {size}");
    map.retain(|_, index| index.get() < covered);
    let leaves: Vec<Hash> = map.keys().copied().collect();
    assert!(index.find(&leaves).expect("answers").iter().all(Option::is_some));
}

#[test]
fn what_lies_there_of_an_earlier_release_makes_way() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(directory.path().join("keyspaces/1/tables")).expect("creates");
    std::fs::write(directory.path().join("keyspaces/1/tables/7"), "a table").expect("writes");
    for name in ["0.jnl", "version", "lock"] {
        std::fs::write(directory.path().join(name), name).expect("writes");
    }
    let index = open(directory.path()).expect("opens");
    assert_eq!(index.covers().expect("answers"), None, "it is rebuilt from the log");
    assert_eq!(std::fs::read_dir(directory.path()).expect("lists").count(), 0);
}

/// Damages any byte of any file: the index does not open, or says that it is damaged, or still
/// gives no wrong answer.
#[test]
fn damage_is_never_a_wrong_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let leaves: Vec<(Hash, LeafIndex)> = {
        let mut numbers = Numbers(3);
        (0..300).map(|n| (numbers.hash(), LeafIndex::new(n).expect("in range"))).collect()
    };
    let index = DiskIndex::open_with(directory.path(), Arc::new(OsFiles::default()), 1000);
    index.expect("opens").add(&leaves, head(300)).expect("adds");
    let hashes: Vec<Hash> = leaves.iter().map(|(hash, _)| *hash).collect();
    let (mut refused, mut damaged) = (0, 0);
    for file in std::fs::read_dir(directory.path()).expect("lists") {
        let path = file.expect("a file").path();
        let whole = std::fs::read(&path).expect("reads");
        for at in (0..whole.len()).step_by(37) {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            std::fs::write(&path, bytes).expect("writes");
            match open(directory.path()).map(|index| index.find(&hashes)) {
                Err(_) => refused += 1,
                Ok(Err(_)) => damaged += 1,
                Ok(Ok(_)) => panic!("byte {at} of {} passes", path.display()),
            }
        }
        for cut in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..cut]).expect("writes");
            assert!(open(directory.path()).is_err(), "cut at {cut}");
        }
        std::fs::write(&path, whole).expect("writes");
    }
    assert!(refused > 10 && damaged > 100, "{refused}, {damaged}");
}
