//! Entries that were read, and the attestations of those that may match by these.
//!
//! An attestation is read only for an entry that the index lists under a digest that it does not
//! have by itself, or that matches a part of a question. Whether the log keeps attestations at all
//! is asked only in the second case.
//!
//! Invariant: no more than [`IN_FLIGHT_MAX`] attestations are held, and only until they are judged.

use std::collections::{BTreeMap, VecDeque};

use fasti_lookup_spec::Sought;
use fasti_objects::Published;
use tiles_spec::Hash;

use super::question::{Asked, Has};
use crate::description::Description;
use crate::proven::ProvenEntry;
use crate::reading::{RequestId, Want};

/// The most attestations on their way.
const IN_FLIGHT_MAX: usize = 16;
/// The request for what the log says about itself.
const DESCRIPTION: RequestId = RequestId::MAX;

/// When an attestation is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Not at all.
    Never,
    /// If the log keeps attestations.
    IfKept,
    /// Anyway: the index knows of it.
    Listed,
}

/// An entry, with what it has of the question.
#[derive(Debug)]
pub(super) struct Looked {
    pub entry: ProvenEntry,
    /// By itself.
    pub own: Has,
    /// By its attestation, if that was of interest and is there.
    pub attested: Option<Has>,
    pub need: Need,
}

/// Attestations on their way.
#[derive(Debug)]
pub(super) struct Attesting {
    entries: Vec<Looked>,
    /// Whether the log keeps attestations; `None` if that must be asked first.
    keeps: Option<bool>,
    is_asked: bool,
    waiting: VecDeque<(usize, Hash)>,
    asked: BTreeMap<RequestId, usize>,
}

impl Attesting {
    /// Entries, of which some need their attestations. `keeps` is what is known of the log.
    pub fn new<T: Sought>(entries: Vec<Looked>, keeps: Option<bool>) -> Self {
        let hash = |one: &Looked| T::attestation_of(&one.entry.bytes);
        let needed = entries.iter().enumerate().filter(|(_, one)| one.need != Need::Never);
        let waiting: VecDeque<_> =
            needed.filter_map(|(number, one)| Some((number, hash(one)?))).collect();
        let must_ask = entries.iter().any(|one| one.need == Need::IfKept);
        let keeps = if must_ask { keeps } else { Some(keeps.unwrap_or_default()) };
        Self { entries, keeps, is_asked: false, waiting, asked: BTreeMap::new() }
    }

    /// Whether the log keeps attestations, if that was asked.
    pub fn keeps(&self) -> Option<bool> {
        self.is_asked.then_some(self.keeps).flatten()
    }

    pub fn request(&mut self) -> Option<(RequestId, Want)> {
        let Some(keeps) = self.keeps else {
            let is_first = !std::mem::replace(&mut self.is_asked, true);
            let want = Want { object: Published::Description, bytes: None };
            return is_first.then_some((DESCRIPTION, want));
        };
        if self.asked.len() >= IN_FLIGHT_MAX {
            return None;
        }
        let is_wanted = |number: usize| keeps || self.entries[number].need == Need::Listed;
        while let Some((number, sha256)) = self.waiting.pop_front() {
            if is_wanted(number) {
                let id = number as RequestId;
                self.asked.insert(id, number);
                let object = Published::Attestation(sha256);
                return Some((id, Want { object, bytes: None }));
            }
        }
        None
    }

    pub fn answer<T: Sought>(
        &mut self,
        question: &Asked<T>,
        id: RequestId,
        found: Option<Vec<u8>>,
    ) {
        if id == DESCRIPTION {
            let said = Description::parse(&found.unwrap_or_default());
            self.keeps = Some(said.keeps_attestations());
            return;
        }
        let Some(number) = self.asked.remove(&id) else { return };
        let Looked { entry, attested, .. } = &mut self.entries[number];
        // The wrong bytes are as good as none.
        *attested = found.and_then(|bytes| question.of_attestation(&entry.bytes, &bytes));
    }

    /// The entries, once nothing more is needed.
    pub fn outcome(&mut self) -> Option<Vec<Looked>> {
        let is_done = self.keeps.is_some() && self.waiting.is_empty() && self.asked.is_empty();
        is_done.then(|| std::mem::take(&mut self.entries))
    }
}
