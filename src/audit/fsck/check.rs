//! How to check a log, and what all parts of a check share.

use std::num::NonZeroUsize;

use fasti_client::fetch::FetchError;
use tiles_spec::TreeSize;

use super::objects::Objects;
use super::resume::ResumeError;
use super::tracker::Tracker;
use crate::findings::Findings;

/// How to check.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The number of threads that read and hash.
    pub workers: NonZeroUsize,
    /// Whether to verify the signatures in Rekor entries again.
    pub verify_signatures: bool,
    /// Whether to look for attestations, even if the log does not say that it keeps them.
    pub attestations: bool,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FsckError {
    /// There is no checkpoint, so there is no log.
    #[error("there is no log: nothing at {0}")]
    NoLog(String),
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The check cannot go on from where an earlier one got.
    #[error(transparent)]
    State(#[from] ResumeError),
}

/// Called with the number of entries checked since the last call, from several threads.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// The context shared by all parts of the check.
pub(super) struct Check<'a> {
    pub objects: &'a Objects,
    pub findings: &'a Findings,
    pub size: TreeSize,
    pub verify_signatures: bool,
    pub attestations: bool,
    pub progress: Progress<'a>,
    pub tracker: &'a Tracker<'a>,
}
