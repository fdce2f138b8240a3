//! What is asked for, and whether an entry has it.

use std::collections::BTreeMap;

use tiles_spec::lookup::LookupKey;
use tiles_spec::{Hash, TreeSize};

use crate::entry::{LookupTerm, lookup_keys};

/// Most keys that one question may ask for.
pub const KEYS_MAX: usize = 64;
/// Most entries that one answer may have.
pub const LIMIT_MAX: usize = 10_000;
/// How many entries an answer has at most, unless asked otherwise.
pub const LIMIT_DEFAULT: usize = 1000;
/// How many leaves that the index does not have yet are searched one by one, unless asked otherwise.
pub const SCAN_DEFAULT: u64 = 4096;

/// A question to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What to look for.
    pub terms: Vec<Term>,
    /// Whether an entry needs one of the terms or all of them.
    pub operator: Operator,
    /// Most entries in the answer, up to [`LIMIT_MAX`]; the newest ones.
    pub limit: usize,
    /// Most leaves to search one by one, where the index does not have them yet. Where there are
    /// more, none of them is searched.
    pub scan_max: u64,
    /// Leaves before this one are of no interest.
    pub since: TreeSize,
}

/// One thing that is looked for, in each form in which an entry may have it: an artifact has a digest for
/// each hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// An entry needs one of these.
    pub any_of: Vec<LookupTerm>,
}

/// How terms go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// An entry needs one of the terms.
    #[default]
    Or,
    /// An entry needs all of them.
    And,
}

/// Why a question is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// Nothing is asked for.
    #[error("nothing is asked for")]
    Empty,
    /// Too much is asked for at once.
    #[error("{0} keys are asked for at once, more than {KEYS_MAX}")]
    TooManyKeys(usize),
    /// The limit is none.
    #[error("an answer of at most {0} entries is asked for, which has to be 1 to {LIMIT_MAX}")]
    Limit(usize),
}

impl From<LookupTerm> for Term {
    fn from(term: LookupTerm) -> Self {
        Self { any_of: vec![term] }
    }
}

impl Question {
    /// A question with the usual limits.
    pub fn new<T: Into<Term>>(terms: impl IntoIterator<Item = T>, operator: Operator) -> Self {
        Self {
            terms: terms.into_iter().map(Into::into).collect(),
            operator,
            limit: LIMIT_DEFAULT,
            scan_max: SCAN_DEFAULT,
            since: TreeSize::ZERO,
        }
    }
}

/// A question that was checked, by its keys: each has a number, however often it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    keys: Vec<(LookupKey, LookupTerm)>,
    /// The terms as numbers of keys.
    terms: Vec<Vec<usize>>,
    operator: Operator,
}

/// What an entry has of what was asked for, as numbers of keys, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Has {
    /// The key is one of the entry's: an index has to list it.
    pub(super) keys: Vec<usize>,
    /// And what was asked for is what the entry has, not another value of the same key.
    pub(super) terms: Vec<usize>,
}

impl Asked {
    pub(super) fn new(question: &Question) -> Result<Self, QuestionError> {
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
        let mut number = |term: &LookupTerm| {
            *numbers.entry(term.key()).or_insert_with_key(|key| {
                keys.push((*key, term.clone()));
                keys.len() - 1
            })
        };
        let terms = terms.iter().map(|term| term.any_of.iter().map(&mut number).collect());
        let terms = terms.collect();
        Ok(Self { keys, terms, operator: *operator })
    }

    pub(super) fn operator(&self) -> Operator {
        self.operator
    }

    /// The keys, by number.
    pub(super) fn keys(&self) -> &[(LookupKey, LookupTerm)] {
        &self.keys
    }

    /// The terms, each as the numbers of its keys.
    pub(super) fn terms(&self) -> &[Vec<usize>] {
        &self.terms
    }

    /// What an entry has of it.
    pub(super) fn of(&self, leaf: &Hash, entry: &[u8]) -> Has {
        let its = lookup_keys(leaf, entry);
        let has = |number: &usize| its.binary_search(&self.keys[*number].0).is_ok();
        let keys: Vec<_> = (0..self.keys.len()).filter(has).collect();
        let is_meant = |number: &usize| self.keys[*number].1.matches(leaf, entry);
        let terms = keys.iter().copied().filter(is_meant).collect();
        Has { keys, terms }
    }

    /// Whether an entry that has this is an answer.
    pub(super) fn is_answer(&self, has: &Has) -> bool {
        let has_one = |term: &Vec<usize>| term.iter().any(|number| has.terms.contains(number));
        match self.operator {
            Operator::Or => self.terms.iter().any(has_one),
            Operator::And => self.terms.iter().all(has_one),
        }
    }
}
