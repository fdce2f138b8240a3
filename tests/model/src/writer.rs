//! A writer: where it stands between two steps, and what it remembers.

use crate::record::{Head, RecordId};

/// Most writers.
pub const WRITERS_MAX: usize = 3;

/// Where a writer stands. A crash brings it back to [`Writer::Idle`] with nothing in its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writer {
    /// It knows nothing.
    #[default]
    Idle,
    /// It has seen no checkpoint, and is about to create the first.
    NewLog,
    /// Replay: it has read this record, and comes to read `checkpoint`. None: it found no record.
    Candidate(RecordId),
    /// Replay the wrong way round: it has read `checkpoint`, and comes to choose a record.
    Checkpoint(Head),
    /// It has sent its takeover record, after a replay that ended at this checkpoint.
    TakingOver(RecordId, Head),
    /// The record is there; `checkpoint` must be read again.
    TookOver(RecordId, Head),
    /// It leads.
    Leading(Leader),
    /// It knows that it leads no more. Submitters of the records that lead here still wait.
    Fenced(RecordId),
}

/// What a leader remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// Its newest record that is known to be in the log.
    pub tip: RecordId,
    /// The record that was sent and is not known to be there.
    pub sent: RecordId,
    /// Another behind it, where two may be in flight.
    pub sent_behind: RecordId,
    /// The checkpoint that it takes for the one shown.
    pub version: Head,
    /// Everything up to this size is applied.
    pub applied: u8,
    /// The checkpoint of this tree was signed and sent, and is not known to be shown.
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
