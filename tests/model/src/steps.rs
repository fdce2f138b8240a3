//! What a writer does at each step, as the protocol has it.

use crate::history::Broken;
use crate::protocol::{Bounds, Protocol};
use crate::record::{Head, RecordId};
use crate::state::State;
use crate::store::Replace;
use crate::without::Without;
use crate::writer::{Leader, Writer};

/// Where a writer stands after a step. `None`: the step cannot be taken now.
pub type Step = Option<Writer>;
/// Something lands in the store. `None`: it cannot, now.
pub type Landing = Option<()>;

/// A state in the making, and the protocol that it follows.
pub struct Steps<'a> {
    /// The protocol.
    pub protocol: &'a Protocol,
    /// What becomes of the state.
    pub state: State,
    /// Whose turn it is.
    pub writer: usize,
}

impl Steps<'_> {
    fn without(&self, guard: Without) -> bool {
        self.protocol.without.contains(&guard)
    }

    fn me(&self) -> Writer {
        self.state.writers[self.writer]
    }

    fn leader(&self) -> Option<Leader> {
        if let Writer::Leading(leader) = self.me() { Some(leader) } else { None }
    }

    /// Puts a record on its way, if the bounds allow another one of its number.
    fn send(&mut self, previous: RecordId, has_entry: bool) -> Option<RecordId> {
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

    // 1. A new log.

    /// Finds no checkpoint and, by a listing that may be stale, no record.
    pub fn find_nothing(&mut self) -> Step {
        let nothing = self.me() == Writer::Idle && self.state.store.shown.is_none();
        nothing.then_some(Writer::NewLog)
    }

    /// Creates the first checkpoint, or finds that it exists.
    pub fn create_checkpoint(&mut self) -> Step {
        (self.me() == Writer::NewLog).then_some(())?;
        self.state.store.new_log_sent = true;
        self.first_checkpoint_lands();
        Some(Writer::Idle)
    }

    /// The create of the first checkpoint lands.
    pub fn first_checkpoint_lands(&mut self) -> Landing {
        let State { store, records, history, .. } = &mut self.state;
        let lands = store.shown.is_none() || self.protocol.without.contains(&Without::CreateOnly);
        (store.new_log_sent && lands).then_some(())?;
        history.shown(records, store.shown, Head::EMPTY);
        store.shown = Some(Head::EMPTY);
        Some(())
    }

    // 2. Replay.

    /// Reads the record in slot `number`, which a hint or a listing of any age has named; 0 if it
    /// named none. The walk back is not modelled: it can only stop short where records are gone,
    /// and what is accepted after a short walk is accepted after a full one.
    pub fn read_candidate(&mut self, number: u8) -> Step {
        let candidate = self.state.store.slot(number);
        (number == 0 || !candidate.is_none()).then_some(())?;
        match self.me() {
            Writer::Idle if !self.without(Without::RecordsFirst) => {
                Some(Writer::Candidate(candidate))
            }
            Writer::Checkpoint(shown) => self.accept(candidate, shown),
            _ => None,
        }
    }

    /// Reads `checkpoint`, and sends the takeover record if the candidate meets it.
    pub fn read_checkpoint(&mut self) -> Step {
        let shown = self.state.store.shown?;
        match self.me() {
            Writer::Candidate(candidate) => self.accept(candidate, shown),
            Writer::Idle if self.without(Without::RecordsFirst) => Some(Writer::Checkpoint(shown)),
            _ => None,
        }
    }

    // 3. Take over.

    /// The candidate's tree is the one shown, or its chain comes by it: then its
    /// lowest unfinished record begins exactly there.
    fn accept(&mut self, candidate: RecordId, shown: Head) -> Step {
        let State { records, .. } = &self.state;
        let by_size = self.without(Without::Root) && records.get(candidate).size >= shown.size;
        let meets = by_size || records.comes_by(candidate, shown);
        if meets || self.without(Without::Meeting) {
            let record = self.send(candidate, false)?;
            Some(Writer::TakingOver(record, shown))
        } else {
            Some(Writer::Idle)
        }
    }

    /// The store's word on a create: created, or the bytes that are there decide. `None` if the
    /// slot holds another record.
    fn create(&mut self, id: RecordId) -> Landing {
        let there = self.state.store.slot(self.state.records.get(id).number);
        if there.is_none() {
            self.record_lands(id)
        } else {
            (there == id || self.without(Without::Comparison)).then_some(())
        }
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

    /// Learns what has become of its takeover record.
    pub fn takeover_answered(&mut self) -> Step {
        let Writer::TakingOver(record, shown) = self.me() else { return None };
        match self.create(record) {
            None => Some(Writer::Idle),
            Some(()) if self.without(Without::SecondRead) => Some(self.lead(record, shown, shown)),
            Some(()) => Some(Writer::TookOver(record, shown)),
        }
    }

    /// 4. Reads `checkpoint` again.
    pub fn read_checkpoint_again(&mut self) -> Step {
        let Writer::TookOver(record, before) = self.me() else { return None };
        let shown = self.state.store.shown?;
        let has_grown = shown.size > before.size;
        Some(if has_grown { Writer::Idle } else { self.lead(record, before, shown) })
    }

    /// 5. Everything beyond the checkpoint that the replay ended at is unfinished.
    fn lead(&self, tip: RecordId, replayed: Head, version: Head) -> Writer {
        let applied = replayed.size.min(self.state.records.get(tip).size);
        Writer::Leading(Leader { tip, version, applied, ..Leader::default() })
    }

    // 6. Lead.

    /// The size that is to be published next: all of what was found unfinished at once, and later
    /// one batch after the other. `None` while there is nothing.
    fn next_size(&self, leader: Leader) -> Option<u8> {
        let State { records, .. } = &self.state;
        let found = records.get(records.takeover_of(leader.tip)).size;
        let next = if leader.version.size < found {
            found
        } else if self.without(Without::Apply) {
            leader.version.size + 1
        } else {
            // Only a leader that does not stand on what is shown has applied less than that.
            leader.version.size.min(leader.applied) + 1
        };
        (next <= records.get(leader.tip).size).then_some(next)
    }

    /// Sends the next batch's record. A new leader first finishes what it found.
    pub fn send_record(&mut self) -> Step {
        let leader = self.leader()?;
        let State { records, .. } = &self.state;
        let found = records.get(records.takeover_of(leader.tip)).size;
        let has_finished = leader.version.size >= found;
        if has_finished && leader.sent.is_none() {
            let sent = self.send(leader.tip, true)?;
            Some(Writer::Leading(Leader { sent, ..leader }))
        } else if leader.sent_behind.is_none()
            && !leader.sent.is_none()
            && self.without(Without::OneInFlight)
        {
            let sent_behind = self.send(leader.sent, true)?;
            Some(Writer::Leading(Leader { sent_behind, ..leader }))
        } else {
            None
        }
    }

    /// Learns what has become of it.
    pub fn record_answered(&mut self) -> Step {
        let leader = self.leader()?;
        (!leader.sent.is_none()).then_some(())?;
        if self.create(leader.sent).is_some() {
            let Leader { sent: tip, sent_behind: sent, .. } = leader;
            let sent_behind = RecordId::NONE;
            Some(Writer::Leading(Leader { tip, sent, sent_behind, ..leader }))
        } else {
            Some(Writer::Fenced(leader.last()))
        }
    }

    /// Hears nothing, reads the slot, finds nothing, and believes that.
    pub fn believe_absence(&mut self) -> Step {
        let leader = self.leader()?;
        let number = self.state.records.get(leader.sent).number;
        let absent = number != 0 && self.state.store.slot(number).is_none();
        (absent && self.without(Without::Repetition)).then_some(())?;
        Some(Writer::Leading(Leader { sent: RecordId::NONE, ..leader }))
    }

    /// Writes the tiles of one batch.
    pub fn apply(&mut self) -> Step {
        let leader = self.leader()?;
        let end = if self.without(Without::Apply) {
            leader.version.size
        } else {
            self.next_size(leader)?
        };
        (leader.applied < end).then_some(())?;
        let applied = leader.applied + 1;
        let State { store, records, history, .. } = &mut self.state;
        let id = records.entry_at(leader.tip, applied)?;
        let tile = &mut store.tiles[usize::from(applied)];
        let is_in_log = history.chain[usize::from(records.get(id).number)] == id;
        let is_same = tile.is_none() || *tile == id;
        history.expect(Broken::Tile, is_in_log && is_same);
        if tile.is_none() {
            *tile = id;
        }
        Some(Writer::Leading(Leader { applied, ..leader }))
    }

    /// Signs the next tree and sends its checkpoint.
    pub fn sign(&mut self) -> Step {
        let leader = self.leader()?;
        let size = self.next_size(leader)?;
        let is_applied = leader.applied >= size || self.without(Without::Apply);
        // The guard signs nothing that does not grow the tree that it knows to be shown.
        let grows = size > leader.version.size;
        (leader.publishing.is_none() && is_applied && grows).then_some(())?;
        let State { store, records, history, .. } = &mut self.state;
        let head = Head { size, root: records.entry_at(leader.tip, size)? };
        history.signed(records, head);
        let old = if self.protocol.without.contains(&Without::Version) {
            Head::EMPTY
        } else {
            leader.version
        };
        store.send_replace(Replace { old, new: head });
        if self.without(Without::Publication) {
            self.acknowledge(leader.tip, |_, _| true);
        }
        Some(Writer::Leading(Leader { publishing: Some(head), ..leader }))
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

    /// Learns what has become of the checkpoint: replaced, or what is shown decides. Published
    /// batches are acknowledged.
    pub fn replace_answered(&mut self) -> Step {
        let leader = self.leader()?;
        let new = leader.publishing?;
        self.replace_lands(Replace { old: leader.version, new });
        let shown = self.state.store.shown?;
        if shown == new || self.without(Without::Root) && shown.size == new.size {
            self.acknowledge(leader.tip, |size, _| size <= new.size);
            let leader = Leader { version: new, publishing: None, ..leader };
            Some(Writer::Leading(leader))
        } else if shown.size < new.size {
            self.state.store.send_replace(Replace { old: shown, new });
            Some(Writer::Leading(Leader { version: shown, ..leader }))
        } else {
            Some(Writer::Fenced(leader.last()))
        }
    }

    /// Tells the submitters of its own records up to `last` that `includes` holds for, by size and
    /// record.
    fn acknowledge(&mut self, last: RecordId, includes: impl Fn(u8, RecordId) -> bool) {
        let State { records, store, history, .. } = &mut self.state;
        let own = records.back_from(last).take_while(|&id| records.get(id).has_entry);
        for id in own.filter(|&id| includes(records.get(id).size, id)) {
            history.acknowledged(records, id, store.shown);
        }
    }

    /// 7. Sends the removal of one of its records.
    pub fn send_trim(&mut self, number: u8) -> Step {
        let leader = self.leader()?;
        let State { records, store, .. } = &self.state;
        let id = records.at_number(leader.tip, number)?;
        let record = records.get(id);
        let is_below = record.size < leader.version.size
            || record.size == leader.version.size && self.without(Without::TrimBelow);
        let is_first = !record.has_entry
            && !self.without(Without::TrimKeepsFirst)
            && !self.without(Without::Epoch);
        let is_newest = id == leader.tip && !self.without(Without::TrimKeepsNewest);
        (is_below && !is_first && !is_newest && !store.is_trim_sent(number)).then_some(())?;
        self.state.store.trims |= 1 << number;
        Some(self.me())
    }

    /// A removal lands.
    pub fn trim_lands(&mut self, number: u8) -> Landing {
        let store = &mut self.state.store;
        let lands = store.is_trim_sent(number) && !store.slot(number).is_none();
        lands.then(|| store.slots[usize::from(number)] = RecordId::NONE)
    }

    // 8. Fenced.

    /// Answers whoever waits for a leaf that the shown checkpoint includes; the others submit their
    /// entries again.
    pub fn answer_waiters(&mut self) -> Step {
        let Writer::Fenced(last) = self.me() else { return None };
        let shown = self.state.store.shown?;
        let by_size = self.without(Without::Inclusion);
        let records = self.state.records;
        self.acknowledge(last, |size, id| {
            size <= shown.size && (by_size || records.entry_at(shown.root, size) == Some(id))
        });
        Some(Writer::Idle)
    }

    /// Loses its memory.
    pub fn crash(&mut self) -> Step {
        (self.me() != Writer::Idle).then_some(Writer::Idle)
    }
}
