//! The writer as its clients see it: a log, and the resources that clients share.
//!
//! What it answers is in the modules of the routes, each of which adds its own methods.

use std::sync::Arc;

use fasti_grow::RekorV1Guard;
use fasti_log::Log;
use fasti_seams::offload::processors;
use tokio::sync::Semaphore;

use super::config::HttpConfig;
use super::forward::message::MEMORY_BYTES_MAX as FORWARD_MEMORY_BYTES_MAX;
#[cfg(feature = "grpc")]
use super::grpc::services::Services;
use super::limits::Pools;
use super::read::Reads;
use super::rekor_v1::server::RekorV1;
use crate::metrics::HttpMetrics;

/// The writer as its clients see it.
pub struct App {
    pub(super) log: Log,
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
    /// Creates the app in front of `log`.
    pub fn new(log: Log, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let limits = config.limits;
        let pools = Pools::new(&limits, &metrics);
        let own = || RekorV1Guard::new(log.signer().clone(), log.signer().clone()).map(Arc::new);
        let guard = config.rekor_v1.guard.clone().map_or_else(own, Ok);
        let guard = guard.expect("a log's own key has a SubjectPublicKeyInfo");
        Self {
            #[cfg(feature = "grpc")]
            services: Services::new(log.clone()),
            v1: RekorV1::new(&log, guard),
            log,
            config,
            metrics,
            reads: Reads::new(pools.answers.clone()),
            pools,
            peer_memory: Semaphore::new(FORWARD_MEMORY_BYTES_MAX),
            queue: Semaphore::new(limits.verifying_max),
            processors: Arc::new(Semaphore::new(2 * processors())),
        }
    }
}
