//! Stores that are restored or copied while writers run, model-checked.
//!
//! [`crate::protocol`] shows that the writers of one store keep one history. This model assumes
//! that: a store is a list of committed entries and a checkpoint, and only a writer at the end of
//! the list can add to it. It adds what operators do. A backup is made at any time; at any later
//! time the store is restored from it, or a copy of it gets writers with the same key.
//!
//! A writer knows the largest tree that it has verified, which is lost when it crashes, and the
//! memory outside the store, which the writers of one machine share. A writer *can tell* if it
//! knows a tree larger than all that the store was restored to. No other writer can, whatever the
//! protocol. So after a restore, a writer that knows no more than the backup is gone, and a writer
//! that loses its knowledge is gone from then on. [`Without::Withdrawal`] lets it continue, and the
//! log forks: that is the limit of what can be promised. Only a memory that both share can tell a
//! copy from the original.

use stateright::{Model, Property};

/// Maximum number of entries in a log.
const ENTRIES_MAX: usize = 4;
/// Number of writers.
const WRITERS: usize = 2;

/// The entries of a log, in order; each is committed only once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    entries: [u8; ENTRIES_MAX],
    size: usize,
}

impl Tree {
    fn begins_with(&self, other: &Self) -> bool {
        self.size >= other.size && self.entries[..other.size] == other.entries[..other.size]
    }

    fn before_last(mut self) -> Self {
        self.size -= 1;
        self.entries[self.size] = 0;
        self
    }

    fn with(mut self, entry: u8) -> Self {
        self.entries[self.size] = entry;
        self.size += 1;
        self
    }
}

/// A store, or a backup of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// The tree to which the commit records lead.
    committed: Tree,
    /// The tree in `checkpoint`.
    shown: Tree,
}

/// A writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is so or not by itself")]
pub struct Writer {
    /// It cannot tell, or has refused to continue.
    is_gone: bool,
    /// It writes to the copy.
    is_on_copy: bool,
    /// The largest tree that it has verified.
    seen: Tree,
    /// What it committed last and believes to be published, while it leads.
    leads: Option<Store>,
    /// It committed that itself, in this term.
    has_committed: bool,
    /// It has signed what it committed last, and sent it.
    has_signed: bool,
}

/// The whole state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    store: Store,
    backup: Option<Store>,
    copy: Option<Store>,
    put_back_to: Option<usize>,
    memory: [Tree; WRITERS],
    writers: [Writer; WRITERS],
    /// Number of entries ever committed.
    entries: u8,
    /// The largest tree that has left a writer.
    released: Tree,
    has_forked: bool,
}

/// Where signed and verified trees are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Only in the processes.
    Lost,
    /// Each writer has its own machine.
    Apart,
    /// Both writers are on one machine.
    Shared,
}

/// What happens to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Befalls {
    /// It is restored from a backup.
    PutBack,
    /// The second writer moves to a copy of it.
    Copied,
}

/// A guard to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// A recovery does not compare the store with what its process has seen.
    Seen,
    /// A recovery does not compare the store with the memory.
    MemoryRead,
    /// The memory is overwritten before a signature leaves, whatever it holds.
    MemoryRule,
    /// A checkpoint that was rolled back under a leader is replaced.
    ForwardOnly,
    /// A leader does not check that the record before the one it created still exists.
    Standing,
    /// Not a guard: a writer that cannot tell continues.
    Withdrawal,
}

/// A case to check.
#[derive(Clone, Debug)]
pub struct Restore {
    /// Where signed trees are remembered.
    pub memory: Memory,
    /// What happens to the store.
    pub befalls: Befalls,
    /// The removed guards.
    pub without: &'static [Without],
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A backup is made.
    BackUp,
    /// The store is restored from it.
    PutBack,
    /// The second writer moves to a copy.
    Copy,
    /// A writer recovers, and leads.
    Recover(usize),
    /// A leader commits an entry.
    Commit(usize),
    /// A leader signs what it has committed, and sends the checkpoint.
    Sign(usize),
    /// The store replaces `checkpoint`, or returns the published one.
    Replace(usize),
    /// A writer verifies the published checkpoint, from the store or from a peer.
    Hear(usize),
    /// A writer crashes.
    Crash(usize),
}

/// One history, whatever happens to the store.
pub const I18: &str = "I18 one key, one history";
/// What is published is in the store.
pub const I3: &str = "I3 what is published is in the store, except for writes in flight";

impl Restore {
    fn keeps(&self, guard: Without) -> bool {
        !self.without.contains(&guard)
    }

