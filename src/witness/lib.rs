//! Witnesses of transparency logs (C2SP tlog-witness): asking them to cosign the checkpoints of a
//! log, and being one; and mirrors (C2SP tlog-mirror), in the same two ways.
//!
//! | module | what it is |
//! |---|---|
//! | [`quorum`] | asks all witnesses of a policy at once, until enough of them have cosigned |
//! | [`quorum_metrics`] | what they did, as the log counts it |
//! | `remote` | one witness: what it was asked, what it answered, and what it knows |
//! | [`ask`] | one request to a witness; `http_ask` sends it |
//! | `witness` | a witness: judges, records, cosigns |
//! | `log_list`, `known_logs` | the logs that it knows, as a file lists them, and as it uses them |
//! | `state` | what it has cosigned, in files |
//! | `own_keys` | its keys |
//! | `refusal` | why it refuses, and with which status |
//! | `dated` | the time of a cosignature |
//! | [`mirror`] | a mirror beside a witness: stores all entries, then cosigns |
//! | `routes`, `mirror_routes` | the same over HTTP |
//! | `arriving` | the body of an upload, as it arrives |
//! | `problem` | answers, and errors as such |
//! | `bastion` | the same through a bastion, for a machine that nobody can reach |
//!
//! What is sent and what a witness checks is in [`tiles_spec::witness`], and policies are in
//! [`tiles_spec::policy`].
//!
//! Invariants: of a log's witnesses, only lines that verify under a key of the policy are returned,
//! and each is asked one thing at a time. As a witness, nothing is cosigned that does not extend
//! what was cosigned last, and nobody sees a cosignature before it is on the disk. Everything is
//! bounded in time and bytes.

#[cfg(feature = "serve")]
mod arriving;
pub mod ask;
#[cfg(feature = "bastion")]
pub mod bastion;
#[cfg(feature = "serve")]
mod dated;
#[cfg(feature = "http")]
mod http_ask;
#[cfg(not(feature = "http"))]
#[path = "left_out.rs"]
mod http_ask;
#[cfg(feature = "serve")]
mod known_logs;
#[cfg(feature = "serve")]
pub mod log_list;
#[cfg(feature = "serve")]
pub mod metrics;
#[cfg(feature = "serve")]
pub mod mirror;
#[cfg(feature = "serve")]
mod mirror_routes;
#[cfg(feature = "serve")]
mod own_keys;
#[cfg(feature = "serve")]
mod problem;
pub mod quorum;
pub mod quorum_metrics;
#[cfg(feature = "serve")]
mod refusal;
mod remote;
#[cfg(feature = "serve")]
mod routes;
#[cfg(feature = "serve")]
mod state;
#[cfg(feature = "serve")]
mod witness;

pub use ask::{Ask, AskError, AskMirror, Asked};
#[cfg(feature = "bastion")]
pub use bastion::{Bastion, BastionError};
pub use http_ask::HttpAsk;
#[cfg(feature = "serve")]
pub use log_list::{ListedLog, LogList, LogListError};
#[cfg(feature = "serve")]
pub use mirror::{Copies, Mirror, MirrorRefusal, Uploaded};
#[cfg(feature = "serve")]
pub use own_keys::{OwnKeys, OwnKeysError};
pub use quorum::{Missing, QuorumConfig, QuorumCosigners, QuorumError};
pub use quorum_metrics::QuorumMetrics;
#[cfg(feature = "serve")]
pub use refusal::Refusal;
#[cfg(feature = "serve")]
pub use routes::WitnessService;
#[cfg(feature = "serve")]
pub use state::{Recorded, StateError, WitnessState};
#[cfg(feature = "serve")]
pub use witness::Witness;
