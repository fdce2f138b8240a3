//! Publish: from a committed batch to a checkpoint that everyone can read.
//!
//! The safety of the log depends on the order (I3, I4). Tiles and bundles are written and read back
//! by the guard; the checkpoint is signed, remembered outside the store, and published; only then
//! are the submitters answered. After a crash anywhere in between, recovery finishes with the same
//! bytes: the memory may then be ahead of `checkpoint`, but never of the commit records. A
//! signature that the memory forbids is dropped, and nobody sees it (I18).
//!
//! If the log has witnesses, they cosign the checkpoint before it is published. Until enough of
//! them do, nothing is published and nobody is answered. A witness that has cosigned a larger tree
//! ends the term; recovery then tells whether another writer made it, or the store was rolled back.
//! Cosignatures that come later are joined to what is published ([`crate::late`]), and none is
//! dropped as long as it is of the newest tree.
//!
//! `checkpoint` only moves forward (I2). It is replaced on the version that was last read or
//! written. If another writer was faster, the published checkpoint decides: if it is our tree, it
//! is published, whoever wrote it; if it is smaller but has grown since, it is an older leader's
//! and is replaced in turn; if it is larger, this writer is fenced (I7). If it is smaller than one
//! known to have been published, the store was rolled back, and the log is not continued (I18). An
//! ambiguous answer proves nothing, so the identical replacement is repeated.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti_grow::cosigners::{with_cosignatures, with_lines};
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{
    CosignError, Cosigners, ForwardOnly, Found, Growth, GuardError, Integrated, SigningGuard,
};
use fasti_seams::back_off::BackOff;
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_seams::planted::{Bug, planted};
use fasti_seams::trace::stage;
use fasti_signer::{SignedMemory, SignedMemoryError, Signer};
use fasti_store::{Attempt, NewObject, Object, Store, StoreError};
use futures::future::{Either, select};
use tiles_spec::{
    CheckpointError, NoteSignature, SignedCheckpoint, TileMap, TreeHead, TreeSize, open_checkpoint,
};
use tokio::sync::Mutex;

use crate::late::Late;
use crate::metrics::LogMetrics;
use crate::publication::Publication;
use crate::remember::remember;
use crate::seen::Seen;
use crate::sighting::{SeenBy, Sighting};

/// How long a leader waits for witnesses before its term ends.
const WITNESSES_WAITED_FOR: Duration = Duration::from_mins(1);

/// Why a committed batch could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Tiles or bundles could not be written.
    #[error("cannot write tiles and bundles")]
    Apply(#[source] StoreError),
    /// The guard refused.
    #[error("the guard stops the log")]
    Guard(#[from] GuardError),
    /// The log's memory cannot be written, or forbids the signature.
    #[error(transparent)]
    Memory(#[from] SignedMemoryError),
    /// Too few witnesses cosigned, or one has cosigned a larger tree (I18).
    #[error("the checkpoint cannot be cosigned")]
    Cosign(#[source] CosignError),
    /// The checkpoint could not be replaced.
    #[error("cannot replace the checkpoint")]
    Checkpoint(#[source] StoreError),
    /// Another writer has published a larger tree (I7).
    #[error("another writer has published the tree of size {shown}; this one is fenced")]
    Fenced {
        /// The published size.
        shown: TreeSize,
    },
    /// The store was rolled back while the log was running (I18).
    #[error(
        "rolled back: `checkpoint` was at size {known} and is now at size {shown}: the store was \
         replaced by an older copy while this writer was running. Continuing from it would fork \
         the log. Restore the newest copy, or end this log and start a new one under another origin"
    )]
    PutBack {
        /// The size that was published before.
        known: TreeSize,
        /// The size that is published now.
        shown: TreeSize,
    },
    /// The checkpoint was removed while the log was running.
    #[error("`checkpoint` is gone; restore it from the newest copy that any reader or mirror has")]
    Missing,
    /// `checkpoint` holds something other than a checkpoint of this log.
    #[error("`checkpoint` does not hold a checkpoint of this log")]
    Foreign(#[source] CheckpointError),
    /// Another root is published for the size that was to be published (I1).
    #[error("forked: `checkpoint` has another root at size {size}; do not continue")]
    Forked {
        /// The size.
        size: TreeSize,
    },
}

impl PublishError {
    /// Another writer leads, or the store or signer may recover; recovery continues from there.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Fenced { .. } => true,
            Self::Apply(source) | Self::Checkpoint(source) => source.is_passing(),
            Self::Guard(error) => error.is_passing(),
            Self::Memory(error) => error.is_passing(),
            Self::Cosign(error) => error.is_passing(),
            _ => false,
        }
    }
}

/// Publishes the batches of one leader, in order.
pub struct Publisher {
    pub(super) objects: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) guard: SigningGuard,
    pub(super) signer: Arc<dyn Signer>,
    pub(super) memory: Option<SignedMemory>,
    pub(super) cosigners: Option<Arc<dyn Cosigners>>,
    pub(super) seen: Arc<Seen>,
    /// The head that `checkpoint` is known to have had last.
    pub(super) shown: TreeHead,
    /// `checkpoint` itself.
    pub(super) checkpoint: ForwardOnly,
    /// Its contents, at the version that is replaced next.
    pub(super) contents: Bytes,
    /// What is still to be joined to it. Nobody locks this: a stream can be sent to another thread,
    /// but only a lock makes it one that can be shared.
    pub(super) late: Mutex<Late>,
    /// Least time between two writes of it.
    pub(super) pace: Duration,
    pub(super) metrics: Arc<LogMetrics>,
}

