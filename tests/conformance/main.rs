//! Entries, tested against data that this code did not make.
//!
//! `frozen` needs no data of others: it reads the fixtures under `tests/data`. `sigstore` reads
//! files of other projects, mainly real log entries, from the directory in FASTI_CONFORMANCE_DATA.
//! If that is not set, those tests print that they were skipped. `fulcio` tests the certificates in
//! the same files under a write policy, `lookup` tests what the entries are found by, and
//! `rekor_v1` compares that with what Rekor v1 lists its entries by. What the verifier says of them
//! is in `tests/verify`.

mod frozen;
mod fulcio;
mod lookup;
mod rekor_v1;
mod sigstore;

use std::path::{Path, PathBuf};

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
