//! Take over: the first record of a term.
//!
//! The next record is created, empty, with the next epoch. From here on a slow rival is fenced
//! (I7). Until now it may have published, and trimmed the very slot that our record went to; so
//! `checkpoint` is read again, and the term begins only if it is not larger than before.

use fasti_objects::IntegratedTime;
use fasti_seams::planted::{Bug, planted};

use crate::commit::{CommitError, commit};
use crate::context::Context;
use crate::record::{Record, RecordDigest};
use crate::record_guard::RecordGuard;
use crate::recover_error::RecoverError;
use crate::replay::{PublishedCheckpoint, Replay, read_checkpoint};
use crate::sighting::SeenBy;
use crate::times::next_time;

/// What the first record of a term begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// A writer's leadership.
    Leading,
    /// Nothing: it is the last record of the log.
    TheEnd,
}

/// Creates the first record of a new term, and returns its digest. From here on a slow rival is
/// fenced, unless it has published more in the meantime. That is checked: if so, nothing was begun.
pub(super) async fn begin_term(
    context: &Context,
    replay: &mut Replay,
    guard: &mut RecordGuard,
    begins: Begins,
) -> Result<RecordDigest, RecoverError> {
    let (previous, time) = create_record(context, replay, guard, begins).await?;
    replay.time = time;
    if !planted(Bug::NoSecondRead) && !planted(Bug::CheckpointBeforeRecords) {
        replay.checkpoint = refuse_moved(read_checkpoint(context).await?, &replay.checkpoint)?;
    }
    Ok(previous)
}

async fn create_record(
    context: &Context,
    replay: &Replay,
    guard: &mut RecordGuard,
    begins: Begins,
) -> Result<(RecordDigest, Option<IntegratedTime>), RecoverError> {
    let record = Record {
        number: replay.next,
        epoch: if planted(Bug::EpochNotRaised) { replay.epoch } else { replay.epoch.next() },
        nonce: context.entropy.nonce(),
        time: Some(next_time(replay.time, context.clock.date())),
        times: Some(guard.times()),
        previous: replay.previous,
        before: guard.head(),
        after: guard.head(),
        writer: context.config.writer_address.clone(),
        entries: Vec::new(),
        is_last: begins == Begins::TheEnd,
    };
    let checked = guard.check(record.encode())?;
    let (commits, clock) = (&*context.stores.commits, &*context.clock);
    match commit(commits, clock, replay.next, &checked.encoded).await {
        Ok(()) => Ok((guard.accept(checked).digest, record.time)),
        Err(CommitError::Fenced { .. }) => Err(RecoverError::Fenced),
        Err(error) => Err(RecoverError::TakeOver(error)),
    }
}

/// The checkpoint that was read after the takeover record was created. If it is larger than the one
/// before, a rival has published in the meantime, and what it has published may have been trimmed.
fn refuse_moved(
    now: PublishedCheckpoint,
    before: &PublishedCheckpoint,
) -> Result<PublishedCheckpoint, RecoverError> {
    match (now.head, before.head) {
        (Some(now), Some(before)) if now.size == before.size && now.root != before.root => {
            Err(RecoverError::Forked { seen_by: SeenBy::Checkpoint, size: now.size })
        }
        (head, expected) if head != expected => Err(RecoverError::Fenced),
        _ => Ok(now),
    }
}
