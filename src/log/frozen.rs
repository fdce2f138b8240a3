//! Frozen: a log that has ended (I17), as any writer finds and finishes it.

use std::sync::Arc;

use fasti_grow::Edge;
use fasti_store::RecordNumber;
use tiles_spec::TreeHead;

use crate::context::Context;
use crate::description::describe;
use crate::finish::finish;
use crate::publication::Publication;
use crate::record::Epoch;
use crate::recover_error::RecoverError;
use crate::replay::Replay;
use crate::seen::Seen;
use crate::times::TimesEdge;

/// A log that has ended.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The last tree, published.
    pub publication: Arc<Publication>,
    /// It was already frozen.
    pub already: bool,
    pub(super) epoch: Epoch,
    /// The last record.
    pub(super) record: RecordNumber,
}

impl Frozen {
    /// The last tree.
    pub fn head(&self) -> TreeHead {
        self.publication.head
    }
}

/// Publishes what the records before the last one imply, if this was not done yet.
pub(super) async fn finish_frozen(
    context: &Context,
    seen: &Arc<Seen>,
    replay: Replay,
    edge: (Edge, TimesEdge),
) -> Result<Frozen, RecoverError> {
    let (_, _, publication) = finish(context, seen, &replay, edge).await?;
    describe(context, Some(publication.head)).await?;
    let record = replay.next.previous().unwrap_or(RecordNumber::FIRST);
    Ok(Frozen { publication: Arc::new(publication), already: true, epoch: replay.epoch, record })
}
