//! Commit records and tree heads, as small as they can be.
//!
//! A record's identity is its bytes, here its place in a table: two records are never the same one
//! even if all their fields are equal, as if each had a nonce. A record grows the tree by one entry
//! or by none, and no two records hold the same entry. The root of a tree is therefore named by the
//! newest record with an entry that leads to it: its predecessors are the other entries.

/// How many records may be in the table at once.
pub const RECORDS_MAX: usize = 24;

/// A record, or [`RecordId::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(pub u8);

impl RecordId {
    /// What record 1 names as its predecessor, and the root of the empty tree.
    pub const NONE: Self = Self(0);

    /// There is no record here.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// A tree: how many entries, and which.
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

/// A record's fields. The head before it follows from its predecessor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The slot that it is written to, from 1. Zero: this place of the table is free.
    pub number: u8,
    /// The record before.
    pub previous: RecordId,
    /// The size of the tree with it.
    pub size: u8,
    /// It holds an entry. If not, it takes over.
    pub has_entry: bool,
}

/// Every record that was sent and can still matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Records {
    table: [Record; RECORDS_MAX],
}

impl Records {
    /// The record's fields; those of no record are all zero.
    pub fn get(&self, id: RecordId) -> Record {
        if id.is_none() { Record::default() } else { self.table[usize::from(id.0) - 1] }
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = (RecordId, Record)> + '_ {
        let ids = (1..).map(RecordId);
        ids.zip(self.table).filter(|(_, record)| record.number != 0)
    }

    /// A record that was never seen before.
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

    /// Forgets every record that is not marked.
    pub fn keep(&mut self, marked: &[bool; RECORDS_MAX + 1]) {
        for (place, record) in self.table.iter_mut().enumerate() {
            if !marked[place + 1] {
                *record = Record::default();
            }
        }
    }

    /// The tree with this record.
    pub fn head(&self, id: RecordId) -> Head {
        let size = self.get(id).size;
        Head { size, root: self.entry_at(id, size).unwrap_or_default() }
    }

    /// The record with the last entry of the tree of `size` on the way to `id`: that tree's root.
    /// `None` if the chain does not come by that size.
    pub fn entry_at(&self, id: RecordId, size: u8) -> Option<RecordId> {
        if size == 0 {
            return Some(RecordId::NONE);
        }
        self.back_from(id).find(|&id| self.get(id).has_entry && self.get(id).size == size)
    }

    /// The record of that number on the way to `id`.
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

    /// `head` is one that the chain to `id` comes by.
    pub fn comes_by(&self, id: RecordId, head: Head) -> bool {
        head.size <= self.get(id).size && self.entry_at(id, head.size) == Some(head.root)
    }
}
