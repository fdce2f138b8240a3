//! Clients of Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{HeaderMap, HeaderValue, RetryConfig, StaticCredentialProvider};

use super::http::{Direct, client_options, pair, refused};
use crate::bucket::clients::Clients;
use crate::bucket::error::BucketError;
use crate::bucket::location::BucketLocation;
use crate::bucket::options::BucketOptions;

/// Opens the clients of a bucket.
pub(super) fn connect(
    location: &BucketLocation,
    options: &BucketOptions,
) -> Result<Clients, BucketError> {
    pair(|retry| gcs(location, options, retry).build().map_err(refused(location)))
}

fn gcs(
    location: &BucketLocation,
    options: &BucketOptions,
    retry: RetryConfig,
) -> GoogleCloudStorageBuilder {
    // With this header, packed objects arrive as they are stored. Without it GCS unpacks them, and
    // the answer has no length.
    let packed =
        HeaderMap::from_iter([(http::header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
    let client = client_options(options.is_plain_http()).with_default_headers(packed);
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(&location.bucket)
        .with_client_options(client)
        .with_http_connector(Direct)
        .with_retry(retry);
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint.trim_end_matches('/'));
    }
    if options.is_plain_http() {
        let nobody = GcpCredential { bearer: String::new() };
        builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(nobody)));
    }
    builder
}
