//! Copies and backups: a directory that is not the one the writer left is refused, until the
//! operator says how large the log was seen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::grown::{Grown, Settled};
use crate::refusals::refused;
use crate::writer::Writer;

#[test]
fn a_copy_is_taken_only_at_its_word() {
    let log = Grown::to(20, Settled::No);
    let copy = copied(&log.store);
    let what = "a copied directory";
    let said = refused(&copy, &[], what);
    for sentence in ["this directory is a copy", "_writer/lock", "--restored-at SIZE"] {
        assert!(said.contains(sentence), "{sentence:?} is not in {said}");
    }
    let said = refused(&copy, &["--restored-at", "21"], "a copy that holds less than was seen");
    for sentence in
        ["rolled back", "--restored-at", "size 21", "size 20", "Restore the newest copy"]
    {
        assert!(said.contains(sentence), "{sentence:?} is not in {said}");
    }
    refused(&copy, &[], "a copy that was refused for its size");
    let mut writer = Writer::start(&copy, &["--restored-at", "20"]);
    writer.expect_address();
    writer.stop();
    let mut writer = Writer::start(&copy, &[]);
    writer.expect_address();
    writer.stop();
}

#[test]
fn an_older_copy_in_the_same_place_is_rolled_back_as_the_key_knows() {
    let log = Grown::to(10, Settled::No);
    let older = copied(&log.store);
    log.grow(10..20, Settled::No);
    put_back(&older, &log.store);
    let said = refused(&log.store, &[], "an older copy");
    for sentence in ["rolled back", "memory of what was signed", "size 20", "size 10", "Restore the newest copy"] {
        assert!(said.contains(sentence), "{sentence:?} is not in {said}");
    }
    refused(&log.store, &["--restored-at", "10"], "an older copy, whatever the operator says");
}

#[test]
fn a_second_writer_is_refused() {
    let log = Grown::to(1, Settled::No);
    let mut first = Writer::start(&log.store, &[]);
    first.expect_address();
    let said = refused(&log.store, &[], "a second writer");
    assert!(said.contains("another writer is running") && said.contains("_writer/lock"), "{said}");
    first.stop();
}

/// `cp -a`, to a directory beside.
fn copied(store: &Path) -> PathBuf {
    let copy = store.with_extension("copy");
    let copied = Command::new("cp").arg("-a").arg(store).arg(&copy).status();
    assert!(copied.expect("cp runs").success());
    copy
}

/// Puts the content of `older` in place of that of `store`, file by file in the same inodes, as a
/// backup program does. The key's memory is not in the backup.
fn put_back(older: &Path, store: &Path) {
    for entry in fs::read_dir(store).expect("a directory") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() {
            put_back(&older.join(name), &path);
        } else if older.join(name).exists() {
            if name != "log.key.signed" {
                fs::write(&path, fs::read(older.join(name)).expect("a file")).expect("written");
            }
        } else {
            fs::remove_file(&path).expect("removed");
        }
    }
}
