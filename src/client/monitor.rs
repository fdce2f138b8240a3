//! Growth from one run to the next: the last checkpoint seen of each log is remembered, and a later
//! one must be proved to extend it.
//!
//! A log is identified by its origin and its key. Each log has one file,
//! `<origin>+<key ID>-<hash>.checkpoint`, which holds the signed note as it was read. Earlier
//! releases had no key in the file name: the log whose key signed such a file's content takes the
//! file over. Invariants: what is remembered never shrinks, and is replaced only by a checkpoint
//! that was proved to extend it. Two checkpoints that contradict each other are kept together, in a
//! file that nothing overwrites ([`evidence`](fasti_read::evidence)).

mod evidence;
mod namesake;
#[cfg(feature = "http")]
mod shard;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tiles_spec::TreeHead;

pub use evidence::{Contradiction, Kept};
pub use namesake::Namesake;

use super::fetch::Fetch;
use super::reader::{ReadError, View};
#[cfg(feature = "http")]
use super::rekor_v1::RekorV1Error;
use super::replace::replace;
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust, TrustedLog};

/// The most characters of an origin in a file name. The hash after it tells logs apart.
const NAME_CHARS_MAX: usize = 64;
/// The file extension of checkpoints.
const ENDING: &str = "checkpoint";

/// Remembers checkpoints in a directory.
#[derive(Clone, Debug)]
pub struct Monitor {
    directory: PathBuf,
    /// Goes between a log's name and the extension, if one log is remembered for several purposes.
    purpose: Option<String>,
}

/// How the log has grown since it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// The log was never seen before: there is nothing to compare with.
    First,
    /// The same tree.
    None,
    /// A larger tree, proved to extend the one seen.
    Since(TreeHead),
    /// A smaller tree, proved to be the beginning of the one seen, which the log still has.
    Before(TreeHead),
}

/// Why a log is not known to extend the one seen before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The log has fewer entries than before.
    #[error(
        "ROLLBACK: the log serves a tree of {} entries, but served {} before. It was restored \
         from an old copy, or something in between serves an old checkpoint. Evidence: {}",
        .0.shown.size, .0.seen.size, .0.kept
    )]
    Rollback(Box<Contradiction>),
    /// Two signed trees, of which neither extends the other.
    #[error(
        "FORK: the log signed a tree of {} entries with root {}, and now one of {} entries with \
         root {} that does not extend it. Keep the evidence and tell others: {}",
        .0.seen.size, .0.seen.root, .0.shown.size, .0.shown.root, .0.kept
    )]
    Fork(Box<Contradiction>),
    /// The log could not be read, or what it serves does not belong to its tree.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The same of a log of Rekor v1.
    #[cfg(feature = "http")]
    #[error(transparent)]
    RekorV1(#[from] RekorV1Error),
    /// The remembered checkpoint is damaged.
    #[error("{path} is damaged: it holds no checkpoint signed by this log; move it away")]
    Memory {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: CheckpointRefusal,
    },
    /// An I/O error.
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
    /// Whether the log itself is at fault, rather than the connection to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Rollback(_) | Self::Fork(_) => true,
            Self::Read(error) => error.is_refusal(),
            #[cfg(feature = "http")]
            Self::RekorV1(error) => error.is_refusal(),
            Self::Memory { .. } | Self::Io { .. } => false,
        }
    }
}

