//! The outcome of the check of an index.

use serde::Serialize;

use crate::problem::Problem;

/// The outcome of the check of an index.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IndexReport {
    /// Revisions in the signed lookup log.
    pub revisions: u64,
    /// Size of the tree indexed by the newest revision, if there is one.
    pub size: Option<u64>,
    /// Runs that were checked: those of the newest revision, and of a newer one if it has replaced
    /// some meanwhile.
    pub runs: u64,
    /// Objects of those runs that match the log's leaves.
    pub parts: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Postings in those objects.
    pub postings: u64,
    /// Postings that are missing for attestations that are there: these were kept later.
    #[serde(skip_serializing_if = "is_zero")]
    pub late: u64,
    /// Postings of leaves whose attestations are not there, so that nobody can tell whether they
    /// are right.
    #[serde(skip_serializing_if = "is_zero")]
    pub unexplained: u64,
    /// Objects that are in no run of the newest revision: of earlier revisions, or not served yet.
    pub unlisted: u64,
    /// Everything that is wrong, by path.
    #[serde(skip)]
    pub problems: Vec<Problem>,
    /// Problems beyond those named.
    #[serde(skip)]
    pub problems_omitted: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
