//! What the command remembers about logs from one run to the next, if it can.
//!
//! A state directory that cannot be found, read or written does not stop a log from being read: the
//! command does its work, and warns about what it could not remember. A log that does not extend
//! what was seen before is refused.

use std::path::Path;
use std::sync::Arc;

use fasti::causes::with_causes;
use fasti::client::fetch::Fetch;
use fasti::client::monitor::{Growth, Monitor, MonitorError, Namesake};
use fasti::client::rekor_v1::{OpenedShard, RekorV1};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti_flags::own_state_dir;
use tiles_spec::TreeSize;

use crate::failure::{Failure, refused_if};

/// Where checkpoints are remembered.
pub enum Memory {
    /// There.
    In(Monitor),
    /// There is no such place.
    Missing,
    /// The user wants none.
    Unwanted,
}

/// What was known about a log from earlier runs.
pub enum Seen {
    /// The log was compared with the checkpoint seen last.
    Compared(Growth, Monitor, Option<Namesake>),
    /// The log could not be compared: there is no state directory, or it cannot be read.
    Unknown(String),
    /// The user does not want it compared.
    Unwanted,
}

impl Memory {
    /// A memory in the named directory, or else in the user's own.
    pub fn at(named: Option<&Path>) -> Self {
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let directory = named.map(Path::to_owned).or_else(own_state_dir);
        directory.map_or(Self::Missing, |directory| Self::In(Monitor::new(directory)))
    }

    /// Compares a log with the checkpoint seen last.
    pub async fn compare(
        &self,
        fetch: &Arc<dyn Fetch>,
        checkpoint: &OpenedCheckpoint,
        trust: &Trust,
    ) -> Result<Seen, Failure> {
        let Self::In(monitor) = self else { return Ok(self.nothing()) };
        let growth = match monitor.compare_checkpoint(fetch, checkpoint, trust).await {
            Err(error @ MonitorError::Io { .. }) => return Ok(Seen::Unknown(with_causes(&error))),
            compared => refused_if(compared, MonitorError::is_refusal)?,
        };
        let is_first = growth == Growth::First;
        let namesake = is_first.then(|| monitor.namesake(checkpoint.log())).flatten();
        Ok(Seen::Compared(growth, monitor.clone(), namesake))
    }

    /// Compares a tree of a log of Rekor v1 with the head seen last.
    pub async fn compare_shard(&self, api: &RekorV1, shard: &OpenedShard) -> Result<Seen, Failure> {
        let Self::In(monitor) = self else { return Ok(self.nothing()) };
        let growth = match monitor.compare_shard(api, shard).await {
            Err(error @ MonitorError::Io { .. }) => return Ok(Seen::Unknown(with_causes(&error))),
            compared => refused_if(compared, MonitorError::is_refusal)?,
        };
        Ok(Seen::Compared(growth, monitor.clone(), None))
    }

    /// What is seen without a memory.
    fn nothing(&self) -> Seen {
        match self {
            Self::Missing => Seen::Unknown("there is no home directory".to_owned()),
            Self::In(_) | Self::Unwanted => Seen::Unwanted,
        }
    }
}

impl Seen {
    /// The size of the tree that this one, of size `shown`, was compared with.
    pub fn size(&self, shown: TreeSize) -> Option<TreeSize> {
        match self {
            Self::Compared(Growth::Since(seen) | Growth::Before(seen), ..) => Some(seen.size),
            Self::Compared(Growth::None, ..) => Some(shown),
            Self::Compared(Growth::First, ..) | Self::Unknown(_) | Self::Unwanted => None,
        }
    }

    /// The result of the comparison, in words.
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
            Self::Compared(Growth::Before(seen), ..) => {
                format!("proved to be the beginning of the tree of {} seen last", seen.size)
            }
            Self::Unknown(_) => "not compared: no record of an earlier tree".to_owned(),
            Self::Unwanted => "not compared, as --no-memory asks".to_owned(),
        }
    }

    /// A warning for the user, if the result needs one.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Compared(_, _, namesake) => namesake.as_ref().map(half_known),
            Self::Unknown(reason) => Some(format!(
                "this tree was not compared with an earlier one and will not be remembered: \
                 {reason}; {ELSEWHERE}"
            )),
            Self::Unwanted => None,
        }
    }

    /// Remembers the checkpoint that was compared. Returns a warning if that fails.
    pub fn remember(&self, checkpoint: &OpenedCheckpoint) -> Option<String> {
        let Self::Compared(_, monitor, _) = self else { return None };
        monitor.remember(checkpoint).err().map(|error| not_remembered(&error))
    }

    /// The same of a tree of a log of Rekor v1.
    pub fn remember_shard(&self, shard: &OpenedShard) -> Option<String> {
        let Self::Compared(_, monitor, _) = self else { return None };
        monitor.remember_shard(shard).err().map(|error| not_remembered(&error))
    }
}

fn not_remembered(error: &MonitorError) -> String {
    format!("this tree cannot be remembered: {}; {ELSEWHERE}", with_causes(error))
}

/// Whether a log could not be compared because parts of it could not be read.
pub fn is_unreadable(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(MonitorError::Read(_)))
}

const ELSEWHERE: &str = "name a directory with --state-dir, or none with --no-memory";

/// A warning about a new log of which either the origin or the key was seen before.
pub fn half_known(namesake: &Namesake) -> String {
    match namesake {
        Namesake::OtherKey { key, size, path } => format!(
            "the origin is known, but the key is not: a tree of {size} signed by the key {key} was \
             seen before ({}). This is another log with the same name, or its key was replaced: \
             ask its operator",
            path.display()
        ),
        Namesake::OtherOrigin { origin, size, path } => format!(
            "the key is known, but the origin is not: a tree of {size} signed by this key for the \
             log {origin} was seen before ({}). This is another log with the same key, or it was \
             renamed: ask its operator",
            path.display()
        ),
    }
}
