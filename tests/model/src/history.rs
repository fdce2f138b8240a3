//! History: what no one in the protocol can see, recorded for the checks.

use crate::record::{Head, RecordId, Records};
use crate::store::SLOTS_MAX;

/// An invariant that a single step can break, though later states may not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A record landed in a new slot and does not follow the record before.
    Chain,
    /// A second root for one size was signed or published.
    Root,
    /// `checkpoint` shrank, or does not extend the previous one.
    Extension,
    /// A tile was sent whose record is not in the log, or whose path has other content.
    Tile,
    /// Another leaf was acknowledged at this index, or a leaf that is not published.
    Acknowledgement,
    /// A tree that is not a prefix of the chain was signed, sent or acknowledged.
    Fencing,
}

/// Everything that has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The first record ever to land in each slot: the chain.
    pub chain: [RecordId; SLOTS_MAX + 1],
    /// The root signed for each size. A published tree counts as signed, with all smaller sizes.
    pub signed: [RecordId; SLOTS_MAX + 1],
    /// The record acknowledged as the entry of each size; its leaf index is one less. A published
    /// entry counts as acknowledged, whether or not anyone was told.
    pub acknowledged: [RecordId; SLOTS_MAX + 1],
    /// One bit for each [`Broken`].
    pub broken: u8,
}

impl History {
    /// The newest record of the chain.
    pub fn newest(&self) -> RecordId {
        self.chain.iter().rev().copied().find(|id| !id.is_none()).unwrap_or_default()
    }

    /// Whether it was broken at some step.
    pub fn is_broken(&self, what: Broken) -> bool {
        self.broken & (1 << what as u8) != 0
    }

    /// Records it as broken unless `holds`.
    pub fn expect(&mut self, what: Broken, holds: bool) {
        if !holds {
            self.broken |= 1 << what as u8;
        }
    }

    /// Notes that a record has landed.
    pub fn landed(&mut self, records: &Records, id: RecordId) {
        let record = records.get(id);
        let number = usize::from(record.number);
        if self.chain[number].is_none() {
            self.chain[number] = id;
            self.expect(Broken::Chain, record.previous == self.chain[number - 1]);
        }
    }

    /// Notes that a tree was signed.
    pub fn signed(&mut self, records: &Records, head: Head) {
        self.remember_signature(head);
        self.expect(Broken::Fencing, records.comes_by(self.newest(), head));
    }

    fn remember_signature(&mut self, head: Head) {
        let root = &mut self.signed[usize::from(head.size)];
        let is_other = !root.is_none() && *root != head.root;
        *root = head.root;
        self.expect(Broken::Root, !is_other);
    }

    /// Notes that `checkpoint` was replaced.
    pub fn shown(&mut self, records: &Records, old: Option<Head>, new: Head) {
        let extends = old.is_none_or(|old| records.comes_by(new.root, old));
        self.expect(Broken::Extension, extends);
        for size in 1..=new.size {
            let root = records.entry_at(new.root, size).unwrap_or_default();
            self.remember_signature(Head { size, root });
            self.acknowledged(records, root, Some(new));
        }
    }

    /// Notes that a client was told that this record's entry is in the log, while `shown` was
    /// published.
    pub fn acknowledged(&mut self, records: &Records, id: RecordId, shown: Option<Head>) {
        let record = records.get(id);
        let promised = &mut self.acknowledged[usize::from(record.size)];
        let is_other = !promised.is_none() && *promised != id;
        *promised = id;
        let is_shown = shown.is_some_and(|shown| {
            shown.size >= record.size && records.entry_at(shown.root, record.size) == Some(id)
        });
        self.expect(Broken::Acknowledgement, !is_other && is_shown);
        let in_chain = records.entry_at(self.newest(), record.size) == Some(id);
        self.expect(Broken::Fencing, in_chain);
    }
}