impl Publisher {
    /// Writes what a growth step implies, and the times of its entries, and checks the tree as
    /// readers will get it.
    pub async fn apply(
        &mut self,
        grown: &Integrated,
        times: Vec<NewObject>,
        attempt: Attempt,
    ) -> Result<(), PublishError> {
        let objects = [&grown.objects[..], &times].concat();
        let store = self.objects.clone();
        let written = {
            let written = store.put_immutable(&objects, attempt);
            // A join that is under way has as long as this takes.
            let joined = std::pin::pin!(self.settle_join());
            match select(written, joined).await {
                Either::Left((written, _)) => written,
                Either::Right(((), written)) => written.await,
            }
        };
        written.map_err(PublishError::Apply)?;
        Ok(self.guard.check(grown)?)
    }

    /// Joins late cosignatures to the checkpoint that was published last, as they come. Returns
    /// only if one of the witnesses knows a larger tree. Can be dropped at any time.
    pub async fn join_late(&mut self) -> PublishError {
        loop {
            self.settle_join().await;
            let late = self.late.get_mut();
            let lines = match late.gather(&*self.clock).await {
                Ok(lines) => lines,
                Err(error) => return PublishError::Cosign(error),
            };
            let joined = join(&self.contents, late.checkpoint(), &lines);
            if let Some(joined) = joined.filter(|joined| *joined != self.contents)
                && let Some(replacement) =
                    self.checkpoint.replace_once(self.objects.clone(), joined.clone())
            {
                late.join(joined, replacement, self.clock.now());
            }
        }
    }

    /// Waits for the join that is under way, if any.
    async fn settle_join(&mut self) {
        if let Some((version, contents)) = self.late.get_mut().joined().await {
            self.checkpoint.is_replaced(version);
            self.contents = contents;
            self.metrics.late_joins.inc();
        }
    }

    /// Signs the tree that was applied last, and publishes it.
    pub async fn publish(&mut self, tiles: TileMap) -> Result<Publication, PublishError> {
        let tiles = Arc::new(tiles);
        let signing = stage("sign");
        let checkpoint = self.guard.sign().await?;
        self.remember(&checkpoint, SeenBy::Signed).await?;
        drop(signing);
        if planted(Bug::AcknowledgeBeforePublish) {
            return Ok(Publication { head: self.guard.signed(), checkpoint, tiles, batch: None });
        }
        let checkpoint = self.cosigned(checkpoint, &tiles).await?;
        let checkpoint = self.show(checkpoint).await?;
        Ok(Publication { head: self.guard.signed(), checkpoint, tiles, batch: None })
    }

    /// Remembers the checkpoint of the tree that was signed or published last, before anyone sees
    /// it. The guard has ensured that it extends everything that this process has verified.
    pub(super) async fn remember(
        &self,
        checkpoint: &Bytes,
        seen_by: SeenBy,
    ) -> Result<(), SignedMemoryError> {
        let (head, objects, clock) = (self.guard.signed(), &*self.objects, &*self.clock);
        if let Some(memory) = &self.memory {
            remember(memory, &*self.signer, objects, clock, (head, checkpoint)).await?;
        }
        self.seen.settle(Sighting { head, checkpoint: checkpoint.clone(), seen_by });
        Ok(())
    }

