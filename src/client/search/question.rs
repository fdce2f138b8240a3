//! Questions to a log of Rekor entries, and their answers.

use fasti_entry::LookupTerm;

/// A question to a log of Rekor entries.
pub type Question = fasti_read::search::Question<LookupTerm>;
/// One thing to search for.
pub type Term = fasti_read::search::Term<LookupTerm>;
/// A verified answer.
pub type Answer = fasti_read::search::Answer<LookupTerm>;
/// An entry that matches the question.
pub type Match = fasti_read::search::Match<LookupTerm>;

/// A question that was checked.
pub(super) type Asked = fasti_read::search::Asked<LookupTerm>;
