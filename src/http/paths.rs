//! Paths that more than one module must know.

/// Where Rekor v2's API takes submissions.
pub(super) const ENTRIES: &str = "/api/v2/log/entries";
/// The same over gRPC.
pub(super) const CREATE_ENTRY: &str = "/dev.sigstore.rekor.v2.Rekor/CreateEntry";
/// Where opaque entries are taken.
pub(super) const ADD: &str = "/add";
/// The path at which writers are asked by their peers.
pub(super) const FORWARD: &str = "/_writer/forward";
/// Where Rekor v1's API takes proposals.
pub(super) const V1_ENTRIES: &str = "/api/v1/log/entries";
/// The prefix of all paths of Rekor v1's API.
pub(super) const REKOR_V1: &str = "/api/v1/";
