//! What happens to one tree in one round, and what is reported at its end. A log of tiles is one
//! tree; one of Rekor v1 has several.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;

use fasti_seams::causes::with_causes;

use super::alarm::{Alarm, AlarmKind, Trouble};
use super::event::{Event, Summary, What};
use super::rules::Rules;
use super::state::State;

/// What is wrong with a log now, and was reported: by the number of the tree and the kind of alarm.
pub(crate) type Standing = BTreeMap<(Option<NonZeroU64>, AlarmKind), String>;

/// What happens in a round.
pub(crate) struct Round {
    /// The number of the tree; `None` if it is about the whole log.
    pub(crate) tree: Option<NonZeroU64>,
    /// Its origin, or the log's place.
    pub(crate) log: String,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) failure: Option<String>,
    pub(crate) matches: u64,
    pub(crate) summary: Option<Summary>,
}

impl Round {
    pub(crate) fn of(tree: Option<NonZeroU64>, log: String) -> Self {
        Self { tree, log, alarms: Vec::new(), failure: None, matches: 0, summary: None }
    }

    /// Adds how the reading ended.
    pub(crate) fn end(&mut self, ended: Result<(), Trouble>) {
        match ended {
            Ok(()) => {}
            Err(Trouble::Alarm(alarm)) => self.alarms.push(alarm),
            Err(Trouble::Failure(reason)) => self.failure = Some(reason),
        }
    }

    /// Adds an alarm if the log has not grown for too long, whether or not it can be read. Its
    /// state is at `path`.
    pub(crate) fn look_whether_stalled(&mut self, rules: &Rules, path: &Path) {
        let Some(most) = rules.stalled_after else { return };
        let state = match State::load(path) {
            Ok(Some(state)) => state,
            Ok(None) => return,
            Err(error) => {
                self.failure.get_or_insert(with_causes(&error));
                return;
            }
        };
        if rules.now().saturating_sub(state.grown) > most.as_secs() {
            let reason = format!(
                "the log has not grown beyond {} entries since {}, seconds since 1970",
                state.shown, state.grown
            );
            self.alarms.push(AlarmKind::Stalled.alarm(reason));
        }
    }

    /// The reports at the end of the round.
    pub(crate) fn events(&self, standing: &Standing) -> Vec<Event> {
        let mut events = Vec::new();
        let is_new = |alarm: &&Alarm| standing.get(&(self.tree, alarm.kind)) != Some(&alarm.reason);
        let alarms = self.alarms.iter().filter(is_new).cloned();
        events.extend(alarms.map(|alarm| self.event(What::Alarm(alarm))));
        // What could not be looked at may still be wrong.
        if self.failure.is_none() {
            let is_over = |kind: &AlarmKind| self.alarms.iter().all(|alarm| alarm.kind != *kind);
            let own = standing.keys().filter(|(tree, _)| *tree == self.tree).map(|(_, kind)| *kind);
            let over = own.filter(is_over).filter(|kind| kind.lasts());
            events.extend(over.map(|kind| self.event(What::Over(kind))));
        }
        events.extend(self.summary.map(|summary| self.event(What::Round(summary))));
        events.extend(self.failure.clone().map(|reason| self.event(What::Failure(reason))));
        events
    }

    fn event(&self, what: What) -> Event {
        Event { log: self.log.clone(), what }
    }
}
