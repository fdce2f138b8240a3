//! Why a bucket cannot be opened.

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
