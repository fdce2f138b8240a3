//! Recover: from whatever the store holds to a writer that may go on, or to a refusal.
//!
//! The steps, in an order that matters:
//! 1. **Replay.** Take the newest record, walk its digests back to the first one that may not have
//!    been applied durably, and only then read `checkpoint`. Record chain, checkpoint, right edge
//!    and the key's memory must agree; where they do not, the log is refused with the reason (I10).
//! 2. **Take over.** Create the next record, empty, with the next epoch. From here on a rival that
//!    was slow is fenced (I7). Read `checkpoint` again: it must not have moved.
//! 3. **Finish.** Write again everything the unfinished records imply, check it, sign and publish.
//!    The bytes are the same as in any earlier attempt (I8).
//! 4. **Catch up** with the deduplication index from the tiles; write `log.json` once.
//!
//! Only [`recover`] makes a [`Ready`], and leading consumes it: after any failure the way back
//! leads through here (I9).

use tiles_spec::{
    CheckpointError, Frontier, Hash, HashTile, LeafIndex, TileCoord, TileMap, TileWidth, TreeHead,
    TreeSize, VerifierKey, plan_root,
    tile::{edge_bundle, edge_tiles, tiles_at},
};

use super::commit::{CommitError, commit};
use super::dedup::{Dedup, DedupError};
use super::description::describe;
use super::guard::{GuardError, RecordGuard, SigningGuard};
use super::integrate::{Edge, EdgeError, Integrated, Leaf, root_of};
use super::publish::{Publication, PublishError, Publisher};
use super::record::RecordError;
use super::replay::{EMPTY, Replay, newest_record, read_checkpoint, read_record, refuse_rollback};
use super::sequence::{Position, SequenceError};
use super::{Context, read_tile};
use crate::offload::offload;
use crate::signer::SignedMemoryError;
use crate::store::{Attempt, Created, ObjectPath, RecordNumber, StoreError};

/// How many leaves are read from the tiles at once to catch up with the deduplication index.
const CATCH_UP_LEAVES: u64 = 1 << 16;

