//! Finish: everything that unfinished records imply is written again, checked, signed and
//! published. The bytes are the same as in any earlier attempt (I8).

use std::sync::Arc;

use fasti_grow::{CosignError, Edge, ForwardOnly, Leaf, SigningGuard};
use fasti_seams::causes::with_causes;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{Attempt, ObjectPath};
use tiles_spec::TileMap;
use tokio::sync::Mutex;

use crate::context::Context;
use crate::publication::Publication;
use crate::publish::{PublishError, Publisher};
use crate::recover_error::RecoverError;
use crate::replay::{Replay, read_checkpoint, read_record};
use crate::seen::Seen;
use crate::sighting::SeenBy;
use crate::times::TimesEdge;

/// Applies what the unfinished records imply, one by one, and publishes the last. Records that are
/// gone because another writer has finished them are not damage.
pub(super) async fn finish(
    context: &Context,
    seen: &Arc<Seen>,
    replay: &Replay,
    edge: (Edge, TimesEdge),
) -> Result<((Edge, TimesEdge), Publisher, Publication), RecoverError> {
    match finish_as_read(context, seen, replay, edge).await {
        Err(error) if error.is_of_records() && has_moved(context, replay).await? => {
            Err(RecoverError::Fenced)
        }
        // Or another writer has it cosigned, and has not published it yet.
        Err(error @ RecoverError::RolledBack { .. })
            if !planted(Bug::OvertakenIsPutBack) && is_overtaken(context, replay).await? =>
        {
            tracing::info!(error = with_causes(&error), "another writer leads");
            Err(RecoverError::Fenced)
        }
        finished => finished,
    }
}

async fn finish_as_read(
    context: &Context,
    seen: &Arc<Seen>,
    replay: &Replay,
    (mut edge, mut times): (Edge, TimesEdge),
) -> Result<((Edge, TimesEdge), Publisher, Publication), RecoverError> {
    let published = replay.checkpoint.head.unwrap_or(replay.base);
    let guard = SigningGuard::resume(context.signer.clone(), replay.base, published);
    let mut publisher = Publisher {
        objects: context.stores.objects.clone(),
        clock: context.clock.clone(),
        guard,
        signer: context.signer.clone(),
        memory: context.memory.clone(),
        cosigners: context.cosigners.clone(),
        seen: seen.clone(),
        shown: published,
        checkpoint: ForwardOnly::new(
            ObjectPath::checkpoint(),
            Some(replay.checkpoint.version.clone()),
        ),
        contents: replay.checkpoint.bytes.clone(),
        late: Mutex::default(),
        pace: context.config.batch_pace,
        metrics: context.metrics.clone(),
    };
    let mut tiles = TileMap::default();
    for &number in &replay.unfinished {
        let wrong = || RecoverError::WrongRoot { number };
        let (record, _) = read_record(context, number).await?;
        let leaves: Option<Vec<Leaf>> = record.entries.into_iter().map(Leaf::new).collect();
        let grown = edge.integrate(&leaves.ok_or_else(wrong)?).ok_or_else(wrong)?;
        if grown.head != record.after {
            return Err(wrong());
        }
        let times = times.grow(record.before.size, record.after.size, record.time);
        publisher.apply(&grown, times, Attempt::Again).await?;
        tiles = grown.tiles;
    }
    // Witnesses are asked even if nothing is left to be published. One that knows a larger tree
    // than all committed records lead to has seen what this store has lost.
    let is_published = replay.checkpoint.head == Some(replay.newest);
    let publication = if is_published && context.cosigners.is_none() {
        let checkpoint = replay.checkpoint.bytes.clone();
        publisher.remember(&checkpoint, SeenBy::Read).await?;
        Publication { head: published, checkpoint, tiles: Arc::new(tiles), batch: None }
    } else {
        publisher.publish(tiles).await.map_err(rolled_back)?
    };
    Ok(((edge, times), publisher, publication))
}

/// What a witness that knows a larger tree means once everything committed was read.
fn rolled_back(error: PublishError) -> RecoverError {
    match error {
        PublishError::Cosign(CosignError::Ahead { witness, seen, size }) => {
            RecoverError::RolledBack { seen_by: SeenBy::Witness(witness), seen, committed: size }
        }
        error => error.into(),
    }
}

/// Another writer has published since the takeover, or has begun a term and may be about to. The
/// first record of a term is never trimmed.
async fn is_overtaken(context: &Context, replay: &Replay) -> Result<bool, RecoverError> {
    let later = context.stores.commits.read(replay.next.next()).await?;
    Ok(later.is_some() || has_moved(context, replay).await?)
}

/// Another writer has published since the takeover, so the records that we read may have been
/// trimmed.
async fn has_moved(context: &Context, replay: &Replay) -> Result<bool, RecoverError> {
    Ok(read_checkpoint(context).await?.head != replay.checkpoint.head)
}
