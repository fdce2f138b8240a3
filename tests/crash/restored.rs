//! Copies and backups: a directory other than the one the writer left is refused until the operator
//! says how large the log was seen.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use fasti::signer::generate_key_file;
use fasti_kit::http::Connection;
use fasti_kit::skipped::skipped;

use crate::copying::{Tool, run};
use crate::grown::{Grown, Settled};
use crate::refusals::refused;
use crate::writer::{self, ORIGIN, Writer};

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
    let mut writer = writer::start(&copy, &["--restored-at", "20"]);
    writer.expect_address();
    writer.stop();
    let mut writer = writer::start(&copy, &[]);
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
    assert!(said.contains("this directory is a copy"), "{said}");
    let what = "an older copy, whatever the operator says";
    let said = refused(&log.store, &["--restored-at", "10"], what);
    for sentence in [
        "rolled back",
        "memory of what was signed",
        "size 20",
        "size 10",
        "Restore the newest copy",
    ] {
        assert!(said.contains(sentence), "{sentence:?} is not in {said}");
    }
    refused(&log.store, &[], "a copy that was refused for what the key remembers");
}

/// The program itself, with its key and memory in their default places: each way of restoring a
/// backup, with one kind of backup and with the memory kept or lost.
#[test]
fn the_program_refuses_what_was_put_back() {
    for (n, tool) in Tool::ALL.into_iter().enumerate() {
        if !tool.is_there() {
            skipped("restores with rsync, which this machine does not have");
            continue;
        }
        let home = tempfile::tempdir().expect("a directory");
        let is_killed = n % 2 == 0;
        let mut writer = started(home.path(), &[]);
        let address = writer.expect_address();
        add(address, 0..2);
        tool.back_up(home.path());
        add(address, 2..4);
        if is_killed {
            writer.kill();
        } else {
            writer.stop();
        }
        tool.restore(home.path());
        if !tool.is_in_place() {
            run(home.path(), "rm -r state/fasti/memory");
        }
        let ended = started(home.path(), &[]).address().map_err(|ended| {
            assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
            ended.stderr
        });
        match ended {
            Ok(_) => assert!(tool == Tool::HardLinks && is_killed, "{tool:?} starts"),
            Err(said) => {
                let is_named = said.contains("is a copy") || said.contains("rolled back");
                assert!(is_named, "{tool:?}: {said}");
            }
        }
    }
}

/// If it were left in a unit file, the flag would disable the check forever.
#[test]
fn a_restored_size_is_stated_for_one_start() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = started(home.path(), &[]);
    add(writer.expect_address(), 0..3);
    writer.stop();
    let flag = ["--restored-at", "3"];
    let needless = |what: &str| {
        let ended = started(home.path(), &flag).address().expect_err(what);
        assert!(ended.stderr.contains("Remove the flag"), "{what}: {}", ended.stderr);
    };
    needless("a directory that is no copy");
    Tool::RemoveAndCopy.back_up(home.path());
    started(home.path(), &[]).expect_address();
    let mut writer = started(home.path(), &[]);
    add(writer.expect_address(), 3..12);
    writer.kill();
    Tool::RemoveAndCopy.restore(home.path());
    let ended = started(home.path(), &flag).address().expect_err("the memory knows more");
    assert!(ended.stderr.contains("rolled back"), "{}", ended.stderr);
    // Without the memory, only the operator's word remains.
    run(home.path(), "rm -r state/fasti/memory");
    started(home.path(), &flag).expect_address();
    needless("the second start after it");
    started(home.path(), &[]).expect_address();
}

/// Two directories, one key: the second to sign must not start a second history.
#[test]
fn two_new_directories_with_one_key_do_not_sign_two_histories() {
    let home = tempfile::tempdir().expect("a directory");
    let key = home.path().join("log.key");
    generate_key_file(&key, &ORIGIN.parse().expect("an origin")).expect("a new key");
    let key = key.to_str().expect("text");
    let other = home.path().join("other").display().to_string();
    let mut first = started(home.path(), &["--key", key]);
    let mut second = started(home.path(), &["--key", key, "--store", &other]);
    let (address, other_address) = (first.expect_address(), second.expect_address());
    add(address, 0..3);
    let what = "the second history";
    assert!(!is_taken(other_address, "another entry"), "{what} is acknowledged");
    let ended = second.wait();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let shown = fs::read_to_string(Path::new(&other).join("checkpoint")).expect("it was begun");
    assert!(shown.contains("\n0\n"), "{what} is shown: {shown}");
    add(address, 3..4);
    first.stop();
    let ended = started(home.path(), &["--key", key, "--store", &other]).address().expect_err(what);
    assert!(ended.stderr.contains("rolled back"), "{}", ended.stderr);
    started(home.path(), &["--key", key]).expect_address();
}

/// The operator vouches for a copy while the original is running.
#[test]
fn an_accepted_copy_and_its_original_do_not_sign_two_histories() {
    let home = tempfile::tempdir().expect("a directory");
    let mut original = started(home.path(), &[]);
    let address = original.expect_address();
    add(address, 0..3);
    Tool::RemoveAndCopy.back_up(home.path());
    let copy = home.path().join("backup").display().to_string();
    let flags = ["--store", &copy, "--restored-at", "3"];
    let mut accepted = started(home.path(), &flags);
    let other_address = accepted.expect_address();
    add(address, 3..5);
    assert!(!is_taken(other_address, "another entry"), "two histories are signed");
    assert_eq!(accepted.wait().status.code(), Some(1));
    add(address, 5..6);
    original.stop();
    let ended = started(home.path(), &flags[..2]).address().expect_err("it is behind");
    assert!(ended.stderr.contains("rolled back"), "{}", ended.stderr);
    started(home.path(), &[]).expect_address();
}

fn is_taken(address: SocketAddr, entry: &str) -> bool {
    let mut connection = Connection::open(address).expect("connects");
    connection.post("/add", entry.as_bytes()).is_ok_and(|answer| answer.status == 200)
}

/// A writer on `log` in `home`, with its state next to it. It keeps no index, so that it is idle
/// while it is copied.
fn started(home: &Path, more: &[&str]) -> Writer {
    let mut command = writer::command(ORIGIN, "127.0.0.1:0");
    command.arg("--no-lookup").env("XDG_STATE_HOME", home.join("state"));
    if !more.contains(&"--store") {
        command.arg("--store").arg(home.join("log"));
    }
    command.args(more);
    Writer::spawn(command)
}

fn add(address: SocketAddr, entries: std::ops::Range<usize>) {
    let mut connection = Connection::open(address).expect("connects");
    for n in entries {
        let answer = connection.post("/add", format!("entry {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn a_second_writer_is_refused() {
    let log = Grown::to(1, Settled::No);
    let mut first = writer::start(&log.store, &[]);
    first.expect_address();
    let said = refused(&log.store, &[], "a second writer");
    assert!(said.contains("another writer is running") && said.contains("_writer/lock"), "{said}");
    first.stop();
}

/// Copies a store with `cp -a` to a directory next to it.
fn copied(store: &Path) -> PathBuf {
    let copy = store.with_extension("copy");
    let copied = Command::new("cp").arg("-a").arg(store).arg(&copy).status();
    assert!(copied.expect("cp runs").success());
    copy
}

/// Replaces the content of `store` with that of `older`, file by file in the same inodes, as a
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
