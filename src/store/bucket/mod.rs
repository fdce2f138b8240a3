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
//! | `shelf` | [`Shelf`](crate::Shelf): listing and removing |
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
mod shelf;
#[cfg(feature = "buckets")]
mod store;

#[cfg(feature = "buckets")]
pub use clients::Clients;
#[cfg(not(feature = "buckets"))]
pub use left_out::BucketStore;
pub use location::{BucketLocation, Cloud};
pub use options::{BucketOptions, Encryption, KeyPair};
pub use requests::Requests;
#[cfg(feature = "buckets")]
pub use store::BucketStore;

/// Why a bucket could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// The text is not a bucket location.
    #[error("{text:?} is not a bucket location like s3://BUCKET/PREFIX: {reason}")]
    Location {
        /// The text.
        text: String,
        /// The reason.
        reason: String,
    },
    /// The endpoint is not a URL.
    #[error("the store's endpoint must begin with https:// or http://: {endpoint:?}")]
    Endpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// A setting that this cloud does not have.
    #[error("{option} cannot be set for a store at {scheme}://")]
    Unsupported {
        /// The setting.
        option: &'static str,
        /// The cloud's scheme.
        scheme: &'static str,
    },
    /// Nothing says in which region an S3 bucket is.
    #[error("the region of the bucket is not known: set AWS_REGION or --store-region")]
    NoRegion,
    /// The environment rules out credentials.
    #[error("no AWS credentials are available")]
    NoCredentials,
    /// The program was built without this cloud.
    #[error("this program was built without {scheme}://; the cargo feature {feature} adds it")]
    LeftOut {
        /// The cloud's scheme.
        scheme: &'static str,
        /// The feature that is missing.
        feature: &'static str,
    },
    /// The client could not be built.
    #[error("cannot set up a client for {location}")]
    Connect {
        /// The bucket.
        location: String,
        /// The client library's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl BucketError {
    #[cfg(not(all(feature = "s3", feature = "gcs", feature = "azure")))]
    fn left_out(cloud: Cloud) -> Self {
        let feature = match cloud {
            Cloud::S3 => "s3",
            Cloud::Gcs => "gcs",
            Cloud::Azure => "azure",
        };
        Self::LeftOut { scheme: cloud.scheme(), feature }
    }
}
