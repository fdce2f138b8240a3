//! `fasti-bench fsync` and `fasti-bench start`.

#[allow(dead_code, reason = "shared with the tests of load")]
mod server;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use server::bench;

#[test]
fn fsync_counts_every_append_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().to_str().unwrap();
    let (code, report) = bench(&["fsync", "--dir", dir, "--writes", "20", "--bytes", "100"]);
    assert_eq!(code, 0);
    assert_eq!(report["fdatasync_us"]["count"], 20);
    assert!(report["fdatasync_us"]["p99"].as_f64() >= report["fdatasync_us"]["p50"].as_f64());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

    let (code, report) = bench(&["fsync", "--dir", "/nonexistent"]);
    assert!(code == 2 && report.to_string().contains("/nonexistent"), "{report}");
}

#[test]
fn start_waits_for_ready_and_ends_the_writer() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().to_str().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ready = format!("http://127.0.0.1:{port}/readyz");
    let this = std::env::current_exe().unwrap();
    let writer = script(
        directory.path(),
        &format!(
            "[ \"$1 $2 $3\" = \"--store {store} --extra\" ] || exit 9\n\
             {FAKE_WRITER_PORT}={port} exec {} --ignored --exact fake_writer",
            this.display()
        ),
    );
    let writer = writer.to_str().unwrap();
    let arguments = ["start", "--writer", writer, "--store", store, "--ready", &ready];
    let output = bench_start(&arguments, &["--runs", "2"], &["--extra"]);
    assert_eq!(output["starts"].as_array().map(Vec::len), Some(2), "{output}");
    assert!(output["ready_ms_median"].as_f64().unwrap() > 0.0);
    assert!(output["starts"][1]["peak_rss_kib"].as_u64().unwrap() > 100);
    TcpListener::bind(("127.0.0.1", port)).expect("the writer is gone");
}

#[test]
fn start_says_when_a_writer_ends_or_another_one_answers() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().to_str().unwrap();
    let writer = script(directory.path(), "exit 3");
    let writer = writer.to_str().unwrap();
    let start = ["start", "--writer", writer, "--store", store, "--ready"];
    let (code, report) = bench(&[&start[..], &["http://127.0.0.1:1/readyz"]].concat());
    assert!(code == 2 && report.to_string().contains("exit status: 3"), "{report}");

    let other = server::Server::start(|_| server::Reply::new(200, "", b""));
    let (code, report) = bench(&[&start[..], &[&other.url()]].concat());
    assert!(code == 2 && report.to_string().contains("already"), "{report}");
}

/// The process that `start` spawns above: answers 200 after a short while, until terminated.
#[test]
#[ignore = "is the writer that another test spawns"]
fn fake_writer() {
    let Ok(port) = std::env::var(FAKE_WRITER_PORT) else { return };
    std::thread::sleep(Duration::from_millis(30));
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        use std::io::{Read, Write};
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

/// `--` and whatever follows it must come last, after the format.
fn bench_start(start: &[&str], options: &[&str], writer: &[&str]) -> serde_json::Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fasti-bench"))
        .args(start)
        .args(options)
        .args(["--format", "json", "--"])
        .args(writer)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn script(directory: &Path, body: &str) -> PathBuf {
    let path = directory.join("writer.sh");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const FAKE_WRITER_PORT: &str = "FASTI_BENCH_FAKE_WRITER_PORT";
