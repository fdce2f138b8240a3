//! AWS credentials and settings, found as AWS's own tools find them: environment, profiles, SSO,
//! web identity, container and instance metadata.
//!
//! `aws-config` finds them, and reads the environment for that; it does not cache them.
//! [`AwsCredentials`] caches them until some time before they expire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use fasti_seams::clock::{Clock as _, SystemClock, time_until};

use super::answers::NO_CREDENTIALS;

/// Credentials are renewed this long before they expire: more than any request takes.
const MARGIN: Duration = Duration::from_mins(5);
/// Credentials without an expiry are requested again after this time: the file may have changed.
const LIFETIME_MAX: Duration = Duration::from_hours(1);
/// After a failed renewal, what is still valid is used for this long before the next attempt.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Loads the AWS settings from the environment. `region` overrides the region.
pub(super) async fn load_environment(region: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// The S3 endpoint given by the environment or the profile: `AWS_ENDPOINT_URL_S3`,
/// `AWS_ENDPOINT_URL`, and their equivalents in a profile.
pub(super) fn endpoint(environment: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let of_service = environment.service_config().and_then(|config| config.load_config(key));
    of_service.or_else(|| environment.endpoint_url().map(str::to_owned))
}

/// Credentials that are renewed while the process runs.
#[derive(Debug)]
pub(super) struct AwsCredentials {
    provider: SharedCredentialsProvider,
    /// Locked during a renewal: one request asks, the others wait for the answer.
    cached: Mutex<Option<CachedCredential>>,
}

#[derive(Clone, Debug)]
struct CachedCredential {
    credential: Arc<AwsCredential>,
    renew_at: Instant,
    expires_at: Option<Instant>,
}

impl AwsCredentials {
    pub fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, cached: Mutex::default() }
    }

    async fn renew(&self, now: Instant) -> object_store::Result<CachedCredential> {
        let found = self.provider.provide_credentials().await.map_err(|error| {
            object_store::Error::Generic { store: NO_CREDENTIALS, source: error.into() }
        })?;
        Ok(CachedCredential::of(&found, now))
    }
}

impl CachedCredential {
    fn of(found: &Credentials, now: Instant) -> Self {
        let left = found.expiry().map(time_until);
        // Credentials with a lifetime shorter than the margin are used for half of it.
        let fresh = left.map(|left| left.saturating_sub(MARGIN).max(left / 2));
        let credential = AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        };
        Self {
            credential: Arc::new(credential),
            renew_at: now + fresh.unwrap_or(LIFETIME_MAX).min(LIFETIME_MAX),
            expires_at: left.map(|left| now + left),
        }
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

#[async_trait]
impl CredentialProvider for AwsCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut cached = self.cached.lock().await;
        let now = SystemClock.now();
        if let Some(cached) = cached.as_ref().filter(|cached| now < cached.renew_at) {
            return Ok(cached.credential.clone());
        }
        let renewed = match (self.renew(now).await, cached.take()) {
            (Err(_), Some(old)) if old.is_valid(now) => {
                CachedCredential { renew_at: now + RENEWAL_PAUSE, ..old }
            }
            (renewed, _) => renewed?,
        };
        Ok(cached.insert(renewed).credential.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future;

    use super::*;

    /// Returns numbered credentials with a lifetime; fails for the numbers in `failing`.
    #[derive(Debug)]
    struct Numbered {
        given: Arc<AtomicU32>,
        lifetime: Option<Duration>,
        failing: std::ops::Range<u32>,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let number = self.given.fetch_add(1, Ordering::SeqCst);
            future::ProvideCredentials::ready(if self.failing.contains(&number) {
                Err(CredentialsError::not_loaded("for a test"))
            } else {
                let expiry = self.lifetime.map(|lifetime| SystemTime::now() + lifetime);
                Ok(Credentials::new(number.to_string(), "secret", None, expiry, "test"))
            })
        }
    }

    fn numbered(lifetime: Option<Duration>, failing: std::ops::Range<u32>) -> AwsCredentials {
        let provider = Numbered { given: Arc::default(), lifetime, failing };
        AwsCredentials::new(SharedCredentialsProvider::new(provider))
    }

    async fn id(credentials: &AwsCredentials) -> Option<String> {
        Some(credentials.get_credential().await.ok()?.key_id.clone())
    }

    async fn minutes(minutes: u64) {
        tokio::time::advance(Duration::from_mins(minutes)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_kept_until_a_while_before_they_expire() {
        let credentials = numbered(Some(Duration::from_mins(30)), 0..0);
        assert_eq!(id(&credentials).await.as_deref(), Some("0"));
        minutes(24).await;
        assert_eq!(id(&credentials).await.as_deref(), Some("0"));
        minutes(1).await;
        assert_eq!(id(&credentials).await.as_deref(), Some("1"));

        let for_ever = numbered(None, 0..0);
        assert_eq!(id(&for_ever).await.as_deref(), Some("0"));
        minutes(59).await;
        assert_eq!(id(&for_ever).await.as_deref(), Some("0"));
        minutes(2).await;
        assert_eq!(id(&for_ever).await.as_deref(), Some("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_does_not_spoil_valid_ones() {
        let credentials = numbered(Some(Duration::from_mins(30)), 1..3);
        assert_eq!(id(&credentials).await.as_deref(), Some("0"));
        minutes(26).await;
        assert_eq!(id(&credentials).await.as_deref(), Some("0"), "asked, in vain");
        assert_eq!(id(&credentials).await.as_deref(), Some("0"), "not asked again at once");
        minutes(5).await;
        assert_eq!(id(&credentials).await, None, "expired, and asked in vain");
        assert_eq!(id(&credentials).await.as_deref(), Some("3"), "asked again");
    }
}
