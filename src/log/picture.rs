//! Picture: the state of a log, read before anything is written.
//!
//! Record chain, checkpoint, right edge, what is remembered outside the store and what this process
//! has seen must agree; if they do not, the log is refused with the reason (I10, I18). If the store
//! is shared, a disagreement must appear twice, with an unchanged checkpoint: another writer may
//! have moved on while we read.

use fasti_grow::{Edge, EdgeError, SigningGuard, tree};
use fasti_store::{Created, ObjectPath};
use tiles_spec::{Frontier, TileMap, TreeHead, plan_root};

use crate::context::Context;
use crate::prefix::begins_with;
use crate::record_guard::{RecordGuard, RecordGuardError};
use crate::recover_error::RecoverError;
use crate::replay::{Replay, read_newest, read_record, refuse_rollback, witnessed};
use crate::seen::Seen;
use crate::times::TimesEdge;

/// The state of a log, before anything is written.
pub(super) struct Picture {
    pub replay: Replay,
    pub edge: (Edge, TimesEdge),
    pub guard: RecordGuard,
}

/// Reads the state of the log, and refuses it if its parts do not agree (I10).
pub(super) async fn picture(context: &Context, seen: &Seen) -> Result<Picture, RecoverError> {
    create_if_new(context, seen).await?;
    let mut version = None;
    loop {
        let error = match take_picture(context, seen).await {
            Err(error) if context.store_is_shared() && !error.is_passing() => error,
            taken => return taken,
        };
        let now = context.stores.objects.get(&ObjectPath::checkpoint()).await?;
        let now = now.map(|object| object.version);
        if version == Some(now.clone()) {
            return Err(error);
        }
        tracing::info!(error = %error, "what was read is inconsistent; reading it again");
        version = Some(now);
    }
}

async fn take_picture(context: &Context, seen: &Seen) -> Result<Picture, RecoverError> {
    let replay = Replay::read(context, seen).await?;
    let (tiles, bundle) = tree::edge(&*context.stores.objects, replay.base).await?;
    let edge = Edge::load(replay.base, &tiles, bundle)?;
    let (objects, size) = (&*context.stores.objects, replay.base.size);
    let times = TimesEdge::load(objects, size, replay.time, &replay.stated).await?;
    begins_with(context, replay.base, &replay.older).await?;
    let guard = fold(context, &replay, &tiles, times.clone()).await?;
    Ok(Picture { replay, edge: (edge, times), guard })
}

/// Publishes the size-0 checkpoint of a log that does not exist yet. What speaks against a new log
/// counts only if there is still no checkpoint afterwards: another writer may have created the log
/// while we looked, and have written a lot to it.
async fn create_if_new(context: &Context, seen: &Seen) -> Result<(), RecoverError> {
    let (objects, path) = (&context.stores.objects, ObjectPath::checkpoint());
    if objects.get(&path).await?.is_some() {
        return Ok(());
    }
    match expect_nothing(context, seen).await {
        Err(error) if error.is_passing() || objects.get(&path).await?.is_none() => {
            return Err(error);
        }
        Err(_) => return Ok(()),
        Ok(()) => {}
    }
    let checkpoint = SigningGuard::new(context.signer.clone(), TreeHead::EMPTY).sign().await?;
    // Whoever created it first, it must verify under our own key; that is checked next.
    let (Created::Now | Created::Already) = objects.create(&path, checkpoint).await?;
    Ok(())
}

/// There are no records, and nothing is remembered of a log of this key.
async fn expect_nothing(context: &Context, seen: &Seen) -> Result<(), RecoverError> {
    let witnessed = witnessed(context, seen).await?;
    if let Some((_, newest, _)) = read_newest(context).await? {
        let committed = newest.after.size;
        return Err(RecoverError::MissingCheckpoint { committed });
    }
    refuse_rollback(context, &witnessed, &[TreeHead::EMPTY])?;
    Ok(())
}

/// The frontier of the newest tree: the base, plus every entry of the unfinished records. Checks
/// that each record leads from the tree before it to the tree that it states.
async fn fold(
    context: &Context,
    replay: &Replay,
    tiles: &TileMap,
    times: TimesEdge,
) -> Result<RecordGuard, RecoverError> {
    let size = replay.base.size;
    let nodes = plan_root(size).build(tiles).unwrap_or_default();
    let frontier = Frontier::from_nodes(size, nodes)
        .map_err(|_| EdgeError { path: "the right edge".to_owned(), size })?;
    let mut guard = RecordGuard::new(frontier, times);
    for &number in &replay.unfinished {
        let (record, digest) = read_record(context, number).await?;
        guard.follow(&record, digest).map_err(|error| match error {
            RecordGuardError::Times(_) => RecoverError::BrokenChain { number },
            _ => RecoverError::WrongRoot { number },
        })?;
    }
    Ok(guard)
}
