//! Steps: how a state follows from another, by a writer's action or by a write landing in the
//! store.
//!
//! The actions of writers are in [`crate::recover`] and [`crate::lead`].

use crate::protocol::{Bounds, Protocol};
use crate::record::{Head, RecordId};
use crate::state::State;
use crate::store::Replace;
use crate::without::Without;
use crate::writer::{Leader, Writer};

/// The state of a writer after a step. `None` if the step cannot be taken now.
pub type Step = Option<Writer>;
/// A write lands in the store. `None` if it cannot, now.
pub type Landing = Option<()>;

/// A state under construction, and the protocol that it follows.
pub struct Steps<'a> {
    /// The protocol.
    pub protocol: &'a Protocol,
    /// The resulting state.
    pub state: State,
    /// The writer whose turn it is.
    pub writer: usize,
}

impl Steps<'_> {
    pub(crate) fn without(&self, guard: Without) -> bool {
        self.protocol.without.contains(&guard)
    }

    pub(crate) fn me(&self) -> Writer {
        self.state.writers[self.writer]
    }

    pub(crate) fn leader(&self) -> Option<Leader> {
        if let Writer::Leading(leader) = self.me() { Some(leader) } else { None }
    }

    /// Sends a record, if the bounds allow another one with its number.
    pub(crate) fn send(&mut self, previous: RecordId, has_entry: bool) -> Option<RecordId> {
        let number = self.state.records.get(previous).number + 1;
        let same = || self.state.records.iter().filter(|(_, record)| record.number == number);
        if self.without(Without::Nonce)
            && let Some((twin, _)) = same()
                .find(|(_, record)| !record.has_entry && !has_entry && record.previous == previous)
        {
            return Some(twin);
        }
        let Bounds { slots, attempts, .. } = self.protocol.bounds;
        let may = number <= slots && same().count() < usize::from(attempts);
        may.then(|| self.state.records.add(previous, has_entry))
    }

    /// The store's answer to a create: it was created, or the existing bytes decide. `None` if the
    /// slot holds another record.
    pub(crate) fn create(&mut self, id: RecordId) -> Landing {
        let there = self.state.store.slot(self.state.records.get(id).number);
        if there.is_none() {
            self.record_lands(id)
        } else {
            (there == id || self.without(Without::Comparison)).then_some(())
        }
    }

    // Writes that land in the store, early or late.

    /// The create of the first checkpoint lands.
    pub fn first_checkpoint_lands(&mut self) -> Landing {
        let State { store, records, history, .. } = &mut self.state;
        let lands = store.shown.is_none() || self.protocol.without.contains(&Without::CreateOnly);
        (store.new_log_sent && lands).then_some(())?;
        history.shown(records, store.shown, Head::EMPTY);
        store.shown = Some(Head::EMPTY);
        Some(())
    }

    /// A create lands in an empty slot.
    pub fn record_lands(&mut self, id: RecordId) -> Landing {
        let State { store, records, history, .. } = &mut self.state;
        let number = records.get(id).number;
        (number != 0 && store.slot(number).is_none()).then_some(())?;
        store.slots[usize::from(number)] = id;
        history.landed(records, id);
        Some(())
    }

    /// A replace lands.
    pub fn replace_lands(&mut self, replace: Replace) -> Landing {
        let State { store, records, history, .. } = &mut self.state;
        let is_unconditional = self.protocol.without.contains(&Without::Version);
        let matches = store.shown == Some(replace.old) || is_unconditional;
        (matches && store.shown != Some(replace.new)).then_some(())?;
        history.shown(records, store.shown, replace.new);
        store.shown = Some(replace.new);
        Some(())
    }

    /// A removal lands.
    pub fn trim_lands(&mut self, number: u8) -> Landing {
        let store = &mut self.state.store;
        let lands = store.is_trim_sent(number) && !store.slot(number).is_none();
        lands.then(|| store.slots[usize::from(number)] = RecordId::NONE)
    }

    /// Loses its memory.
    pub fn crash(&mut self) -> Step {
        (self.me() != Writer::Idle).then_some(Writer::Idle)
    }
}
