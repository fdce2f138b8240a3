//! Opens clients of the three clouds, each in two forms: one that never retries, for conditional
//! writes, and one that retries a little, for everything that is safe to repeat.
//!
//! Each cloud is a feature of this crate. Every request is bounded in time. The credentials are
//! found as users of that cloud expect.

#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcs")]
mod gcs;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod http;
#[cfg(feature = "s3")]
mod s3;

use super::clients::Clients;
use super::error::BucketError;
use super::location::{BucketLocation, Cloud};
use super::options::{BucketOptions, Encryption, is_plain_http};

/// Opens the clients of the bucket at `location`.
#[cfg_attr(not(feature = "s3"), allow(clippy::unused_async, reason = "S3 waits"))]
pub(super) async fn connect(
    location: &BucketLocation,
    options: &BucketOptions,
) -> Result<Clients, BucketError> {
    check(location.cloud, options)?;
    match location.cloud {
        #[cfg(feature = "s3")]
        Cloud::S3 => s3::connect(location, options).await,
        #[cfg(feature = "gcs")]
        Cloud::Gcs => gcs::connect(location, options),
        #[cfg(feature = "azure")]
        Cloud::Azure => azure::connect(location, options),
        #[cfg(not(all(feature = "s3", feature = "gcs", feature = "azure")))]
        cloud => Err(cloud.left_out()),
    }
}

/// Refuses settings that would be ignored.
fn check(cloud: Cloud, options: &BucketOptions) -> Result<(), BucketError> {
    if let Some(endpoint) = &options.endpoint
        && !is_plain_http(endpoint)
        && !endpoint.starts_with("https://")
    {
        return Err(BucketError::Endpoint { endpoint: endpoint.clone() });
    }
    let of_s3_only = [
        ("the region", options.region.is_some()),
        ("the path style", options.path_style.is_some()),
        ("unquoted ETags", options.unquoted_etags),
        ("encryption", options.encryption != Encryption::BucketDefault),
        ("a key pair", options.keys.is_some()),
    ];
    match of_s3_only.iter().find(|(_, is_set)| *is_set && cloud != Cloud::S3) {
        Some((option, _)) => Err(BucketError::Unsupported { option, scheme: cloud.scheme() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_would_be_ignored_are_refused() {
        let region = || BucketOptions { region: Some("x".into()), ..BucketOptions::default() };
        check(Cloud::S3, &region()).unwrap();
        let refused = check(Cloud::Gcs, &region()).unwrap_err().to_string();
        assert!(refused.contains("the region") && refused.contains("gs://"), "{refused}");
        let bare = || BucketOptions { endpoint: Some("host:9".into()), ..BucketOptions::default() };
        assert!(matches!(check(Cloud::S3, &bare()), Err(BucketError::Endpoint { .. })));
    }
}
