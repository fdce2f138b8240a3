//! What the memory of a log accepts and what it refuses.

use std::fs;

use tiles_spec::{Checkpoint, Frontier, NoteSigningKey, Origin, leaf_hash};

use super::*;

const ORIGIN: &str = "log.test/one";

fn key_of(seed: u8) -> NoteSigningKey {
    let origin: Origin = ORIGIN.parse().unwrap();
    NoteSigningKey::from_seed(origin.key_name(), &[seed; 32])
}

/// The tree of this many leaves that begin with this letter, and its checkpoint.
fn tree(letter: char, size: usize) -> (TreeHead, Bytes) {
    let mut frontier = Frontier::new();
    (0..size).for_each(|n| frontier.push(leaf_hash(format!("{letter}{n}").as_bytes())).unwrap());
    let head = frontier.head();
    (head, signed(ORIGIN, head, &key_of(7)))
}

fn signed(origin: &str, head: TreeHead, key: &NoteSigningKey) -> Bytes {
    let text = Checkpoint { origin: origin.to_owned(), head, extensions: Vec::new() }.to_text();
    format!("{text}\n{}", key.sign(&text)).into()
}

struct Kept {
    dir: tempfile::TempDir,
    key: VerifierKey,
}

impl Kept {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, key: key_of(7).verifier_key().clone() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// The memory as another process sees it.
    fn memory(&self) -> SignedMemory {
        SignedMemory::at(self.path())
    }

    fn remember(
        &self,
        memory: &SignedMemory,
        (head, checkpoint): &(TreeHead, Bytes),
        proved: Option<TreeHead>,
    ) -> Result<Remembered, SignedMemoryError> {
        let new = NewHead { checkpoint, head: *head, origin: ORIGIN, key: &self.key };
        memory.remember(new, proved)
    }

    fn newest(&self) -> Option<TreeHead> {
        self.memory().newest(ORIGIN, &self.key).unwrap()
    }
}

#[test]
fn one_process_remembers_one_tree_after_the_other_in_place() {
    use std::os::unix::fs::MetadataExt as _;
    let kept = Kept::new();
    let memory = kept.memory();
    assert_eq!(kept.newest(), None);
    let mut inodes = Vec::new();
    for size in [0, 3, 1000, 1001] {
        let tree = tree('a', size);
        assert_eq!(kept.remember(&memory, &tree, None).unwrap(), Remembered::Now);
        assert_eq!(kept.newest(), Some(tree.0));
        assert_eq!(fs::read(kept.path()).unwrap(), tree.1);
        inodes.push(fs::metadata(kept.path()).unwrap().ino());
    }
    assert!(inodes.windows(2).all(|pair| pair[0] == pair[1]), "{inodes:?}");
}

#[test]
fn another_process_has_to_prove_what_it_finds() {
    let kept = Kept::new();
    let (small, large) = (tree('a', 4), tree('a', 9));
    kept.remember(&kept.memory(), &small, None).unwrap();
    let other = kept.memory();
    assert_eq!(kept.remember(&other, &large, None).unwrap(), Remembered::Unproved(small.0));
    let wrong = Some(tree('b', 4).0);
    assert_eq!(kept.remember(&other, &large, wrong).unwrap(), Remembered::Unproved(small.0));
    assert_eq!(kept.newest(), Some(small.0), "nothing was written");
    assert_eq!(kept.remember(&other, &large, Some(small.0)).unwrap(), Remembered::Now);
    assert_eq!(kept.newest(), Some(large.0));
}

#[test]
fn another_history_and_an_older_state_are_refused_with_names_and_sizes() {
    let kept = Kept::new();
    let (first, second) = (kept.memory(), kept.memory());
    kept.remember(&first, &tree('a', 4), None).unwrap();
    kept.remember(&second, &tree('a', 4), None).unwrap();
    kept.remember(&first, &tree('a', 9), None).unwrap();
    // The other one, with the same key on a copy of the store.
    for (other, size) in [('b', 9), ('a', 8), ('b', 5)] {
        let refused = kept.remember(&second, &tree(other, size), None).unwrap_err();
        let text = refused.to_string();
        for words in [kept.path().to_str().unwrap(), "size 9", &format!("size {size}")] {
            assert!(text.contains(words), "{words:?} is not in {text}");
        }
        assert_eq!(refused.is_passing(), size < 9, "{text}");
    }
    let larger = tree('b', 12);
    let found = kept.remember(&second, &larger, None).unwrap();
    assert_eq!(found, Remembered::Unproved(tree('a', 9).0));
    let text = second.forked(tree('a', 9).0, larger.0).to_string();
    assert!(text.contains("size 9") && text.contains("size 12") && text.contains("Two stores are"));
    assert_eq!(kept.newest(), Some(tree('a', 9).0));
    // The first continues as if nothing had happened.
    kept.remember(&first, &tree('a', 10), None).unwrap();
}

#[test]
fn the_same_tree_again_is_fine_whoever_signed_it() {
    let kept = Kept::new();
    let same = tree('a', 4);
    for memory in [kept.memory(), kept.memory()] {
        for _ in 0..2 {
            assert_eq!(kept.remember(&memory, &same, None).unwrap(), Remembered::Now);
        }
    }
}