    fn remembers(&self, state: &State, w: usize) -> Tree {
        match self.memory {
            Memory::Lost => Tree::default(),
            Memory::Apart => state.memory[w],
            Memory::Shared => state.memory[0],
        }
    }

    /// Remembers a tree by the rule of the memory; `false` if the rule forbids it.
    fn remember(&self, state: &mut State, w: usize, new: Tree) -> bool {
        let cell = match self.memory {
            Memory::Lost => return true,
            Memory::Apart => &mut state.memory[w],
            Memory::Shared => &mut state.memory[0],
        };
        let may = new.begins_with(cell) || !self.keeps(Without::MemoryRule);
        if may {
            *cell = new;
        }
        may
    }

    /// A writer that knows no more than the restored store cannot tell.
    fn withdraw(&self, state: &mut State, w: usize) {
        let known = state.writers[w].seen.size.max(self.remembers(state, w).size);
        let cannot_tell = state.put_back_to.is_some_and(|size| known <= size);
        if cannot_tell && self.keeps(Without::Withdrawal) {
            state.writers[w] = Writer { is_gone: true, ..Writer::default() };
        }
    }

    fn recover(&self, state: &mut State, w: usize) -> Option<()> {
        let writer = state.writers[w];
        let store = state.store_of(w);
        writer.leads.is_none().then_some(())?;
        let remembered = self.remembers(state, w);
        let agrees = store.committed.begins_with(&store.shown)
            && (store.committed.begins_with(&writer.seen) || !self.keeps(Without::Seen))
            && (store.committed.begins_with(&remembered) || !self.keeps(Without::MemoryRead));
        state.writers[w].leads = agrees.then_some(store);
        state.writers[w].is_gone = !agrees;
        state.writers[w].has_committed = false;
        state.writers[w].has_signed = store.committed == store.shown;
        Some(())
    }

    fn commit(state: &mut State, w: usize) -> Option<()> {
        let leads = state.writers[w].leads?;
        let may = leads.committed == leads.shown && leads.committed.size < ENTRIES_MAX;
        may.then_some(())?;
        let grown = leads.committed.with(state.entries + 1);
        let committed = &mut state.store_of_mut(w).committed;
        if *committed == leads.committed {
            *committed = grown;
        } else if committed.size >= grown.size {
            // Another writer's record is in the slot.
            state.writers[w].leads = None;
            return Some(());
        }
        // Otherwise the store was restored, and the record lies beyond a gap.
        state.entries += 1;
        state.writers[w].leads = Some(Store { committed: grown, ..leads });
        state.writers[w].has_committed = true;
        state.writers[w].has_signed = false;
        Some(())
    }

    fn sign(&self, state: &mut State, w: usize) -> Option<()> {
        let leads = state.writers[w].leads?;
        (!state.writers[w].has_signed).then_some(())?;
        let new = leads.committed;
        let stands = state.store_of(w).committed.begins_with(&new.before_last());
        if state.writers[w].has_committed && !stands && self.keeps(Without::Standing) {
            state.writers[w] = Writer { is_gone: true, ..Writer::default() };
            return Some(());
        }
        if !self.remember(state, w, new) {
            // It recovers, and then refuses for good.
            state.writers[w].leads = None;
            return Some(());
        }
        state.writers[w].has_signed = true;
        state.writers[w].seen = new;
        let (small, large) = if new.size < state.released.size {
            (new, state.released)
        } else {
            (state.released, new)
        };
        state.has_forked |= !large.begins_with(&small);
        state.released = large;
        Some(())
    }

    fn replace(&self, state: &mut State, w: usize) -> Option<()> {
        let leads = state.writers[w].leads?;
        (state.writers[w].has_signed && leads.shown != leads.committed).then_some(())?;
        let shown = state.store_of(w).shown;
        if shown == leads.shown || shown == leads.committed {
            state.store_of_mut(w).shown = leads.committed;
            state.writers[w].leads = Some(Store { shown: leads.committed, ..leads });
        } else if shown.size < leads.shown.size && self.keeps(Without::ForwardOnly) {
            state.writers[w] = Writer { is_gone: true, ..Writer::default() };
        } else if shown.size < leads.committed.size {
            state.writers[w].leads = Some(Store { shown, ..leads });
        } else {
            state.writers[w].leads = None;
        }
        Some(())
    }

    fn hear(&self, state: &mut State, w: usize) -> Option<()> {
        let (writer, shown) = (state.writers[w], state.store_of(w).shown);
        (writer.leads.is_none() && shown.size > writer.seen.size).then_some(())?;
        let is_one = shown.begins_with(&writer.seen);
        if is_one && self.remember(state, w, shown) || !self.keeps(Without::Seen) {
            state.writers[w].seen = shown;
        } else if !is_one {
            state.writers[w].is_gone = true;
        } else {
            return None;
        }
        Some(())
    }

