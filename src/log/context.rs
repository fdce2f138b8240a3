//! Context: everything a log is made of.

use std::sync::Arc;

use fasti_grow::Cosigners;
use fasti_seams::clock::Clock;
use fasti_seams::entropy::Entropy;
use fasti_signer::{SignedMemory, Signer};
use fasti_store::Stores;

use crate::config::LogConfig;
use crate::metrics::LogMetrics;
use crate::peers::Peers;

/// Whether a store has more than one writer.
#[derive(Clone)]
pub enum Sharing {
    /// This writer has the store to itself; a lock ensures it.
    Alone,
    /// The store is shared by the writers of the log, which reach each other like this.
    Shared(Arc<dyn Peers>),
}

/// Everything a log is made of.
pub struct Context {
    /// The limits.
    pub config: LogConfig,
    /// Where it is stored.
    pub stores: Stores,
    /// Its key.
    pub signer: Arc<dyn Signer>,
    /// What the key has signed and its writers have verified, if a memory is kept.
    pub memory: Option<SignedMemory>,
    /// The witnesses that cosign the log's checkpoints, if it has any.
    pub cosigners: Option<Arc<dyn Cosigners>>,
    /// Whether other writers can work on the store.
    pub sharing: Sharing,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The metrics.
    pub metrics: Arc<LogMetrics>,
}

impl Context {
    /// Whether the store is shared: other writers can lead, publish and trim at any time.
    pub fn store_is_shared(&self) -> bool {
        matches!(self.sharing, Sharing::Shared(_))
    }

    /// The other writers of this log, if there can be any.
    pub fn peers(&self) -> Option<&dyn Peers> {
        match &self.sharing {
            Sharing::Alone => None,
            Sharing::Shared(peers) => Some(&**peers),
        }
    }
}
