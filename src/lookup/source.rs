//! Where postings come from: the entries of a log, each verified against its tree, and the
//! attestations that the log keeps beside them.
//!
//! An attestation counts if it is there when its entry is indexed. The writer puts it there before
//! the entry is in the log, so it is there then or, usually, never.
//!
//! Invariant: how far one call goes depends only on the log and the arguments, not on time or
//! machine. No more than [`ATTESTATIONS_AT_ONCE`] attestations are held.

use std::sync::Arc;

use fasti_lookup_spec::Posting;
use tiles_spec::tile::bundle_indices;
use tiles_spec::{Hash, LeafIndex, TreeSize};

use fasti_client::description::Description;
use fasti_client::fetch::{Fetch, FetchError};
use fasti_client::reader::{ReadError, VerifiedBundle, View};
use fasti_entry::{attested_keys, lookup_keys_and_attestation};
use fasti_seams::offload::offload_large;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

/// How many attestations are read at once.
const ATTESTATIONS_AT_ONCE: usize = 16;

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
    let mut attestations = Attestations { fetch: view.fetch().clone(), are_kept: None };
    let mut bundles = view.bundles_with(bundle_indices(from, to), derive);
    let mut found = Vec::new();
    let mut reached = from;
    while let Some((end, (postings, attested))) = bundles.next().await? {
        found.extend(postings);
        found.extend(attestations.postings(attested).await?);
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

/// An entry that may have an attestation.
struct Attested {
    index: LeafIndex,
    sha256: Hash,
    entry: Vec<u8>,
}

/// The attestations that a log keeps.
struct Attestations {
    fetch: Arc<dyn Fetch>,
    /// Whether it does, if that was asked.
    are_kept: Option<bool>,
}

impl Attestations {
    /// The further postings of these entries. A log that keeps no attestations is asked for none.
    async fn postings(&mut self, attested: Vec<Attested>) -> Result<Vec<Posting>, FetchError> {
        if attested.is_empty() || !self.are_kept().await? {
            return Ok(Vec::new());
        }
        let fetch = &*self.fetch;
        let read = attested.into_iter().map(|Attested { index, sha256, entry }| async move {
            let found = fetch.fetch_attestation(&sha256).await?.unwrap_or_default();
            let keys = attested_keys(&entry, &found).into_iter();
            Ok(keys.map(move |key| Posting { key, index }).collect::<Vec<_>>())
        });
        stream::iter(read).buffered(ATTESTATIONS_AT_ONCE).try_concat().await
    }

    async fn are_kept(&mut self) -> Result<bool, FetchError> {
        if let Some(are_kept) = self.are_kept {
            return Ok(are_kept);
        }
        let description = self.fetch.description().await?.unwrap_or_default();
        let are_kept = Description::parse(&description).keeps_attestations();
        self.are_kept = Some(are_kept);
        Ok(are_kept)
    }
}

/// The postings of the requested entries of a bundle, and those of them that may have more by
/// their attestations.
fn postings_of(
    bundle: &VerifiedBundle,
    from: TreeSize,
    to: TreeSize,
) -> (Vec<Posting>, Vec<Attested>) {
    // Few entries have more than four keys.
    let mut postings = Vec::with_capacity(4 * bundle.coord().width.as_usize());
    let mut attested = Vec::new();
    for (index, leaf, entry) in bundle.entries() {
        if !from.contains(index) && to.contains(index) {
            let (keys, attestation) = lookup_keys_and_attestation(&leaf, entry);
            postings.extend(keys.into_iter().map(|key| Posting { key, index }));
            let attestation =
                attestation.map(|sha256| Attested { index, sha256, entry: entry.to_vec() });
            attested.extend(attestation);
        }
    }
    (postings, attested)
}

#[cfg(test)]
mod tests;
