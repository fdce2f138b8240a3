//! fasti: a transparency log for software signatures that needs no database.
//!
//! | module | what it is |
//! |---|---|
//! | [`admit`] | who may write, and how much; pure |
//! | [`entry`] | a Rekor request becomes a verified, canonical entry; pure |
//! | [`store`] | where a log is stored: contracts, directory, bucket, memory; the probe |
//! | [`log`] | the core: pool, sequence, integrate, commit, guard, publish, recover |
//! | [`lookup`] | builds the lookup index of a log: which entries contain a key |
//! | [`lookup_spec`] | the format of that index; pure |
//! | [`objects`] | what a log publishes: content types, lifetimes, sizes; pure |
//! | [`read`] | what must be fetched to read and search a log, and what follows from it; pure |
//! | [`signer`] | holds the log's keys |
//! | [`state`] | what is remembered outside the store |
//! | [`http`] | the writer's HTTP and gRPC servers |
//! | [`client`] | reads and verifies a log; verifies artifacts; never links the writer |
//! | [`audit`] | rebuilds a whole log and compares |
//! | [`clock`], [`config`], [`entropy`], [`offload`], [`metrics`] | the seams to the outside |
//! | [`egress`] | HTTP clients that only go where they are told |
//! | [`gzip`] | packs bytes, with reusable compressors |
//! | [`planted`] | bugs for the simulator to find; disabled in every other build |
//!
//! The pure formats (trees, tiles, notes, checkpoints, proofs) are in the crate `tiles-spec`.
//! Architecture, safety argument, formats and operation are described in `src/docs/`.

pub mod config;
pub mod metrics;

pub use fasti_admit as admit;
pub use fasti_audit as audit;
pub use fasti_client as client;
pub use fasti_entry as entry;
pub use fasti_http as http;
pub use fasti_log as log;
pub use fasti_lookup as lookup;
pub use fasti_lookup_spec as lookup_spec;
pub use fasti_objects as objects;
pub use fasti_read as read;
pub use fasti_seams::{clock, egress, entropy, gzip, offload, planted, state};
pub use fasti_signer as signer;
pub use fasti_store as store;
