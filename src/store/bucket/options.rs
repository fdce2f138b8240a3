//! What a bucket's place does not say: where the store is, and what its owner wants of it.

use std::fmt;

/// Settings of a store; the default is a bucket of the public cloud as it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketOptions {
    /// Where the store is reached, `http://` or `https://`. Without it: where the cloud is, or
    /// (S3) where the environment and the profile say. Over plain `http://`, which is for stores on
    /// the same machine and for tests, GCS is sent no credentials.
    pub endpoint: Option<String>,
    /// S3: the region. Without it: what the environment, the profile or the instance say.
    pub region: Option<String>,
    /// S3: whether the bucket is named in the path of URLs rather than in their host. Without it:
    /// in the path where an endpoint is given.
    pub path_style: Option<bool>,
    /// S3: send ETags in conditions without their quotes, as old Ceph object gateways want them.
    pub unquoted_etags: bool,
    /// S3: how objects are encrypted at rest.
    pub encryption: Encryption,
    /// The storage class (S3, GCS) or access tier (Azure) of tiles and entry bundles.
    pub storage_class: Option<String>,
    /// S3: the account, for callers that know it. Without it: whatever AWS's tools would use.
    pub keys: Option<KeyPair>,
}

/// An S3 account and its secret, which is shown to nobody (I16).
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The access key.
    pub id: String,
    /// The secret key.
    pub secret: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Encryption at rest, by the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket's own default says.
    #[default]
    BucketDefault,
    /// With the store's own keys (SSE-S3).
    StoreKeys,
    /// With a key of the key management service (SSE-KMS): this one, or the account's default.
    Kms(Option<String>),
}

impl BucketOptions {
    /// Whether the endpoint is reached without TLS.
    pub(super) fn is_plain_http(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_plain_http)
    }
}

/// Whether this endpoint is reached without TLS.
pub(super) fn is_plain_http(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}
