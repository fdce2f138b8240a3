//! The state on real files: what is read back, and what is refused. `tests/disk` has it on failing
//! ones.

use std::fs;

use tiles_spec::{Checkpoint, CosigningKey, Hash, Note, NoteSigningKey, TreeSize, cosign};

use super::*;

fn log(seed: u8) -> NoteSigningKey {
    NoteSigningKey::from_seed("log.test".parse().unwrap(), &[seed; 32])
}

fn own(seed: u8) -> CosigningKey {
    CosigningKey::from_seed("w.test".parse().unwrap(), &[seed; 32])
}

fn head(size: u64) -> TreeHead {
    TreeHead {
        size: TreeSize::new(size).unwrap(),
        root: Hash::from([u8::try_from(size).unwrap(); 32]),
    }
}

fn note(origin: &str, size: u64, time: u64) -> Vec<u8> {
    let text = Checkpoint { origin: origin.into(), head: head(size), extensions: vec![] }.to_text();
    let mut note = Note::unsigned(text.as_str()).unwrap();
    note.append(log(1).sign(&text)).unwrap();
    note.append(cosign(&own(1), &text, time).unwrap()).unwrap();
    note.to_bytes()
}

fn recorded(
    state: &WitnessState,
    own_seed: u8,
    log_seed: u8,
) -> Result<Option<Recorded>, StateError> {
    let own = [own(own_seed).verifier_key().clone()];
    state.recorded("log.test", &own, &[log(log_seed).verifier_key().clone()])
}

#[test]
fn what_was_recorded_is_read_back() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("state");
    let state = WitnessState::open(&root, None).unwrap();
    assert_eq!(recorded(&state, 1, 1).unwrap(), None);
    for (size, time) in [(0, 5), (3, 9), (3, 11)] {
        state.record("log.test", &note("log.test", size, time)).unwrap();
        assert_eq!(recorded(&state, 1, 1).unwrap(), Some(Recorded { head: head(size), time }));
    }
    drop(state);
    let state = WitnessState::open(&root, None).unwrap();
    // A log or a witness with a new key still knows what it has signed with the other.
    assert_eq!(recorded(&state, 1, 2).unwrap().unwrap().time, 11);
    assert_eq!(recorded(&state, 2, 1).unwrap().unwrap(), Recorded { head: head(3), time: 0 });
    let shown = state.newest(&origin_hash("log.test")).unwrap();
    assert_eq!(shown, Some(note("log.test", 3, 11)));
    assert_eq!(state.newest(&"0".repeat(64)).unwrap(), None);
}

#[test]
fn a_file_that_does_not_read_back_is_no_empty_state() {
    let home = tempfile::tempdir().unwrap();
    let state = WitnessState::open(home.path(), None).unwrap();
    let whole = note("log.test", 3, 9);
    state.record("log.test", &whole).unwrap();
    let path = home.path().join(origin_hash("log.test"));
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        // Cut between its lines, it lacks a line, and nothing else.
        if let Ok(found) = recorded(&state, 1, 1) {
            assert_eq!(found.unwrap().head, head(3), "{length} bytes");
        }
    }
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&path, &altered).unwrap();
        // The rest of a name or an ID makes a line a stranger's; then the other line vouches.
        if let Ok(found) = recorded(&state, 1, 1) {
            assert_eq!(found.unwrap().head, head(3), "byte {at}");
        }
    }
    fs::write(&path, note("other.test", 3, 9)).unwrap();
    assert!(matches!(recorded(&state, 1, 1), Err(StateError::OtherLog { .. })));
    fs::write(&path, &whole).unwrap();
    assert!(matches!(recorded(&state, 2, 2), Err(StateError::Unsigned { .. })));
    fs::write(&path, vec![b'a'; CHECKPOINT_BYTES_MAX + 1]).unwrap();
    assert!(matches!(recorded(&state, 1, 1), Err(StateError::Damaged { .. })));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(recorded(&state, 1, 1), Err(StateError::Io { .. })));
}

#[test]
fn two_witnesses_never_share_a_directory() {
    let home = tempfile::tempdir().unwrap();
    let first = WitnessState::open(home.path(), None).unwrap();
    let second = WitnessState::open(home.path(), None).unwrap_err();
    assert!(matches!(second, StateError::InUse(_)), "{second}");
    drop(first);
    WitnessState::open(home.path(), None).unwrap();
    for nowhere in [Path::new("/proc/fasti"), &home.path().join("a/b")] {
        assert!(WitnessState::open(nowhere, None).is_err());
    }
}

#[test]
fn the_first_conflict_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let state = WitnessState::open(home.path(), None).unwrap();
    let cosigned = note("log.test", 3, 9);
    state.record("log.test", &cosigned).unwrap();
    for conflicting in ["first", "second"] {
        state.keep_conflict("log.test", conflicting.as_bytes()).unwrap();
        state.record("log.test", &note("log.test", 4, 9)).unwrap();
    }
    let path = home.path().join(origin_hash("log.test"));
    let kept = |name: &str| fs::read(path.with_extension(name)).unwrap();
    assert_eq!((kept("cosigned"), kept("conflicting")), (cosigned, b"first".to_vec()));
}
