//! The model behind the store's seam: it counts operations, and makes the chosen one fail.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fasti::store::{FileIdentity, FileSystem, Files, InPlaceFile};
use fasti_kit::seeded::Seeded;

use crate::model::{Extent, Model, error};

pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing and returns an error.
    Before(i32),
    /// It is half done, and returns an error.
    Short(i32),
    /// It is done, but returns an error.
    After(i32),
    /// From this operation on the disk is full: what needs space is half done and fails.
    Full,
    /// A flush fails and loses its data, and the cache marks that data clean.
    Lie,
    /// Before the operation, everything dirty is lost in the background. Only descriptors open at
    /// that time are told, at their next flush.
    Background,
    /// The power fails during the operation. Nothing works until [`Disk::reboot`].
    PowerCut,
}

/// The kind of an operation, which determines how it can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    Name,
    Remove,
    Sync,
}

impl Kind {
    /// The single faults that this kind of operation can meet.
    pub fn faults(self) -> &'static [Fault] {
        use Fault::{After, Before, Full, Short};
        match self {
            Self::Read => &[Before(EIO)],
            Self::Write => {
                &[Before(EIO), Before(ENOSPC), Short(EIO), Short(ENOSPC), After(EIO), Full]
            }
            Self::Name => &[Before(EIO), Before(ENOSPC), After(EIO), Full],
            Self::Remove => &[Before(EIO), Short(EIO), After(EIO)],
            Self::Sync => &[Before(EIO), Before(ENOSPC), After(EIO)],
        }
    }
}

/// One operation, for messages.
#[derive(Clone)]
pub struct Operation {
    pub kind: Kind,
    pub path: PathBuf,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.path.display())
    }
}

struct State {
    model: Model,
    random: Seeded,
    armed: Option<(usize, Fault)>,
    is_full: bool,
    has_power: bool,
    trace: Vec<Operation>,
    /// The files affected by each background failure.
    losses: Vec<Vec<usize>>,
}

/// A disk. Clones share it.
#[derive(Clone)]
pub struct Disk {
    state: Arc<Mutex<State>>,
}

