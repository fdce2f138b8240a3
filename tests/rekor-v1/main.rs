//! Proposals to Rekor 1.6, what it made of them, and what is made of them here.
//!
//! The files are read from the directory in FASTI_CONFORMANCE_DATA. If that is not set, the tests
//! print that they were skipped.

mod broken;
mod differences;
mod expected;
mod hostile;
mod mutations;

use std::path::{Path, PathBuf};

use fasti_kit::conformance_data;
use fasti_kit::conformance_data::read;
use fasti_rekor_v1::{Accepted, KINDS, Limits, Proposal, ProposalError, Setting};
use serde_json::Value;

/// The kinds of entry, each a directory.
fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name())
}

/// When Rekor answered: 2026-11-20.
const NOW: u64 = 1_795_132_800;

fn data() -> Option<PathBuf> {
    conformance_data::directory("v1-kinds", "proposals, and what Rekor made of them")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What is made of a proposal at a time.
fn judge(proposal: &[u8], now: u64) -> Result<Accepted, ProposalError> {
    Proposal::parse(proposal)?.accept(&Setting { limits: Limits::default(), now })
}

/// The HTTP status that stands for a refusal.
fn status(error: &ProposalError) -> u64 {
    match error {
        ProposalError::Required(_)
        | ProposalError::Type(_)
        | ProposalError::Semver
        | ProposalError::UnknownKind(_) => 422,
        _ => 400,
    }
}
