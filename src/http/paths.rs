//! Paths that more than one module must know.

/// The path at which writers are asked by their peers.
pub(super) const FORWARD: &str = "/_writer/forward";
/// Where Rekor v1's API takes proposals.
pub(super) const V1_ENTRIES: &str = "/api/v1/log/entries";
/// The prefix of all paths of Rekor v1's API.
pub(super) const REKOR_V1: &str = "/api/v1/";
