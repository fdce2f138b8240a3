//! Namesakes: of a log that was not seen before, whether another was that has its name or its key.
//!
//! What is found is told, and decides nothing: it may be another log, or the same with one of the two
//! changed.

use std::path::PathBuf;

use tiles_spec::lookup::lookup_origin;
use tiles_spec::{CHECKPOINT_BYTES_MAX, SignedCheckpoint, TreeSize, VerifierKey};

use super::{ENDING, Monitor};
use crate::client::trust::TrustedLog;

/// Most files that are looked at.
const FILES_MAX: usize = 1024;

/// A log that was seen before, and is not this one by half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namesake {
    /// It has the same origin and another key.
    OtherKey {
        /// Name and ID of that key.
        key: String,
        /// How many entries it had.
        size: TreeSize,
        /// Where it is remembered.
        path: PathBuf,
    },
    /// It has the same key and another origin.
    OtherOrigin {
        /// That origin.
        origin: String,
        /// How many entries it had.
        size: TreeSize,
        /// Where it is remembered.
        path: PathBuf,
    },
}

impl Monitor {
    /// A log that is remembered here and has the origin or the key of this one, but not both.
    pub fn namesake(&self, log: &TrustedLog) -> Option<Namesake> {
        let files = self.directory.read_dir().ok()?.take(FILES_MAX).flatten();
        let paths = files.map(|file| file.path());
        let checkpoints = paths.filter(|path| path.extension().is_some_and(|end| end == ENDING));
        let known = checkpoints.filter_map(|path| {
            let length = std::fs::metadata(&path).ok()?.len();
            let bytes =
                (length <= CHECKPOINT_BYTES_MAX as u64).then(|| std::fs::read(&path).ok())??;
            compare(log, &SignedCheckpoint::parse(&bytes).ok()?, path)
        });
        // The directory has no order.
        known.max_by_key(|known| match known {
            Namesake::OtherKey { size, key, .. } => (true, *size, key.clone()),
            Namesake::OtherOrigin { size, origin, .. } => (false, *size, origin.clone()),
        })
    }
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
    // A log and its index are signed by one key.
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
