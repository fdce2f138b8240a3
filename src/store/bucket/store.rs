//! A log in a bucket: its clients, its prefix, and what its objects are called.

use object_store::path::Path;

use super::clients::Clients;
use super::connect::connect;
use super::error::BucketError;
use super::location::BucketLocation;
use super::options::BucketOptions;
use super::requests::{RequestCounters, Requests};
use crate::{ObjectPath, StoreError};

/// A log in a bucket.
#[derive(Debug)]
pub struct BucketStore {
    pub(super) clients: Clients,
    /// The bucket and prefix, for messages.
    pub(super) location: BucketLocation,
    pub(super) unquoted_etags: bool,
    pub(super) storage_class: Option<String>,
    pub(super) requests: RequestCounters,
}

impl BucketStore {
    /// Opens a bucket. No request is sent to it yet; on S3, credentials and region are looked up.
    pub async fn open(
        location: BucketLocation,
        options: &BucketOptions,
    ) -> Result<Self, BucketError> {
        let clients = connect(&location, options).await?;
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

    /// The log below a prefix of this one's objects, through the same clients.
    pub fn below(&self, prefix: ObjectPath) -> Result<Self, StoreError> {
        let prefix = match &self.location.prefix {
            Some(own) => own.joined(&prefix)?,
            None => prefix,
        };
        Ok(Self {
            clients: self.clients.clone(),
            location: BucketLocation { prefix: Some(prefix), ..self.location.clone() },
            unquoted_etags: self.unquoted_etags,
            storage_class: self.storage_class.clone(),
            requests: RequestCounters::default(),
        })
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
    pub(super) fn key(&self, path: &str) -> Path {
        match &self.location.prefix {
            Some(prefix) => Path::from(format!("{prefix}/{path}")),
            None => Path::from(path),
        }
    }

    /// The object's name in messages.
    pub(super) fn place(&self, path: &ObjectPath) -> String {
        format!("{}/{path}", self.location)
    }
}
