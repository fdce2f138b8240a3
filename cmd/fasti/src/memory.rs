//! What the command remembers of logs from one run to the next, where it can.
//!
//! A directory that cannot be found, read or written keeps nobody from reading a log: the command
//! does its work, and says what it could not keep. That a log is not as it was is another matter.

use std::path::{Path, PathBuf};

use fasti::client::monitor::{Growth, Monitor, MonitorError, Namesake};
use fasti::client::reader::View;
use fasti::client::trust::{OpenedCheckpoint, Trust};
use tiles_spec::TreeSize;

use crate::failure::{Failure, in_words, refused_if};

/// Where checkpoints are remembered, if anywhere.
pub struct Memory(Option<Monitor>);

/// What is known of a log from before.
pub enum Seen {
    /// It was compared with what was seen of it.
    Compared(Growth, Monitor, Option<Namesake>),
    /// It could not be compared: there is nowhere to remember, or that cannot be read.
    Unknown(String),
}

impl Memory {
    /// A memory in the directory that was named, or else in the user's own.
    pub fn at(named: Option<&Path>) -> Self {
        let named = named.filter(|path| !path.as_os_str().is_empty());
        Self(named.map(Path::to_owned).or_else(own_directory).map(Monitor::new))
    }

    /// Compares a log with what was seen of it.
    pub async fn compare(&self, view: &mut View, trust: &Trust) -> Result<Seen, Failure> {
        let Some(monitor) = &self.0 else {
            return Ok(Seen::Unknown("there is no home directory".to_owned()));
        };
        let growth = match monitor.compare(view, trust).await {
            Err(error @ MonitorError::Io { .. }) => return Ok(Seen::Unknown(in_words(&error))),
            compared => refused_if(compared, MonitorError::is_refusal)?,
        };
        let is_first = growth == Growth::First;
        let namesake = is_first.then(|| monitor.namesake(view.checkpoint().log())).flatten();
        Ok(Seen::Compared(growth, monitor.clone(), namesake))
    }
}

impl Seen {
    /// The size of the tree that this one, of `shown`, was compared with.
    pub fn size(&self, shown: TreeSize) -> Option<TreeSize> {
        match self {
            Self::Compared(Growth::Since(seen), ..) => Some(seen.size),
            Self::Compared(Growth::None, ..) => Some(shown),
            Self::Compared(Growth::First, ..) | Self::Unknown(_) => None,
        }
    }

    /// What came of the comparison.
    pub fn in_words(&self) -> String {
        match self {
            Self::Compared(Growth::First, _, None) => {
                "not seen before: nothing to compare with".to_owned()
            }
            Self::Compared(Growth::First, _, Some(Namesake::OtherKey { .. })) => {
                "not seen before with this key: nothing to compare with".to_owned()
            }
            Self::Compared(Growth::First, _, Some(_)) => {
                "not seen before under this origin: nothing to compare with".to_owned()
            }
            Self::Compared(Growth::None, ..) => "same tree as last time".to_owned(),
            Self::Compared(Growth::Since(seen), ..) => {
                format!("proved to extend the tree of {} seen last", seen.size)
            }
            Self::Unknown(_) => "not compared: nothing that was seen before is known".to_owned(),
        }
    }

    /// What somebody should know who reads the words alone.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Compared(_, _, namesake) => namesake.as_ref().map(half_known),
            Self::Unknown(reason) => Some(format!(
                "this tree was not compared with an earlier one and is not remembered: {reason}; \
                 {ELSEWHERE}"
            )),
        }
    }

    /// Remembers what was compared; a warning if that fails.
    pub fn remember(&self, checkpoint: &OpenedCheckpoint) -> Option<String> {
        let Self::Compared(_, monitor, _) = self else { return None };
        let error = monitor.remember(checkpoint).err()?;
        Some(format!("this tree cannot be remembered: {}; {ELSEWHERE}", in_words(&error)))
    }
}

const ELSEWHERE: &str = "name a directory with --state-dir";

/// A warning about a log that was not seen before, but half of it was.
pub fn half_known(namesake: &Namesake) -> String {
    match namesake {
        Namesake::OtherKey { key, size, path } => format!(
            "the origin is known, the key is not: a tree of {size} was seen that the key {key} has \
             signed ({}). This is another log of that name, or its key was replaced: ask its operator",
            path.display()
        ),
        Namesake::OtherOrigin { origin, size, path } => format!(
            "the key is known, the origin is not: a tree of {size} was seen that this key has signed \
             for the log {origin} ({}). This is another log with that key, or it was renamed: ask its \
             operator",
            path.display()
        ),
    }
}

/// The XDG base directory for state, or what stands in for it.
fn own_directory() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|state| state.join("fasti"))
}
