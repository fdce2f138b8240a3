//! The outcome of a check of the heads that a log keeps.

use super::problem::Problem;

/// The outcome for the heads.
#[derive(Debug, Default)]
pub struct HeadsReport {
    /// How many are listed; `None` if the log keeps none.
    pub kept: Option<u64>,
    /// Everything that is wrong, by path.
    pub problems: Vec<Problem>,
    /// Problems beyond those named.
    pub problems_omitted: u64,
}
