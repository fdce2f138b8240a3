//! The layout: which module may use which, taken from the `use` lines (see
//! `src/docs/architecture.md`).

mod circles;
mod links;
mod manifests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &str) -> Vec<PathBuf> {
    let found = files(dir, "rs");
    assert!(!found.is_empty(), "{dir} has Rust files");
    found
}

/// The files below `dir` whose names end so.
fn files(dir: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(dir)];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).expect("the directory is there") {
            let path = entry.expect("readable").path();
            if path.is_dir() && !path.ends_with("target") {
                waiting.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

/// The code of a file without its tests and comments; empty for a file that is only tests.
fn code(path: &Path) -> String {
    if path.ends_with("tests.rs") || path.ends_with("testing.rs") {
        return String::new();
    }
    let text = text(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Asserts that no file below `dir` mentions any of `words` in its code.
fn forbid(dir: &str, words: &[&str]) {
    for path in rust_files(dir) {
        let code = code(&path);
        for word in words {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn the_formats_know_nobody() {
    let outside = ["tokio", "std::fs", "std::net", "std::time", "serde_json", "fasti::"];
    for dir in ["tiles-spec/src", "src/lookup-spec", "src/objects"] {
        forbid(dir, &outside);
    }
    forbid("tiles-spec/src", &["fasti_"]);
}

/// What reads a log, and what verifies artifacts, can be built for any target: neither does I/O or
/// compiles what does.
#[test]
fn reading_and_verifying_need_no_runtime() {
    let words =
        ["tokio", "async ", "std::fs", "std::net", "std::thread", "std::time", "reqwest", "aws_lc"];
    for dir in ["src/read", "src/verify"] {
        forbid(dir, &words);
    }
    expect_no_runtime(&["-p", "fasti-read"]);
    let features = ["--no-default-features", "--features", "rust-crypto"];
    expect_no_runtime(&[&["-p", "fasti-verify"], &features[..]].concat());
}

fn expect_no_runtime(package: &[&str]) {
    let tree = Command::new(env!("CARGO"))
        .arg("tree")
        .args(package)
        .args(["-e", "normal", "--prefix", "none", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("UTF-8");
    let crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains(&"tiles-spec"), "{tree}");
    for name in ["tokio", "mio", "reqwest", "hyper", "rustls", "aws-lc-sys", "ring"] {
        assert!(!crates.contains(&name), "{package:?} is built on {name}");
    }
}

/// Which crates each crate below `src` is built on. The compiler refuses every other path.
const CRATES: [(&str, &[&str]); 24] = [
    ("seams", &[]),
    ("lookup-spec", &[]),
    ("objects", &["lookup-spec"]),
    ("x509", &[]),
    ("entry", &["lookup-spec", "x509"]),
    ("rekor-v1", &["entry", "x509"]),
    ("read", &["lookup-spec", "objects"]),
    ("verify", &["entry", "read", "x509"]),
    ("store", &["lookup-spec", "objects", "seams"]),
    ("signer", &["entry", "lookup-spec", "seams", "x509"]),
    ("rate", &["seams"]),
    ("admit", &["entry", "rate", "x509"]),
    ("client", &["entry", "lookup-spec", "objects", "read", "seams", "store", "verify", "x509"]),
    ("audit", &["client", "entry", "heads", "lookup-spec", "objects", "read", "seams"]),
    ("monitor", &["client", "entry", "objects", "rekor-v1", "seams", "verify", "x509"]),
    ("grow", &["entry", "objects", "seams", "signer", "store"]),
    ("heads", &["grow", "objects", "seams", "store"]),
    ("repair", &["audit", "client", "entry", "heads", "lookup-spec", "objects", "seams", "store"]),
    ("log", &["grow", "objects", "seams", "signer", "store"]),
    ("serve", &["rate", "seams", "x509"]),
    ("witness", &["entry", "grow", "objects", "rate", "seams", "serve", "signer", "store"]),
    ("mirror", &["client", "entry", "grow", "lookup-spec", "objects", "seams", "store", "witness"]),
    ("lookup", &["client", "entry", "grow", "lookup-spec", "seams", "signer", "store"]),
    (
        "http",
        &[
            "admit",
            "client",
            "entry",
            "grow",
            "log",
            "lookup-spec",
            "objects",
            "rekor-v1",
            "seams",
            "serve",
            "store",
        ],
    ),
];

#[test]
fn crates_stand_on_those_below_them() {
    let folders = fs::read_dir(root().join("src")).expect("the directory is there");
    let manifests = folders.map(|folder| folder.expect("readable").path().join("Cargo.toml"));
    assert_eq!(manifests.filter(|manifest| manifest.exists()).count(), CRATES.len());
    for (name, below) in CRATES {
        let manifest = text(&root().join("src").join(name).join("Cargo.toml"));
        let dependencies = manifests::section(&manifest, "dependencies").into_iter();
        let found: Vec<&str> = dependencies
            .filter_map(|line| line.strip_prefix("fasti-")?.split(['.', ' ']).next())
            .collect();
        assert_eq!(found, below, "{name}");
    }
}

#[test]
fn entries_and_who_may_write_them_are_decided_purely() {
    for dir in ["src/x509", "src/entry", "src/rekor-v1", "src/verify", "src/admit"] {
        forbid(dir, &["tokio", "async ", "std::fs", "std::net::Tcp"]);
    }
    forbid("src/entry", &["std::time"]);
    forbid("src/rekor-v1", &["std::time", "SystemTime", "now_utc"]);
    forbid("src/x509", &["SystemTime", "Instant"]);
}

/// Everything else asks `src/entry/kind.rs`, so that a new kind changes nothing else.
#[test]
fn only_entries_know_the_kinds_of_entries() {
    let names = [
        "hashedrekord",
        "hashedRekord",
        "HashedRekord",
        "\"dsse",
        "dsseV",
        "dsseRequest",
        "::Dsse(",
        "Kind::Dsse",
    ];
    let dirs = ["src", "cmd/fasti/src", "cmd/fasti-writer/src"];
    for path in dirs.into_iter().flat_map(rust_files) {
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        let knows = ["src/entry", "src/rekor-v1"];
        if is_test || knows.iter().any(|dir| path.starts_with(root().join(dir))) {
            continue;
        }
        let code = code(&path);
        for name in names {
            assert!(!code.contains(name), "{} knows the kind {name}", path.display());
        }
    }
}

#[test]
fn the_pure_steps_of_the_log_touch_no_store() {
    for file in ["grow/integrate", "log/record", "log/record_guard", "log/sequence"] {
        let code = code(&root().join(format!("src/{file}.rs")));
        for word in ["async ", ".await", "dyn Store", "CommitLog", "Clock"] {
            assert!(!code.contains(word), "{file} uses {word}");
        }
    }
}

#[test]
fn only_the_guard_signs() {
    for path in rust_files("src").into_iter().chain(rust_files("cmd/fasti-writer/src")) {
        let guards = ["src/grow/guard.rs", "src/grow/rekor_v1.rs", "src/signer"];
        let may = guards.iter().any(|guard| path.starts_with(root().join(guard)));
        assert!(may || !code(&path).contains("signer.sign("), "{} signs", path.display());
    }
}

#[test]
fn an_index_is_built_without_the_writer() {
    for file in ["source", "run", "merge"] {
        let code = code(&root().join(format!("src/lookup/{file}.rs")));
        for word in ["fasti_log::", "fasti_signer"] {
            assert!(!code.contains(word), "{file} uses {word}");
        }
    }
}

#[test]
fn time_randomness_and_threads_come_through_the_seams() {
    let seams = ["clock.rs", "entropy.rs", "offload.rs"];
    // The server has timeouts and a task for each connection; the client's are those of requests.
    let servers = ["serve.rs", "body.rs", "reading.rs", "connection.rs"];
    let servers = servers.map(|file| format!("src/serve/{file}"));
    for path in rust_files("src") {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        // Examples are programs.
        let is_program = name.starts_with("src/examples");
        let is_seam = seams.iter().any(|seam| name.ends_with(seam));
        if is_program || is_seam || servers.contains(&name) {
            continue;
        }
        let code = code(&path);
        for word in ["SystemTime::now", "Instant::now", "OsRng", "tokio::spawn"] {
            assert!(!code.contains(word), "{name} uses {word}");
        }
        assert!(!code.contains("std::env"), "{name} reads the environment");
        if !name.starts_with("src/client") && !name.starts_with("src/audit") {
            assert!(!code.contains("tokio::time"), "{name} waits");
            assert!(!code.contains("thread::spawn"), "{name} starts threads");
        }
    }
}

/// What a certificate, an entry or a server says can control a terminal or pass for a verdict. So
/// everything goes through the one file that escapes it.
#[test]
fn text_from_others_reaches_terminals_in_one_way() {
    for path in rust_files("cmd/fasti/src") {
        if path.ends_with("terminal.rs") {
            continue;
        }
        // To ask what it is does not write to it.
        let code = code(&path).replace("stderr().is_terminal()", "");
        for word in ["print!", "println!", "stdout()", "stderr()", "dbg!", "escape_de", "/dev/std"]
        {
            assert!(!code.contains(word), "{} uses {word}", path.display());
        }
    }
    let terminal = code(&root().join("cmd/fasti/src/terminal.rs"));
    for writes in ["println!(", "write_all("] {
        assert_eq!(terminal.matches(writes).count(), 1, "{writes} stands where all is escaped");
    }
}

/// The test harness keeps what macros print in a passing test to itself.
#[test]
fn what_is_skipped_is_said_aloud() {
    for dir in ["src", "cmd", "tests"] {
        for path in rust_files(dir) {
            let says = text(&path).contains(concat!("\"SKIPPED", ": "));
            let is_the_one = path.ends_with("tests/kit/src/skipped.rs");
            assert_eq!(says, is_the_one, "{}: what is skipped?", path.display());
        }
    }
}

#[test]
fn every_file_opens_with_what_it_is_and_has_a_name_of_its_own() {
    for dir in ["src", "cmd", "tiles-spec/src", "tests"] {
        for path in rust_files(dir) {
            assert!(text(&path).starts_with("//!"), "{} does not start with //!", path.display());
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let drawers = ["util", "utils", "common", "helper", "helpers", "misc", "manager"];
            assert!(!drawers.contains(&name), "the name of {} says nothing", path.display());
        }
    }
}

/// Tables and links cannot be broken; code is rustfmt's.
#[test]
fn no_line_of_prose_is_longer_than_a_hundred_columns() {
    let is_long = |line: &str| {
        let words = line.trim().trim_start_matches(['/', '!', ' ']);
        line.chars().count() > 100 && !words.starts_with('|') && !words.contains("](")
    };
    let readme = root().join("README.md");
    assert!(!text(&readme).lines().any(is_long), "{}", readme.display());
    for dir in ["src", "cmd", "tiles-spec", "tests"] {
        for path in files(dir, "rs") {
            for line in text(&path).lines().filter(|line| line.trim().starts_with("//")) {
                assert!(!is_long(line), "{}: {line}", path.display());
            }
        }
        for path in files(dir, "md") {
            for line in text(&path).lines() {
                assert!(!is_long(line), "{}: {line}", path.display());
            }
        }
    }
}
