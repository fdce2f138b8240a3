//! The bucket store: a log in an object store of S3's, GCS's or Azure's kind, which any number of
//! writers may share.
//!
//! | file | what |
//! |---|---|
//! | `location` | `s3://bucket/prefix` and the like |
//! | `options` | what else can be said of a bucket |
//! | `connect`, `credentials` | clients of the three clouds |
//! | `kind` | what each object may hold, how it is packed, what readers are told of it |
//! | `answers` | which answers mean that a write had no effect |
//! | `contention` | a store that is busy with another write of the name |
//! | `objects` | [`Store`](crate::store::Store): read, create, replace |
//! | `records` | [`CommitLog`](crate::store::CommitLog): one object for each record |
//! | `shelf` | [`Shelf`](crate::store::Shelf): listing and removing |
//! | `requests` | counts for metrics and budgets |
//!
//! Invariants: a conditional write is sent once for each call, and again only after an answer that
//! says that nothing has happened; an answer is believed only as far as it goes; nothing is read
//! beyond what its path allows it to hold.

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
    /// Not the place of a bucket.
    #[error("{text:?} is not the place of a bucket, as s3://BUCKET/PREFIX is: {reason}")]
    Location {
        /// What was given.
        text: String,
        /// Why not.
        reason: String,
    },
    /// The endpoint is no URL.
    #[error("the store's endpoint must begin with https:// or http://: {endpoint:?}")]
    Endpoint {
        /// What was given.
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
    /// Nothing says which region an S3 bucket is in.
    #[error("no region is known for the bucket: set AWS_REGION or --store-region")]
    NoRegion,
    /// The environment says that there are to be no credentials.
    #[error("no AWS credentials are to be had")]
    NoCredentials,
    /// The client could not be made.
    #[error("cannot set up a client for {location}")]
    Connect {
        /// The bucket.
        location: String,
        /// The client library's reason.
        #[source]
        source: Box<object_store::Error>,
    },
}

impl BucketStore {
    /// Opens a bucket. Nothing is asked of it yet; on S3, credentials and region are looked for.
    pub async fn open(
        location: BucketLocation,
        options: &BucketOptions,
    ) -> Result<Self, BucketError> {
        let clients = Clients::connect(&location, options).await?;
        Ok(Self::over(clients, location, options))
    }

    /// A log behind any client. Only the unquoted ETags and the storage class of the options apply.
    pub fn over(clients: Clients, location: BucketLocation, options: &BucketOptions) -> Self {
        Self {
            clients,
            location,
            unquoted_etags: options.unquoted_etags,
            storage_class: options.storage_class.clone(),
            requests: RequestCounters::default(),
        }
    }

    /// Where the log lies.
    pub fn location(&self) -> &BucketLocation {
        &self.location
    }

    /// How much was asked of the bucket so far.
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
