//! A writer: its state between two steps, and its memory.

use crate::record::{Head, RecordId};

/// Maximum number of writers.
pub const WRITERS_MAX: usize = 3;

/// The state of a writer. A crash returns it to [`Writer::Idle`] with empty memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writer {
    /// It knows nothing.
    #[default]
    Idle,
    /// It has seen no checkpoint, and will create the first one.
    NewLog,
    /// Replay: it has read this record, and will read `checkpoint`. None if it found no record.
    Candidate(RecordId),
    /// Replay in the wrong order: it has read `checkpoint`, and will choose a record.
    Checkpoint(Head),
    /// It has sent its takeover record, after a replay that ended at this checkpoint.
    TakingOver(RecordId, Head),
    /// The record was created; `checkpoint` must be read again.
    TookOver(RecordId, Head),
    /// It leads.
    Leading(Leader),
    /// It knows that it no longer leads. The submitters of the records that lead here still wait.
    Fenced(RecordId),
}

/// The memory of a leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// Its newest record known to be in the log.
    pub tip: RecordId,
    /// A record that was sent and is not known to be in the log.
    pub sent: RecordId,
    /// A further record after it, if two can be in flight.
    pub sent_behind: RecordId,
    /// The checkpoint that it believes to be published.
    pub version: Head,
    /// Everything up to this size is applied.
    pub applied: u8,
    /// The checkpoint of this tree was signed and sent, and is not known to be published.
    pub publishing: Option<Head>,
}

impl Leader {
    /// The last record that it has sent.
    pub fn last(&self) -> RecordId {
        *[self.sent_behind, self.sent, self.tip]
            .iter()
            .find(|id| !id.is_none())
            .unwrap_or(&self.tip)
    }
}
