//! What is watched and how: the logs, what holds for all of them, and where reports go.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fasti_client::fetch::Fetch;
use fasti_client::monitor::Monitor;
use fasti_client::trust::Trust;
use fasti_seams::clock::Clock;
use fasti_seams::offload::Workers;
use tiles_spec::TreeSize;

use super::event::Event;
use super::matcher::Matcher;
use super::turns::Turns;

/// Where a log is, and whom to trust about it.
#[derive(Clone)]
pub struct Watched {
    /// Reads it.
    pub fetch: Arc<dyn Fetch>,
    /// Where that is, for reports before its origin is known.
    pub place: String,
    /// Its keys, and the policy of its witnesses.
    pub trust: Trust,
    /// Where to begin the first time.
    pub start: Start,
}

/// Where to begin with a log that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes from now on.
    Now,
    /// With this entry.
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

/// Takes reports.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Delivers reports, all of them or none as far as it can tell. Why not is for people.
    async fn deliver(&self, events: &[Event]) -> Result<(), String>;
}
