//! Entries against data that this code did not make.
//!
//! `frozen` needs nothing: the fixtures under `tests/data`. `sigstore` reads other projects' files,
//! real log entries above all, where they lie: in the directory that FASTI_CONFORMANCE_DATA names.
//! Without it those tests say that they were skipped. `bundles` is the client's verifier on the same
//! files, `fulcio` the certificates in them under a policy of who may write, `lookup` what they are found by.

mod bundles;
mod frozen;
mod fulcio;
mod lookup;
mod sigstore;

use std::path::{Path, PathBuf};

/// The files in `directory` whose names end so, in order; at least one.
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
