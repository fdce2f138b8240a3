//! The form in which a command prints what it found out.

use clap::ValueEnum;

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Default,
    /// For programs: a single JSON object
    Json,
}
