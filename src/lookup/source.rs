//! Where postings come from: the entries of a log, each verified against its tree.
//!
//! Invariant: how far one call goes depends only on the log and the arguments, not on time or
//! machine.

use fasti_lookup_spec::Posting;
use tiles_spec::TreeSize;
use tiles_spec::tile::bundle_indices;

use fasti_client::reader::{ReadError, VerifiedBundle, View};
use fasti_entry::lookup_keys;
use fasti_seams::offload::offload_large;

/// The postings of the leaves from `from` on, sorted, and the end of those leaves: `to`, or the
/// first end of a bundle before it by which there are at least `postings_max`. So there can be a
/// few more: as many as the entries of one bundle have keys.
///
/// Bundles are read ahead, and keys are derived on the view's workers. An entry that is not a Rekor
/// entry has only the key of its leaf hash.
pub async fn postings(
    view: &mut View,
    from: TreeSize,
    to: TreeSize,
    postings_max: usize,
) -> Result<(Vec<Posting>, TreeSize), ReadError> {
    if from >= to {
        return Ok((Vec::new(), from));
    }
    let derive = move |bundle: VerifiedBundle| {
        (bundle.coord().end().unwrap_or(to), postings_of(&bundle, from, to))
    };
    let mut bundles = view.bundles_with(bundle_indices(from, to), derive);
    let mut found = Vec::new();
    let mut reached = from;
    while let Some((end, postings)) = bundles.next().await? {
        found.extend(postings);
        reached = end.min(to);
        if found.len() >= postings_max {
            break;
        }
    }
    let sort = move || {
        found.sort_unstable();
        found
    };
    Ok((offload_large(sort).await, reached))
}

/// The postings of the requested entries of a bundle.
fn postings_of(bundle: &VerifiedBundle, from: TreeSize, to: TreeSize) -> Vec<Posting> {
    // Few entries have more than four keys.
    let mut postings = Vec::with_capacity(4 * bundle.coord().width.as_usize());
    for (index, leaf, entry) in bundle.entries() {
        if !from.contains(index) && to.contains(index) {
            let keys = lookup_keys(&leaf, entry);
            postings.extend(keys.into_iter().map(|key| Posting { key, index }));
        }
    }
    postings
}

#[cfg(test)]
mod tests;
