//! Catch up: the deduplication index covers a published tree.
//!
//! What is read must hash to the tree: otherwise a damaged tile would make the log forget a leaf
//! (I14).

use std::sync::Arc;

use fasti_grow::{EdgeError, tree};
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use tiles_spec::{Frontier, TreeHead};

use crate::context::Context;
use crate::dedup::{Dedup, DedupError, DedupIndex};
use crate::recover_error::RecoverError;

/// How many leaves are read from the tiles at once.
const CATCH_UP_LEAVES: u64 = 1 << 16;

/// Makes the index cover what is durable, unless it covers more. The reads can take long, and
/// nobody has to wait for them yet.
pub(super) async fn warm_up(
    context: &Context,
    dedup: &Dedup,
    base: TreeHead,
) -> Result<(), RecoverError> {
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
        match tree::frontier_at(&*context.stores.objects, covered.size).await? {
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
        let to = from.add_up_to(CATCH_UP_LEAVES, head.size);
        let leaves = tree::leaves(&*context.stores.objects, from, to, head.size).await?;
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