    /// Has the checkpoint cosigned, if the log has witnesses. While too few of them answer, asks
    /// them again, for at most [`WITNESSES_WAITED_FOR`].
    async fn cosigned(
        &mut self,
        checkpoint: Bytes,
        tiles: &Arc<TileMap>,
    ) -> Result<Bytes, PublishError> {
        let Some(cosigners) = self.cosigners.clone() else { return Ok(checkpoint) };
        self.late.get_mut().give_up();
        if planted(Bug::PublishBeforeQuorum) {
            return Ok(checkpoint);
        }
        let _cosign = stage("cosign");
        let growth = Growth::new(self.objects.clone(), tiles.clone(), self.guard.signed());
        let (began, mut back_off) = (self.clock.now(), BackOff::between_requests());
        loop {
            match with_cosignatures(&*cosigners, &checkpoint, &growth).await {
                Ok((cosigned, late)) => {
                    let kept = self.with_kept_lines(&*cosigners, cosigned)?;
                    self.late.get_mut().begin(checkpoint, late);
                    return Ok(kept);
                }
                Err(error @ CosignError::TooFew { .. })
                    if self.clock.now() - began < WITNESSES_WAITED_FOR =>
                {
                    tracing::warn!(error = with_causes(&error), "waits for witnesses");
                    back_off.wait(&*self.clock).await;
                }
                Err(error) => return Err(PublishError::Cosign(error)),
            }
        }
    }

    /// If this very tree is published already, its cosignatures stay: some witnesses may not have
    /// answered this time.
    fn with_kept_lines(
        &self,
        cosigners: &dyn Cosigners,
        checkpoint: Bytes,
    ) -> Result<Bytes, PublishError> {
        if !is_of_one_text(&self.contents, &checkpoint) || planted(Bug::LinesForgotten) {
            return Ok(checkpoint);
        }
        let kept = SignedCheckpoint::parse(&self.contents)
            .and_then(|there| with_lines(&checkpoint, &cosigners.lines_of(&there)));
        kept.map_err(|error| PublishError::Cosign(error.into()))
    }

    /// Replaces `checkpoint`, and returns what is published in the end: at least the same tree.
    async fn show(&mut self, checkpoint: Bytes) -> Result<Bytes, PublishError> {
        let _publish = stage("publish");
        let (guard, shown) = (&self.guard, &mut self.shown);
        let judge = |there: Option<&Object>| judge(guard, shown, there);
        let published =
            self.checkpoint.publish(&*self.objects, &*self.clock, checkpoint, judge).await;
        match published {
            Ok(bytes) => {
                self.shown = self.guard.signed();
                self.contents = bytes.clone();
                self.late.get_mut().is_published(self.clock.now(), self.pace);
                Ok(bytes)
            }
            Err(NotPublished::Store(error)) => Err(PublishError::Checkpoint(error)),
            Err(NotPublished::Judged(error)) => Err(error),
        }
    }
}

/// Whether two checkpoints have the same text, so that they can have the same lines.
fn is_of_one_text(one: &[u8], other: &[u8]) -> bool {
    match (SignedCheckpoint::parse(one), SignedCheckpoint::parse(other)) {
        (Ok(one), Ok(other)) => one.note().text() == other.note().text(),
        _ => false,
    }
}

/// What is published, with late lines of the checkpoint that the log has signed. `None` if they are
/// of another, or there is no room for them.
fn join(published: &Bytes, signed: &Bytes, lines: &[NoteSignature]) -> Option<Bytes> {
    let base = if planted(Bug::LateLineReplaces) { signed } else { published };
    is_of_one_text(published, signed).then(|| with_lines(base, lines).ok()).flatten()
}

/// What is published instead of the expected version: the tree that was to be published, or a tree
/// between the last one and that one, whose version must be replaced from now on.
fn judge(
    guard: &SigningGuard,
    known: &mut TreeHead,
    there: Option<&Object>,
) -> Result<Found, PublishError> {
    let object = there.ok_or(PublishError::Missing)?;
    let (origin, key) = guard.identity();
    let shown = open_checkpoint(&object.bytes, &origin, std::slice::from_ref(&key))
        .map_err(PublishError::Foreign)?
        .head;
    let ours = guard.signed();
    if shown.size < known.size && !planted(Bug::PutBackPassedOver) {
        return Err(PublishError::PutBack { known: known.size, shown: shown.size });
    }
    if shown.size > ours.size && !planted(Bug::BackwardCheckpoint) {
        return Err(PublishError::Fenced { shown: shown.size });
    }
    for other in [ours, *known] {
        if shown.size == other.size && shown.root != other.root {
            return Err(PublishError::Forked { size: shown.size });
        }
    }
    *known = shown;
    Ok(if shown == ours { Found::Enough } else { Found::Less })
}
