//! The protocol as a state machine: which steps each writer can take.

use std::fmt;

use stateright::{Model, Property};

use crate::properties::properties;
use crate::record::RecordId;
use crate::state::State;
use crate::steps::{Landing, Steps};
use crate::store::Replace;
use crate::without::Without;

/// The bounds of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Number of writers, at most three.
    pub writers: u8,
    /// Number of record slots, at most six.
    pub slots: u8,
    /// How many different records of one number can exist at once, in the store, in a writer's
    /// memory or in flight.
    pub attempts: u8,
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writers, slots, attempts } = self;
        write!(f, "{writers} writers, {slots} slots, {attempts} records of one number at once")
    }
}

/// The protocol within bounds, possibly without some of its guards.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The bounds.
    pub bounds: Bounds,
    /// The removed guards.
    pub without: Vec<Without>,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bounds, without } = self;
        write!(f, "{bounds}")?;
        if without.is_empty() { Ok(()) } else { write!(f, ", without {without:?}") }
    }
}

/// One step: an action of a writer, or a write landing in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer finds an empty store.
    FindNothing(usize),
    /// A writer creates the first checkpoint and gets the answer.
    CreateCheckpoint(usize),
    /// A writer reads the record in this slot.
    ReadCandidate(usize, u8),
    /// A writer reads `checkpoint`, and sends a takeover record if it is allowed to.
    ReadCheckpoint(usize),
    /// A writer learns the outcome of its takeover record.
    TakeoverAnswered(usize),
    /// A writer reads `checkpoint` after its takeover.
    ReadCheckpointAgain(usize),
    /// A leader sends a record with a batch.
    SendRecord(usize),
    /// A leader learns the outcome of that record.
    RecordAnswered(usize),
    /// A leader reads an empty slot and believes it.
    BelieveAbsence(usize),
    /// A leader writes a batch's tiles.
    Apply(usize),
    /// A leader signs a tree and sends the checkpoint.
    Sign(usize),
    /// A leader learns the outcome of the checkpoint, and acknowledges.
    ReplaceAnswered(usize),
    /// A leader sends the removal of a record.
    SendTrim(usize, u8),
    /// A fenced leader answers the waiting submitters.
    AnswerWaiters(usize),
    /// A writer crashes and restarts.
    Crash(usize),
    /// The create of the first checkpoint lands.
    CheckpointCreated,
    /// The create of a record lands.
    RecordLands(RecordId),
    /// A replace of `checkpoint` lands.
    ReplaceLands(Replace),
    /// A removal lands.
    TrimLands(u8),
}

impl Protocol {
    /// The complete protocol.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, without: Vec::new() }
    }

    /// The protocol with some guards removed.
    pub fn without(bounds: Bounds, without: &[Without]) -> Self {
        Self { bounds, without: without.to_vec() }
    }

    /// Forgets what can no longer make a difference.
    fn tidied(&self, mut state: State) -> State {
        if !self.without.contains(&Without::Version) {
            state.store.forget_replaces();
        }
        let trims_any = [Without::TrimKeepsFirst, Without::Epoch];
        if !trims_any.iter().any(|guard| self.without.contains(guard)) {
            state.forget_lost_records();
        }
        state
    }
}

impl Steps<'_> {
    /// Performs `action`, if that is possible now.
    fn take(&mut self, action: Action) -> Landing {
        let (writer, step) = match action {
            Action::CheckpointCreated => return self.first_checkpoint_lands(),
            Action::RecordLands(id) => return self.record_lands(id),
            Action::ReplaceLands(replace) => return self.replace_lands(replace),
            Action::TrimLands(number) => return self.trim_lands(number),
            Action::FindNothing(w) => (w, self.by(w).find_nothing()),
            Action::CreateCheckpoint(w) => (w, self.by(w).create_checkpoint()),
            Action::ReadCandidate(w, number) => (w, self.by(w).read_candidate(number)),
            Action::ReadCheckpoint(w) => (w, self.by(w).read_checkpoint()),
            Action::TakeoverAnswered(w) => (w, self.by(w).takeover_answered()),
            Action::ReadCheckpointAgain(w) => (w, self.by(w).read_checkpoint_again()),
            Action::SendRecord(w) => (w, self.by(w).send_record()),
            Action::RecordAnswered(w) => (w, self.by(w).record_answered()),
            Action::BelieveAbsence(w) => (w, self.by(w).believe_absence()),
            Action::Apply(w) => (w, self.by(w).apply()),
            Action::Sign(w) => (w, self.by(w).sign()),
            Action::ReplaceAnswered(w) => (w, self.by(w).replace_answered()),
            Action::SendTrim(w, number) => (w, self.by(w).send_trim(number)),
            Action::AnswerWaiters(w) => (w, self.by(w).answer_waiters()),
            Action::Crash(w) => (w, self.by(w).crash()),
        };
        self.state.writers[writer] = step?;
        Some(())
    }

    fn by(&mut self, writer: usize) -> &mut Self {
        self.writer = writer;
        self
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { writer_count: self.bounds.writers, ..State::default() }]
    }

    /// Includes some actions that cannot be taken.
    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for w in 0..usize::from(self.bounds.writers) {
            actions.extend([
                Action::FindNothing(w),
                Action::CreateCheckpoint(w),
                Action::ReadCheckpoint(w),
                Action::TakeoverAnswered(w),
                Action::ReadCheckpointAgain(w),
                Action::SendRecord(w),
                Action::RecordAnswered(w),
                Action::BelieveAbsence(w),
                Action::Apply(w),
                Action::Sign(w),
                Action::ReplaceAnswered(w),
                Action::AnswerWaiters(w),
                Action::Crash(w),
            ]);
            actions.extend((0..=self.bounds.slots).map(|number| Action::ReadCandidate(w, number)));
            actions.extend((1..=self.bounds.slots).map(|number| Action::SendTrim(w, number)));
        }
        actions.push(Action::CheckpointCreated);
        actions.extend(state.records.iter().map(|(id, _)| Action::RecordLands(id)));
        actions.extend(state.store.replaces.iter().flatten().map(|&r| Action::ReplaceLands(r)));
        actions.extend((1..=self.bounds.slots).map(Action::TrimLands));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut steps = Steps { protocol: self, state: *state, writer: 0 };
        steps.take(action)?;
        Some(self.tidied(steps.state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }
}
