//! The bucket store: a log in an object store with the interface of S3, GCS or Azure, which any
//! number of writers can share.
//!
//! | file | what |
//! |---|---|
//! | `location` | `s3://bucket/prefix` and the like |
//! | `options` | the other settings of a bucket |
//! | `store` | the store itself |
//! | `clients`, `connect`, `credentials` | clients of the three clouds, each a feature |
//! | `kind` | what each object may hold, how it is packed, and its headers |
//! | `answers` | which answers mean that a write had no effect |
//! | `contention` | a store that is busy with another write of the same name |
//! | `objects` | [`Store`](crate::Store): read, create, replace |
//! | `records` | [`CommitLog`](crate::CommitLog): one object for each record |
//! | `housekeeping` | [`Housekeeping`](crate::Housekeeping): listing, removing and notes |
//! | `requests` | counts for metrics and budgets |
//! | `left_out` | the store of a program that was built without clouds: it never opens |
//!
//! Invariants: a conditional write is sent once per call, and again only after an answer that says
//! that it had no effect; no answer is taken to prove more than it says; nothing is read beyond
//! what its path allows it to hold.

#[cfg(feature = "buckets")]
mod answers;
#[cfg(feature = "buckets")]
mod clients;
#[cfg(feature = "buckets")]
mod connect;
#[cfg(feature = "buckets")]
mod contention;
#[cfg(feature = "s3")]
mod credentials;
mod error;
#[cfg(feature = "buckets")]
mod housekeeping;
#[cfg(feature = "buckets")]
mod kind;
#[cfg(not(feature = "buckets"))]
mod left_out;
mod location;
#[cfg(feature = "buckets")]
mod objects;
mod options;
#[cfg(feature = "buckets")]
mod records;
mod requests;
#[cfg(feature = "buckets")]
mod store;

#[cfg(feature = "buckets")]
pub use clients::Clients;
pub use error::BucketError;
#[cfg(not(feature = "buckets"))]
pub use left_out::BucketStore;
pub use location::{BucketLocation, Cloud};
pub use options::{BucketOptions, Encryption, KeyPair};
pub use requests::Requests;
#[cfg(feature = "buckets")]
pub use store::BucketStore;
