//! Prefix: a tree begins with each of the trees that were seen before it (I18).

use fasti_grow::tree;
use tiles_spec::TreeHead;

use crate::context::Context;
use crate::recover_error::RecoverError;
use crate::seen::Seen;
use crate::sighting::{SeenBy, Sighting};

/// Proves from the tiles in the store that the newest tree seen begins with all the others, and
/// returns it. [`RecoverError::Forked`] is certain; any other error says nothing.
pub(super) async fn prove_newest(
    context: &Context,
    seen: &Seen,
) -> Result<Option<Sighting>, RecoverError> {
    let all = seen.all();
    let Some((newest, older)) = all.split_last() else { return Ok(None) };
    let older: Vec<_> = older.iter().map(|one| (one.seen_by.clone(), one.head)).collect();
    begins_with(context, newest.head, &older).await?;
    seen.settle(newest.clone());
    Ok(Some(newest.clone()))
}

/// Proves from the tiles in the store that the tree `head` begins with all of the others, none of
/// which is larger. [`RecoverError::Forked`] is certain; any other error says nothing.
pub(super) async fn begins_with(
    context: &Context,
    head: TreeHead,
    older: &[(SeenBy, TreeHead)],
) -> Result<(), RecoverError> {
    let forked = |seen_by: &SeenBy, old: TreeHead| RecoverError::Forked {
        seen_by: seen_by.clone(),
        size: old.size,
    };
    if let Some((seen_by, old)) = older.iter().find(|(_, o)| o.size == head.size && *o != head) {
        return Err(forked(seen_by, *old));
    }
    let sizes: Vec<_> = older.iter().map(|(_, old)| old.size).collect();
    let heads = tree::heads_before(&*context.stores.objects, &sizes, head).await?;
    match older.iter().zip(heads).find(|((_, old), known)| old != known) {
        Some(((seen_by, old), _)) => Err(forked(seen_by, *old)),
        None => Ok(()),
    }
}