/// Why a log is not continued. Nothing was signed; every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The checkpoint is of another log.
    #[error(
        "the store holds the log {found:?}, not {expected:?}; name the right --store or --origin"
    )]
    WrongOrigin {
        /// The origin in the checkpoint.
        found: String,
        /// The origin that was asked for.
        expected: String,
    },
    /// The checkpoint is not signed by the key.
    #[error(
        "the store's checkpoint is not signed by this key ({key}); name the key that the log was \
         made with"
    )]
    WrongKey {
        /// The key's verifier key.
        key: Box<VerifierKey>,
        /// What verification said.
        #[source]
        source: CheckpointError,
    },
    /// The commit records are gone.
    #[error(
        "the log was published at size {published}, but its commit records (_writer/commit) are \
         missing; restore them. A log cannot be continued from its tiles: what was committed last \
         may not be in them"
    )]
    MissingRecords {
        /// The published size.
        published: TreeSize,
    },
    /// The checkpoint is gone.
    #[error(
        "there are commit records up to size {committed}, but no checkpoint; restore `checkpoint` \
         from any reader's or mirror's copy, the newest there is"
    )]
    MissingCheckpoint {
        /// The committed size.
        committed: TreeSize,
    },
    /// What was signed is ahead of what is here: an older copy was restored.
    #[error(
        "rolled back: {witness} shows the log at size {seen}, but the commit records end at size \
         {committed}. This is an older copy of the log; going on from it would fork it. Restore the \
         newest copy, or end this log and start a new one under another origin"
    )]
    RolledBack {
        /// Who has seen more.
        witness: &'static str,
        /// The size it has seen.
        seen: TreeSize,
        /// The size that the records lead to.
        committed: TreeSize,
    },
    /// Two roots for one size.
    #[error(
        "forked: {witness} has another root at size {size} than the commit records. One of them is \
         of another history; do not delete either, and do not go on"
    )]
    Forked {
        /// Who disagrees.
        witness: &'static str,
        /// At which size.
        size: TreeSize,
    },
    /// A record is missing between the newest and the published ones.
    #[error(
        "commit record {number} is missing, so the batches behind the published size {published} \
         cannot be finished; restore it"
    )]
    Gap {
        /// The missing record.
        number: RecordNumber,
        /// The published size.
        published: TreeSize,
    },
    /// Records do not chain.
    #[error("commit record {number} does not follow the one before it; one of them is damaged")]
    BrokenChain {
        /// The later record.
        number: RecordNumber,
    },
    /// A record does not read back (I14).
    #[error("commit record {number} is damaged; restore it from a backup")]
    DamagedRecord {
        /// The record.
        number: RecordNumber,
        /// What is wrong.
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
    /// A record's entries do not lead to the root it states.
    #[error("commit record {number} does not lead to the root it states; restore it from a backup")]
    WrongRoot {
        /// The record.
        number: RecordNumber,
    },
    /// Another writer took over meanwhile.
    #[error("another writer has taken over")]
    Fenced,
    /// Writing the takeover record failed.
    #[error("cannot take over the log")]
    TakeOver(#[from] CommitError),
    /// The takeover record did not pass.
    #[error("cannot make the takeover record")]
    Sequence(#[from] SequenceError),
    /// Finishing the unfinished batches failed.
    #[error("cannot finish what was committed")]
    Publish(#[from] PublishError),
    /// The guard objects.
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

/// A writer that may lead: the only way to get one is a successful recovery.
pub struct Ready {
    pub(super) position: Position,
    pub(super) publisher: Publisher,
    pub(super) published: Publication,
}

/// Brings the log from whatever state it is in to one that can be continued.
pub(super) async fn recover(context: &Context, dedup: &Dedup) -> Result<Ready, RecoverError> {
    create_if_new(context).await?;
    let replay = Replay::read(context).await?;
    refuse_foreign_checkpoint(context, &replay).await?;
    let (mut position, steps) = rebuild(context, &replay).await?;
    take_over(context, &mut position).await?;
    if read_checkpoint(context).await?.version != replay.checkpoint.version {
        return Err(RecoverError::Fenced);
    }
    let (publisher, published) = finish(context, &replay, steps).await?;
    catch_up(context, dedup, published.head).await?;
    describe(context).await?;
    Ok(Ready { position, publisher, published })
}

/// Shows the size-0 checkpoint of a log that does not exist yet.
async fn create_if_new(context: &Context) -> Result<(), RecoverError> {
    let path = ObjectPath::checkpoint();
    if context.stores.objects.get(&path).await?.is_some() {
        return Ok(());
    }
    if let Some(newest) = newest_record(context).await? {
        let committed = read_record(context, newest).await?.0.after.size;
        return Err(RecoverError::MissingCheckpoint { committed });
    }
    refuse_rollback(context, &[EMPTY])?;
    let checkpoint = SigningGuard::new(context.signer.clone(), EMPTY).sign().await?;
    // Whoever created it first: it has to verify under our own key, which is checked next.
    let (Created::Now | Created::Already) =
        context.stores.objects.create(&path, checkpoint).await?;
    Ok(())
}

/// A checkpoint that is older than every kept record is compared with the tiles.
async fn refuse_foreign_checkpoint(context: &Context, replay: &Replay) -> Result<(), RecoverError> {
    let Some(shown) = replay.checkpoint.head else { return Ok(()) };
    if shown.size >= replay.base.size || root_at(context, shown.size).await? == Some(shown.root) {
        return Ok(());
    }
    Err(RecoverError::Forked { witness: "the published checkpoint", size: shown.size })
}

/// The right edge at the base, grown in memory by the unfinished records.
async fn rebuild(
    context: &Context,
    replay: &Replay,
) -> Result<(Position, Vec<Integrated>), RecoverError> {
    let base = replay.base;
    let (tiles, bundle) = read_edge(context, base).await?;
    let mut edge = Edge::load(base, &tiles, bundle)?;
    let nodes = plan_root(base.size).build(&tiles).unwrap_or_default();
    let frontier = Frontier::from_nodes(base.size, nodes)
        .map_err(|_| EdgeError { path: "the right edge".to_owned(), size: base.size })?;
    let mut guard = RecordGuard::new(frontier);
    let mut steps = Vec::new();
    for &number in &replay.unfinished {
        let (record, _) = read_record(context, number).await?;
        let wrong = || RecoverError::WrongRoot { number };
        let leaves: Option<Vec<Leaf>> = record.entries.iter().cloned().map(Leaf::new).collect();
        let grown = edge.integrate(&leaves.ok_or_else(wrong)?).ok_or_else(wrong)?;
        if grown.head != record.after {
            return Err(wrong());
        }
        let checked = guard.check(record.encode())?;
        guard.accept(checked);
        steps.push(grown);
    }
    let position = Position {
        edge,
        guard,
        number: replay.next,
        previous: replay.previous,
        epoch: replay.epoch.next(),
        writer: context.config.writer_address.clone(),
    };
    Ok((position, steps))
}

/// The unfinished tiles and bundle of a tree.
async fn read_edge(context: &Context, head: TreeHead) -> Result<(TileMap, Vec<u8>), RecoverError> {
    let mut tiles = TileMap::default();
    for coord in edge_tiles(head.size) {
        tiles.insert(coord, edge_tile(context, coord, head).await?);
    }
    let Some(coord) = edge_bundle(head.size) else { return Ok((tiles, Vec::new())) };
    let path = ObjectPath::from(coord);
    if let Some(object) = context.stores.objects.get(&path).await? {
        return Ok((tiles, object.bytes.into()));
    }
    // The partial bundle was superseded by a wider one that is full.
    let full = tiles_spec::BundleCoord { width: TileWidth::FULL, ..coord };
    let object = context.stores.objects.get(&full.into()).await?;
    let bytes = object.ok_or(RecoverError::MissingTile { path: path.clone() })?.bytes;
    let bundle = tiles_spec::EntryBundle::decode(bytes, TileWidth::FULL)
        .map_err(|_| EdgeError { path: full.to_string(), size: head.size })?;
    let mut cut = Vec::new();
    for entry in bundle.entries().take(coord.width.as_usize()) {
        tiles_spec::append_entry(&mut cut, entry).expect("an entry of a bundle is in bounds");
    }
    Ok((tiles, cut))
}

async fn edge_tile(
    context: &Context,
    coord: TileCoord,
    head: TreeHead,
) -> Result<HashTile, RecoverError> {
    match read_tile(&*context.stores.objects, coord).await {
        Ok(Some(tile)) => Ok(tile),
        Ok(None) => Err(RecoverError::MissingTile { path: coord.into() }),
        Err(StoreError::Corrupt { path, .. }) => {
            Err(RecoverError::DamagedEdge(EdgeError { path, size: head.size }))
        }
        Err(error) => Err(error.into()),
    }
}

async fn take_over(context: &Context, position: &mut Position) -> Result<(), RecoverError> {
    let sequenced = position.sequence(Vec::new(), context.entropy.nonce())?;
    let commits = &*context.stores.commits;
    commit(commits, &*context.clock, position.number, &sequenced.record.encoded).await.map_err(
        |error| match error {
            CommitError::Fenced { .. } => RecoverError::Fenced,
            other => RecoverError::TakeOver(other),
        },
    )?;
    position.advance(sequenced.record);
    Ok(())
}

/// Applies and publishes what the unfinished records imply.
async fn finish(
    context: &Context,
    replay: &Replay,
    steps: Vec<Integrated>,
) -> Result<(Publisher, Publication), RecoverError> {
    let published = replay.checkpoint.head.unwrap_or(replay.base);
    let guard = SigningGuard::resume(context.signer.clone(), replay.base, published);
    let mut publisher = Publisher {
        objects: context.stores.objects.clone(),
        guard,
        memory: context.memory.clone(),
        version: replay.checkpoint.version.clone(),
    };
    let mut tiles = TileMap::default();
    for step in steps {
        publisher.apply(&step, Attempt::Again).await?;
        tiles = step.tiles;
    }
    if replay.newest == published && replay.checkpoint.head.is_some() {
        let checkpoint = replay.checkpoint.bytes.clone();
        return Ok((publisher, Publication { head: published, checkpoint, tiles }));
    }
    let published = publisher.publish(tiles).await?;
    Ok((publisher, published))
}

/// Makes the deduplication index cover the published tree. An index that covers a tree of another
/// history, or a larger one, is rebuilt from nothing.
async fn catch_up(context: &Context, dedup: &Dedup, head: TreeHead) -> Result<(), RecoverError> {
    let index = dedup.index().clone();
    let covers = offload({
        let index = index.clone();
        move || index.covers()
    })
    .await?;
    let mut from = TreeSize::ZERO;
    if let Some(covered) = covers {
        if covered.size <= head.size && root_at(context, covered.size).await? == Some(covered.root)
        {
            from = covered.size;
        } else {
            tracing::warn!(size = %covered.size, "the deduplication index is of another tree; rebuilding");
            offload({
                let index = index.clone();
                move || index.clear()
            })
            .await?;
        }
    }
    while from < head.size {
        let to = from.get().saturating_add(CATCH_UP_LEAVES).min(head.size.get());
        let to = TreeSize::new(to).expect("not above the head");
        let leaves = read_leaves(context, from, to, head.size).await?;
        let root = if to == head.size { Some(head.root) } else { root_at(context, to).await? };
        let root = root.ok_or(DedupError::Damaged)?;
        let index = index.clone();
        offload(move || index.add(&leaves, TreeHead { size: to, root })).await?;
        from = to;
    }
    Ok(())
}

/// The root at an earlier size, from the tiles; `None` if they are not there.
async fn root_at(context: &Context, size: TreeSize) -> Result<Option<Hash>, RecoverError> {
    let mut tiles = TileMap::default();
    for coord in plan_root(size).tiles() {
        match read_tile(&*context.stores.objects, *coord).await? {
            Some(tile) => tiles.insert(*coord, tile),
            None => return Ok(None),
        }
    }
    Ok(root_of(size, &tiles))
}

/// The leaf hashes from leaf `from` to before leaf `to`, from the tiles of the tree of `size`.
async fn read_leaves(
    context: &Context,
    from: TreeSize,
    to: TreeSize,
    size: TreeSize,
) -> Result<Vec<(Hash, LeafIndex)>, RecoverError> {
    let mut leaves = Vec::new();
    for coord in tiles_at(size, tiles_spec::Level::ZERO)
        .skip(usize::try_from(from.get() / 256).unwrap_or(usize::MAX))
        .take_while(|coord| coord.index.get() * 256 < to.get())
    {
        let tile = read_tile(&*context.stores.objects, coord).await?;
        let tile = tile.ok_or(RecoverError::MissingTile { path: coord.into() })?;
        let indexed = (coord.index.get() * 256..).zip(tile.hashes());
        leaves.extend(
            indexed
                .filter(|(n, _)| (from.get()..to.get()).contains(n))
                .filter_map(|(n, hash)| Some((*hash, LeafIndex::new(n)?))),
        );
    }
    Ok(leaves)
}
