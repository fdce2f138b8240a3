//! Why a witness refuses a request, and with which status (C2SP tlog-witness).

use std::time::Duration;

use fasti_entry::quote;
use fasti_rate::seconds;
use thiserror::Error;
use tiles_spec::TreeSize;
use tiles_spec::witness::{RequestError, SubtreeRefusal, WitnessRefusal};

use super::state::StateError;

/// Why a witness refuses a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A malformed request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A log that this witness does not know.
    #[error("this witness does not know the log {}", quote(.0))]
    UnknownLog(String),
    /// The checkpoint is not to be cosigned.
    #[error(transparent)]
    Judged(#[from] WitnessRefusal),
    /// The part of a tree is not to be cosigned.
    #[error(transparent)]
    Subtree(#[from] SubtreeRefusal),
    /// The witness's keys cannot sign this.
    #[error(
        "this witness's keys cannot cover the checkpoint: it has extension lines, or is too long"
    )]
    NotCovered,
    /// The log asks too often.
    #[error("too many requests for this log; try again in {} s", seconds(*.0))]
    TooMany(Duration),
    /// Nothing was cosigned of the log.
    #[error("nothing was cosigned of this log")]
    NeverCosigned,
    /// This witness does not sign parts of trees.
    #[error("this witness has no key that signs parts of trees")]
    NoSubtrees,
    /// The state cannot be read or written.
    #[error("the witness cannot read or write what it has cosigned")]
    State(#[from] StateError),
    /// The clock does not know the time.
    #[error("the witness does not know the time")]
    NoTime,
}

impl Refusal {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Request(_) | Self::NotCovered => 400,
            Self::UnknownLog(_) | Self::NeverCosigned | Self::NoSubtrees => 404,
            Self::Judged(refusal) => refusal.status(),
            Self::Subtree(refusal) => refusal.status(),
            Self::TooMany(_) => 429,
            Self::State(_) | Self::NoTime => 500,
        }
    }

    /// The size to answer with: that of the tree that was cosigned last.
    pub fn size(&self) -> Option<TreeSize> {
        match self {
            Self::Judged(WitnessRefusal::Size(size)) => Some(*size),
            _ => None,
        }
    }
}
