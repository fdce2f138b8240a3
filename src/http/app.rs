//! The server as its clients see it: a log, and the resources that clients share.
//!
//! What it answers is in the modules of the routes, each of which adds its own methods.

use std::sync::Arc;

use fasti_grow::RekorV1Guard;
use fasti_log::Log;
use fasti_seams::offload::processors;
use fasti_serve::HttpMetrics;
use tokio::sync::Semaphore;

use super::config::HttpConfig;
use super::followed::FollowedLog;
use super::forward::message::MEMORY_BYTES_MAX as FORWARD_MEMORY_BYTES_MAX;
#[cfg(feature = "grpc")]
use super::grpc::services::Services;
use super::limits::Pools;
use super::packed::KEPT_BYTES_MAX;
use super::read::Reads;
use super::rekor_v1::server::RekorV1;
use super::rekor_v1::vouch::Voucher;
use super::served::Served;

/// The server as its clients see it.
pub struct App {
    pub(super) served: Served,
    pub(super) config: HttpConfig,
    pub(super) metrics: HttpMetrics,
    pub(super) reads: Reads,
    pub(super) v1: RekorV1,
    #[cfg(feature = "grpc")]
    pub(super) services: Services,
    /// The resources that clients share.
    pub(super) pools: Pools,
    /// Permits for the bytes that peers forward, separate from all others.
    pub(super) peer_memory: Semaphore,
    /// Permits for submissions being verified or waiting for it.
    pub(super) queue: Semaphore,
    /// Permits for processors, so that verification never uses up the blocking pool.
    pub(super) processors: Arc<Semaphore>,
}

impl App {
    /// Creates the app in front of `log`, which it writes.
    pub fn new(log: Log, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let own =
            || RekorV1Guard::new(log.signer().verifier_key(), log.signer().clone()).map(Arc::new);
        let guard = config.rekor_v1.guard.clone().map_or_else(own, Ok);
        let guard = guard.expect("a log's own key has a SubjectPublicKeyInfo");
        Self::serving(Served::Written(log), Voucher::Guard(guard), config, metrics)
    }

    /// Creates the app in front of a log that others write. It has no key, and takes no entries.
    pub fn reading(log: Arc<FollowedLog>, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let nobody = Voucher::nobody(log.key(), log.public_key());
        Self::serving(Served::Followed(log), nobody, config, metrics)
    }

    fn serving(served: Served, voucher: Voucher, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let limits = config.limits;
        let pools = Pools::new(&limits, &metrics);
        let packed = config.packed_bytes_max.unwrap_or(KEPT_BYTES_MAX);
        Self {
            #[cfg(feature = "grpc")]
            services: Services::new(served.clone()),
            v1: RekorV1::new(
                served.clone(),
                voucher,
                &config.rekor_v1.shards,
                config.attestation_bytes_max.is_some(),
            ),
            served,
            config,
            metrics,
            reads: Reads::new(pools.answers.clone(), packed),
            pools,
            peer_memory: Semaphore::new(FORWARD_MEMORY_BYTES_MAX),
            queue: Semaphore::new(limits.verifying_max),
            processors: Arc::new(Semaphore::new(2 * processors())),
        }
    }
}
