//! The integrated times of entries. The tree does not commit to them, but the revisions of an index
//! do: to all of those that it covers, together.
//!
//! So times of a copy are vouched for if, with those of the log that are not damaged, they are what
//! the newest revision commits to.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_client::fetch::{Fetch, FetchError};
use fasti_client::times::{TimesSource, frontier_of_times, times_file};
use fasti_lookup_spec::Manifest;
use fasti_objects::TIME_BYTES;
use fasti_seams::causes::with_causes;
use tiles_spec::{BundleCoord, TreeSize};

/// The times of a log, those of some bundles as a copy has them.
pub(crate) struct Patched {
    log: Arc<dyn Fetch>,
    copy: Option<Arc<dyn Fetch>>,
    bundles: BTreeSet<BundleCoord>,
}

/// Times to which an index commits.
pub(crate) struct Vouched {
    times: Patched,
    /// How many entries it covers.
    end: TreeSize,
}

impl Patched {
    pub(crate) fn new(
        log: Arc<dyn Fetch>,
        copy: Option<Arc<dyn Fetch>>,
        bundles: BTreeSet<BundleCoord>,
    ) -> Self {
        Self { log, copy, bundles }
    }

    /// Compares with what the newest revision of the index commits to. `size` is that of the log's
    /// tree.
    pub(crate) async fn vouched(
        self,
        manifest: &Manifest,
        size: TreeSize,
    ) -> Result<Vouched, String> {
        let signed = manifest.times.as_ref().ok_or("the index does not commit to times")?;
        let end = manifest.head.size;
        let found = frontier_of_times(&self, None, end, size).await;
        match found.map_err(|error| with_causes(&error))? {
            Some(found) if found == *signed => Ok(Vouched { times: self, end }),
            _ => Err("with those that are left, they are not what the index commits to".to_owned()),
        }
    }
}

impl Vouched {
    /// The times of a bundle of this width, of which the signed tree has `signed`.
    pub(crate) async fn of(
        &self,
        bundle: BundleCoord,
        signed: BundleCoord,
    ) -> Result<Vec<u8>, String> {
        if signed.end().is_none_or(|end| end > self.end) {
            return Err("the index does not cover it yet".to_owned());
        }
        let times = times_file(&self.times, signed).await.map_err(|error| with_causes(&error))?;
        let mut times = times.ok_or("there are no times of these entries")?;
        times.truncate(bundle.width.as_usize() * TIME_BYTES);
        Ok(times)
    }
}

#[async_trait]
impl TimesSource for Patched {
    async fn file_of(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        if !self.bundles.contains(bundle) {
            return self.log.fetch_times(bundle).await;
        }
        let Some(copy) = &self.copy else { return Ok(None) };
        // One that is damaged there too is as good as none.
        Ok(times_file(&**copy, *bundle).await.ok().flatten())
    }
}
