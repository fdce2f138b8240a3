//! Data of other projects, from the directory in `FASTI_CONFORMANCE_DATA`. Tests read it where it
//! lies. If the variable is not set, they say so.

use std::path::{Path, PathBuf};

use crate::skipped::skipped;

/// A directory of the data, for a test of this name; the whole for an empty path.
pub fn directory(path: &str, test: &str) -> Option<PathBuf> {
    let data = std::env::var_os("FASTI_CONFORMANCE_DATA");
    if data.is_none() {
        skipped(format_args!("{test}: FASTI_CONFORMANCE_DATA is not set"));
    }
    data.map(|data| Path::new(&data).join(path))
}

/// The files in `directory` whose names have this ending, sorted; at least one.
pub fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = directory.read_dir().unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().is_some_and(|path| path.ends_with(ending)));
    paths.sort();
    assert!(!paths.is_empty(), "no *{ending} in {}", directory.display());
    paths
}

/// A file, which must be there.
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
