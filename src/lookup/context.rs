//! What an index is built from and with: its log, where it is stored, and who signs it.

use std::sync::Arc;
use std::time::Duration;

use fasti_client::fetch::Fetch;
use fasti_client::trust::Trust;
use fasti_grow::Cosigners;
use fasti_seams::clock::Clock;
use fasti_seams::offload::Workers;
use fasti_signer::Signer;
use fasti_store::{Housekeeping, Store};
use tiles_spec::Origin;

use crate::metrics::LookupMetrics;

/// The limits of building.
#[derive(Clone, Copy, Debug)]
pub struct LookupConfig {
    /// Postings that a revision adds; the last bundle may exceed this. They are in memory at once,
    /// 24 bytes each.
    pub postings_max: usize,
    /// Postings that are rewritten before a revision is published. Larger merges run in parallel
    /// with the revisions.
    pub rewrite_max: u64,
    /// Least time between two revisions of a growing log.
    pub spacing: Duration,
    /// How long parts that no revision contains any more are kept, for readers of earlier ones.
    pub keep_for: Duration,
}

impl Default for LookupConfig {
    fn default() -> Self {
        Self {
            postings_max: 2 << 20,
            rewrite_max: 1 << 20,
            spacing: Duration::from_secs(5),
            keep_for: Duration::from_mins(15),
        }
    }
}

/// Everything that an index is made of.
#[derive(Clone)]
pub struct IndexContext {
    /// The log's files, as every reader sees them.
    pub log: Arc<dyn Fetch>,
    /// Trust in the log's keys.
    pub trust: Trust,
    /// The log.
    pub origin: Origin,
    /// Where the index is stored, below `lookup/`.
    pub objects: Arc<dyn Store>,
    /// Where superseded objects are removed; `None` to keep everything.
    pub housekeeping: Option<Arc<dyn Housekeeping>>,
    /// Signs the log of revisions.
    pub signer: Arc<dyn Signer>,
    /// The witnesses that cosign the log of revisions, if there are any. One that does not is no
    /// reason to publish no index.
    pub cosigners: Option<Arc<dyn Cosigners>>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The metrics.
    pub metrics: Arc<LookupMetrics>,
    /// Where bundles are verified and searched for keys.
    pub workers: Workers,
    /// The limits.
    pub config: LookupConfig,
}
