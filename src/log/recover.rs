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

use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_signer::SignedMemoryError;
use fasti_store::{Attempt, Created, ObjectPath, RecordNumber, StoreError};
use tiles_spec::{CheckpointError, Frontier, TileMap, TreeHead, TreeSize, VerifierKey, plan_root};

use super::commit::{CommitError, commit};
use super::dedup::{Dedup, DedupError, DedupIndex};
use super::description::describe;
use super::freeze::{Frozen, finish_frozen};
use super::guard::{GuardError, RecordGuard, SigningGuard};
use super::integrate::{Edge, EdgeError, Leaf};
use super::publish::{Publication, PublishError, Publisher};
use super::record::{Epoch, Record, RecordDigest, RecordError};
use super::replay::{
    EMPTY, Replay, Shown, read_checkpoint, read_newest, read_record, refuse_rollback,
};
use super::seen::{Seen, Witness, begins_with};
use super::sequence::Position;
use super::{Context, load};

/// How many leaves are read from the tiles at once when the deduplication index catches up.
const CATCH_UP_LEAVES: u64 = 1 << 16;

/// Why a log is not continued. Nothing was signed; every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The checkpoint belongs to another log.
    #[error("the store holds the log {found:?}, not {expected:?}; check --store and --origin")]
    WrongOrigin {
        /// The origin in the checkpoint.
        found: String,
        /// The expected origin.
        expected: String,
    },
    /// The checkpoint is not signed by the key.
    #[error(
        "the store's checkpoint is not signed by this key ({key}); use the key that the log was \
         created with"
    )]
    WrongKey {
        /// The verifier key of this key.
        key: Box<VerifierKey>,
        /// The verification error.
        #[source]
        source: CheckpointError,
    },
    /// The commit records are missing.
    #[error(
        "the log was published at size {published}, but its commit records (_writer/commit) are \
         missing; restore them. A log cannot be continued from its tiles, because they may not \
         hold what was committed last"
    )]
    MissingRecords {
        /// The published size.
        published: TreeSize,
    },
    /// The checkpoint is missing.
    #[error(
        "there are commit records up to size {committed}, but no checkpoint; restore `checkpoint` \
         from the newest copy that any reader or mirror has"
    )]
    MissingCheckpoint {
        /// The committed size.
        committed: TreeSize,
    },
    /// More was signed than the store holds: an older copy was restored.
    #[error(
        "rolled back: {witness} shows the log at size {seen}, but the commit records end at size \
         {committed}. This is an older copy of the log; continuing from it would fork it. Restore \
         the newest copy, or end this log and start a new one under another origin"
    )]
    RolledBack {
        /// The source of the larger size.
        witness: Witness,
        /// The larger size.
        seen: TreeSize,
        /// The size that the records lead to.
        committed: TreeSize,
    },
    /// There are two roots for one size.
    #[error(
        "forked: {witness} has another root at size {size} than the log in the store. One of them \
         belongs to another history; do not delete either, and do not continue"
    )]
    Forked {
        /// The source of the other root.
        witness: Witness,
        /// The size.
        size: TreeSize,
    },
    /// A record is missing between the newest and the published ones.
    #[error(
        "commit record {number} is missing, so the batches after the published size {published} \
         cannot be finished; restore it"
    )]
    Gap {
        /// The missing record.
        number: RecordNumber,
        /// The published size.
        published: TreeSize,
    },
    /// The records do not form a chain.
    #[error("commit record {number} does not follow the previous one; one of them is damaged")]
    BrokenChain {
        /// The later record.
        number: RecordNumber,
    },
    /// A record does not read back (I14).
    #[error("commit record {number} is damaged; restore it from a backup")]
    DamagedRecord {
        /// The record.
        number: RecordNumber,
        /// What is wrong with it.
        #[source]
        source: RecordError,
    },
    /// A tile or bundle of the right edge is missing.
    #[error("{path} is missing; restore it from a mirror or a backup")]
    MissingTile {
        /// The object.
        path: ObjectPath,
    },
    /// A tile or bundle is damaged (I14).
    #[error("{0}; restore it from a mirror or a backup (`fasti fsck` lists every damaged file)")]
    DamagedEdge(#[from] EdgeError),
    /// The entries of a record do not lead to the root that it states.
    #[error("commit record {number} does not lead to the root it states; restore it from a backup")]
    WrongRoot {
        /// The record.
        number: RecordNumber,
    },
    /// Another writer took over in the meantime.
    #[error("another writer has taken over")]
    Fenced,
    /// Writing the takeover record failed.
    #[error("cannot take over the log")]
    TakeOver(#[from] CommitError),
    /// Finishing the unfinished batches failed.
    #[error("cannot finish what was committed")]
    Publish(#[from] PublishError),
    /// The guard refused.
    #[error("the guard stops the log")]
    Guard(#[from] GuardError),
    /// The key's memory cannot be read.
    #[error(transparent)]
    Memory(#[from] SignedMemoryError),
    /// The deduplication index cannot be used.
    #[error(transparent)]
    Dedup(#[from] DedupError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RecoverError {
    /// Another writer was faster, or the store or signer may recover.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Fenced => true,
            Self::TakeOver(error) => error.is_passing(),
            Self::Publish(error) => error.is_passing(),
            Self::Guard(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Memory(error) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether the error is about a record that should be there unchanged.
    fn is_of_records(&self) -> bool {
        matches!(
            self,
            Self::Gap { .. }
                | Self::BrokenChain { .. }
                | Self::DamagedRecord { .. }
                | Self::WrongRoot { .. }
        )
    }

    /// Whether only the signer failed, which may recover.
    pub(super) fn is_of_signer(&self) -> bool {
        match self {
            Self::Guard(error) | Self::Publish(PublishError::Guard(error)) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether reading everything again cannot help, because the error is not about what was read.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Publish(error) => !error.is_passing(),
            Self::Guard(error) => !error.is_passing(),
            Self::Memory(error) => !error.is_passing(),
            Self::Dedup(_) => true,
            _ => false,
        }
    }
}

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
    let previous = begin_term(context, &mut replay, &mut guard, Begins::Leading).await?;
    let (edge, publisher, published) = finish(context, seen, &replay, edge).await?;
    catch_up(context, dedup, published.head).await?;
    describe(context, None).await?;
    let position = Position {
        edge,
        guard,
        number: replay.next.next(),
        previous,
        epoch: replay.epoch.next(),
        writer: context.config.writer_address.clone(),
    };
    let published = Arc::new(published);
    Ok(Recovered::Ready(Box::new(Ready { position, publisher, published })))
}

/// The state of a log, before anything is written.
pub(super) struct Picture {
    pub replay: Replay,
    pub edge: Edge,
    pub guard: RecordGuard,
}

/// Reads the state of the log, and refuses it if its parts do not agree (I10).
pub(super) async fn picture(context: &Context, seen: &Seen) -> Result<Picture, RecoverError> {
    create_if_new(context, seen).await?;
    let mut version = None;
    loop {
        let error = match take_picture(context, seen).await {
            Err(error) if context.peers.is_some() && !error.is_passing() => error,
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
    let (tiles, bundle) = load::edge(&*context.stores.objects, replay.base).await?;
    let edge = Edge::load(replay.base, &tiles, bundle)?;
    begins_with(context, replay.base, &replay.older).await?;
    let guard = fold(context, &replay, &tiles).await?;
    Ok(Picture { replay, edge, guard })
}

/// Another writer has published since the takeover, so the records that we read may have been
/// trimmed.
async fn has_moved(context: &Context, replay: &Replay) -> Result<bool, RecoverError> {
    Ok(read_checkpoint(context).await?.head != replay.checkpoint.head)
}

/// The checkpoint that was read after the takeover record was created. If it is larger than the one
/// before, a rival has published in the meantime, and what it has published may have been trimmed.
fn refuse_moved(now: Shown, before: &Shown) -> Result<Shown, RecoverError> {
    match (now.head, before.head) {
        (Some(now), Some(before)) if now.size == before.size && now.root != before.root => {
            Err(RecoverError::Forked { witness: Witness::Checkpoint, size: now.size })
        }
        (head, expected) if head != expected => Err(RecoverError::Fenced),
        _ => Ok(now),
    }
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
    let checkpoint = SigningGuard::new(context.signer.clone(), EMPTY).sign().await?;
    // Whoever created it first, it must verify under our own key; that is checked next.
    let (Created::Now | Created::Already) = objects.create(&path, checkpoint).await?;
    Ok(())
}

/// There are no records, and nothing is remembered of a log of this key.
async fn expect_nothing(context: &Context, seen: &Seen) -> Result<(), RecoverError> {
    if let Some((_, newest, _)) = read_newest(context).await? {
        let committed = newest.after.size;
        return Err(RecoverError::MissingCheckpoint { committed });
    }
    refuse_rollback(context, seen, &[EMPTY]).await?;
    Ok(())
}

/// The frontier of the newest tree: the base, plus every entry of the unfinished records. Checks
/// that each record leads from the tree before it to the tree that it states.
async fn fold(
    context: &Context,
    replay: &Replay,
    tiles: &TileMap,
) -> Result<RecordGuard, RecoverError> {
    let size = replay.base.size;
    let nodes = plan_root(size).build(tiles).unwrap_or_default();
    let frontier = Frontier::from_nodes(size, nodes)
        .map_err(|_| EdgeError { path: "the right edge".to_owned(), size })?;
    let mut guard = RecordGuard::new(frontier);
    for &number in &replay.unfinished {
        let (record, digest) = read_record(context, number).await?;
        guard.follow(&record, digest).map_err(|_| RecoverError::WrongRoot { number })?;
    }
    Ok(guard)
}

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
    let previous = take_over(context, replay, guard, begins).await?;
    if !planted(Bug::NoSecondRead) && !planted(Bug::CheckpointBeforeRecords) {
        replay.checkpoint = refuse_moved(read_checkpoint(context).await?, &replay.checkpoint)?;
    }
    Ok(previous)
}

async fn take_over(
    context: &Context,
    replay: &Replay,
    guard: &mut RecordGuard,
    begins: Begins,
) -> Result<RecordDigest, RecoverError> {
    let record = Record {
        number: replay.next,
        epoch: if planted(Bug::EpochNotRaised) { replay.epoch } else { replay.epoch.next() },
        nonce: if planted(Bug::NonceReused) { [0; 16] } else { context.entropy.nonce() },
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
        Ok(()) => Ok(guard.accept(checked).digest),
        Err(CommitError::Fenced { .. }) => Err(RecoverError::Fenced),
        Err(error) => Err(RecoverError::TakeOver(error)),
    }
}

/// Applies what the unfinished records imply, one by one, and publishes the last. Records that are
/// gone because another writer has finished them are not damage.
pub(super) async fn finish(
    context: &Context,
    seen: &Arc<Seen>,
    replay: &Replay,
    edge: Edge,
) -> Result<(Edge, Publisher, Publication), RecoverError> {
    match finish_as_read(context, seen, replay, edge).await {
        Err(error) if error.is_of_records() && has_moved(context, replay).await? => {
            Err(RecoverError::Fenced)
        }
        finished => finished,
    }
}

async fn finish_as_read(
    context: &Context,
    seen: &Arc<Seen>,
    replay: &Replay,
    mut edge: Edge,
) -> Result<(Edge, Publisher, Publication), RecoverError> {
    let published = replay.checkpoint.head.unwrap_or(replay.base);
    let guard = SigningGuard::resume(context.signer.clone(), replay.base, published);
    let mut publisher = Publisher {
        objects: context.stores.objects.clone(),
        clock: context.clock.clone(),
        guard,
        signer: context.signer.clone(),
        memory: context.memory.clone(),
        seen: seen.clone(),
        shown: published,
        version: replay.checkpoint.version.clone(),
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
        publisher.apply(&grown, Attempt::Again).await?;
        tiles = grown.tiles;
    }
    let publication = if replay.checkpoint.head == Some(replay.newest) {
        let checkpoint = replay.checkpoint.bytes.clone();
        publisher.remember(&checkpoint, Witness::Read).await?;
        Publication { head: published, checkpoint, tiles }
    } else {
        publisher.publish(tiles).await?
    };
    Ok((edge, publisher, publication))
}

/// Makes the index cover what is durable, unless it covers more. The reads can take long, and
/// nobody has to wait for them yet.
async fn warm_up(context: &Context, dedup: &Dedup, base: TreeHead) -> Result<(), RecoverError> {
    let index = dedup.index().clone();
    match offload(move || index.covers()).await? {
        Some(covered) if covered.size > base.size => Ok(()),
        _ => catch_up(context, dedup, base).await,
    }
}

/// Makes the deduplication index cover the published tree. An index that covers a tree of another
/// history, or a larger one, is rebuilt from scratch. What is read must hash to the tree: otherwise
/// a damaged tile would make the log forget a leaf (I14).
pub(super) async fn catch_up(
    context: &Context,
    dedup: &Dedup,
    head: TreeHead,
) -> Result<(), RecoverError> {
    let index = dedup.index().clone();
    let covers = offload({
        let index = index.clone();
        move || index.covers()
    })
    .await?;
    let mut frontier = Frontier::new();
    if let Some(covered) = covers {
        match load::frontier_at(context, covered.size).await? {
            Some(known) if covered.size <= head.size && known.head() == covered => frontier = known,
            _ => {
                tracing::warn!(
                    size = %covered.size,
                    "the deduplication index belongs to another tree; rebuilding it"
                );
                forget(&index).await?;
            }
        }
    }
    let sound = frontier.head().size;
    while frontier.head().size < head.size {
        let from = frontier.head().size;
        let to = from.get().saturating_add(CATCH_UP_LEAVES).min(head.size.get());
        let to = TreeSize::new(to).expect("not above the head");
        let leaves = load::leaves(context, from, to, head.size).await?;
        let (leaves, grown) = offload(move || {
            let pushed = leaves.iter().all(|(leaf, _)| frontier.push(*leaf).is_ok());
            (leaves, pushed.then_some(frontier))
        })
        .await;
        let grown = grown.filter(|f| {
            let is_sound = f.head().size == to && (to < head.size || f.head() == head);
            is_sound || planted(Bug::CatchUpUnchecked)
        });
        let Some(grown) = grown else {
            if from > sound {
                forget(&index).await?;
            }
            let path = "a hash tile of level 0".to_owned();
            return Err(RecoverError::DamagedEdge(EdgeError { path, size: head.size }));
        };
        let (covered, index) = (grown.head(), index.clone());
        offload(move || index.add(&leaves, covered)).await?;
        frontier = grown;
    }
    Ok(())
}

async fn forget(index: &Arc<dyn DedupIndex>) -> Result<(), DedupError> {
    let index = index.clone();
    offload(move || index.clear()).await
}
