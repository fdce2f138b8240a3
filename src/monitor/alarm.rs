//! What is wrong with a log, so that its users should know.

use std::path::PathBuf;

use fasti_client::monitor::{Kept, MonitorError};
use fasti_client::reader::ReadError;
#[cfg(feature = "http")]
use fasti_client::rekor_v1::{RekorV1Error, V1Fault};
use fasti_client::trust::CheckpointRefusal;
use fasti_seams::causes::with_causes;
use tiles_spec::TreeSize;

use super::state::StateError;

/// The kinds of alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// Two signed trees, of which neither begins with the other.
    Fork,
    /// The log shows a smaller tree than before.
    Rollback,
    /// The checkpoint is not signed by the log, or malformed.
    Checkpoint,
    /// Too few witnesses have cosigned the checkpoint.
    Policy,
    /// The checkpoint, or an object that it implies, is missing.
    Missing,
    /// An object is not what the checkpoint implies.
    Damaged,
    /// The index contradicts the log.
    Index,
    /// Integrated times go back, are in the future, missing or malformed.
    Times,
    /// The log has not grown for too long.
    Stalled,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its kind.
    pub kind: AlarmKind,
    /// What is wrong, in words.
    pub reason: String,
    /// A file with evidence.
    pub evidence: Option<PathBuf>,
}

/// Why a round ended early.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The log is at fault.
    Alarm(Alarm),
    /// The log, or what is remembered of it, is out of reach, or reports could not be delivered.
    Failure(String),
}

impl AlarmKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::Checkpoint => "checkpoint",
            Self::Policy => "policy",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Index => "index",
            Self::Times => "times",
            Self::Stalled => "stalled",
        }
    }

    /// Whether it lasts until it is over. Others are about entries that were read once.
    pub const fn lasts(self) -> bool {
        !matches!(self, Self::Index | Self::Times)
    }

    /// An alarm of this kind, without evidence.
    pub fn alarm(self, reason: impl Into<String>) -> Alarm {
        Alarm { kind: self, reason: reason.into(), evidence: None }
    }

    /// The alarm for entries that were checked, and are not those of the log's tree.
    pub(crate) fn not_the_beginning(checked: TreeSize, size: TreeSize) -> Alarm {
        Self::Fork.alarm(format!(
            "the {checked} entries that were checked are not the beginning of the tree of {size} \
             that the log shows, and no checkpoint of them is remembered"
        ))
    }
}

impl From<Alarm> for Trouble {
    fn from(alarm: Alarm) -> Self {
        Self::Alarm(alarm)
    }
}

impl From<CheckpointRefusal> for Trouble {
    fn from(refusal: CheckpointRefusal) -> Self {
        let kind = match refusal {
            CheckpointRefusal::Policy(_) => AlarmKind::Policy,
            _ => AlarmKind::Checkpoint,
        };
        kind.alarm(with_causes(&refusal)).into()
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        let kind = match &error {
            ReadError::Checkpoint(refusal) => return refusal.clone().into(),
            ReadError::Missing { .. } => AlarmKind::Missing,
            _ if error.is_refusal() => AlarmKind::Damaged,
            _ => return Self::Failure(with_causes(&error)),
        };
        kind.alarm(with_causes(&error)).into()
    }
}

impl From<MonitorError> for Trouble {
    fn from(error: MonitorError) -> Self {
        let reason = with_causes(&error);
        let (kind, found) = match error {
            MonitorError::Fork(found) => (AlarmKind::Fork, found),
            MonitorError::Rollback(found) => (AlarmKind::Rollback, found),
            MonitorError::Read(error) => return error.into(),
            #[cfg(feature = "http")]
            MonitorError::RekorV1(error) => return error.into(),
            _ => return Self::Failure(reason),
        };
        let evidence = match found.kept {
            Kept::File(path) => Some(path),
            Kept::Nowhere { .. } => None,
        };
        Alarm { kind, reason, evidence }.into()
    }
}

#[cfg(feature = "http")]
impl From<RekorV1Error> for Trouble {
    fn from(error: RekorV1Error) -> Self {
        let kind = match &error {
            RekorV1Error::Answer { source: V1Fault::Absent(_), .. } => AlarmKind::Missing,
            RekorV1Error::Answer { .. } if error.is_refusal() => AlarmKind::Damaged,
            RekorV1Error::Fetch(error) if error.is_damage() => AlarmKind::Damaged,
            _ => return Self::Failure(with_causes(&error)),
        };
        kind.alarm(with_causes(&error)).into()
    }
}

impl From<StateError> for Trouble {
    fn from(error: StateError) -> Self {
        Self::Failure(with_causes(&error))
    }
}
