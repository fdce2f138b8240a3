//! The bucket store: a log in an object store with the interface of S3, GCS or Azure, which any
//! number of writers can share.
//!
//! | file | what |
//! |---|---|
//! | `location` | `s3://bucket/prefix` and the like |
//! | `options` | the other settings of a bucket |
//! | `connect`, `credentials` | clients of the three clouds |
//! | `kind` | what each object may hold, how it is packed, and its headers |
//! | `answers` | which answers mean that a write had no effect |
//! | `contention` | a store that is busy with another write of the same name |
//! | `objects` | [`Store`](crate::Store): read, create, replace |
//! | `records` | [`CommitLog`](crate::CommitLog): one object for each record |
//! | `shelf` | [`Shelf`](crate::Shelf): listing and removing |
//! | `requests` | counts for metrics and budgets |
//!
//! Invariants: a conditional write is sent once per call, and again only after an answer that says
//! that it had no effect; no answer is taken to prove more than it says; nothing is read beyond
//! what its path allows it to hold.

mod answers;
mod connect;
mod contention;
mod credentials;
mod kind;
mod location;
mod objects;
mod options;
mod records;
mod requests;
mod shelf;

use object_store::path::Path;

use self::requests::RequestCounters;
use super::ObjectPath;

pub use connect::Clients;
pub use location::{BucketLocation, Cloud};
pub use options::{BucketOptions, Encryption, KeyPair};
pub use requests::Requests;

/// A log in a bucket.
#[derive(Debug)]
pub struct BucketStore {
    clients: Clients,
    /// The bucket and prefix, for messages.
    location: BucketLocation,
    unquoted_etags: bool,
    storage_class: Option<String>,
    requests: RequestCounters,
}

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
    /// The client could not be built.
    #[error("cannot set up a client for {location}")]
    Connect {
        /// The bucket.
        location: String,
        /// The client library's error.
        #[source]
        source: Box<object_store::Error>,
    },
}

impl BucketStore {
    /// Opens a bucket. No request is sent to it yet; on S3, credentials and region are looked up.
    pub async fn open(
        location: BucketLocation,
        options: &BucketOptions,
    ) -> Result<Self, BucketError> {
        let clients = Clients::connect(&location, options).await?;
        Ok(Self::over(clients, location, options))
    }

    /// A log behind any client. Of the options, only the unquoted ETags and the storage class
    /// apply.
    pub fn over(clients: Clients, location: BucketLocation, options: &BucketOptions) -> Self {
        Self {
            clients,
            location,
            unquoted_etags: options.unquoted_etags,
            storage_class: options.storage_class.clone(),
            requests: RequestCounters::default(),
        }
    }

    /// Where the log is stored.
    pub fn location(&self) -> &BucketLocation {
        &self.location
    }

    /// The number of requests sent to the bucket so far.
    pub fn requests(&self) -> Requests {
        self.requests.read()
    }

    /// The object's name in the bucket.
    fn key(&self, path: &str) -> Path {
        match &self.location.prefix {
            Some(prefix) => Path::from(format!("{prefix}/{path}")),
            None => Path::from(path),
        }
    }

    /// The object's name in messages.
    fn place(&self, path: &ObjectPath) -> String {
        format!("{}/{path}", self.location)
    }
}
