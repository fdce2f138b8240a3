//! What lies beside the entries of a log: their times and attestations.
//!
//! The tree does not commit to times. They are copied as two reads have found them; an index
//! commits to them, and `fasti fsck --lookup` compares. Attestations are verified by their hash.

use fasti_client::attestations::attestation;
use fasti_client::fetch::Fetch;
use fasti_client::times::times_file;
use fasti_objects::Published;
use tiles_spec::{BundleCoord, Hash};

use crate::copy::Copy;
use crate::error::MirrorError;

/// Copies the times of a bundle's entries, if the log has them.
pub(crate) async fn times(
    fetch: &dyn Fetch,
    bundle: BundleCoord,
    copy: &mut Copy,
) -> Result<(), MirrorError> {
    if let Some(bytes) = times_file(fetch, bundle).await? {
        copy.put(Published::Times(bundle), bytes).await?;
    }
    Ok(())
}

/// Copies attestations. A log need not have them.
pub(crate) async fn attestations(
    fetch: &dyn Fetch,
    hashes: &[Hash],
    copy: &mut Copy,
) -> Result<(), MirrorError> {
    for sha256 in hashes {
        if let Some(found) = attestation(fetch, sha256).await? {
            copy.put(Published::Attestation(*sha256), found.into_bytes()).await?;
        }
    }
    Ok(())
}
