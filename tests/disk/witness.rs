//! A witness's state on a failing disk: every operation fails in every way, and the power is cut.
//!
//! Whatever happens, the state is the old or the new one, whole; and what was recorded stays.

use std::path::Path;
use std::sync::Arc;

use fasti::store::Files;
use fasti::witness::{Recorded, WitnessState};
use tiles_spec::witness::origin_hash;
use tiles_spec::{
    Checkpoint, Hash, Note, NoteSigningKey, TreeHead, TreeSize, VerifierKey, leaf_hash,
};

use crate::faults::{Disk, Fault};
use crate::model::Model;

const ORIGIN: &str = "log.test";
const ROOT: &str = "/state";
const ROUNDS: u64 = 20;

fn key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().expect("a name"), &[1; 32])
}

fn head(size: u64) -> TreeHead {
    let root: Hash = leaf_hash(&size.to_be_bytes());
    TreeHead { size: TreeSize::new(size).expect("it is small"), root }
}

/// More than one sector, so that a power cut can tear it.
fn note(size: u64) -> Vec<u8> {
    let extensions = vec!["x".repeat(600); 3];
    let text = Checkpoint { origin: ORIGIN.into(), head: head(size), extensions }.to_text();
    let mut note = Note::unsigned(text.as_str()).expect("a text");
    note.append(key().sign(&text)).expect("there is room");
    note.to_bytes()
}

fn state(disk: &Disk) -> WitnessState {
    WitnessState::on(Path::new(ROOT), Arc::new(disk.clone()))
}

/// The size of the recorded tree.
fn recorded(disk: &Disk) -> Option<u64> {
    let keys: [VerifierKey; 1] = [key().verifier_key().clone()];
    let found = state(disk).recorded(ORIGIN, &[], &keys).expect("it reads back");
    found.map(|Recorded { head: found, .. }| {
        assert_eq!(found, head(found.size.get()), "it is whole");
        found.size.get()
    })
}

/// A disk on which this tree, if any, was recorded.
fn disk(old: Option<u64>, seed: u64) -> Disk {
    let disk = Disk::over(Model::new(), seed);
    disk.create_dir_all(Path::new(ROOT)).expect("a directory");
    disk.sync_dir(Path::new("/")).expect("it is flushed");
    if let Some(old) = old {
        state(&disk).record(ORIGIN, &note(old)).expect("a healthy disk");
    }
    disk
}

/// What each operation of a record can suffer.
fn faults(old: Option<u64>) -> Vec<(usize, Fault)> {
    let disk = disk(old, 0);
    disk.heal();
    state(&disk).record(ORIGIN, &note(9)).expect("a healthy disk");
    let trace = disk.trace();
    assert!(trace.len() >= 3, "{}", trace.len());
    let each = trace.iter().enumerate();
    let each = each.flat_map(|(n, operation)| operation.kind.faults().iter().map(move |f| (n, *f)));
    each.chain((0..trace.len()).map(|n| (n, Fault::PowerCut))).collect()
}

#[test]
fn the_state_is_the_old_or_the_new_one() {
    let mut cases = 0;
    for old in [None, Some(3)] {
        for (n, fault) in faults(old) {
            for seed in 0..ROUNDS {
                let disk = disk(old, seed);
                disk.arm(n, fault);
                let done = state(&disk).record(ORIGIN, &note(9)).is_ok();
                if fault == Fault::PowerCut {
                    disk.reboot();
                    let found = recorded(&disk);
                    assert!(found == Some(9) || !done && found == old, "{n} {fault:?}: {found:?}");
                } else {
                    disk.heal();
                    let found = recorded(&disk);
                    assert!(found == Some(9) || !done && found == old, "{n} {fault:?}: {found:?}");
                    // The process goes on, with what it finds, once that is safe.
                    if !done {
                        state(&disk).settle(&origin_hash(ORIGIN)).expect("a healthy disk");
                        let copy = Disk::over(disk.model(), seed);
                        copy.reboot();
                        assert_eq!(recorded(&copy), found, "{n} {fault:?}");
                    }
                    let again = state(&disk).record(ORIGIN, &note(10)).is_ok();
                    assert!(again, "on the healthy disk");
                    disk.reboot();
                    assert_eq!(recorded(&disk), Some(10), "{n} {fault:?}");
                }
                cases += 1;
            }
        }
    }
    assert!(cases > 200, "{cases}");
}

#[test]
fn a_power_cut_after_a_record_that_failed_leaves_the_old_or_the_new_one() {
    for (n, fault) in faults(Some(3)) {
        for seed in 0..ROUNDS {
            let disk = disk(Some(3), seed);
            disk.arm(n, fault);
            let done = state(&disk).record(ORIGIN, &note(9)).is_ok();
            disk.reboot();
            let found = recorded(&disk);
            assert!(found == Some(9) || !done && found == Some(3), "{n} {fault:?}: {found:?}");
        }
    }
}
