//! The whole state, and the form in which two states are compared.
//!
//! The names of records and writers carry no meaning. A state is therefore hashed in a canonical
//! form: for each order of the writers, records are renamed in the order of a fixed walk, and the
//! smallest result counts. That is the symmetry reduction. The state itself keeps its names, so
//! that traces can be read.

use std::hash::{Hash, Hasher};

use crate::history::History;
use crate::record::{RECORDS_MAX, Record, RecordId, Records};
use crate::store::Store;
use crate::writer::{Leader, WRITERS_MAX, Writer};

/// The whole state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The number of writers.
    pub writer_count: u8,
    /// The records that were sent.
    pub records: Records,
    /// The shared store.
    pub store: Store,
    /// The writers.
    pub writers: [Writer; WRITERS_MAX],
    /// What has happened.
    pub history: History,
}

impl State {
    /// The records and checkpoints that this writer knows of, for marking what is still needed.
    fn known_to(writer: Writer) -> [RecordId; 5] {
        let none = RecordId::NONE;
        match writer {
            Writer::Idle | Writer::NewLog => [none; 5],
            Writer::Candidate(id) | Writer::Fenced(id) => [id, none, none, none, none],
            Writer::Checkpoint(head) => [head.root, none, none, none, none],
            Writer::TakingOver(id, head) | Writer::TookOver(id, head) => {
                [id, head.root, none, none, none]
            }
            Writer::Leading(Leader { tip, sent, sent_behind, version, publishing, .. }) => {
                [tip, sent, sent_behind, version.root, publishing.unwrap_or_default().root]
            }
        }
    }

    /// Forgets records that no one knows of and that can never land.
    pub fn forget_lost_records(&mut self) {
        let mut marked = [false; RECORDS_MAX + 1];
        let mut mark = |records: &Records, id: RecordId| {
            for id in records.back_from(id) {
                marked[usize::from(id.0)] = true;
            }
        };
        let Self { records, store, writers, history, .. } = &*self;
        let shown = store.shown.unwrap_or_default().root;
        let replaces = store.replaces.iter().flatten().flat_map(|r| [r.old.root, r.new.root]);
        let in_history = history.chain.iter().chain(&history.signed).chain(&history.acknowledged);
        let in_store = store.slots.iter().chain(&store.tiles).copied();
        let known = writers.iter().flat_map(|&writer| Self::known_to(writer));
        let all = in_store.chain(replaces).chain(in_history.copied()).chain(known);
        for id in all.chain(std::iter::once(shown)) {
            mark(records, id);
        }
        for (id, _) in records.iter() {
            if !store.is_lost(records, id) {
                mark(records, id);
            }
        }
        self.records.keep(&marked);
    }

    fn canonical(&self) -> Form {
        let orders: &[&[usize]] = match self.writer_count {
            0 | 1 => &[&[0]],
            2 => &[&[0, 1], &[1, 0]],
            _ => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
        };
        let forms = orders.iter().map(|order| Form::of(self, order));
        forms.min_by(|a, b| a.bytes().cmp(b.bytes())).expect("there is an order")
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(self.canonical().bytes());
    }
}

const FORM_BYTES_MAX: usize = 256;

/// A state as bytes, for one order of the writers.
struct Form {
    bytes: [u8; FORM_BYTES_MAX],
    length: usize,
    /// The new name of each record.
    names: [u8; RECORDS_MAX + 1],
    /// The records by their new names.
    named: [Record; RECORDS_MAX],
    count: u8,
}

impl Form {
    fn of(state: &State, order: &[usize]) -> Self {
        let mut form = Self {
            bytes: [0; FORM_BYTES_MAX],
            length: 0,
            names: [0; RECORDS_MAX + 1],
            named: [Record::default(); RECORDS_MAX],
            count: 0,
        };
        let State { records, store, history, .. } = state;
        for ids in
            [&history.chain, &store.slots, &history.signed, &history.acknowledged, &store.tiles]
        {
            ids.iter().skip(1).for_each(|&id| form.id(records, id));
        }
        form.byte(history.broken);
        form.byte(u8::from(store.shown.is_some()));
        form.id(records, store.shown.unwrap_or_default().root);
        for &writer in order {
            form.writer(records, state.writers[writer]);
        }
        for replace in store.replaces.iter().flatten() {
            form.id(records, replace.old.root);
            form.id(records, replace.new.root);
        }
        form.byte(0xff);
        form.byte(store.trims);
        form.byte(u8::from(store.new_log_sent));
        form.records_in_flight(records);
        for at in 0..usize::from(form.count) {
            let Record { number, previous, has_entry, .. } = form.named[at];
            form.byte(number << 1 | u8::from(has_entry));
            form.byte(previous.0);
        }
        form
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn id(&mut self, records: &Records, id: RecordId) {
        let name = self.name(records, id);
        self.byte(name);
    }

    /// The new name of a record; its predecessors are named before it.
    fn name(&mut self, records: &Records, id: RecordId) -> u8 {
        if id.is_none() || self.names[usize::from(id.0)] != 0 {
            return self.names[usize::from(id.0)];
        }
        let record = records.get(id);
        let previous = RecordId(self.name(records, record.previous));
        self.named[usize::from(self.count)] = Record { previous, ..record };
        self.count += 1;
        self.names[usize::from(id.0)] = self.count;
        self.count
    }

    fn writer(&mut self, records: &Records, writer: Writer) {
        match writer {
            Writer::Idle => self.byte(0),
            Writer::NewLog => self.byte(1),
            Writer::Candidate(id) => {
                self.byte(2);
                self.id(records, id);
            }
            Writer::Checkpoint(head) => {
                self.byte(3);
                self.id(records, head.root);
            }
            Writer::TakingOver(id, head) | Writer::TookOver(id, head) => {
                self.byte(if matches!(writer, Writer::TakingOver(..)) { 4 } else { 5 });
                self.id(records, id);
                self.id(records, head.root);
            }
            Writer::Leading(leader) => {
                self.byte(6);
                for id in [leader.tip, leader.sent, leader.sent_behind, leader.version.root] {
                    self.id(records, id);
                }
                self.byte(leader.applied);
                self.byte(u8::from(leader.publishing.is_some()));
                self.id(records, leader.publishing.unwrap_or_default().root);
            }
            Writer::Fenced(id) => {
                self.byte(7);
                self.id(records, id);
            }
        }
    }

    /// Names the records that only the network knows, by their fields alone.
    fn records_in_flight(&mut self, records: &Records) {
        let mut unnamed: Vec<(u8, bool, RecordId, RecordId)> = records
            .iter()
            .filter(|(id, _)| self.names[usize::from(id.0)] == 0)
            .map(|(id, record)| (record.number, record.has_entry, record.previous, id))
            .collect();
        // Predecessors have lower numbers, so they are already named when their successors are.
        unnamed.sort_by_key(|&(number, has_entry, previous, id)| {
            (number, has_entry, self.names[usize::from(previous.0)], id)
        });
        for (_, _, _, id) in unnamed {
            self.name(records, id);
        }
    }
}
