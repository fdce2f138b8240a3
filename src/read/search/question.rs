//! The question: the terms searched for, and whether an entry matches them.

use std::collections::BTreeMap;

use fasti_lookup_spec::{LookupKey, Sought};
use tiles_spec::{Hash, TreeSize};

/// The most keys in one question.
pub const KEYS_MAX: usize = 64;
/// The most entries in one answer.
pub const LIMIT_MAX: usize = 10_000;
/// The default for the most entries in an answer.
pub const LIMIT_DEFAULT: usize = 1000;
/// The default for the most leaves searched one by one because they are not in the index yet.
pub const SCAN_DEFAULT: u64 = 4096;

/// A question to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<T> {
    /// The terms to search for.
    pub terms: Vec<Term<T>>,
    /// Whether an entry needs one of the terms or all of them.
    pub operator: Operator,
    /// The most entries in the answer, up to [`LIMIT_MAX`].
    pub limit: usize,
    /// Which entries are kept if there are more than the limit.
    pub order: Order,
    /// The most leaves to search one by one if they are not in the index yet. If there are more,
    /// none of them is searched.
    pub scan_max: u64,
    /// The first leaf of interest.
    pub since: TreeSize,
}

/// One thing to search for, in every form that an entry can have: an artifact, for example, has one
/// digest for each hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term<T> {
    /// An entry needs one of these.
    pub any_of: Vec<T>,
}

/// How terms are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// An entry needs one of the terms.
    #[default]
    Or,
    /// An entry needs all of them.
    And,
}

/// From which end a log is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest entries are found first, and the answer has those.
    #[default]
    NewestFirst,
    /// The oldest are found first, from [`Question::since`] on. [`Answer::until`](super::Answer)
    /// says where the next question can go on.
    OldestFirst,
}

/// Why a question is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// There are no terms.
    #[error("nothing is asked for")]
    Empty,
    /// There are too many keys.
    #[error("{0} keys are asked for at once, more than the maximum of {KEYS_MAX}")]
    TooManyKeys(usize),
    /// The limit is out of range.
    #[error("the limit is {0} entries, but it must be from 1 to {LIMIT_MAX}")]
    Limit(usize),
}

impl<T> From<T> for Term<T> {
    fn from(term: T) -> Self {
        Self { any_of: vec![term] }
    }
}

impl<T> Question<T> {
    /// A question with the usual limits.
    pub fn new<I: Into<Term<T>>>(terms: impl IntoIterator<Item = I>, operator: Operator) -> Self {
        Self {
            terms: terms.into_iter().map(Into::into).collect(),
            operator,
            limit: LIMIT_DEFAULT,
            order: Order::default(),
            scan_max: SCAN_DEFAULT,
            since: TreeSize::ZERO,
        }
    }
}

/// A validated question, by its keys. Each key has one number, however often it occurs.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    keys: Vec<(LookupKey, T)>,
    /// The terms, each as the numbers of its keys.
    terms: Vec<Vec<usize>>,
    operator: Operator,
}

/// The keys of a question that an entry has, as numbers, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Has {
    /// The keys that the entry has. An index must list the entry under each.
    pub keys: Vec<usize>,
    /// Those keys whose value the entry has too, rather than another value with the same key.
    pub terms: Vec<usize>,
}

impl Has {
    /// What an entry has by itself and by its attestation.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (mine, others) in [(&mut self.keys, other.keys), (&mut self.terms, other.terms)] {
            mine.extend(others);
            mine.sort_unstable();
            mine.dedup();
        }
        self
    }
}

impl<T: Sought> Asked<T> {
    /// Validates a question.
    pub fn new(question: &Question<T>) -> Result<Self, QuestionError> {
        let Question { terms, operator, limit, .. } = question;
        let count = terms.iter().map(|term| term.any_of.len()).sum();
        if count == 0 || terms.iter().any(|term| term.any_of.is_empty()) {
            return Err(QuestionError::Empty);
        }
        if count > KEYS_MAX {
            return Err(QuestionError::TooManyKeys(count));
        }
        if !(1..=LIMIT_MAX).contains(limit) {
            return Err(QuestionError::Limit(*limit));
        }
        let (mut keys, mut numbers) = (Vec::new(), BTreeMap::new());
        let mut number = |term: &T| {
            *numbers.entry(term.key()).or_insert_with_key(|key| {
                keys.push((*key, term.clone()));
                keys.len() - 1
            })
        };
        let terms = terms.iter().map(|term| term.any_of.iter().map(&mut number).collect());
        let terms = terms.collect();
        Ok(Self { keys, terms, operator: *operator })
    }

    /// How the terms are combined.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The keys, by number.
    pub fn keys(&self) -> &[(LookupKey, T)] {
        &self.keys
    }

    /// The terms, each as the numbers of its keys.
    pub fn terms(&self) -> &[Vec<usize>] {
        &self.terms
    }

    /// The keys of the question that an entry has.
    pub fn of(&self, leaf: &Hash, entry: &[u8]) -> Has {
        let its = T::keys_of(leaf, entry);
        let has = |number: &usize| its.binary_search(&self.keys[*number].0).is_ok();
        let keys: Vec<_> = (0..self.keys.len()).filter(has).collect();
        let is_meant = |number: &usize| self.keys[*number].1.matches(leaf, entry);
        let terms = keys.iter().copied().filter(is_meant).collect();
        Has { keys, terms }
    }

    /// The keys of the question that an entry has by its attestation; `None` if this is another.
    pub fn of_attestation(&self, entry: &[u8], attestation: &[u8]) -> Option<Has> {
        let its = T::attested_keys(entry, attestation)?;
        let has = |number: &usize| its.binary_search(&self.keys[*number].0).is_ok();
        let keys: Vec<_> = (0..self.keys.len()).filter(has).collect();
        let is_meant = |number: &usize| self.keys[*number].1.is_attested(entry, attestation);
        let terms = keys.iter().copied().filter(is_meant).collect();
        Some(Has { keys, terms })
    }

    /// Whether an entry that has this by itself may have more of the question by its attestation.
    pub fn may_have_more(&self, has: &Has, entry: &[u8]) -> bool {
        let is_open =
            |number: &usize| !has.terms.contains(number) && self.keys[*number].1.can_be_attested();
        (0..self.keys.len()).any(|number| is_open(&number)) && T::attestation_of(entry).is_some()
    }

    /// Whether an entry that has these keys matches.
    pub fn is_answer(&self, has: &Has) -> bool {
        let has_one = |term: &Vec<usize>| term.iter().any(|number| has.terms.contains(number));
        match self.operator {
            Operator::Or => self.terms.iter().any(has_one),
            Operator::And => self.terms.iter().all(has_one),
        }
    }
}