impl Monitor {
    /// A memory in `directory`, which is created when something is first remembered.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, purpose: None }
    }

    /// A memory for another purpose in the same directory. `purpose` is part of the file name.
    #[must_use]
    pub fn with_purpose(&self, purpose: &str) -> Self {
        Self { directory: self.directory.clone(), purpose: Some(purpose.to_owned()) }
    }

    /// Compares the log with the checkpoint seen last, and remembers the new one.
    pub async fn observe(&self, view: &mut View, trust: &Trust) -> Result<Growth, MonitorError> {
        let growth = self.compare(view, trust).await?;
        self.remember(view.checkpoint())?;
        Ok(growth)
    }

    /// Compares a checkpoint of the log with the one seen last, as [`compare`](Self::compare) does.
    /// Tiles are read only if the trees differ. A checkpoint can be older than the one seen last if
    /// another process saw that meanwhile: then the log must serve a tree that extends both.
    pub async fn compare_checkpoint(
        &self,
        fetch: &Arc<dyn Fetch>,
        checkpoint: &OpenedCheckpoint,
        trust: &Trust,
    ) -> Result<Growth, MonitorError> {
        let log = checkpoint.log();
        let mut growth = Growth::First;
        for path in [self.old_path(log.origin()), self.path(log)] {
            let Some(old) = self.last(&path, log, trust)? else { continue };
            growth = if checkpoint.head().size < old.head().size {
                overtaken(fetch, &path, &old, checkpoint, trust).await?
            } else if checkpoint.head() == old.head() {
                Growth::None
            } else {
                let mut view = View::at(fetch.clone(), checkpoint.clone()).await?;
                grown_since(&mut view, &path, &old).await?
            };
        }
        Ok(growth)
    }

    /// Compares the log with the checkpoint seen last. Nothing is remembered yet.
    pub async fn compare(&self, view: &mut View, trust: &Trust) -> Result<Growth, MonitorError> {
        let log = view.checkpoint().log().clone();
        let mut growth = Growth::First;
        for path in [self.old_path(log.origin()), self.path(&log)] {
            if let Some(old) = self.last(&path, &log, trust)? {
                growth = grown_since(view, &path, &old).await?;
            }
        }
        Ok(growth)
    }

    /// The checkpoint of a log that was seen last.
    pub fn seen(
        &self,
        log: &TrustedLog,
        trust: &Trust,
    ) -> Result<Option<OpenedCheckpoint>, MonitorError> {
        match self.last(&self.path(log), log, trust)? {
            None => self.last(&self.old_path(log.origin()), log, trust),
            seen => Ok(seen),
        }
    }

    /// Keeps two checkpoints of a log that contradict each other. `fetch` reads the larger tree, as
    /// far as somebody has it.
    pub async fn contradiction(
        &self,
        fetch: &Arc<dyn Fetch>,
        seen: &OpenedCheckpoint,
        shown: &OpenedCheckpoint,
    ) -> Box<Contradiction> {
        // If that fails, so does writing to it, which is reported.
        drop(std::fs::create_dir_all(&self.directory));
        Contradiction::find(fetch, &self.path(shown.log()), seen, shown).await
    }

    /// A remembered log that has the origin or the key of this one, but not both.
    pub fn namesake(&self, log: &TrustedLog) -> Option<Namesake> {
        namesake::find(&self.directory, ENDING, log)
    }

    /// The file for a log.
    pub fn path(&self, log: &TrustedLog) -> PathBuf {
        let name = format!("{}+{}", plain(log.origin()), log.key.key_id());
        self.named(&name, &log.key.to_string())
    }

    /// The file that earlier releases used for all logs with this origin.
    fn old_path(&self, origin: &str) -> PathBuf {
        self.named(&plain(origin), origin)
    }

    fn named(&self, name: &str, whole: &str) -> PathBuf {
        let hash = hex::encode(&Sha256::digest(whole)[..8]);
        let purpose = self.purpose.as_ref().map(|purpose| format!(".{purpose}"));
        self.directory.join(format!("{name}-{hash}{}.{ENDING}", purpose.unwrap_or_default()))
    }

    /// Remembers a checkpoint that was compared with what was seen before. A larger tree that
    /// another process has remembered meanwhile stays.
    pub fn remember(&self, checkpoint: &OpenedCheckpoint) -> Result<(), MonitorError> {
        let log = checkpoint.log();
        let path = self.path(log);
        let only = Trust::in_keys([log.key.clone()]);
        if let Ok(Some(other)) = self.last(&path, log, &only)
            && other.head().size > checkpoint.head().size
        {
            return Ok(());
        }
        if let Err(source) = replace(&path, &checkpoint.to_bytes()) {
            return Err(MonitorError::Io { path: path.display().to_string(), source });
        }
        // The old file's checkpoint was compared too, and the new file replaces it.
        let old = self.old_path(log.origin());
        if let Ok(Some(_)) = self.last(&old, log, &only) {
            drop(std::fs::remove_file(old));
        }
        Ok(())
    }

    /// Reads the checkpoint of a log in a file, and verifies it again, since others may have
    /// written the file. A file without a key in its name can belong to another log with the same
    /// origin; then the result is `None`.
    fn last(
        &self,
        path: &Path,
        log: &TrustedLog,
        trust: &Trust,
    ) -> Result<Option<OpenedCheckpoint>, MonitorError> {
        let name = || path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(source) => return Err(MonitorError::Io { path: name(), source }),
        };
        match trust.open_uncosigned(&bytes) {
            Ok(opened) if opened.log().key == log.key => Ok(Some(opened)),
            Ok(_) | Err(CheckpointRefusal::OtherKey { .. }) if path != self.path(log) => Ok(None),
            Ok(opened) => Ok(Some(opened)),
            Err(source) => Err(MonitorError::Memory { path: name(), source }),
        }
    }
}

