//! The configuration that the binaries share: flags, each with an environment variable; and where
//! those that serve begin, listen, with which certificate, for how many connections, and what they
//! log.
//!
//! This is where the environment is read, except for what a store's own library reads itself (above
//! all, credentials).

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

mod buckets;
mod build_facts;
mod certificate;
#[cfg(feature = "messages")]
mod colours;
pub mod config;
mod descriptors;
pub mod exit_codes;
mod keys;
mod listening;
mod log_line;
mod machine;
#[cfg(feature = "messages")]
mod messages;
#[cfg(feature = "messages")]
mod program;
mod proxies;
mod restart;
mod shards;
mod supervisor;
mod traces;

pub use buckets::{BucketFlags, ConflictingEncryption, Sse};
pub use build_facts::{long_version, registry};
pub use certificate::{UnusableCertificate, keep_current, open_certificate};
pub use descriptors::enough_for;
pub use keys::{KeyError, KeyFlags, PasswordFlags, UnreadablePassword, memory};
pub use listening::{CannotListen, listen, told_to_stop};
pub use log_line::{LogFormat, LogLine};
pub use machine::{MachineFlags, NoState, own_state_dir};
#[cfg(feature = "messages")]
pub use messages::{Levels, MessageFlags, Messages, show_messages};
#[cfg(feature = "messages")]
pub use program::{ServerFlags, run_server};
pub use proxies::{ProxyFlags, ProxyHeaderFlag};
pub use restart::{SecretVariable, UnusableSecret, restart_once};
pub use shards::{BadShard, ShardFlag, ShardFlags};
pub use supervisor::{Health, NoSupervisor, Supervisor};
pub use traces::{AskedFor, CollectorUrl, TraceFlags};
