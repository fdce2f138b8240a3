//! AWS KMS: `GetPublicKey` and `Sign`.
//!
//! `ECC_NIST_P256` keys sign the text's SHA-256 digest, `ECC_NIST_EDWARDS25519` keys the text
//! itself. Credentials and region are found as AWS's own tools find them. The library retries
//! requests that were throttled or that failed at the service.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, MessageType, SigningAlgorithmSpec};
use sha2::{Digest as _, Sha256};
use tiles_spec::{NoteSignature, Origin, PublicKey, VerifierKey};

use super::service::{
    CONNECT_TIMEOUT, REQUEST_TIMEOUT, brief, brief_causes, check_endpoint, verifier_key,
};
use crate::kms_error::KmsError;
use crate::location::AwsKmsKey;
use crate::signer::{Signer, SignerError};
use crate::statement::Statement;

const SERVICE: &str = "AWS KMS";
const ATTEMPTS_MAX: u32 = 5;
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(1);
/// The limit for all attempts together.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);
/// The region given to services that have no regions.
const ANY_REGION: &str = "us-east-1";

/// Signs with a key of AWS KMS.
#[derive(Debug)]
pub struct AwsKmsSigner {
    origin: Origin,
    key: VerifierKey,
    id: String,
    client: Client,
}

impl AwsKmsSigner {
    /// Asks the service for the key. `endpoint` is its URL, unless it is AWS's own for the region.
    pub async fn open(
        key: &AwsKmsKey,
        origin: Origin,
        endpoint: Option<&str>,
    ) -> Result<Self, KmsError> {
        let endpoint = endpoint.map(str::to_owned);
        let endpoint = endpoint.or_else(|| Some(format!("https://{}", key.host.as_deref()?)));
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint)?;
        }
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        if let Some(region) = key.region() {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let client = client(&loader.load().await, endpoint)?;
        let told = client.get_public_key().key_id(&key.id).send().await;
        let told = told.map_err(|error| failed("tell the public key", &error))?;
        if !matches!(told.key_spec, Some(KeySpec::EccNistP256 | KeySpec::EccNistEdwards25519)) {
            let kind = told.key_spec.map_or("unknown".to_owned(), |spec| spec.as_str().to_owned());
            let wanted = "ECC_NIST_P256 or ECC_NIST_EDWARDS25519";
            return Err(KmsError::Kind { service: SERVICE, kind, wanted });
        }
        let spki = told.public_key.unwrap_or_else(|| Blob::new(Vec::new()));
        let verifier_key = verifier_key(SERVICE, spki.as_ref(), &origin)?;
        Ok(Self { origin, key: verifier_key, id: key.id.clone(), client })
    }
}

fn client(environment: &SdkConfig, endpoint: Option<String>) -> Result<Client, KmsError> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(REQUEST_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(BACK_OFF_FIRST)
        .with_max_backoff(BACK_OFF_MAX);
    let mut config = Builder::from(environment).timeout_config(timeouts).retry_config(retries);
    if environment.region().is_none() {
        if endpoint.is_none() {
            return Err(KmsError::NoRegion);
        }
        config = config.region(Region::new(ANY_REGION));
    }
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

/// The error with the service's message, if there is one.
fn failed<E>(task: &'static str, error: &SdkError<E>) -> KmsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let (code, message) = (error.code(), error.message());
    if let SdkError::ServiceError(answer) = error {
        let status = answer.raw().status();
        let status = code.map_or_else(|| status.to_string(), brief);
        // The library has already retried where that could help.
        let message = brief(message.unwrap_or("no reason was given"));
        return KmsError::Refused { service: SERVICE, task, status, message, may_pass: false };
    }
    KmsError::NoAnswer { service: SERVICE, task, reason: brief_causes(error) }
}

#[async_trait]
impl Signer for AwsKmsSigner {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn verifier_key(&self) -> VerifierKey {
        self.key.clone()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        let text = statement.text();
        let (message, kind, algorithm) = match self.key.public_key() {
            PublicKey::EcdsaP256(_) => {
                let digest = Sha256::digest(text).to_vec();
                (digest, MessageType::Digest, SigningAlgorithmSpec::EcdsaSha256)
            }
            _ => (text.into(), MessageType::Raw, SigningAlgorithmSpec::Ed25519Sha512),
        };
        let request = self.client.sign().key_id(&self.id).message(Blob::new(message));
        let request = request.message_type(kind).signing_algorithm(algorithm);
        let answer = request.send().await.map_err(|error| failed("sign", &error))?;
        let signature = answer.signature.map(Blob::into_inner).unwrap_or_default();
        if signature.is_empty() {
            let reason = "the answer has no signature".to_owned();
            return Err(KmsError::NoAnswer { service: SERVICE, task: "sign", reason }.into());
        }
        Ok(NoteSignature::new(self.key.name().clone(), self.key.key_id(), signature))
    }
}
