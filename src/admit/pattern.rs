//! Patterns as a policy writes them: `"text"`, or `{ regex = 'expression' }`, which must match the
//! whole text.

use fasti_x509::{IdentityKind, NamePattern, Pattern, PatternError};
use serde::Deserialize;

/// A pattern as written in a policy: `"text"` or `{ regex = 'expression' }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected \"text\" or { regex = 'expression' }")]
pub enum PatternText {
    /// This exact text.
    Exact(String),
    /// A regular expression.
    Regex(RegexText),
}

/// The table of a regular expression.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegexText {
    regex: String,
}

impl PatternText {
    /// The pattern for any text.
    pub fn compile(self) -> Result<Pattern, PatternError> {
        match self {
            Self::Exact(text) => Ok(Pattern::exact(text)),
            Self::Regex(RegexText { regex }) => Pattern::regex(&regex),
        }
    }

    /// The pattern for names in certificates.
    pub fn compile_for_names(
        self,
        kind: Option<IdentityKind>,
    ) -> Result<NamePattern, PatternError> {
        match self {
            Self::Exact(text) => Ok(NamePattern::exact(kind, &text)),
            Self::Regex(RegexText { regex }) => NamePattern::regex(kind, &regex),
        }
    }
}
