//! Commit records and tree heads, as small as possible.
//!
//! The identity of a record is its bytes, modelled as its place in a table. Two records are never
//! identical, even if all their fields are equal, as if each had a nonce. A record grows the tree
//! by one entry or none, and no two records hold the same entry. The root of a tree is therefore
//! named by the newest record with an entry that leads to it; its predecessors are the other
//! entries.

/// Maximum number of records in the table.
pub const RECORDS_MAX: usize = 24;

/// A record, or [`RecordId::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(pub u8);

impl RecordId {
    /// The predecessor of record 1, and the root of the empty tree.
    pub const NONE: Self = Self(0);

    /// Whether this is no record.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// A tree: how many entries, and which ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The number of entries.
    pub size: u8,
    /// The record that holds the last entry.
    pub root: RecordId,
}

impl Head {
    /// The tree without entries.
    pub const EMPTY: Self = Self { size: 0, root: RecordId::NONE };
}

/// The fields of a record. The head before it follows from its predecessor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The slot to which it is written, from 1. Zero if this place of the table is free.
    pub number: u8,
    /// The previous record.
    pub previous: RecordId,
    /// The tree size including this record.
    pub size: u8,
    /// Whether it holds an entry. If not, it is a takeover record.
    pub has_entry: bool,
}

/// Every record that was sent and can still matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Records {
    table: [Record; RECORDS_MAX],
}

impl Records {
    /// The fields of a record; all zero for no record.
    pub fn get(&self, id: RecordId) -> Record {
        if id.is_none() { Record::default() } else { self.table[usize::from(id.0) - 1] }
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = (RecordId, Record)> + '_ {
        let ids = (1..).map(RecordId);
        ids.zip(self.table).filter(|(_, record)| record.number != 0)
    }

    /// Adds a new, distinct record.
    ///
    /// # Panics
    /// If the table is full: the bounds are too wide for it.
    pub fn add(&mut self, previous: RecordId, has_entry: bool) -> RecordId {
        let before = self.get(previous);
        let place = self.table.iter().position(|record| record.number == 0);
        let place = place.expect("the table has room for every record that the bounds allow");
        self.table[place] = Record {
            number: before.number + 1,
            previous,
            size: before.size + u8::from(has_entry),
            has_entry,
        };
        RecordId(u8::try_from(place + 1).expect("the table is small"))
    }

    /// Forgets all records that are not marked.
    pub fn keep(&mut self, marked: &[bool; RECORDS_MAX + 1]) {
        for (place, record) in self.table.iter_mut().enumerate() {
            if !marked[place + 1] {
                *record = Record::default();
            }
        }
    }

    /// The tree including this record.
    pub fn head(&self, id: RecordId) -> Head {
        let size = self.get(id).size;
        Head { size, root: self.entry_at(id, size).unwrap_or_default() }
    }

    /// The record with the last entry of the tree of `size` on the way to `id`: that tree's root.
    /// `None` if the chain has no tree of that size.
    pub fn entry_at(&self, id: RecordId, size: u8) -> Option<RecordId> {
        if size == 0 {
            return Some(RecordId::NONE);
        }
        self.back_from(id).find(|&id| self.get(id).has_entry && self.get(id).size == size)
    }

    /// The record with that number on the way to `id`.
    pub fn at_number(&self, id: RecordId, number: u8) -> Option<RecordId> {
        self.back_from(id).find(|&id| self.get(id).number == number)
    }

    /// The record itself and all before it, newest first.
    pub fn back_from(&self, id: RecordId) -> impl Iterator<Item = RecordId> + '_ {
        std::iter::successors(Some(id), |&id| Some(self.get(id).previous))
            .take_while(|id| !id.is_none())
    }

    /// The record that began the term in which `id` was made.
    pub fn takeover_of(&self, id: RecordId) -> RecordId {
        self.back_from(id).find(|&id| !self.get(id).has_entry).unwrap_or_default()
    }

    /// Whether `head` is a tree on the chain to `id`.
    pub fn comes_by(&self, id: RecordId, head: Head) -> bool {
        head.size <= self.get(id).size && self.entry_at(id, head.size) == Some(head.root)
    }
}
