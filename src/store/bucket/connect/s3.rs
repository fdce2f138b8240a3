//! Clients of Amazon S3, and of the many stores compatible with it.

use std::sync::Arc;

use object_store::StaticCredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};

use super::http::{Direct, client_options, pair, refused};
use crate::bucket::clients::Clients;
use crate::bucket::credentials::{self, AwsCredentials};
use crate::bucket::error::BucketError;
use crate::bucket::location::BucketLocation;
use crate::bucket::options::{BucketOptions, Encryption, is_plain_http};

/// The region given to S3-compatible stores that have no regions.
const ANY_REGION: &str = "us-east-1";

/// What an S3 client needs.
struct S3Account {
    credentials: AwsCredentialProvider,
    endpoint: Option<String>,
    region: String,
}

impl S3Account {
    async fn find(options: &BucketOptions) -> Result<Self, BucketError> {
        let (credentials, endpoint, region) = if let Some(keys) = &options.keys {
            let (key_id, secret_key) = (keys.id.clone(), keys.secret.clone());
            let credential = AwsCredential { key_id, secret_key, token: None };
            let credentials = Arc::new(StaticCredentialProvider::new(credential)) as _;
            (credentials, options.endpoint.clone(), options.region.clone())
        } else {
            let environment = credentials::load_environment(options.region.as_deref()).await;
            let provider = environment.credentials_provider().ok_or(BucketError::NoCredentials)?;
            let endpoint = options.endpoint.clone();
            let endpoint = endpoint.or_else(|| credentials::endpoint(&environment));
            let region = environment.region().map(ToString::to_string);
            (Arc::new(AwsCredentials::new(provider)) as _, endpoint, region)
        };
        let any = || endpoint.is_some().then(|| ANY_REGION.to_owned());
        let region = region.or_else(any).ok_or(BucketError::NoRegion)?;
        Ok(Self { credentials, endpoint, region })
    }
}

/// Opens the clients of a bucket.
pub(super) async fn connect(
    location: &BucketLocation,
    options: &BucketOptions,
) -> Result<Clients, BucketError> {
    let S3Account { credentials, endpoint, region } = S3Account::find(options).await?;
    // A dot in the bucket's name would not match the host's certificate.
    let by_default = endpoint.is_some() || location.bucket.contains('.');
    let in_path = options.path_style.unwrap_or(by_default);
    pair(|retry| {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&location.bucket)
            .with_region(&region)
            .with_credentials(credentials.clone())
            .with_client_options(client_options(endpoint.as_deref().is_some_and(is_plain_http)))
            .with_http_connector(Direct)
            .with_retry(retry)
            // Not every store supports bulk deletion, and deleting one at a time always works.
            .with_disable_bulk_delete(true)
            .with_virtual_hosted_style_request(!in_path);
        if let Some(endpoint) = &endpoint {
            builder = builder.with_endpoint(if in_path {
                endpoint.clone()
            } else {
                in_host(endpoint, &location.bucket)
            });
        }
        encrypted(builder, &options.encryption).build().map_err(refused(location))
    })
}

/// The endpoint with the bucket in its host name.
fn in_host(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{}", host.trim_end_matches('/')),
        None => endpoint.to_owned(),
    }
}

fn encrypted(builder: AmazonS3Builder, encryption: &Encryption) -> AmazonS3Builder {
    let set = |builder: AmazonS3Builder, key: &str, value: &str| {
        let key: AmazonS3ConfigKey = key.parse().expect("a key that the library knows");
        builder.with_config(key, value)
    };
    match encryption {
        Encryption::BucketDefault => builder,
        Encryption::StoreKeys => set(builder, "aws_server_side_encryption", "AES256"),
        Encryption::Kms(None) => set(builder, "aws_server_side_encryption", "aws:kms"),
        Encryption::Kms(Some(key)) => builder.with_sse_kms_encryption(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_in_hosts() {
        assert_eq!(in_host("https://s3.example/", "logs"), "https://logs.s3.example");
    }
}
