//! What cannot be used is refused at the start, with a sentence that says what to do, and without a
//! trace in the log. The exit code is 3 if the store is not what its writer left, else 1.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use fasti_kit::writer::{Home, Writer};

use crate::reader::{ENTRIES, Reader};
use crate::submitter::good;
use crate::wire::post;

/// Asserts that the writer refuses these flags with a sentence that contains `words`.
#[track_caller]
fn refused(home: &Home, flags: &[&str], words: &str) {
    ended(home, flags, 1, words);
}

/// The same for a store that is not what its writer left.
#[track_caller]
fn refused_for_good(home: &Home, flags: &[&str], words: &str) {
    ended(home, flags, 3, words);
}

#[track_caller]
fn ended(home: &Home, flags: &[&str], status: i32, words: &str) {
    let (code, said) = home.refusal(flags);
    assert_eq!(code, Some(status), "{flags:?}: {said}");
    assert!(said.contains(words), "{flags:?}: {said}");
    assert!(!said.contains("panicked"), "{flags:?}: {said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("fasti-writer: "), "{flags:?}: {said}");
}

/// A log of one entry, with no writer running.
fn written() -> Home {
    let writer = Writer::start(&[]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    writer.stop()
}

#[test]
fn a_second_writer_on_the_same_directory() {
    let writer = Writer::start(&[]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    refused(&writer.home, &[], "another writer is running on this directory");
    refused(&writer.home, &["--restored-at", "1"], "another writer is running on this directory");
    Reader::of(&writer).is_unharmed(1);
    let writer = writer.stop().start(&[]);
    Reader::of(&writer).is_unharmed(2);
}

#[test]
fn another_origin_or_key_than_the_logs() {
    let home = written();
    let (elsewhere, other) = (Home::new(), Home::new());
    elsewhere.start(&["--origin", "elsewhere.test"]).stop();
    other.start(&[]).stop();
    let key_of = |home: &Home| home.store().join("_writer/log.key").display().to_string();
    refused(&home, &["--origin", "elsewhere.test"], "belongs to the log \"localhost\", not to");
    refused(
        &home,
        &["--key", &key_of(&elsewhere)],
        "belongs to the log \"elsewhere.test\", not to",
    );
    refused_for_good(&home, &["--key", &key_of(&other)], "the log cannot be continued");
    let both = ["--origin", "elsewhere.test", "--key", &key_of(&elsewhere)];
    refused_for_good(&home, &both, "the log cannot be continued");
    refused(&home, &["--key", "/nowhere/log.key"], "cannot use the key file /nowhere/log.key");
    let path = elsewhere.store().with_file_name("made-up.key").display().to_string();
    for content in ["a line that is no key\n", "", "PRIVATE+KEY+localhost+00000000+AAAA"] {
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
        refused(&home, &["--key", &path], "can be read by others");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
        refused(&home, &["--key", &path], "does not hold a usable private key");
    }
    Reader::of(&home.start(&[])).is_unharmed(1);
}

#[test]
fn addresses_that_cannot_be_listened_on() {
    let home = Home::new();
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = holder.local_addr().expect("an address").to_string();
    let words = format!("cannot listen on {taken}");
    refused(&home, &["--listen", &taken], &words);
    refused(&home, &["--metrics-listen", &taken], &words);
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:80", ""] {
        refused(&home, &["--listen", address], &format!("cannot listen on {address}"));
    }
    assert!(!home.store().join("checkpoint").exists(), "a log was started");
    Reader::of(&home.start(&[])).is_unharmed(0);
}

#[test]
fn a_copy_of_a_log_until_it_is_said_how_large_it_was() {
    let home = written();
    let copy = home.copy();
    refused_for_good(&copy, &[], "this directory is a copy");
    refused_for_good(&copy, &["--restored-at", "2"], "rolled back");
    Reader::of(&copy.start(&["--restored-at", "1"])).is_unharmed(1);
    Reader::of(&copy.start(&[])).is_unharmed(2);
}

#[test]
fn stores_that_are_none() {
    let home = Home::new();
    fs::write(home.store(), b"a file").expect("a file");
    refused(&home, &[], "cannot use");
    fs::remove_file(home.store()).expect("removed");
    Reader::of(&home.start(&[])).is_unharmed(0);
}

/// What the writer prints at the start is for people; it runs without an open standard output.
#[test]
fn nobody_has_to_listen_to_the_greeting() {
    let (home, port) = (Home::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = port.local_addr().expect("an address");
    drop(port);
    let mut process = home.spawn(&["--listen", &address.to_string()]);
    process.ignore_stdout();
    let connected = (0..1000).any(|_| {
        thread::sleep(Duration::from_millis(10));
        TcpStream::connect(address).is_ok()
    });
    assert!(connected, "{}", home.said());
    assert_eq!(post(address, ENTRIES, good().as_bytes()).status, 201);
    process.kill();
    Reader::of(&home.start(&[])).is_unharmed(1);
}

/// Flags that do not parse are explained by the parser, with its own exit code.
#[test]
fn flags_that_mean_nothing() {
    let home = Home::new();
    for flags in [
        &["--origin", ""][..],
        &["--origin", "two words"],
        &["--origin", "a+b"],
        &["--duplicates", "perhaps"],
        &["--connections-max", "0"],
        &["--batch-max-entries", "0"],
        &["--head-timeout-seconds", "0"],
        &["--body-timeout-seconds", "soon"],
        &["--restored-at", "18446744073709551616"],
        &["--no-such-flag"],
    ] {
        let (code, said) = home.refusal(flags);
        assert_eq!(code, Some(2), "{flags:?}: {said}");
        assert!(said.contains(flags[0]) && said.contains("--help"), "{flags:?}: {said}");
    }
    assert!(!home.store().exists());
}
