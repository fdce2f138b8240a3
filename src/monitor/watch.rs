//! One log, watched: each round proves that it grew, reads what is new, and reports.
//!
//! The steps of a round: the checkpoint is read, and proved to extend the one seen last
//! ([`fasti_client::monitor`], which keeps evidence if it does not). All new bundles are read,
//! verified against the signed tree, and compared with the patterns ([`Matcher`](super::matcher::Matcher)). Their leaf hashes
//! are added to the tree of the entries checked before, piece by piece ([`Pass`]); in the end its
//! root must be the signed one. Times and index are checked beside.
//!
//! Invariants: a piece is reported before it is remembered as checked, so a report can come twice,
//! with the same ID, and none is lost. Nothing is remembered that was not proved.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use fasti_client::monitor::Growth;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::{OpenedCheckpoint, TrustedLog};
use fasti_seams::causes::with_causes;
use tiles_spec::ResourcePath;
use tokio::sync::OwnedMutexGuard;

use super::alarm::{Alarm, AlarmKind, Trouble};
use super::event::{Event, Summary, What};
use super::index_check;
use super::pass::Pass;
use super::rules::{Outlet, Rules, Start, Watched};
use super::state::State;

/// How many checkpoints are read in a round, if they are older than the one seen last.
const CHECKPOINTS_MAX: usize = 3;

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
    log: Watched,
    rules: Rules,
    /// The log, once it was read, or if there is no other that it could be.
    known: Option<TrustedLog>,
    /// Whether the log says that it was frozen, so that it cannot grow.
    is_frozen: bool,
    /// What is wrong now, and was reported.
    standing: BTreeMap<AlarmKind, String>,
}

/// What happens in a round.
#[derive(Default)]
struct Round {
    alarms: Vec<Alarm>,
    failure: Option<String>,
    matches: u64,
    summary: Option<Summary>,
}

impl Watch {
    /// Watches a log.
    pub fn new(log: Watched, rules: Rules) -> Self {
        let known = match log.trust.logs.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        Self { log, rules, known, is_frozen: false, standing: BTreeMap::new() }
    }

    /// Makes a round. What could not be delivered comes again in the next one.
    pub async fn round(&mut self, outlet: &dyn Outlet) -> Outcome {
        let mut round = Round::default();
        match self.follow(&mut round, outlet).await {
            Ok(()) => {}
            Err(Trouble::Alarm(alarm)) => round.alarms.push(alarm),
            Err(Trouble::Failure(reason)) => round.failure = Some(reason),
        }
        self.look_whether_stalled(&mut round);
        if let Err(reason) = outlet.deliver(&self.end(&round)).await {
            round.failure = round.failure.or(Some(reason));
        } else {
            let now = round.alarms.iter().map(|alarm| (alarm.kind, alarm.reason.clone()));
            self.standing = now.collect();
        }
        Outcome {
            has_matches: round.matches > 0,
            has_alarms: !round.alarms.is_empty(),
            has_failed: round.failure.is_some(),
        }
    }

    /// The reports at the end of a round.
    fn end(&self, round: &Round) -> Vec<Event> {
        let mut events = Vec::new();
        let is_new = |alarm: &&Alarm| self.standing.get(&alarm.kind) != Some(&alarm.reason);
        let alarms = round.alarms.iter().filter(is_new).cloned();
        events.extend(alarms.map(|alarm| self.event(What::Alarm(alarm))));
        // What could not be looked at may still be wrong.
        if round.failure.is_none() {
            let is_over = |kind: &&AlarmKind| round.alarms.iter().all(|alarm| alarm.kind != **kind);
            let over = self.standing.keys().filter(is_over).copied().filter(|kind| kind.lasts());
            events.extend(over.map(|kind| self.event(What::Over(kind))));
        }
        events.extend(round.summary.map(|summary| self.event(What::Round(summary))));
        events.extend(round.failure.clone().map(|reason| self.event(What::Failure(reason))));
        events
    }

    fn event(&self, what: What) -> Event {
        let origin = self.known.as_ref().map(TrustedLog::origin);
        Event { log: origin.unwrap_or(&self.log.place).to_owned(), what }
    }