    fn crash(&self, state: &mut State, w: usize) {
        let is_on_copy = state.writers[w].is_on_copy;
        state.writers[w] = Writer { is_on_copy, ..Writer::default() };
        self.withdraw(state, w);
    }
}

impl State {
    fn store_of(&self, w: usize) -> Store {
        if self.writers[w].is_on_copy { self.copy.unwrap_or_default() } else { self.store }
    }

    fn store_of_mut(&mut self, w: usize) -> &mut Store {
        match &mut self.copy {
            Some(copy) if self.writers[w].is_on_copy => copy,
            _ => &mut self.store,
        }
    }
}

impl Model for Restore {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.backup.is_none() {
            actions.push(Action::BackUp);
        } else if state.put_back_to.is_none() && state.copy.is_none() {
            actions.push(match self.befalls {
                Befalls::PutBack => Action::PutBack,
                Befalls::Copied => Action::Copy,
            });
        }
        for w in (0..WRITERS).filter(|&w| !state.writers[w].is_gone) {
            actions.extend([
                Action::Recover(w),
                Action::Commit(w),
                Action::Sign(w),
                Action::Replace(w),
                Action::Hear(w),
                Action::Crash(w),
            ]);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::BackUp => state.backup = Some(state.store),
            Action::PutBack => {
                let backup = state.backup?;
                state.store = backup;
                state.put_back_to = Some(backup.committed.size);
                (0..WRITERS).for_each(|w| self.withdraw(&mut state, w));
            }
            Action::Copy => {
                state.copy = state.backup;
                // Another process, freshly started.
                state.writers[1] = Writer { is_on_copy: true, ..Writer::default() };
            }
            Action::Recover(w) => self.recover(&mut state, w)?,
            Action::Commit(w) => Self::commit(&mut state, w)?,
            Action::Sign(w) => self.sign(&mut state, w)?,
            Action::Replace(w) => self.replace(&mut state, w)?,
            Action::Hear(w) => self.hear(&mut state, w)?,
            Action::Crash(w) => self.crash(&mut state, w),
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(I18, |_, state: &State| !state.has_forked),
            Property::always(I3, |_, state: &State| {
                let is_there = |store: &Store| store.shown.size <= store.committed.size + WRITERS;
                is_there(&state.store) && state.copy.iter().all(is_there)
            }),
            Property::sometimes("the store was restored or copied", |_, state: &State| {
                state.put_back_to.is_some() || state.copy.is_some()
            }),
            Property::sometimes("a log is full and published", |_, state: &State| {
                state.store.shown.size == ENTRIES_MAX
            }),
        ]
    }
}

/// A case to check, and what breaks.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub restore: Restore,
    /// The invariants that break.
    pub breaks: &'static [&'static str],
}

const fn row(
    befalls: Befalls,
    memory: Memory,
    without: &'static [Without],
    breaks: &'static [&'static str],
) -> Row {
    Row { restore: Restore { memory, befalls, without }, breaks }
}

/// Every case: with all guards, and without each necessary guard.
pub const ROWS: [Row; 14] = [
    row(Befalls::PutBack, Memory::Lost, &[], &[]),
    row(Befalls::PutBack, Memory::Apart, &[], &[]),
    row(Befalls::PutBack, Memory::Shared, &[], &[]),
    row(Befalls::Copied, Memory::Shared, &[], &[]),
    row(Befalls::PutBack, Memory::Lost, &[Without::Seen], &[I18]),
    row(Befalls::PutBack, Memory::Lost, &[Without::ForwardOnly], &[I3]),
    row(Befalls::PutBack, Memory::Lost, &[Without::Standing], &[I18, I3]),
    // Reading the memory in a recovery is a second line of defence: signing compares with it too.
    row(Befalls::PutBack, Memory::Shared, &[Without::MemoryRead], &[]),
    row(Befalls::PutBack, Memory::Apart, &[Without::MemoryRule], &[I18]),
    row(Befalls::PutBack, Memory::Apart, &[Without::MemoryRead, Without::MemoryRule], &[I18]),
    row(Befalls::Copied, Memory::Shared, &[Without::MemoryRule], &[I18]),
    // No writer can tell in this case.
    row(Befalls::PutBack, Memory::Lost, &[Without::Withdrawal], &[I18]),
    row(Befalls::Copied, Memory::Apart, &[], &[I18]),
    row(Befalls::Copied, Memory::Lost, &[], &[I18]),
];
