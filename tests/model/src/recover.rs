//! Recover: how a writer becomes leader. The numbers are the steps of the protocol.

use crate::record::{Head, RecordId};
use crate::state::State;
use crate::steps::{Step, Steps};
use crate::without::Without;
use crate::writer::{Leader, Writer};

impl Steps<'_> {
    // 1. A new log.

    /// Finds no checkpoint and, by a listing that may be stale, no record.
    pub fn find_nothing(&mut self) -> Step {
        let nothing = self.me() == Writer::Idle && self.state.store.shown.is_none();
        nothing.then_some(Writer::NewLog)
    }

    /// Creates the first checkpoint, or finds that one exists.
    pub fn create_checkpoint(&mut self) -> Step {
        (self.me() == Writer::NewLog).then_some(())?;
        self.state.store.new_log_sent = true;
        self.first_checkpoint_lands();
        Some(Writer::Idle)
    }

    // 2. Replay.

    /// Reads the record in slot `number`, as named by a hint or a listing of any age; 0 if they
    /// named none. The walk back is not modelled: it can only stop short where records are gone,
    /// and what is accepted after a short walk is also accepted after a full one.
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

    /// The candidate is accepted if its tree is the published one, or if its chain contains it. Its
    /// lowest unfinished record then begins exactly there.
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

    /// Learns the outcome of its takeover record.
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

    /// 5. Everything beyond the checkpoint at which the replay ended is unfinished.
    fn lead(&self, tip: RecordId, replayed: Head, version: Head) -> Writer {
        let applied = replayed.size.min(self.state.records.get(tip).size);
        Writer::Leading(Leader { tip, version, applied, ..Leader::default() })
    }
}
