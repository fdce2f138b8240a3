//! A crashing writer leaves no memory in a core file or with a crash reporter.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use fasti_kit::process::program;
use rustix::process::Signal;

use crate::writer::{ORIGIN, Writer};

/// Runs a program with the highest allowed limit for core files.
const UNLIMITED: &str = "ulimit -c $(ulimit -H -c); exec \"$0\" \"$@\"";

#[test]
fn no_core_is_dumped_of_a_writer() {
    let home = tempfile::tempdir().expect("a directory");
    let mut command = Command::new("/bin/sh");
    command.env_clear().args(["-c", UNLIMITED]).arg(program("fasti-writer"));
    command.args(["--origin", ORIGIN, "--listen", "127.0.0.1:0", "--store", "log"]);
    command.args(["--state-dir", "state"]);
    command.current_dir(home.path());
    let mut writer = Writer::spawn(command);
    writer.expect_address();
    let limit = writer.limit("Max core file size");
    assert_eq!(limit, ["0", "0"], "neither now nor later");
    writer.signal(Signal::ABORT);
    let ended = writer.wait();
    assert_eq!(ended.status.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!ended.status.core_dumped());
    let left = std::fs::read_dir(home.path()).expect("readable");
    let mut left: Vec<_> = left.map(|entry| entry.expect("readable").file_name()).collect();
    left.sort();
    assert_eq!(left, ["log", "state"]);
}
