//! Settings that the location of a bucket does not contain.

use std::fmt;

/// Settings of a store; the default is an unmodified bucket of the public cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketOptions {
    /// The endpoint of the store, `http://` or `https://`. Default: that of the cloud, or (S3) the
    /// one given by the environment or the profile. Over plain `http://`, which is for stores on
    /// the same machine and for tests, GCS gets no credentials.
    pub endpoint: Option<String>,
    /// S3: the region. Default: the one given by the environment, the profile or the instance.
    pub region: Option<String>,
    /// S3: whether the bucket is in the path of URLs rather than in their host. Default: in the
    /// path if an endpoint is given.
    pub path_style: Option<bool>,
    /// S3: send ETags in conditions without quotes, as old Ceph object gateways require.
    pub unquoted_etags: bool,
    /// S3: how objects are encrypted at rest.
    pub encryption: Encryption,
    /// The storage class (S3, GCS) or access tier (Azure) of tiles and entry bundles.
    pub storage_class: Option<String>,
    /// S3: the account, for callers that know it. Default: whatever AWS's tools would use.
    pub keys: Option<KeyPair>,
}

/// An S3 account and its secret, which is never displayed (I16).
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
    /// According to the bucket's own default.
    #[default]
    BucketDefault,
    /// With the store's own keys (SSE-S3).
    StoreKeys,
    /// With a key of the key management service (SSE-KMS): this one, or the account's default.
    Kms(Option<String>),
}

#[cfg(any(feature = "gcs", feature = "azure"))]
impl BucketOptions {
    /// Whether the endpoint is reached without TLS.
    pub(super) fn is_plain_http(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_plain_http)
    }
}

/// Whether this endpoint is reached without TLS.
#[cfg(feature = "buckets")]
pub(super) fn is_plain_http(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}
