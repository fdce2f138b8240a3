//! A log of tiles, read bundle by bundle. Times and index are checked beside.

use std::path::PathBuf;
use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::monitor::Growth;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::{OpenedCheckpoint, Trust, TrustedLog};
use fasti_seams::causes::with_causes;
use tiles_spec::tile::bundle_indices;
use tiles_spec::{ResourcePath, TILE_WIDTH_MAX, TileIndex};
use tokio::sync::OwnedMutexGuard;

use super::alarm::{AlarmKind, Trouble};
use super::event::Summary;
use super::index_check;
use super::pass::Pass;
use super::round::Round;
use super::rules::{Outlet, Rules, Start};
use super::state::State;

/// How many checkpoints are read in a round, if they are older than the one seen last.
const CHECKPOINTS_MAX: usize = 3;
/// How many bundles make a piece: 16,384 entries.
const PIECE: u64 = 64;

/// A log of tiles that is watched.
pub(crate) struct TiledLog {
    place: String,
    fetch: Arc<dyn Fetch>,
    trust: Trust,
    start: Start,
    /// The log, once it was read, or if there is no other that it could be.
    known: Option<TrustedLog>,
    /// Whether the log says that it was frozen, so that it cannot grow.
    is_frozen: bool,
}

impl TiledLog {
    pub(crate) fn new(place: String, fetch: Arc<dyn Fetch>, trust: Trust, start: Start) -> Self {
        let known = match trust.logs.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        Self { place, fetch, trust, start, known, is_frozen: false }
    }

    /// Makes a round.
    pub(crate) async fn round(&mut self, rules: &Rules, outlet: &dyn Outlet) -> Round {
        let mut round = Round::of(None, String::new());
        let ended = self.follow(rules, &mut round, outlet).await;
        round.end(ended);
        if let Some(log) = self.known.as_ref().filter(|_| !self.is_frozen) {
            round.look_whether_stalled(rules, &state_of(rules, log));
        }
        let origin = self.known.as_ref().map(TrustedLog::origin);
        origin.unwrap_or(&self.place).clone_into(&mut round.log);
        round
    }

    async fn follow(
        &mut self,
        rules: &Rules,
        round: &mut Round,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let (checkpoint, _turn) = self.newest(rules).await?;
        let view = View::at(self.fetch.clone(), checkpoint).await?;
        let mut view = view.on(rules.workers.clone());
        rules.memory.remember(view.checkpoint())?;
        if rules.stalled_after.is_some() {
            self.is_frozen = view.is_last().await.unwrap_or(self.is_frozen);
        }
        let state = self.state(rules, &mut view).await?;
        let log = view.checkpoint().log().clone();
        let mut pass = Pass::new(rules, log.origin().to_owned(), state_of(rules, &log), state);
        let read = self.read(rules, &mut pass, &mut view, outlet).await;
        round.matches = pass.matches();
        round.alarms.extend(pass.alarm());
        read?;
        let looked_up = if rules.samples == 0 || pass.samples().is_empty() {
            None
        } else {
            match index_check::check(&self.fetch, &self.trust, pass.samples()).await {
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
    async fn newest(
        &mut self,
        rules: &Rules,
    ) -> Result<(OpenedCheckpoint, OwnedMutexGuard<()>), Trouble> {
        for _ in 0..CHECKPOINTS_MAX {
            let checkpoint = self.checkpoint(rules).await?;
            self.known = Some(checkpoint.log().clone());
            let turn = rules.turns.take(&rules.memory.path(checkpoint.log())).await;
            let memory = &rules.memory;
            let growth = memory.compare_checkpoint(&self.fetch, &checkpoint, &self.trust).await?;
            if !matches!(growth, Growth::Before(_)) {
                return Ok((checkpoint, turn));
            }
        }
        let reason = "the log serves an older checkpoint now and then: read it from another place";
        Err(Trouble::Failure(reason.to_owned()))
    }

    /// Reads the checkpoint.
    async fn checkpoint(&self, rules: &Rules) -> Result<OpenedCheckpoint, Trouble> {
        let path = ResourcePath::Checkpoint;
        let bytes = self.fetch.fetch(&path).await.map_err(ReadError::from)?;
        let Some(bytes) = bytes else {
            let place = self.fetch.place(&path);
            let was_seen = self.known.as_ref().is_some_and(|log| {
                rules.memory.seen(log, &self.trust).is_ok_and(|seen| seen.is_some())
            });
            return Err(if was_seen {
                AlarmKind::Missing.alarm(format!("{place} is missing")).into()
            } else {
                Trouble::Failure(format!("there is no log: nothing at {place}"))
            });
        };
        Ok(self.trust.open(&bytes)?)
    }

    /// How far the log was checked; the first time, where to begin.
    async fn state(&self, rules: &Rules, view: &mut View) -> Result<State, Trouble> {
        let path = state_of(rules, view.checkpoint().log());
        let (now, size) = (rules.now(), view.head().size);
        if let Some(mut state) = State::load(&path)? {
            let checked = state.checked.head();
            if checked.size > size || view.head_at(checked.size).await? != checked {
                return Err(AlarmKind::not_the_beginning(checked.size, size).into());
            }
            state.show(size, now);
            return Ok(state);
        }
        let start = match self.start {
            Start::Now => size,
            Start::At(start) => start.min(size),
        };
        let checked = view.frontier_at(start).await?;
        let state = State { checked, shown: size, grown: now, ..State::default() };
        // If this round is killed, the next one begins in the same place.
        state.save(&path)?;
        Ok(state)
    }

    /// Reads all that is new.
    async fn read(
        &self,
        rules: &Rules,
        pass: &mut Pass<'_>,
        view: &mut View,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let head = view.head();
        let range = bundle_indices(pass.checked().size(), head.size);
        let first = pass.checked().size().next_leaf();
        let Some(first) = first.filter(|_| range.start < range.end) else {
            return pass.finish(head, outlet).await;
        };
        let matcher = rules.matcher.clone();
        let mut piece = range.start.get();
        let mut bundles = view.bundles_with(range.clone(), move |bundle| {
            matcher.scan(bundle.entries().filter(|(index, ..)| *index >= first))
        });
        while let Some(scanned) = bundles.next().await? {
            pass.add(scanned)?;
            let next = pass.checked().size().get().div_ceil(TILE_WIDTH_MAX as u64);
            if next == range.end.get() || next - piece >= PIECE {
                let read = (piece..next).map(TileIndex::new);
                let times = pass.times.read(&self.fetch, read, first, head.size, rules.now());
                times.await.map_err(|error| Trouble::Failure(with_causes(&error)))?;
                pass.finish(head, outlet).await?;
                piece = next;
            }
        }
        Ok(())
    }
}

/// Where the state of a log is remembered.
fn state_of(rules: &Rules, log: &TrustedLog) -> PathBuf {
    rules.memory.path(log).with_extension("monitor")
}
