//! Evidence: two signed checkpoints that contradict each other, kept where nothing overwrites them.

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tiles_spec::TreeHead;

use crate::trust::OpenedCheckpoint;

/// Two signed checkpoints that cannot both belong to one growing tree.
#[derive(Debug)]
pub struct Contradiction {
    /// The head seen before.
    pub seen: TreeHead,
    /// The head shown now.
    pub shown: TreeHead,
    /// Both signed checkpoints.
    pub evidence: Evidence,
}

/// The checkpoint seen before and the one shown now, in this order.
#[derive(Debug)]
pub enum Evidence {
    /// Stored in files.
    Files([PathBuf; 2]),
    /// Stored here, because the files could not be written.
    Notes {
        /// The signed notes.
        notes: [String; 2],
        /// Where they should have been written.
        path: PathBuf,
        /// Why they could not be written.
        source: io::Error,
    },
}

impl Evidence {
    /// Writes both checkpoints to files next to the remembered checkpoint at `path`.
    pub(super) fn keep(path: &Path, seen: &OpenedCheckpoint, shown: &OpenedCheckpoint) -> Self {
        let [seen, shown] = [("seen", seen), ("shown", shown)].map(|(which, checkpoint)| {
            let bytes = checkpoint.to_bytes();
            let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
            let size = checkpoint.head().size;
            (path.with_extension(format!("{which}-{size}-{hash}.evidence")), bytes)
        });
        let written = write_new(&seen).and_then(|()| write_new(&shown));
        let (files, notes) = ([seen.0, shown.0], [seen.1, shown.1]);
        match written {
            Ok(()) => Self::Files(files),
            Err(source) => {
                let notes = notes.map(|note| String::from_utf8_lossy(&note).into_owned());
                let [_, path] = files;
                Self::Notes { notes, path, source }
            }
        }
    }
}

/// Formats the evidence on one line.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files([seen, shown]) => write!(f, "{}, {}", seen.display(), shown.display()),
            Self::Notes { notes: [seen, shown], path, source } => {
                write!(f, "{seen:?}, {shown:?} (not kept in {}: {source})", path.display())
            }
        }
    }
}

/// Writes a file if it does not exist. The name contains a hash of the content, so an existing file
/// has the same content.
fn write_new((path, bytes): &(PathBuf, Vec<u8>)) -> io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).and_then(|()| file.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
