//! The verifier, tested against data that this code did not make: real bundles, trusted roots and
//! signing configurations, from the directory in FASTI_CONFORMANCE_DATA. If that is not set, the
//! tests print that they were skipped.
//!
//! `.ci/wasm` runs them a second time, with what a browser has for cryptography.

mod bundles;
mod conformance;
mod mutation;
mod roots;
mod survey;
mod v1_kinds;

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The directory with the data.
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("FASTI_CONFORMANCE_DATA").map(PathBuf::from);
    if data.is_none() {
        // Not with a macro, because the test harness captures the output of passing tests.
        let notice = b"SKIPPED: FASTI_CONFORMANCE_DATA is not set\n";
        std::io::stderr().write_all(notice).expect("standard error can be written to");
    }
    data
}

/// The files in `directory` whose names have this ending, sorted; at least one.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = directory.read_dir().unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().is_some_and(|path| path.ends_with(ending)));
    paths.sort();
    assert!(!paths.is_empty(), "no *{ending} in {}", directory.display());
    paths
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
