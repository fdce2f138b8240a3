//! Something that is wrong with a log or its index.

use serde::Serialize;

/// Something that does not match what the checkpoint implies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The object, relative to the log.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}
