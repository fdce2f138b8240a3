//! The shared store: its contents, and the requests in flight.
//!
//! Every create, replace and removal that was ever sent stays in flight for ever: it can land late,
//! again, or never, whatever has become of its sender. A create lands in an empty place, a replace
//! if `checkpoint` is the one it names, a removal always. A checkpoint's version is its content,
//! like an `ETag`: that lets at least as many replaces land as a generation would.

use crate::record::{Head, RecordId, Records};

/// Maximum number of commit records in the store.
pub const SLOTS_MAX: usize = 6;
/// Maximum number of replaces in flight at once.
pub const REPLACES_MAX: usize = 8;

/// A conditional write of `checkpoint` that was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replace {
    /// The checkpoint that it expects.
    pub old: Head,
    /// The checkpoint that replaces it.
    pub new: Head,
}

/// The store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The record in each slot; slot 0 is not used.
    pub slots: [RecordId; SLOTS_MAX + 1],
    /// The published checkpoint.
    pub shown: Option<Head>,
    /// The entry at each tile path. There is one path for each size.
    pub tiles: [RecordId; SLOTS_MAX + 1],
    /// Replaces in flight, sorted.
    pub replaces: [Option<Replace>; REPLACES_MAX],
    /// Removals in flight: one bit for each slot.
    pub trims: u8,
    /// Whether the first checkpoint was sent.
    pub new_log_sent: bool,
}

impl Store {
    /// What the slot holds.
    pub fn slot(&self, number: u8) -> RecordId {
        self.slots.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// Sends a replace.
    ///
    /// # Panics
    /// If there is no room for it: the bounds are too wide.
    pub fn send_replace(&mut self, replace: Replace) {
        if self.replaces.contains(&Some(replace)) {
            return;
        }
        let place = self.replaces.iter_mut().find(|place| place.is_none());
        *place.expect("there is room for every replace that the bounds allow") = Some(replace);
        self.sort_replaces();
    }

    /// Forgets replaces that can never land again: `checkpoint` does not come back to an old value.
    pub fn forget_replaces(&mut self) {
        let shown = self.shown;
        for place in &mut self.replaces {
            place.take_if(|replace| Some(replace.old) != shown);
        }
        self.sort_replaces();
    }

    fn sort_replaces(&mut self) {
        self.replaces.sort_by_key(|place| (place.is_none(), *place));
    }

    /// Whether a removal was sent.
    pub fn is_trim_sent(&self, number: u8) -> bool {
        self.trims & (1 << number) != 0
    }

    /// Whether a record can never land: its slot holds the first record of a term, which stays.
    pub fn is_lost(&self, records: &Records, id: RecordId) -> bool {
        let there = self.slot(records.get(id).number);
        there != id
            && !there.is_none()
            && !records.get(there).has_entry
            && !self.is_trim_sent(records.get(id).number)
    }
}
