//! Leader: who leads, as far as this writer knows, and what this writer is itself.

use std::time::Instant;

use crate::context::Context;
use crate::peers::Role;
use crate::record::Epoch;
use crate::recover_error::RecoverError;
use crate::replay::read_newest;

/// Who leads, according to the newest record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leader {
    /// Its term.
    pub epoch: Epoch,
    /// Its address; may be empty.
    pub address: String,
    /// Whether its record ends the log.
    pub is_last: bool,
}

/// What a writer is at the moment.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub role: Role,
    pub leader: Leader,
    /// When the leader was last known to lead; not used while this writer leads.
    pub heard: Instant,
}

/// The term of a leader; before the first one there is term 0.
pub(super) fn epoch_of(leader: Option<&Leader>) -> Epoch {
    leader.map_or(Epoch(0), |leader| leader.epoch)
}

/// Finds the leader; `None` if no record was written yet.
pub(super) async fn find_leader(context: &Context) -> Result<Option<Leader>, RecoverError> {
    let Some((_, record, _)) = read_newest(context).await? else { return Ok(None) };
    Ok(Some(Leader { epoch: record.epoch, address: record.writer, is_last: record.is_last }))
}
