//! fasti: a transparency log for software signatures that needs no database.
//!
//! | module | what it is |
//! |---|---|
//! | [`admit`] | who may write, and how much; pure |
//! | [`entry`] | a Rekor request becomes a verified, canonical entry; pure |
//! | [`store`] | where a log lies: contracts, directory, bucket, memory; the probe |
//! | [`log`] | the heart: pool, sequence, integrate, commit, guard, publish, recover |
//! | [`lookup`] | makes the lookup index of a log: which entries a key stands in |
//! | [`signer`] | what holds the log's key |
//! | [`state`] | what is remembered outside of the store |
//! | [`http`] | the writer's front doors |
//! | [`client`] | reads and verifies a log; verifies artifacts; never links the writer |
//! | [`audit`] | derives a whole log again |
//! | [`clock`], [`config`], [`entropy`], [`offload`], [`metrics`] | the seams to the outside |
//! | [`egress`] | HTTP clients that go where they are told |
//! | [`gzip`] | packs bytes, with compressors that are used again |
//! | [`planted`] | bugs for the simulator to find; switched off in every build but its own |
//!
//! The pure formats (trees, tiles, notes, checkpoints, proofs) are in the crate `tiles-spec`.
//! Architecture, safety argument, formats and operation are described in `src/docs/`.

pub mod admit;
pub mod audit;
pub mod client;
pub mod clock;
pub mod config;
pub mod egress;
pub mod entropy;
pub mod entry;
pub mod gzip;
pub mod http;
pub mod log;
pub mod lookup;
pub mod metrics;
pub mod offload;
pub mod planted;
pub mod signer;
pub mod state;
pub mod store;
