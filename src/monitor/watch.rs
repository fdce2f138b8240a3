//! One log, watched: each round proves that it grew, reads what is new, and reports.
//!
//! How a round reads the log depends on its kind: [`tiled`](super::tiled) or
//! [`rekor_v1`](super::rekor_v1). In both, the checkpoint is read, and proved to extend the one
//! seen last ([`fasti_client::monitor`], which keeps evidence if it does not). All new entries are
//! read, verified against the signed tree, and compared with the patterns
//! ([`Matcher`](super::matcher::Matcher)), piece by piece ([`Pass`](super::pass::Pass)).
//!
//! Invariants: a piece is reported before it is remembered as checked, so a report can come twice,
//! with the same ID, and none is lost. Nothing is remembered that was not proved.

use super::event::Event;
#[cfg(feature = "http")]
use super::rekor_v1::RekorV1Log;
use super::round::{Round, Standing};
use super::rules::{Outlet, Rules, Source, Watched};
use super::tiled::TiledLog;

/// How a round ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether entries matched.
    pub has_matches: bool,
    /// Whether something is wrong with the log.
    pub has_alarms: bool,
    /// Whether the log was not read to its end.
    pub has_failed: bool,
}

/// A log that is watched.
pub struct Watch {
    log: Log,
    rules: Rules,
    standing: Standing,
}

enum Log {
    Tiled(TiledLog),
    #[cfg(feature = "http")]
    RekorV1(RekorV1Log),
}

impl Watch {
    /// Watches a log.
    pub fn new(log: Watched, rules: Rules) -> Self {
        let Watched { place, source, start } = log;
        let log = match source {
            Source::Tiles { fetch, trust } => Log::Tiled(TiledLog::new(place, fetch, trust, start)),
            #[cfg(feature = "http")]
            Source::RekorV1 { api, trusted, trees } => {
                Log::RekorV1(RekorV1Log::new(place, api, trusted, trees, start))
            }
        };
        Self { log, rules, standing: Standing::new() }
    }

    /// Makes a round. What could not be delivered comes again in the next one.
    pub async fn round(&mut self, outlet: &dyn Outlet) -> Outcome {
        let mut rounds = match &mut self.log {
            Log::Tiled(log) => vec![log.round(&self.rules, outlet).await],
            #[cfg(feature = "http")]
            Log::RekorV1(log) => log.round(&self.rules, outlet).await,
        };
        let events: Vec<Event> =
            rounds.iter().flat_map(|round| round.events(&self.standing)).collect();
        if let Err(reason) = outlet.deliver(&events).await {
            if let Some(first) = rounds.first_mut() {
                first.failure.get_or_insert(reason);
            }
        } else {
            self.remember(&rounds);
        }
        let any = |is: fn(&Round) -> bool| rounds.iter().any(is);
        Outcome {
            has_matches: any(|round| round.matches > 0),
            has_alarms: any(|round| !round.alarms.is_empty()),
            has_failed: any(|round| round.failure.is_some()),
        }
    }

    /// Remembers what is wrong now. What was not looked at stays as it was.
    fn remember(&mut self, rounds: &[Round]) {
        self.standing.retain(|(tree, _), _| rounds.iter().all(|round| round.tree != *tree));
        for Round { tree, alarms, .. } in rounds {
            let now = alarms.iter().map(|alarm| ((*tree, alarm.kind), alarm.reason.clone()));
            self.standing.extend(now);
        }
    }
}

#[cfg(test)]
mod tests;
