//! Namesakes: logs seen before that share either the name or the key of a new log.
//!
//! A namesake is reported, but decides nothing: it can be another log, or the same log with a new
//! name or a new key.

use std::path::{Path, PathBuf};

use fasti_lookup_spec::lookup_origin;
use tiles_spec::{CHECKPOINT_BYTES_MAX, SignedCheckpoint, TreeSize, VerifierKey};

use crate::trust::TrustedLog;

/// The most files that are examined.
const FILES_MAX: usize = 1024;

/// A log seen before that shares either the name or the key of a new log, but not both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namesake {
    /// A log with the same origin and another key.
    OtherKey {
        /// The name and ID of its key.
        key: String,
        /// The size of its tree.
        size: TreeSize,
        /// The file in which it is remembered.
        path: PathBuf,
    },
    /// A log with the same key and another origin.
    OtherOrigin {
        /// Its origin.
        origin: String,
        /// The size of its tree.
        size: TreeSize,
        /// The file in which it is remembered.
        path: PathBuf,
    },
}

/// A log remembered in `directory`, in a file with this extension, that has the origin or the key
/// of this one, but not both.
pub(super) fn find(directory: &Path, extension: &str, log: &TrustedLog) -> Option<Namesake> {
    let files = directory.read_dir().ok()?.take(FILES_MAX).flatten();
    let paths = files.map(|file| file.path());
    let checkpoints = paths.filter(|path| path.extension().is_some_and(|end| end == extension));
    let known = checkpoints.filter_map(|path| {
        let length = std::fs::metadata(&path).ok()?.len();
        let bytes =
            (length <= CHECKPOINT_BYTES_MAX as u64).then(|| std::fs::read(&path).ok())??;
        compare(log, &SignedCheckpoint::parse(&bytes).ok()?, path)
    });
    // The order of the directory is arbitrary, so choose deterministically.
    known.max_by_key(|known| match known {
        Namesake::OtherKey { size, key, .. } => (true, *size, key.clone()),
        Namesake::OtherOrigin { size, origin, .. } => (false, *size, origin.clone()),
    })
}

fn compare(log: &TrustedLog, seen: &SignedCheckpoint, path: PathBuf) -> Option<Namesake> {
    let (origin, size) = (&seen.checkpoint().origin, seen.checkpoint().head.size);
    if origin == log.origin() {
        if seen.verify(std::slice::from_ref(&log.key)).is_ok() {
            return None;
        }
        let own = seen.note().signatures().iter().find(|line| line.name() == log.key.name())?;
        let key = format!("{}+{}", own.name(), own.key_id());
        return Some(Namesake::OtherKey { key, size, path });
    }
    // A log and its index are signed with the same key.
    let is_index = |index: &str, log: &str| {
        log.parse()
            .ok()
            .and_then(|log| lookup_origin(&log).ok())
            .is_some_and(|of| of.as_str() == index)
    };
    if is_index(origin, log.origin()) || is_index(log.origin(), origin) {
        return None;
    }
    let renamed = VerifierKey::new(origin.parse().ok()?, log.key.public_key().clone()).ok()?;
    seen.verify(&[renamed]).ok()?;
    Some(Namesake::OtherOrigin { origin: origin.clone(), size, path })
}
