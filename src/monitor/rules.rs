//! What is watched and how: the logs, what holds for all of them, and where reports go.

#[cfg(feature = "http")]
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use fasti_client::fetch::Fetch;
use fasti_client::monitor::Monitor;
#[cfg(feature = "http")]
use fasti_client::rekor_v1::RekorV1;
use fasti_client::trust::Trust;
use fasti_seams::clock::Clock;
use fasti_seams::offload::Workers;
#[cfg(feature = "http")]
use fasti_verify::TrustedRoot;
use tiles_spec::TreeSize;

use super::event::Event;
use super::matcher::Matcher;
use super::turns::Turns;

/// A log to watch.
#[derive(Clone)]
pub struct Watched {
    /// Where it is, for reports before its origin is known.
    pub place: String,
    /// How to read it, and whom to trust about it.
    pub source: Source,
    /// Where to begin the first time.
    pub start: Start,
}

/// How a log is read.
#[derive(Clone)]
pub enum Source {
    /// By its tiles.
    Tiles {
        /// Reads them.
        fetch: Arc<dyn Fetch>,
        /// Its keys, and the policy of its witnesses.
        trust: Trust,
    },
    /// By the API of Rekor v1, entry by entry.
    #[cfg(feature = "http")]
    RekorV1 {
        /// Asks it.
        api: RekorV1,
        /// The keys of its shards.
        trusted: TrustedRoot,
        /// The numbers of the trees to read; empty for all.
        trees: Vec<NonZeroU64>,
    },
}

/// Where to begin with a log that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes from now on.
    Now,
    /// With this entry. Those of Rekor v1 are counted over all shards.
    At(TreeSize),
}

/// What holds for all logs.
#[derive(Clone)]
pub struct Rules {
    /// What is looked for.
    pub matcher: Arc<Matcher>,
    /// Where checkpoints, evidence and states are.
    pub memory: Monitor,
    /// When a log counts as stalled.
    pub stalled_after: Option<Duration>,
    /// The most reports of a pattern in a round: this many of entries that somebody vouches for,
    /// and this many of others.
    pub reports_each: u32,
    /// The most reports in a round.
    pub reports_max: u32,
    /// How many new entries of a round are searched for in the index.
    pub samples: usize,
    /// Where bundles are verified and compared.
    pub workers: Workers,
    /// Who reads which log.
    pub turns: Arc<Turns>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Rules {
    /// The time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let date = self.clock.date();
        date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

/// Takes reports.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Delivers reports, all of them or none as far as it can tell. Why not is for people.
    async fn deliver(&self, events: &[Event]) -> Result<(), String>;
}
