//! Something that is wrong with a log or its index.

use fasti_client::fetch::FetchError;
use fasti_seams::causes::with_causes;
use serde::Serialize;

/// Something that does not match what the checkpoint implies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The object, relative to the log.
    pub path: String,
    /// What is wrong with it, in a sentence.
    pub problem: String,
    /// The same for programs.
    pub kind: Kind,
}

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The object is not there.
    Missing,
    /// It is malformed, or it is not what was signed.
    Damaged,
    /// It could not be read. It may be sound.
    Unreadable,
    /// What would vouch for it is damaged. It may be sound.
    Unvouched,
    /// It is as it was signed, but an entry in it is not what it should be.
    Entry,
    /// No object of a log has this name.
    Stray,
    /// It is signed, and contradicts what was signed elsewhere or at another time.
    History,
}

/// What is wrong with an object, before it is known which object that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) words: String,
}

impl Fault {
    pub(crate) fn new(kind: Kind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }

    pub(crate) fn missing() -> Self {
        Self::new(Kind::Missing, "missing")
    }

    pub(crate) fn damaged(words: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, words)
    }

    pub(crate) fn stray(words: impl Into<String>) -> Self {
        Self::new(Kind::Stray, words)
    }

    /// An object could not be read.
    pub(crate) fn unread(error: &FetchError) -> Self {
        Self::refused(error.is_damage(), error)
    }

    /// A directory could not be listed.
    pub(crate) fn unlisted(error: &std::io::Error) -> Self {
        Self::new(Kind::Unreadable, format!("cannot be listed: {error}"))
    }

    /// An object could not be read, or was refused.
    pub(crate) fn refused(is_refusal: bool, error: &dyn std::error::Error) -> Self {
        let kind = if is_refusal { Kind::Damaged } else { Kind::Unreadable };
        Self::new(kind, with_causes(error))
    }
}

/// What is said without more is damage.
impl From<String> for Fault {
    fn from(words: String) -> Self {
        Self::damaged(words)
    }
}

impl From<&str> for Fault {
    fn from(words: &str) -> Self {
        Self::damaged(words)
    }
}
