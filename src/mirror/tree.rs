//! The bundles and tiles of a tree that has grown.
//!
//! Entries are verified against the tree by the view that reads them. The lowest tiles follow from
//! them; those above are read, and verified by the same view. So a copy of a tree is what its head
//! implies, from whoever it was read.

use fasti_client::reader::{VerifiedBundle, View};
use fasti_client::trust::Trust;
use fasti_store::ObjectPath;
use tiles_spec::bundle::append_entry;
use tiles_spec::tile::{bundle_indices, tiles_for_growth};
use tiles_spec::{BundleCoord, HashTile, Level, TreeHead, TreeSize};

use crate::copy::{Copy, Count, Place};
use crate::error::MirrorError;

/// A bundle as it is copied.
pub(crate) struct Copied {
    pub coord: BundleCoord,
    /// The hashes of attestations that its entries state.
    pub attestations: Vec<tiles_spec::Hash>,
    bytes: Vec<u8>,
    tile: HashTile,
}

/// The head that the copy has so far; `None` if nothing was copied yet.
pub(crate) async fn copied(place: &Place, trust: &Trust) -> Result<Option<TreeHead>, MirrorError> {
    let Some(there) = place.objects.get(&ObjectPath::checkpoint()).await? else { return Ok(None) };
    let opened = trust.open_uncosigned(&there.bytes).map_err(MirrorError::Other)?;
    Ok(Some(opened.head()))
}

/// Refuses a log that does not extend its copy.
pub(crate) async fn expect_growth(
    view: &mut View,
    before: Option<TreeHead>,
) -> Result<(), MirrorError> {
    let Some(before) = before else { return Ok(()) };
    let (log, copy) = (view.head().size, before.size);
    if copy > log {
        return Err(MirrorError::Shrunk { log, copy });
    }
    if view.head_at(copy).await? == before {
        Ok(())
    } else {
        Err(MirrorError::Forked { size: copy })
    }
}

/// Copies what a tree has beyond `old`: bundles in order, and with each its tile; then the tiles
/// above. `also` sees each bundle once it is on its way.
pub(crate) async fn copy(
    view: &mut View,
    old: TreeSize,
    place: &Place,
    wants_attestations: bool,
    mut also: impl AsyncFnMut(&mut Copy, &Copied) -> Result<(), MirrorError>,
) -> Result<Count, MirrorError> {
    let new = view.head().size;
    let mut copy = Copy::to(place);
    let mut bundles = view.bundles_with(bundle_indices(old, new), move |bundle| {
        as_copied(&bundle, wants_attestations)
    });
    while let Some(bundle) = bundles.next().await? {
        copy.put(bundle.coord, bundle.bytes.clone()).await?;
        copy.put(bundle.coord.tile(), bundle.tile.encode()).await?;
        also(&mut copy, &bundle).await?;
    }
    drop(bundles);
    for tile in tiles_for_growth(old, new) {
        if tile.level != Level::ZERO {
            let hashes = view.tile(tile).await?;
            copy.put(tile, hashes.encode()).await?;
        }
    }
    copy.finish().await
}

fn as_copied(bundle: &VerifiedBundle, wants_attestations: bool) -> Copied {
    let (mut bytes, mut leaves, mut attestations) = (Vec::new(), Vec::new(), Vec::new());
    for (_, leaf, entry) in bundle.entries() {
        append_entry(&mut bytes, entry).expect("it was read from a bundle");
        leaves.push(leaf);
        if wants_attestations {
            attestations.extend(fasti_entry::attestation_hash(entry));
        }
    }
    let tile = HashTile::new(leaves).expect("a bundle has 1 to 256 entries");
    Copied { coord: bundle.coord(), attestations, bytes, tile }
}