    fn now(&self) -> u64 {
        let date = self.rules.clock.date();
        date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    async fn follow(&mut self, round: &mut Round, outlet: &dyn Outlet) -> Result<(), Trouble> {
        let (checkpoint, _turn) = self.newest().await?;
        let view = View::at(self.log.fetch.clone(), checkpoint).await?;
        let mut view = view.on(self.rules.workers.clone());
        self.rules.memory.remember(view.checkpoint())?;
        if self.rules.stalled_after.is_some() {
            self.is_frozen = view.is_last().await.unwrap_or(self.is_frozen);
        }
        let state = self.state(&mut view).await?;
        let log = view.checkpoint().log().origin().to_owned();
        let mut pass = Pass::new(&self.rules, &self.log.fetch, log, state, self.now());
        let path = self.rules.memory.path(view.checkpoint().log()).with_extension("monitor");
        let read = pass.run(&mut view, &path, outlet).await;
        round.matches = pass.matches();
        round.alarms.extend(pass.alarm());
        read?;
        let trust = &self.log.trust;
        let looked_up = if self.rules.samples == 0 || pass.samples().is_empty() {
            None
        } else {
            match index_check::check(&self.log.fetch, trust, pass.samples()).await {
                Ok(looked_up) => looked_up,
                Err(Trouble::Alarm(alarm)) => {
                    round.alarms.push(alarm);
                    None
                }
                Err(Trouble::Failure(reason)) => {
                    round.failure = Some(format!("the index cannot be read: {reason}"));
                    None
                }
            }
        };
        round.summary = Some(Summary { looked_up, ..pass.summary(view.head()) });
        Ok(())
    }

    /// Takes a turn at the log, and reads its checkpoint, proved to extend the one seen last. One
    /// that is older is read again: a server in between can have kept it.
    async fn newest(&mut self) -> Result<(OpenedCheckpoint, OwnedMutexGuard<()>), Trouble> {
        for _ in 0..CHECKPOINTS_MAX {
            let checkpoint = self.checkpoint().await?;
            self.known = Some(checkpoint.log().clone());
            let turn = self.rules.turns.take(&self.rules.memory.path(checkpoint.log())).await;
            let (memory, trust) = (&self.rules.memory, &self.log.trust);
            let growth = memory.compare_checkpoint(&self.log.fetch, &checkpoint, trust).await?;
            if !matches!(growth, Growth::Before(_)) {
                return Ok((checkpoint, turn));
            }
        }
        let reason = "the log serves an older checkpoint now and then: read it from another place";
        Err(Trouble::Failure(reason.to_owned()))
    }

    /// Reads the checkpoint.
    async fn checkpoint(&self) -> Result<OpenedCheckpoint, Trouble> {
        let path = ResourcePath::Checkpoint;
        let bytes = self.log.fetch.fetch(&path).await.map_err(ReadError::from)?;
        let Some(bytes) = bytes else {
            let place = self.log.fetch.place(&path);
            let was_seen = self.known.as_ref().is_some_and(|log| {
                self.rules.memory.seen(log, &self.log.trust).is_ok_and(|seen| seen.is_some())
            });
            return Err(if was_seen {
                AlarmKind::Missing.alarm(format!("{place} is missing")).into()
            } else {
                Trouble::Failure(format!("there is no log: nothing at {place}"))
            });
        };
        Ok(self.log.trust.open(&bytes)?)
    }

    /// How far the log was checked; the first time, where to begin.
    async fn state(&self, view: &mut View) -> Result<State, Trouble> {
        let path = self.rules.memory.path(view.checkpoint().log()).with_extension("monitor");
        let (now, size) = (self.now(), view.head().size);
        if let Some(mut state) = State::load(&path)? {
            let checked = state.checked.head();
            if checked.size > size || view.head_at(checked.size).await? != checked {
                let reason = format!(
                    "the {} entries that were checked are not the beginning of the tree of {size} \
                     that the log shows, and no checkpoint of them is remembered",
                    checked.size
                );
                return Err(AlarmKind::Fork.alarm(reason).into());
            }
            if size > state.shown {
                (state.shown, state.grown) = (size, now);
            }
            return Ok(state);
        }
        let start = match self.log.start {
            Start::Now => size,
            Start::At(start) => start.min(size),
        };
        let checked = view.frontier_at(start).await?;
        let state = State { checked, shown: size, grown: now, ..State::default() };
        // If this round is killed, the next one begins in the same place.
        state.save(&path)?;
        Ok(state)
    }

    /// Adds an alarm if the log has not grown for too long, whether or not it can be read.
    fn look_whether_stalled(&self, round: &mut Round) {
        let (Some(most), Some(log)) = (self.rules.stalled_after, &self.known) else { return };
        let path = self.rules.memory.path(log).with_extension("monitor");
        let state = match State::load(&path) {
            Ok(Some(state)) => state,
            Ok(None) => return,
            Err(error) => {
                round.failure.get_or_insert(with_causes(&error));
                return;
            }
        };
        if !self.is_frozen && self.now().saturating_sub(state.grown) > most.as_secs() {
            let reason = format!(
                "the log has not grown beyond {} entries since {}, seconds since 1970",
                state.shown, state.grown
            );
            round.alarms.push(AlarmKind::Stalled.alarm(reason));
        }
    }
}

#[cfg(test)]
mod tests;
