//! Recover: from whatever the store holds to a writer that may continue, or to a refusal.
//!
//! The steps, in an order that matters:
//! 1. **Replay.** Take the newest record, follow its digests back to the first record that may not
//!    have been applied durably, and only then read `checkpoint`. Record chain, checkpoint, right
//!    edge, what is remembered outside the store and what this process has seen must agree; if they
//!    do not, the log is refused with the reason (I10, I18). If other writers may be running, a
//!    disagreement must appear twice, with an unchanged checkpoint: one of them may have moved on
//!    while we read.
//! 2. **Warm up.** The deduplication index covers what is published and durable.
//! 3. **Take over.** Create the next record, empty, with the next epoch. From here on a slow rival
//!    is fenced (I7). Until now it may have published, and trimmed the very slot that our record
//!    went to; so read `checkpoint` again, and continue only if it is not larger than before.
//! 4. **Finish.** Write everything again that the unfinished records imply, check it, sign it and
//!    publish it. The bytes are the same as in any earlier attempt (I8).
//! 5. **Catch up** with what was just published; write `log.json` once.
//!
//! If the newest record is the last one of a frozen log, nothing is taken over (I17): any writer
//! finishes what is unfinished, and that is all ([`super::freeze`]).
//!
//! Only [`recover`] makes a [`Ready`], and leading consumes it: after any failure the way back
//! leads through here (I9).

use std::sync::Arc;

use fasti_seams::planted::{Bug, planted};
use fasti_store::{Created, NewObject};

use crate::catch_up::{catch_up, warm_up};
use crate::context::Context;
use crate::dedup::Dedup;
use crate::description::describe;
use crate::finish::finish;
use crate::frozen::{Frozen, finish_frozen};
use crate::picture::{Picture, picture};
use crate::publication::Publication;
use crate::publish::Publisher;
use crate::record::Epoch;
use crate::recover_error::RecoverError;
use crate::replay::Replay;
use crate::seen::Seen;
use crate::sequence::Position;
use crate::take_over::{Begins, begin_term};
use crate::times::zeros;

/// A writer that may lead: the only way to get one is a successful recovery.
pub struct Ready {
    pub(super) position: Position,
    pub(super) publisher: Publisher,
    pub(super) published: Arc<Publication>,
}

impl Ready {
    /// The new term.
    pub(super) fn epoch(&self) -> Epoch {
        self.position.epoch
    }
}

/// The result of a recovery.
pub(super) enum Recovered {
    /// This writer may lead.
    Ready(Box<Ready>),
    /// The log has ended. Everything in it is published.
    Frozen(Frozen),
}

/// Brings the log from whatever state it is in to one that can be continued, or to its end.
///
/// With peers, `over` is the term that was found to have ended: if a later one has begun by now,
/// another writer was faster and is not disturbed.
pub(super) async fn recover(
    context: &Context,
    seen: &Arc<Seen>,
    dedup: &Dedup,
    over: Option<Epoch>,
) -> Result<Recovered, RecoverError> {
    let Picture { mut replay, edge, mut guard } = picture(context, seen).await?;
    if replay.is_frozen && !planted(Bug::EndPassedOver) {
        let frozen = finish_frozen(context, seen, replay, edge).await?;
        catch_up(context, dedup, frozen.publication.head).await?;
        return Ok(Recovered::Frozen(frozen));
    }
    if over.is_some_and(|over| over != replay.epoch) {
        return Err(RecoverError::Fenced);
    }
    warm_up(context, dedup, replay.base).await?;
    if replay.time.is_none() {
        begin_times(context, &replay).await?;
    }
    let previous = begin_term(context, &mut replay, &mut guard, Begins::Leading).await?;
    let ((edge, times), publisher, published) = finish(context, seen, &replay, edge).await?;
    catch_up(context, dedup, published.head).await?;
    describe(context, None).await?;
    let position = Position {
        edge,
        guard,
        number: replay.next.next(),
        previous,
        epoch: replay.epoch.next(),
        writer: context.config.writer_address.clone(),
        times,
        time: replay.time,
    };
    let published = Arc::new(published);
    Ok(Recovered::Ready(Box::new(Ready { position, publisher, published })))
}

/// Writes down that the entries of the last bundle have no times, before the first record that has
/// one. A record with a time is what shows that the file must exist, so the file must be durable
/// before it.
async fn begin_times(context: &Context, replay: &Replay) -> Result<(), RecoverError> {
    if let Some(NewObject { path, bytes }) = zeros(replay.base.size) {
        // Another writer may have written the same.
        let (Created::Now | Created::Already) = context.stores.objects.create(&path, bytes).await?;
    }
    Ok(())
}
