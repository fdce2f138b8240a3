//! Growth from one run to the next: the last checkpoint seen of each log is remembered, and a later
//! one must prove that it grew from that.
//!
//! One file for each log, `<origin>-<hash>.checkpoint`, the signed note as it was read. Invariants:
//! what is remembered never shrinks, and is replaced only by what was proved to extend it. Two
//! checkpoints that contradict each other are both kept, in files that nothing overwrites: signed
//! by one key, they convict the log wherever they are shown.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tiles_spec::TreeHead;

use super::reader::{ReadError, View};
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// How much of an origin stands in a file name; the hash after it tells logs apart.
const NAME_CHARS_MAX: usize = 64;

/// Remembers checkpoints in a directory.
#[derive(Clone, Debug)]
pub struct Monitor {
    directory: PathBuf,
    /// Between a log's name and the ending, where one log is remembered for several purposes.
    purpose: Option<String>,
}

/// What became of the log since it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It was never seen before: there is nothing to compare with.
    First,
    /// The same tree.
    None,
    /// A larger tree, proved to begin with the one seen.
    Since(TreeHead),
}

/// Two signed checkpoints that cannot both be of one growing tree.
#[derive(Debug)]
pub struct Contradiction {
    /// Seen before.
    pub seen: TreeHead,
    /// Shown now.
    pub shown: TreeHead,
    /// Files with both checkpoints, in that order.
    pub evidence: [PathBuf; 2],
}

/// Why a log is not as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The log shows fewer entries than before.
    #[error(
        "ROLLBACK: the log shows a tree of {} entries, and has shown {} before. It was restored \
         from an old copy, or something in between serves an old checkpoint. Evidence: {}",
        .0.shown.size, .0.seen.size, .0.files()
    )]
    Rollback(Box<Contradiction>),
    /// Two signed trees that are not one growing tree.
    #[error(
        "FORK: the log has signed a tree of {} entries with root {}, and now one of {} entries \
         with root {} that does not begin with it. Keep the evidence and tell others: {}",
        .0.seen.size, .0.seen.root, .0.shown.size, .0.shown.root, .0.files()
    )]
    Fork(Box<Contradiction>),
    /// The log could not be read, or what it serves is not its tree.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The remembered checkpoint is damaged.
    #[error(
        "{path} does not hold a checkpoint that verifies; if the log's key has changed, move it away"
    )]
    Memory {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: CheckpointRefusal,
    },
    /// The system failed.
    #[error("cannot use {path}, where checkpoints are remembered")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

impl MonitorError {
    /// Whether the log itself is at fault, rather than the way to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Rollback(_) | Self::Fork(_) => true,
            Self::Read(error) => error.is_refusal(),
            Self::Memory { .. } | Self::Io { .. } => false,
        }
    }
}

impl Monitor {
    /// A memory in `directory`, which is made when something is remembered.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, purpose: None }
    }

    /// A memory in the same directory, of something else. `purpose` is part of a file name.
    #[must_use]
    pub fn with_purpose(&self, purpose: &str) -> Self {
        Self { directory: self.directory.clone(), purpose: Some(purpose.to_owned()) }
    }

    /// Compares the log with what was seen of it, and remembers what it shows now.
    pub async fn observe(&self, view: &mut View, trust: &Trust) -> Result<Growth, MonitorError> {
        let growth = self.compare(view, trust).await?;
        self.remember(view.checkpoint())?;
        Ok(growth)
    }

    /// Compares the log with what was seen of it. Nothing is remembered yet.
    pub async fn compare(&self, view: &mut View, trust: &Trust) -> Result<Growth, MonitorError> {
        let path = self.path(view.checkpoint().log().origin());
        let Some(old) = last(&path, trust)? else { return Ok(Growth::First) };
        let (seen, shown) = (old.head(), view.head());
        if shown.size < seen.size {
            let evidence = keep_evidence(&path, &old, view.checkpoint())?;
            return Err(MonitorError::Rollback(Contradiction { seen, shown, evidence }.into()));
        }
        // The tiles lead to the root signed now, so the earlier head that they make is this tree's.
        if view.head_at(seen.size).await? != seen {
            let evidence = keep_evidence(&path, &old, view.checkpoint())?;
            return Err(MonitorError::Fork(Contradiction { seen, shown, evidence }.into()));
        }
        // And by the proof that would be shown to others.
        view.consistency(seen.size, shown.size).await?;
        Ok(if seen.size == shown.size { Growth::None } else { Growth::Since(seen) })
    }

    /// What was seen last of the log with that origin.
    pub fn seen(
        &self,
        origin: &str,
        trust: &Trust,
    ) -> Result<Option<OpenedCheckpoint>, MonitorError> {
        last(&self.path(origin), trust)
    }

    /// The file for a log.
    pub fn path(&self, origin: &str) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let name: String =
            origin.chars().take(NAME_CHARS_MAX).map(|c| if plain(c) { c } else { '_' }).collect();
        let hash = hex::encode(&Sha256::digest(origin)[..8]);
        let purpose = self.purpose.as_ref().map(|purpose| format!(".{purpose}"));
        self.directory.join(format!("{name}-{hash}{}.checkpoint", purpose.unwrap_or_default()))
    }

    /// Remembers a checkpoint that was compared with what was seen before.
    pub fn remember(&self, checkpoint: &OpenedCheckpoint) -> Result<(), MonitorError> {
        let path = self.path(checkpoint.log().origin());
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.tmp", std::process::id()));
        std::fs::create_dir_all(&self.directory)
            .and_then(|()| std::fs::write(&temporary, checkpoint.to_bytes()))
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(|source| MonitorError::Io { path: path.display().to_string(), source })
    }
}

impl Contradiction {
    fn files(&self) -> String {
        let [seen, shown] = &self.evidence;
        format!("{}, {}", seen.display(), shown.display())
    }
}

/// Puts both checkpoints into files beside the memory.
fn keep_evidence(
    path: &Path,
    seen: &OpenedCheckpoint,
    shown: &OpenedCheckpoint,
) -> Result<[PathBuf; 2], MonitorError> {
    let keep = |which: &str, checkpoint: &OpenedCheckpoint| {
        let bytes = checkpoint.to_bytes();
        let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
        let size = checkpoint.head().size;
        let evidence = path.with_extension(format!("{which}-{size}-{hash}.evidence"));
        match write_new(&evidence, &bytes) {
            Ok(()) => Ok(evidence),
            Err(source) => Err(MonitorError::Io { path: evidence.display().to_string(), source }),
        }
    };
    Ok([keep("seen", seen)?, keep("shown", shown)?])
}

/// What is remembered, verified again: the file is nobody's secret.
fn last(path: &Path, trust: &Trust) -> Result<Option<OpenedCheckpoint>, MonitorError> {
    let name = || path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(MonitorError::Io { path: name(), source }),
    };
    let opened = trust.open(&bytes);
    opened.map(Some).map_err(|source| MonitorError::Memory { path: name(), source })
}

/// The name holds a hash of the content, so what is there already is the same.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).and_then(|()| file.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