/// Whether the file does not exist, or cannot exist.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An origin as part of a file name.
fn plain(origin: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    origin.chars().take(NAME_CHARS_MAX).map(|c| if plain(c) { c } else { '_' }).collect()
}

/// Compares two checkpoints as far as their heads tell: whether the trees are the same, or one may
/// have grown from the other.
async fn grown(
    fetch: &Arc<dyn Fetch>,
    path: &Path,
    old: &OpenedCheckpoint,
    new: &OpenedCheckpoint,
) -> Result<Growth, MonitorError> {
    let (seen, shown) = (old.head(), new.head());
    if shown.size > seen.size {
        return Ok(Growth::Since(seen));
    }
    if shown == seen {
        return Ok(Growth::None);
    }
    let found = Contradiction::find(fetch, path, old, new).await;
    let is_fork = shown.size == seen.size || found.convicts(&old.log().key);
    Err(if is_fork { MonitorError::Fork } else { MonitorError::Rollback }(found))
}

/// Compares the log with one checkpoint seen before.
async fn grown_since(
    view: &mut View,
    path: &Path,
    old: &OpenedCheckpoint,
) -> Result<Growth, MonitorError> {
    let Growth::Since(seen) = grown(view.fetch(), path, old, view.checkpoint()).await? else {
        return Ok(Growth::None);
    };
    // The tiles were verified against the root signed now, so the earlier head computed from them
    // is this tree's.
    if view.head_at(seen.size).await? != seen {
        let found = Contradiction::find(view.fetch(), path, old, view.checkpoint()).await;
        return Err(MonitorError::Fork(found));
    }
    // Also check the proof that others would be shown.
    view.consistency(seen.size, view.head().size).await?;
    Ok(Growth::Since(seen))
}

/// Compares a smaller tree with the one seen before, through the tree that the log serves now.
async fn overtaken(
    fetch: &Arc<dyn Fetch>,
    path: &Path,
    old: &OpenedCheckpoint,
    shown: &OpenedCheckpoint,
    trust: &Trust,
) -> Result<Growth, MonitorError> {
    let mut view = match View::open(fetch.clone(), trust).await {
        // Whatever else is wrong with it, the log has shown a smaller tree.
        Err(error) if error.is_refusal() => return grown(fetch, path, old, shown).await,
        opened => opened?,
    };
    let is_later = view.checkpoint().log() == old.log() && view.head().size >= old.head().size;
    if !is_later {
        return grown(fetch, path, old, shown).await;
    }
    grown_since(&mut view, path, old).await?;
    if view.head_at(shown.head().size).await? != shown.head() {
        return Err(MonitorError::Fork(Contradiction::find(fetch, path, old, shown).await));
    }
    Ok(Growth::Before(old.head()))
}

#[cfg(test)]
mod tests;
