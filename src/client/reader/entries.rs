//! Entries from anywhere in a log, many at once.
//!
//! Invariants: each tile and each bundle is read only once for all entries. The number of bundles
//! in flight is bounded.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tiles_spec::{BundleCoord, LeafIndex, ProofError, leaf_hash, plan_inclusion, verify_inclusion};

use super::bundles::{fetch_bundle, not_its_leaf};
use super::{ReadError, View};
use crate::proven::ProvenEntry;

/// The number of entries whose tiles are requested together.
const TOGETHER: usize = 64;
/// The number of bundles in flight at once.
const BUNDLES: usize = 8;

impl View {
    /// Reads entries, verified against the tree, with their inclusion proofs, in the order of
    /// `indices`.
    pub async fn entries(&mut self, indices: &[LeafIndex]) -> Result<Vec<ProvenEntry>, ReadError> {
        let mut entries = Vec::with_capacity(indices.len());
        for indices in indices.chunks(TOGETHER) {
            entries.extend(self.entries_together(indices).await?);
        }
        Ok(entries)
    }

    async fn entries_together(
        &mut self,
        indices: &[LeafIndex],
    ) -> Result<Vec<ProvenEntry>, ReadError> {
        let size = self.head().size;
        let mut bundles: BTreeMap<BundleCoord, Vec<LeafIndex>> = BTreeMap::new();
        let mut tiles = Vec::new();
        for &index in indices {
            let bundle =
                BundleCoord::holding(index, size).ok_or(ProofError::NotInTree { index, size })?;
            tiles.push(bundle.tile());
            tiles.extend(plan_inclusion(index, size)?.tiles());
            bundles.entry(bundle).or_default().push(index);
        }
        self.load(tiles).await?;
        let this = &*self;
        let proven: Vec<Vec<ProvenEntry>> = stream::iter(bundles)
            .map(|(bundle, indices)| this.of_one_bundle(bundle, indices))
            .buffer_unordered(BUNDLES)
            .try_collect()
            .await?;
        let proven = proven.into_iter().flatten().map(|entry| (entry.index, entry));
        let proven: BTreeMap<_, _> = proven.collect();
        Ok(indices.iter().filter_map(|index| proven.get(index).cloned()).collect())
    }

    /// Reads entries of one bundle. The tiles are already held.
    async fn of_one_bundle(
        &self,
        bundle: BundleCoord,
        indices: Vec<LeafIndex>,
    ) -> Result<Vec<ProvenEntry>, ReadError> {
        let (place, entries) = fetch_bundle(&*self.fetch, bundle).await?;
        let expected = self.hashes(bundle.tile())?;
        let proven = indices.into_iter().map(|index| {
            let bytes = entries.entry(index.slot()).expect("the slot is below the width").to_vec();
            let leaf = leaf_hash(&bytes);
            if leaf != expected[index.slot()] {
                let (place, reason) = (place.clone(), not_its_leaf(index));
                return Err(ReadError::Damaged { place, reason });
            }
            let head = self.head();
            let proof = plan_inclusion(index, head.size)?.build(&self.tiles)?;
            verify_inclusion(&leaf, index, &head, &proof)?;
            Ok(ProvenEntry { index, bytes, leaf, proof })
        });
        proven.collect()
    }
}
