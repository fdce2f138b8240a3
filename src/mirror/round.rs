//! One round: copies everything that a log has published beyond its copy.
//!
//! The index and the heads are looked at before the checkpoint is read, so the tree that is copied
//! covers them; and they are copied after it, so readers of the copy never find one without the
//! other.

use std::sync::Arc;

use bytes::Bytes;
use fasti_client::description::Description;
use fasti_client::fetch::Fetch;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::Trust;
use fasti_objects::Published;
use fasti_seams::clock::Clock;
use fasti_store::{Object, ObjectPath, Store};
use tiles_spec::{SignedCheckpoint, TreeHead, TreeSize};

use crate::copy::{Count, Place, publish};
use crate::error::MirrorError;
use crate::{beside, heads, index, tree};

/// What is copied, and where to.
#[derive(Clone)]
pub struct MirrorContext {
    /// The log.
    pub log: Arc<dyn Fetch>,
    /// Whom the copy trusts. A policy holds for the log's checkpoint.
    pub trust: Trust,
    /// Where the copy is.
    pub objects: Arc<dyn Store>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// Whether the lookup index is copied too.
    pub index: bool,
}

/// What a round has done.
#[derive(Clone, Copy, Debug)]
pub struct Mirrored {
    /// The copy's tree before.
    pub before: TreeSize,
    /// Its tree now.
    pub head: TreeHead,
    /// How many heads the log keeps, all of which are copied.
    pub heads: Option<u64>,
    /// How many entries the copied index covers.
    pub indexed: Option<TreeSize>,
    /// What was written.
    pub written: Count,
}

/// Brings the copy up to what the log publishes now. `announce` is told how many entries are to be
/// copied, and `progress` how many were.
pub async fn mirror(
    context: &MirrorContext,
    announce: impl FnOnce(u64) + Send,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Mirrored, MirrorError> {
    let MirrorContext { log, trust, objects, clock, .. } = context;
    let place = Place { objects: objects.clone(), clock: clock.clone() };
    let kept = heads::listed(log.clone()).await?;
    let before = tree::copied(&place, trust).await?;
    let early = if context.index {
        log.fetch_lookup(&fasti_lookup_spec::LookupPath::Latest).await?
    } else {
        None
    };
    let mut view = View::open(log.clone(), trust).await?;
    let head = view.head();
    tree::expect_growth(&mut view, before).await?;
    let old = before.map_or(TreeSize::ZERO, |before| before.size);
    announce(head.size.get() - old.get());
    let description = log.description().await.map_err(ReadError::from)?;
    let keeps = Description::parse(description.as_deref().unwrap_or_default()).keeps_attestations();
    let mut written = tree::copy(&mut view, old, &place, keeps, async |copy, bundle| {
        beside::times(&**log, bundle.coord, copy).await?;
        beside::attestations(&**log, &bundle.attestations, copy).await?;
        progress(u64::from(bundle.coord.width.get()));
        Ok(())
    })
    .await?;
    if let Some(json) = description {
        replace(&place, Published::Description, json.into()).await?;
    }
    let checkpoint = Bytes::from(view.checkpoint().to_bytes());
    publish(&place, Published::CHECKPOINT, checkpoint, |there| {
        let there = SignedCheckpoint::parse(there).map(|there| there.checkpoint().head.size);
        // Of one tree, the checkpoint that was read last: it can have more cosignatures.
        Ok(there.is_ok_and(|size| size > head.size))
    })
    .await?;
    if let Some(kept) = &kept {
        written += heads::copy(kept, &mut view, trust, &place).await?;
    }
    let lookup = trust.in_lookup_of(view.checkpoint().log().origin());
    let indexed = match early {
        Some(latest) => {
            let shown = index::shown(latest, &lookup)?;
            written += index::copy(&shown, &mut view, &lookup, &place).await?;
            Some(shown.size())
        }
        None => None,
    };
    let heads = kept.map(|kept| kept.newest().0.get() + 1);
    Ok(Mirrored { before: old, head, heads, indexed, written })
}

/// Replaces an object that can change in any way.
async fn replace(place: &Place, object: Published, bytes: Bytes) -> Result<(), MirrorError> {
    let path = ObjectPath::from(object);
    let Some(Object { bytes: there, version }) = place.objects.get(&path).await? else {
        place.objects.create(&path, bytes).await?;
        return Ok(());
    };
    if there != bytes {
        // If something else replaced it meanwhile, the next round does it again.
        place.objects.replace(&path, bytes, &version).await?;
    }
    Ok(())
}
