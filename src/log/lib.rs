//! The log: from a submitted entry to a leaf in a published tree.
//!
//! [`Log`] is the interface to the rest of the program, [`Context`] everything that a log is made
//! of. The path of a submission, in order:
//!
//! | module | what happens |
//! |---|---|
//! | `pool` | waits for the next batch, in bounded space |
//! | `allowance` | waits a little longer if its batch would rewrite too much |
//! | `sequence`, [`dedup`] | gets an index: the next one, or the one that it already has |
//! | [`fasti_grow::integrate`] | becomes tiles, bundles and a root |
//! | [`record`], `record_guard`, [`commit`] | is checked again, and committed by one create-only write |
//! | [`fasti_grow::guard`] | is checked again before the signature |
//! | `publish`, `publication`, [`times`] | is written, signed and published, with its time beside it |
//! | `acknowledged`, `inclusion` | is answered: its index with a proof, or why it was not accepted |
//! | `late` | gets the cosignatures of witnesses that answer only then |
//!
//! `traced` finds the traces of the requests that a batch is for.
//!
//! The writer that leads does this (`lead`, with a module for each of its three tasks; `trim`
//! removes what is no longer needed). Which writer that is, and what the others do:
//!
//! | module | what it decides |
//! |---|---|
//! | `driver`, `leader`, `patience` | what this writer is, who leads, and when another one takes over |
//! | `follow`, [`peers`], `forwarded` | a writer that does not lead forwards its submissions to the leader |
//! | `still_leading` | a leader that commits nothing checks whether it was replaced |
//! | `liveness`, `waiting_clients`, `status`, `scrape` | whether the log makes progress, and what it reports about itself |
//! | `freeze`, `frozen`, `freeze_request` | the permanent end of a log |
//!
//! Before it leads, a writer brings whatever state a crash has left to one that can be continued,
//! or refuses it by name (`recover_error`):
//!
//! | module | the step |
//! |---|---|
//! | `recover` | all of them, in an order that matters |
//! | `replay`, `picture` | what the records and the published checkpoint say together |
//! | `take_over` | the first record of a new term |
//! | `finish` | what was left undone is published |
//! | `catch_up` | the deduplication index covers what is published |
//! | `seen`, `sighting`, `prefix`, `remember` | what this process has verified and what its key has signed limit what it signs next |
//!
//! Invariants: nothing is acknowledged before it is published (I4); only recovery leads to leading
//! (I9); time decides nothing about the log (I11). All that the modules cite are in
//! `src/docs/safety.md`.

mod acknowledged;
mod allowance;
mod catch_up;
pub mod commit;
mod config;
mod context;
pub mod dedup;
mod description;
mod driver;
mod finish;
mod follow;
mod forwarded;
mod freeze;
mod freeze_request;
mod frozen;
mod inclusion;
mod late;
mod lead;
mod leader;
mod liveness;
mod log;
mod log_error;
pub mod metrics;
mod patience;
pub mod peers;
mod picture;
mod pool;
mod prefix;
mod publication;
mod publish;
pub mod record;
pub mod record_guard;
mod recover;
mod recover_error;
mod remember;
mod replay;
mod scrape;
mod seen;
mod sequence;
mod sighting;
mod status;
mod still_leading;
mod take_over;
pub mod times;
mod traced;
mod trim;
mod waiting_clients;

pub use acknowledged::{Acknowledged, SubmitError, SubmitResult};
pub use config::LogConfig;
pub use context::{Context, Sharing};
pub use driver::Driver;
pub use freeze::freeze;
pub use frozen::Frozen;
pub use inclusion::ProveError;
pub use log::Log;
pub use log_error::LogError;
pub use publication::{Batch, Publication};
pub use publish::PublishError;
pub use record::RECORD_MAGIC;
pub use recover_error::RecoverError;
pub use sighting::SeenBy;