#[test]
fn a_torn_file_is_no_memory_and_one_of_another_log_is_a_refusal() {
    let kept = Kept::new();
    let whole = tree('a', 4);
    for torn in [&b""[..], b"\0\0\0\0", &whole.1[..20]] {
        fs::write(kept.path(), torn).unwrap();
        assert_eq!(kept.newest(), None);
        assert_eq!(kept.remember(&kept.memory(), &whole, None).unwrap(), Remembered::Now);
        assert_eq!(fs::read(kept.path()).unwrap(), whole.1);
    }
    let other_origin = signed("log.test/two", whole.0, &key_of(7));
    let other_key = signed(ORIGIN, whole.0, &key_of(8));
    for foreign in [other_origin, other_key] {
        fs::write(kept.path(), &foreign).unwrap();
        let refused = kept.memory().newest(ORIGIN, &kept.key).unwrap_err();
        assert!(matches!(refused, SignedMemoryError::Foreign { .. }), "{refused}");
        let refused = kept.remember(&kept.memory(), &whole, None).unwrap_err();
        assert!(matches!(refused, SignedMemoryError::Foreign { .. }), "{refused}");
        assert_eq!(fs::read(kept.path()).unwrap(), foreign);
    }
}

#[test]
fn a_file_of_an_earlier_release_is_a_lower_bound_and_stays_as_it_is() {
    let kept = Kept::new();
    let key_file = kept.dir.path().join("log.key");
    let legacy = kept.dir.path().join("log.key.signed");
    let memory = kept.memory().and_legacy(legacy.clone());
    assert_eq!(memory.newest(ORIGIN, &kept.key).unwrap(), None, "it need not be there");
    kept.remember(&SignedMemory::beside(&key_file), &tree('a', 9), None).unwrap();
    let before = fs::read(&legacy).unwrap();
    assert_eq!(memory.newest(ORIGIN, &kept.key).unwrap(), Some(tree('a', 9).0));
    kept.remember(&memory, &tree('a', 4), None).unwrap();
    assert_eq!(memory.newest(ORIGIN, &kept.key).unwrap(), Some(tree('a', 9).0));
    assert_eq!(memory.all(ORIGIN, &kept.key).unwrap().len(), 2);
    assert_eq!(fs::read(&legacy).unwrap(), before);
}

#[test]
fn nobody_writes_while_another_process_is_at_it() {
    let kept = Kept::new();
    let memory = kept.memory();
    kept.remember(&memory, &tree('a', 4), None).unwrap();
    let other = File::open(kept.path()).unwrap();
    other.lock().unwrap();
    assert_eq!(kept.remember(&memory, &tree('a', 5), None).unwrap(), Remembered::Locked);
    let refused = memory.newest(ORIGIN, &kept.key).unwrap_err();
    assert!(matches!(refused, SignedMemoryError::Locked { .. }) && refused.is_passing());
    drop(other);
    assert_eq!(kept.remember(&memory, &tree('a', 5), None).unwrap(), Remembered::Now);
}

/// Two stores and one key: at each size the first to remember is the only one, in whatever order.
#[test]
fn of_two_histories_only_one_is_ever_remembered() {
    let kept = Kept::new();
    kept.remember(&kept.memory(), &tree('a', 4), None).unwrap();
    let races = ['a', 'b'].map(|letter| {
        let (memory, key, path) = (kept.memory(), kept.key.clone(), kept.path());
        std::thread::spawn(move || {
            let mut taken = Vec::new();
            for size in 5..200 {
                let (head, checkpoint) = tree(letter, size);
                let origin = ORIGIN;
                let new = NewHead { checkpoint: &checkpoint, head, origin, key: &key };
                // Each trusts only what it has remembered itself, and the beginning, which both
                // have.
                match memory.remember(new, Some(tree('a', 4).0)) {
                    Ok(Remembered::Now) => taken.push(head),
                    Ok(Remembered::Unproved(_)) | Err(_) => {}
                    Ok(Remembered::Locked) => std::thread::yield_now(),
                }
            }
            assert!(path.exists());
            taken
        })
    });
    let [a, b] = races.map(|race| race.join().unwrap());
    assert!(a.is_empty() != b.is_empty(), "{} and {}", a.len(), b.len());
}

/// This is done for each batch, alongside the other work of the I/O threads.
#[test]
fn remembering_takes_microseconds() {
    let kept = Kept::new();
    let memory = kept.memory();
    let trees: Vec<_> = (1..200).map(|size| tree('a', size)).collect();
    let mut times: Vec<_> = trees
        .iter()
        .map(|tree| {
            let began = std::time::Instant::now();
            assert_eq!(kept.remember(&memory, tree, None).unwrap(), Remembered::Now);
            began.elapsed()
        })
        .collect();
    times.sort();
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    println!("half within {median:?}, all within {last:?}");
    assert!(median.as_micros() < 1_000, "{median:?}");
}
