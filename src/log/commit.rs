//! Commit: the create-only write of one record, brought to a definite end.
//!
//! An ambiguous answer proves nothing: the identical write is repeated until the store says
//! "created" or "exists". If it exists, the bytes decide. The nonce makes the bytes of a record
//! unique, so equal bytes are ours, and other bytes mean that another writer leads.

use fasti_seams::back_off::BackOff;
use fasti_seams::clock::Clock;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{CommitLog, Created, RecordNumber, StoreError};

use crate::record::{EncodedRecord, Record, RecordDigest};

/// After this many ambiguous answers the writer stops; its recovery finds out what happened.
const ATTEMPTS_MAX: u32 = 8;

/// Why a record is not known to be in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The number holds another writer's record (I7): this writer no longer leads.
    #[error("commit record {number} was written by another writer; this one is fenced")]
    Fenced {
        /// The number.
        number: RecordNumber,
    },
    /// The previous record was there, and is gone: another writer has published beyond it and
    /// trimmed it.
    #[error(
        "commit record {number}, on which this writer builds, was trimmed by another writer; \
         this one is fenced"
    )]
    Overtaken {
        /// The number.
        number: RecordNumber,
    },
    /// The previous record was there, and is gone, although nothing beyond it was published (I18).
    #[error(
        "rolled back: commit record {number}, on which this writer builds, is gone. The store was \
         replaced by an older copy while this writer was running. Restore the newest copy, or end \
         this log and start a new one under another origin"
    )]
    Gone {
        /// The number.
        number: RecordNumber,
    },
    /// The store says that the number is taken, but returns nothing.
    #[error("commit record {number} exists but cannot be read")]
    Unreadable {
        /// The number.
        number: RecordNumber,
    },
    /// The store failed.
    #[error("cannot write commit record {number}")]
    Store {
        /// The number.
        number: RecordNumber,
        /// How it failed.
        #[source]
        source: StoreError,
    },
}

impl CommitError {
    /// Another writer leads, or the store may recover. Recovery finds out what became of the
    /// record.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Fenced { .. } | Self::Overtaken { .. } | Self::Unreadable { .. } => true,
            Self::Store { source, .. } => source.is_passing(),
            Self::Gone { .. } => false,
        }
    }
}

/// Writes record `number`. When this returns `Ok`, the batch is in the log forever.
pub async fn commit(
    commits: &dyn CommitLog,
    clock: &dyn Clock,
    number: RecordNumber,
    record: &EncodedRecord,
) -> Result<(), CommitError> {
    let failed = |source| CommitError::Store { number, source };
    let mut back_off = BackOff::between_requests();
    for attempt in 1.. {
        match commits.create(number, record.bytes.clone()).await {
            Ok(Created::Now) => return Ok(()),
            Ok(Created::Already) => {
                match commits.read(number).await.map_err(failed)? {
                    Some(_) if planted(Bug::OwnExistsIsFenced) => {
                        return Err(CommitError::Fenced { number });
                    }
                    Some(there) if there == record.bytes => return Ok(()),
                    // Bytes that are not a record were damaged in transit, and may be ours.
                    Some(there) if Record::decode(&there).is_err() && attempt < ATTEMPTS_MAX => {}
                    Some(_) => return Err(CommitError::Fenced { number }),
                    None => return Err(CommitError::Unreadable { number }),
                }
            }
            Err(StoreError::Ambiguous { .. }) if attempt < ATTEMPTS_MAX => {
                back_off.wait(clock).await;
            }
            Err(source) => return Err(failed(source)),
        }
    }
    unreachable!("the last attempt returns")
}

/// After creating the next record, checks that the record before it is still there. If it is
/// [gone](CommitError::Gone), either another writer has taken over, published beyond it and trimmed
/// it, or the store was rolled back to a time before it; `checkpoint` tells which.
pub async fn still_stands(
    commits: &dyn CommitLog,
    clock: &dyn Clock,
    (number, digest): (RecordNumber, RecordDigest),
) -> Result<(), CommitError> {
    let mut back_off = BackOff::between_requests();
    for attempt in 1.. {
        match commits.read(number).await {
            Ok(Some(there)) => match Record::decode(&there) {
                Ok((_, found)) if found == digest => return Ok(()),
                // Bytes that are not a record were damaged in transit.
                Err(_) if attempt < ATTEMPTS_MAX => {}
                _ => return Err(CommitError::Fenced { number }),
            },
            Ok(None) => return Err(CommitError::Gone { number }),
            Err(source) if attempt == ATTEMPTS_MAX || !source.is_passing() => {
                return Err(CommitError::Store { number, source });
            }
            Err(_) => {
                back_off.wait(clock).await;
            }
        }
    }
    unreachable!("the last attempt returns")
}
