//! Where the objects of a log are written: in a bucket, or in a directory.
//!
//! A directory is written without its lock, so a log can be repaired while its writer runs. The
//! objects that are written here never change: a writer that writes one at the same time writes the
//! same bytes, and readers see whole files only, as each is renamed into place. The files of the
//! writer, below `_writer`, are neither read nor written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fasti_objects::{Lifetime, Published};
use fasti_seams::offload::offload;
use fasti_store::{Created, Housekeeping, Object, ObjectPath, Replaced, Store, StoreError};

use crate::error::RepairError;

/// Where a log is.
#[derive(Clone)]
pub enum Place {
    /// In a store in which objects are created and replaced under conditions.
    Store {
        /// Its objects.
        objects: Arc<dyn Store>,
        /// Removes what cannot even be read.
        housekeeping: Arc<dyn Housekeeping>,
    },
    /// In this directory.
    Directory(PathBuf),
}

impl Place {
    /// Writes an object, unless it is there as it should be. Returns whether it was written.
    pub(crate) async fn put(&self, object: Published, bytes: Bytes) -> Result<bool, RepairError> {
        // Only what never changes can be known from its path.
        if object.properties().lifetime != Lifetime::Immutable {
            return Err(RepairError::Unplanned { object });
        }
        match self {
            Self::Store { objects, housekeeping } => {
                put_object(&**objects, &**housekeeping, object, bytes).await
            }
            Self::Directory(root) => {
                let path = root.join(object.to_string());
                let (root, file) = (root.clone(), path.clone());
                let written = offload(move || put_file(&root, &file, &bytes)).await;
                written
                    .map_err(|source| RepairError::Io { path: path.display().to_string(), source })
            }
        }
    }
}

async fn put_object(
    objects: &dyn Store,
    housekeeping: &dyn Housekeeping,
    object: Published,
    bytes: Bytes,
) -> Result<bool, RepairError> {
    let path = ObjectPath::from(object);
    let failed = |source| RepairError::Store { object, source };
    let there = match objects.get(&path).await {
        Ok(there) => there,
        // What cannot be unpacked, or is too long, has no version that could be replaced.
        Err(StoreError::Corrupt { .. }) => {
            housekeeping.remove(std::slice::from_ref(&path)).await.map_err(failed)?;
            None
        }
        Err(error) => return Err(failed(error)),
    };
    match there {
        Some(Object { bytes: there, .. }) if there == bytes => Ok(false),
        Some(Object { version, .. }) => {
            match objects.replace(&path, bytes, &version).await.map_err(failed)? {
                Replaced::Now(_) => Ok(true),
                Replaced::Conflict => Err(RepairError::Changed { object }),
            }
        }
        None => match objects.create(&path, bytes).await.map_err(failed)? {
            Created::Now => Ok(true),
            Created::Already => Err(RepairError::Changed { object }),
        },
    }
}

/// Writes a file and moves it into place, durably.
fn put_file(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let directory = path.parent().unwrap_or(root);
    fs::create_dir_all(directory)?;
    // Not below `tile/`, where a file that a killed repair leaves would be taken for an object.
    let temporary = root.join(format!(".repair.{}.tmp", std::process::id()));
    let mut options = OpenOptions::new();
    let written = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            give_to_owner_of(directory, &file)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| File::open(directory)?.sync_all());
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written.map(|()| true)
}

/// Whoever repairs a log, its files stay its owner's.
fn give_to_owner_of(directory: &Path, file: &File) -> io::Result<()> {
    let (theirs, ours) = (fs::metadata(directory)?, file.metadata()?);
    if (theirs.uid(), theirs.gid()) == (ours.uid(), ours.gid()) {
        return Ok(());
    }
    match std::os::unix::fs::fchown(file, Some(theirs.uid()), Some(theirs.gid())) {
        // Only the system's administrator can do that.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given,
    }
}
