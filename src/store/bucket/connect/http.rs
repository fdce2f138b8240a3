//! The HTTP clients below the client library, and how often they retry.

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::egress;
use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use crate::bucket::clients::Clients;
use crate::bucket::error::BucketError;
use crate::bucket::location::BucketLocation;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The limit for a whole request, including its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Idle connections are dropped before a store drops them: a write on a closed connection gets no
/// answer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const RETRIES_MAX: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);

/// Builds both clients of a bucket.
pub(super) fn pair<S: ObjectStore>(
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

/// The error for a client that the library refuses to build.
pub(super) fn refused(location: &BucketLocation) -> impl Fn(object_store::Error) -> BucketError {
    let location = location.to_string();
    move |source| BucketError::Connect { location: location.clone(), source: source.into() }
}

/// The library's own options for its HTTP clients.
pub(super) fn client_options(allow_http: bool) -> ClientOptions {
    ClientOptions::new().with_allow_http(allow_http)
}

/// Builds the HTTP clients of the library, for its requests to the store and for finding
/// credentials: the library's own clients would follow redirects and use proxies.
#[derive(Debug)]
pub(super) struct Direct;

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
