//! Why a log could not be read, with the places of what is at fault.

use fasti_read::{Fault, Reading};
use tiles_spec::ProofError;

use crate::fetch::{Fetch, FetchError};
use crate::host::{Failed, host, place_of};
use crate::trust::CheckpointRefusal;

/// Why a log could not be read, or is not trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An object is out of reach or malformed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no checkpoint, so there is no log.
    #[error("there is no log: nothing at {place}")]
    NoLog {
        /// Where it should be.
        place: String,
    },
    /// The checkpoint is not trusted.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointRefusal),
    /// An object that the checkpoint implies is missing.
    #[error("{place} is missing, but the signed checkpoint implies it")]
    Missing {
        /// The object.
        place: String,
    },
    /// An object does not contain what the checkpoint implies.
    #[error("{place} does not belong to the signed tree: {reason}")]
    Damaged {
        /// The object.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The tree does not contain what was requested, or a proof is wrong.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ReadError {
    /// Whether the log itself is at fault, rather than the connection to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::NoLog { .. } => false,
            _ => true,
        }
    }

    /// The error for a fault in what was fetched, with the places of the objects.
    pub(crate) fn of(fault: Fault, fetch: &dyn Fetch) -> Self {
        match fault {
            Fault::Missing { object } => Self::Missing { place: place_of(fetch, &object) },
            Fault::Damaged { objects, reason } => {
                let places: Vec<_> = objects.iter().map(|one| place_of(fetch, one)).collect();
                Self::Damaged { place: places.join(", "), reason }
            }
            Fault::Proof(error) => Self::Proof(error),
        }
    }
}

/// Brings a reading of a tree to its outcome.
pub(crate) async fn read<R: Reading<Fault = Fault>>(
    fetch: &dyn Fetch,
    reading: Result<R, Fault>,
) -> Result<R::Outcome, ReadError> {
    let reading = reading.map_err(|fault| ReadError::of(fault, fetch))?;
    host(fetch, reading).await.map_err(|failed| match failed {
        Failed::Fetch(error) => error.into(),
        Failed::Fault(fault) => ReadError::of(fault, fetch),
    })
}
