//! Lead: from a batch to an acknowledgement, and what follows. The numbers are the steps of the
//! protocol.

use crate::history::Broken;
use crate::record::{Head, RecordId};
use crate::state::State;
use crate::steps::{Step, Steps};
use crate::store::Replace;
use crate::without::Without;
use crate::writer::{Leader, Writer};

impl Steps<'_> {
    // 6. Lead.

    /// The next size to publish. What was found unfinished is published all at once, and later
    /// batches one at a time. `None` if there is nothing to publish.
    fn next_size(&self, leader: Leader) -> Option<u8> {
        let State { records, .. } = &self.state;
        let found = records.get(records.takeover_of(leader.tip)).size;
        let next = if leader.version.size < found {
            found
        } else if self.without(Without::Apply) {
            leader.version.size + 1
        } else {
            // A leader can have applied less only if its tree does not extend the published one.
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

    /// Learns the outcome of that record.
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

    /// Gets no answer, reads the slot, finds nothing, and believes that.
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
        // The guard signs only trees larger than the one known to be published.
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

    /// Learns the outcome of the checkpoint: it was replaced, or the published one decides.
    /// Published batches are acknowledged.
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

    /// Acknowledges its own records up to `last` for which `includes` holds, given size and record.
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

    // 8. Fenced.

    /// Answers every submitter waiting for a leaf that the published checkpoint includes. The
    /// others submit their entries again.
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
}
