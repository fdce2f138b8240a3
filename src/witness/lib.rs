//! Witnesses of a log (C2SP tlog-witness): asking them to cosign its checkpoints.
//!
//! | module | what it is |
//! |---|---|
//! | [`quorum`] | asks all witnesses of a policy at once, until enough of them have cosigned |
//! | `remote` | one witness: what it was asked, what it answered, and what it knows |
//! | [`ask`] | one request to a witness; `http_ask` sends it |
//!
//! What is sent and what a witness checks is in [`tiles_spec::witness`], and policies are in
//! [`tiles_spec::policy`].
//!
//! Invariants: only lines that verify under a key of the policy are returned. A witness is asked
//! one thing at a time. Everything is bounded in time and bytes.

pub mod ask;
#[cfg(feature = "http")]
mod http_ask;
#[cfg(not(feature = "http"))]
#[path = "left_out.rs"]
mod http_ask;
pub mod quorum;
mod remote;

pub use ask::{Ask, AskError, Asked};
pub use http_ask::HttpAsk;
pub use quorum::{Missing, QuorumConfig, QuorumCosigners, QuorumError};