impl Disk {
    pub fn over(model: Model, seed: u64) -> Self {
        let state = State {
            model,
            random: Seeded::new(seed),
            armed: None,
            is_full: false,
            has_power: true,
            trace: Vec::new(),
            losses: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clears the trace and makes the `n`-th operation from now on fail, counting from 0.
    pub fn arm(&self, n: usize, fault: Fault) {
        let mut state = self.state();
        state.trace.clear();
        state.armed = Some((n, fault));
    }

    /// Ends all faults and frees space.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.armed, state.is_full) = (None, false);
        state.trace.clear();
    }

    /// Cuts the power, if it is not already off, and restores it.
    pub fn reboot(&self) {
        self.heal();
        let State { model, random, has_power, .. } = &mut *self.state();
        model.cut(random);
        *has_power = true;
    }

    /// The operations since the disk was armed or healed.
    pub fn trace(&self) -> Vec<Operation> {
        self.state().trace.clone()
    }

    /// A copy of the file system as it is now.
    pub fn model(&self) -> Model {
        self.state().model.clone()
    }

    /// Runs one operation, or makes it fail.
    fn operate<T>(
        &self,
        kind: Kind,
        path: &Path,
        operation: impl FnOnce(&mut State, Extent) -> io::Result<T>,
    ) -> io::Result<T> {
        let state = &mut *self.state();
        if !state.has_power {
            return Err(error(EIO));
        }
        let number = state.trace.len();
        state.trace.push(Operation { kind, path: path.to_owned() });
        let fault = state.armed.filter(|(n, _)| *n == number).map(|(_, fault)| fault);
        state.is_full |= fault == Some(Fault::Full);
        match fault {
            _ if state.is_full && matches!(kind, Kind::Write | Kind::Name) => {
                operation(state, Extent::Half)?;
                Err(error(ENOSPC))
            }
            None | Some(Fault::Full) => operation(state, Extent::Whole),
            Some(Fault::Before(number)) => Err(error(number)),
            Some(Fault::Short(number)) => {
                operation(state, Extent::Half)?;
                Err(error(number))
            }
            Some(Fault::After(number)) => {
                operation(state, Extent::Whole)?;
                Err(error(number))
            }
            Some(Fault::Background | Fault::Lie) => {
                let lost = state.model.lose_everything(&mut state.random);
                state.losses.push(lost);
                if fault == Some(Fault::Lie) {
                    Err(error(EIO))
                } else {
                    operation(state, Extent::Whole)
                }
            }
            Some(Fault::PowerCut) => {
                if kind != Kind::Sync && state.random.coin() {
                    drop(operation(state, Extent::Whole));
                }
                state.has_power = false;
                Err(error(EIO))
            }
        }
    }

    fn names(
        &self,
        kind: Kind,
        path: &Path,
        operation: impl FnOnce(&mut Model) -> io::Result<()>,
    ) -> io::Result<()> {
        self.operate(kind, path, |state, extent| match extent {
            Extent::Whole => operation(&mut state.model),
            Extent::Half => Ok(()),
        })
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<usize> {
        self.operate(Kind::Write, path, |state, extent| {
            let node = state.model.create(path)?;
            state.model.write_at(node, 0, bytes, extent)?;
            Ok(node)
        })
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.operate(Kind::Read, path, |state, _| state.model.read(path))
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        Ok(self.read(path)?.len() as u64)
    }

    fn read_range(&self, path: &Path, range: Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.end - range.start).expect("a part of a small file");
        self.operate(Kind::Read, path, |state, _| {
            state.model.read_at(state.model.resolve(path)?, range.start, length)
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write_new(path, bytes).map(|_| ())
    }

    fn write_again(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.operate(Kind::Write, path, |state, extent| {
            state.model.write_again(path, bytes, extent)
        })
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut seen = self.state().losses.len();
        let node = self.write_new(path, bytes)?;
        self.operate(Kind::Sync, path, |state, _| state.sync_file(node, &mut seen))
    }

    fn write_in_place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut seen = self.state().losses.len();
        let node = self.operate(Kind::Write, path, |state, extent| {
            // A sector is written completely or not at all.
            if extent == Extent::Whole {
                state.model.write_again(path, bytes, extent)?;
            }
            state.model.resolve(path)
        })?;
        self.operate(Kind::Sync, path, |state, _| state.sync_file(node, &mut seen))
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.operate(Kind::Read, path, |state, _| {
            let node = state.model.resolve(path)? as u64;
            Ok(FileIdentity { inode: node, born: Some(Duration::from_secs(node)) })
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.operate(Kind::Sync, path, |state, _| state.model.sync_dir(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names(Kind::Name, to, |model| model.rename(from, to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names(Kind::Name, to, |model| model.link(from, to))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.names(Kind::Name, path, |model| model.create_dir_all(path))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.names(Kind::Remove, path, |model| model.remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        if !self.list(path)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.remove_dir_all(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.operate(Kind::Remove, path, |state, extent| state.model.remove_dir_all(path, extent))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.operate(Kind::Read, path, |state, _| state.model.list(path))
    }

    fn open_in_place(&self, path: &Path) -> io::Result<Box<dyn InPlaceFile>> {
        self.operate(Kind::Read, path, |state, _| {
            let (node, seen) = (state.model.resolve(path)?, state.losses.len());
            let file = OpenFile { disk: self.clone(), path: path.to_owned(), node, seen };
            Ok(Box::new(file) as Box<dyn InPlaceFile>)
        })
    }

    fn open_filesystem(&self, path: &Path) -> io::Result<Box<dyn FileSystem>> {
        self.operate(Kind::Read, path, |state, _| {
            let seen = AtomicUsize::new(state.losses.len());
            let open = OpenFileSystem { disk: self.clone(), path: path.to_owned(), seen };
            Ok(Box::new(open) as Box<dyn FileSystem>)
        })
    }

    fn sync_count(&self) -> u64 {
        0
    }
}

impl State {
    /// Flushes a file for a descriptor that was told of the first `seen` losses.
    fn sync_file(&mut self, node: usize, seen: &mut usize) -> io::Result<()> {
        self.model.sync_file(node)?;
        let untold = &self.losses[std::mem::replace(seen, self.losses.len())..];
        if untold.iter().any(|lost| lost.contains(&node)) { Err(error(EIO)) } else { Ok(()) }
    }
}

struct OpenFile {
    disk: Disk,
    path: PathBuf,
    node: usize,
    seen: usize,
}

impl InPlaceFile for OpenFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let node = self.node;
        let write = |state: &mut State, extent| state.model.write_at(node, offset, bytes, extent);
        self.disk.operate(Kind::Write, &self.path, write)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let sync = |state: &mut State, _| state.sync_file(self.node, &mut self.seen);
        self.disk.operate(Kind::Sync, &self.path, sync)
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let read = |state: &mut State, _| state.model.read_at(self.node, offset, length);
        self.disk.operate(Kind::Read, &self.path, read)
    }
}

struct OpenFileSystem {
    disk: Disk,
    path: PathBuf,
    seen: AtomicUsize,
}

impl FileSystem for OpenFileSystem {
    fn sync(&self) -> io::Result<()> {
        self.disk.operate(Kind::Sync, &self.path, |state, _| {
            state.model.sync_everything();
            let seen = self.seen.swap(state.losses.len(), Ordering::SeqCst);
            let is_untold = state.losses[seen..].iter().any(|lost| !lost.is_empty());
            if is_untold { Err(error(EIO)) } else { Ok(()) }
        })
    }
}
