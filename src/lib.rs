//! fasti: a transparency log for software signatures that needs no database.
//!
//! | module | what it is |
//! |---|---|
//! | [`formats`] | trees, tiles, notes, checkpoints, proofs: the crate `tiles-spec`; pure |
//! | [`admit`] | who may write, and how much; pure |
//! | [`witness`] | has a log's checkpoints cosigned by witnesses, and is one |
//! | [`x509`] | certificates, keys, chains and PEM; pure |
//! | [`entry`] | a Rekor request becomes a verified, canonical entry; pure |
//! | [`rekor_v1`] | proposals of Rekor v1, of all its kinds; pure |
//! | [`store`] | where a log is stored: contracts, directory, bucket, memory; the probe |
//! | [`grow`] | a tree grows by a batch, is checked a second time, and is signed |
//! | [`log`] | the core: pool, sequence, commit, publish, lead, follow, recover |
//! | [`heads`] | keeps the heads that a log had over time |
//! | [`lookup`] | builds the lookup index of a log: which entries contain a key |
//! | [`lookup_spec`] | the format of that index; pure |
//! | [`mirror`] | copies logs, verified, to any store |
//! | [`objects`] | what a log publishes: content types, lifetimes, sizes; pure |
//! | [`read`] | what must be fetched to read and search a log, and what follows from it; pure |
//! | [`verify`] | verifies bundles and proofs of artifacts offline; pure |
//! | [`signer`] | holds the log's keys |
//! | [`state`] | what is remembered outside the store |
//! | [`serve`] | an HTTP server whose clients share its resources fairly |
//! | [`http`] | the writer's HTTP and gRPC servers |
//! | [`client`] | reads a log and verifies what it reads; never links the writer |
//! | [`audit`] | rebuilds a whole log and compares |
//! | [`repair`] | writes damaged objects again, from what the signed root demands |
//! | [`monitor`] | watches logs: proves growth, checks every entry, reports what matches |
//! | [`clock`], [`entropy`], [`offload`], [`metrics`] | the seams to the outside |
//! | [`egress`] | HTTP clients that only go where they are told |
//! | [`gzip`] | packs and unpacks bytes |
//! | [`back_off`], [`causes`] | pauses between attempts; an error with its causes |
//! | [`request_id`] | the ID of a request, in its answer and in messages about it |
//! | [`tracer`], [`trace_export`], [`collector`] | traces of requests, and where they are sent |
//! | [`planted`] | bugs for the simulator to find; disabled in every other build |
//!
//! What reaches outside is a cargo feature, on by default: the clouds `s3`, `gcs` and `azure`, the
//! key services `aws-kms` and `gcp-kms`, and `grpc`, `tls`, `http-client`, `audit` and
//! `monitor`. The programs
//! in `examples` show how to verify, prove, search and write.
//!
//! A reader trusts keys, and opens a log wherever it is, at a checkpoint that they signed:
//!
//! ```no_run
//! # async fn read() -> Result<(), Box<dyn std::error::Error>> {
//! use fasti::client::{fetch::Location, reader::View, trust::Trust};
//! use fasti::formats::LeafIndex;
//!
//! let log: Location = "https://log.example.org".parse()?;
//! let vkey = "log.example.org+0123abcd+AQ...".parse()?;
//! let mut view = View::open(log.open(&Default::default())?, &Trust::in_keys([vkey])).await?;
//! let first = LeafIndex::new(0).ok_or("no such index")?;
//! let entry = view.entry(first).await?;
//! println!("{} is entry {}", entry.leaf, entry.index);
//! # Ok(())
//! # }
//! ```
//!
//! Architecture, safety argument, formats and operation are described in `src/docs/`.

pub mod metrics;

pub use fasti_admit as admit;
#[cfg(feature = "audit")]
pub use fasti_audit as audit;
pub use fasti_client as client;
pub use fasti_entry as entry;
pub use fasti_grow as grow;
pub use fasti_heads as heads;
pub use fasti_http as http;
pub use fasti_log as log;
pub use fasti_lookup as lookup;
pub use fasti_lookup_spec as lookup_spec;
pub use fasti_mirror as mirror;
#[cfg(feature = "monitor")]
pub use fasti_monitor as monitor;
pub use fasti_objects as objects;
pub use fasti_read as read;
pub use fasti_rekor_v1 as rekor_v1;
#[cfg(feature = "audit")]
pub use fasti_repair as repair;
#[cfg(feature = "http-client")]
pub use fasti_seams::egress;
pub use fasti_seams::{
    back_off, causes, clock, collector, entropy, gzip, offload, planted, request_id, state,
    trace_export, tracer,
};
pub use fasti_serve as serve;
pub use fasti_signer as signer;
pub use fasti_store as store;
pub use fasti_verify as verify;
pub use fasti_witness as witness;
pub use fasti_x509 as x509;
pub use tiles_spec as formats;
