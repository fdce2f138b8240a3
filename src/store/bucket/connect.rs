//! Clients of the three clouds, each in two forms: one that never retries, for conditional writes,
//! and one that retries a little, for everything that is safe to repeat.
//!
//! Every request is bounded in time. The credentials are found as users of that cloud expect.

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::egress;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, HeaderMap, HeaderValue, ObjectStore,
    RetryConfig, StaticCredentialProvider,
};

use super::credentials::{self, AwsCredentials};
use super::options::is_plain_http;
use super::{BucketError, BucketLocation, BucketOptions, Cloud, Encryption};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The limit for a whole request, including its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Idle connections are dropped before a store drops them: a write on a closed connection gets no
/// answer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const RETRIES_MAX: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);
/// The region given to S3-compatible stores that have no regions.
const ANY_REGION: &str = "us-east-1";
/// The account and key of every Azure emulator, from its manual.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Two clients of one bucket.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Never retries: for conditional writes, where a retry would look like a lost race.
    pub conditional: Arc<dyn ObjectStore>,
    /// Retries failures a few times: for reads, listings, removals, and immutable objects.
    pub steady: Arc<dyn ObjectStore>,
}

impl Clients {
    /// One client for both: for stores that need no retries, such as those in memory.
    pub fn same<S: ObjectStore>(store: Arc<S>) -> Self {
        Self { conditional: store.clone(), steady: store }
    }

    pub(super) async fn connect(
        location: &BucketLocation,
        options: &BucketOptions,
    ) -> Result<Self, BucketError> {
        check(location.cloud, options)?;
        match location.cloud {
            Cloud::S3 => s3(location, options).await,
            Cloud::Gcs => {
                pair(|retry| gcs(location, options, retry).build().map_err(refused(location)))
            }
            Cloud::Azure => {
                pair(|retry| azure(location, options, retry).build().map_err(refused(location)))
            }
        }
    }
}

fn pair<S: ObjectStore>(
    client: impl Fn(RetryConfig) -> Result<S, BucketError>,
) -> Result<Clients, BucketError> {
    let retries = |max_retries| RetryConfig {
        max_retries,
        retry_timeout: RETRY_TIMEOUT,
        backoff: BackoffConfig::default(),
    };
    let conditional = Arc::new(client(retries(0))?);
    Ok(Clients { conditional, steady: Arc::new(client(retries(RETRIES_MAX))?) })
}

fn refused(location: &BucketLocation) -> impl Fn(object_store::Error) -> BucketError {
    let location = location.to_string();
    move |source| BucketError::Connect { location: location.clone(), source: source.into() }
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

fn client_options(allow_http: bool) -> ClientOptions {
    ClientOptions::new().with_allow_http(allow_http)
}

/// Builds the HTTP clients of the library, for its requests to the store and for finding
/// credentials: the library's own clients would follow redirects and use proxies.
#[derive(Debug)]
struct Direct;

impl HttpConnector for Direct {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = egress::direct()
            .user_agent(concat!("fasti/", env!("CARGO_PKG_VERSION")))
            .default_headers(options.get_default_headers().cloned().unwrap_or_default())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .https_only(allows_http.as_deref() != Some("true"))
            .build();
        let failed = |source: reqwest::Error| object_store::Error::Generic {
            store: "HTTP",
            source: source.into(),
        };
        client.map(HttpClient::new).map_err(failed)
    }
}

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

async fn s3(location: &BucketLocation, options: &BucketOptions) -> Result<Clients, BucketError> {
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

fn azure(
    location: &BucketLocation,
    options: &BucketOptions,
    retry: RetryConfig,
) -> MicrosoftAzureBuilder {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(&location.bucket)
        .with_client_options(client_options(options.is_plain_http()))
        .with_http_connector(Direct)
        .with_retry(retry);
    match &options.endpoint {
        // Emulators have the account in the path.
        Some(endpoint) if is_plain_http(endpoint) => {
            let account = builder.get_config_value(&AzureConfigKey::AccountName);
            let account = account.unwrap_or_else(|| EMULATOR_ACCOUNT.to_owned());
            if builder.get_config_value(&AzureConfigKey::AccessKey).is_none() {
                builder = builder.with_access_key(EMULATOR_KEY);
            }
            let endpoint = format!("{}/{account}", endpoint.trim_end_matches('/'));
            builder.with_use_emulator(false).with_account(account).with_endpoint(endpoint)
        }
        Some(endpoint) => builder.with_endpoint(endpoint.clone()),
        None => builder,
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

    #[test]
    fn buckets_in_hosts() {
        assert_eq!(in_host("https://s3.example/", "logs"), "https://logs.s3.example");
    }
}
