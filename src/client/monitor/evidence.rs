//! Evidence of two signed checkpoints that contradict each other, kept where nothing overwrites it.
//! The format, and what it proves, is in [`fasti_read::evidence`].

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fasti_read::evidence::{Beginning, Evidence};
use sha2::{Digest as _, Sha256};
use tiles_spec::{SignedCheckpoint, TreeHead};

use crate::fetch::Fetch;
use crate::reader::View;
use crate::trust::OpenedCheckpoint;

/// The file extension of evidence.
const ENDING: &str = "evidence";
/// The most files with evidence in a directory.
const FILES_MAX: usize = 1000;

/// Two signed checkpoints that cannot both belong to one growing tree, or of which the later one is
/// smaller.
#[derive(Debug)]
pub struct Contradiction {
    /// The head seen before.
    pub seen: TreeHead,
    /// The head shown now.
    pub shown: TreeHead,
    /// Both signed checkpoints, and what was found out about them.
    pub evidence: Evidence,
    /// Where that was kept.
    pub kept: Kept,
}

/// Where evidence is.
#[derive(Debug)]
pub enum Kept {
    /// In this file.
    File(PathBuf),
    /// Nowhere but here, because the file could not be written.
    Nowhere {
        /// The evidence.
        evidence: String,
        /// Where it should have been written.
        path: PathBuf,
        /// Why it could not be written.
        source: io::Error,
    },
}

impl Contradiction {
    /// Finds out what the log still tells about two checkpoints, and keeps it next to the
    /// remembered checkpoint at `path`.
    pub(super) async fn find(
        fetch: &Arc<dyn Fetch>,
        path: &Path,
        seen: &OpenedCheckpoint,
        shown: &OpenedCheckpoint,
    ) -> Box<Self> {
        let beginning = beginning(fetch, seen, shown).await;
        Self::of(path, seen.signed(), shown.signed(), beginning)
    }

    /// Keeps two checkpoints, and how the larger tree began, next to the remembered checkpoint at
    /// `path`.
    pub(super) fn of(
        path: &Path,
        seen: &SignedCheckpoint,
        shown: &SignedCheckpoint,
        beginning: Option<Beginning>,
    ) -> Box<Self> {
        let evidence = Evidence::new(seen, shown, beginning);
        let kept = Kept::next_to(path, &evidence);
        let [seen, shown] = [seen, shown].map(|signed| signed.checkpoint().head);
        Box::new(Self { seen, shown, evidence, kept })
    }

    /// Whether the checkpoints convict the log, wherever they are shown.
    pub fn convicts(&self, log: &tiles_spec::VerifierKey) -> bool {
        self.evidence.judge(log).is_ok_and(|verdict| verdict.convicts())
    }
}

/// How the larger of two trees began, if the log still has the tiles for that.
async fn beginning(
    fetch: &Arc<dyn Fetch>,
    one: &OpenedCheckpoint,
    other: &OpenedCheckpoint,
) -> Option<Beginning> {
    let (one_size, other_size) = (one.head().size, other.head().size);
    if one_size == other_size {
        return None;
    }
    let larger = if one_size > other_size { one } else { other };
    let mut view = View::at(fetch.clone(), larger.clone()).await.ok()?;
    let consistency = view.consistency(one_size.min(other_size), larger.head().size).await.ok()?;
    Some(Beginning { root: consistency.old.root, proof: consistency.proof })
}

impl Kept {
    /// Writes evidence to a file next to the remembered checkpoint at `path`. The name has a hash
    /// of the content, so that a file that exists has the same content.
    fn next_to(path: &Path, evidence: &Evidence) -> Self {
        let bytes = evidence.to_bytes();
        let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
        let path = path.with_extension(format!("{hash}.{ENDING}"));
        let written = expect_room(&path).and_then(|()| write_new(&path, &bytes));
        match written {
            Ok(()) => Self::File(path),
            Err(source) => {
                let evidence = String::from_utf8_lossy(&bytes).into_owned();
                Self::Nowhere { evidence, path, source }
            }
        }
    }
}

/// Formats the place, or the evidence itself, on one line.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Nowhere { evidence, path, source } => {
                write!(f, "{evidence:?} (not kept in {}: {source})", path.display())
            }
        }
    }
}

/// Refuses to fill a disk for a log that contradicts itself all the time.
fn expect_room(path: &Path) -> io::Result<()> {
    let files = path.parent().map(Path::read_dir).transpose()?.into_iter().flatten().flatten();
    let is_evidence = |path: &PathBuf| path.extension().is_some_and(|end| end == ENDING);
    let others = files.map(|file| file.path()).filter(|file| file != path).filter(is_evidence);
    if others.count() < FILES_MAX {
        return Ok(());
    }
    Err(io::Error::other(format!("there are {FILES_MAX} files with evidence already")))
}

/// Writes a file if it does not exist.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).and_then(|()| file.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
