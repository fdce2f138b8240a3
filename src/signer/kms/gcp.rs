//! Google Cloud KMS: `getPublicKey` and `asymmetricSign`, as JSON over HTTPS.
//!
//! `EC_SIGN_P256_SHA256` keys sign the text's digest, `EC_SIGN_ED25519` keys the text itself.
//! Requests and answers carry CRC32C checksums, which both sides compare, as Google advises.
//! Credentials are the application default ones.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm::Crc32Iscsi as Crc32c;
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::egress;
use fasti_x509::pem;
use futures::future::{Either, select};
use gcp_auth::TokenProvider;
use http::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tiles_spec::{NoteSignature, Origin, PublicKey, VerifierKey};

use super::service::{
    CONNECT_TIMEOUT, REQUEST_TIMEOUT, brief, brief_causes, check_endpoint, verifier_key,
};
use crate::kms_error::KmsError;
use crate::location::GcpKmsKey;
use crate::signer::{Signer, SignerError};
use crate::statement::Statement;

const SERVICE: &str = "Google Cloud KMS";
const ENDPOINT: &str = "https://cloudkms.googleapis.com";
const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloudkms"];
/// Pauses between the attempts of a request.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
/// Most bytes of an answer; a signature has less than a hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const TELL: &str = "tell the public key";
const SIGN: &str = "sign";

/// Signs with one version of a key of Google Cloud KMS.
pub struct GcpKmsSigner {
    origin: Origin,
    key: VerifierKey,
    service: Service,
}

/// One key in the service.
struct Service {
    client: Client,
    /// `<endpoint>/v1/<name>`.
    url: String,
    name: String,
    tokens: Arc<dyn TokenProvider>,
}

impl GcpKmsSigner {
    /// Asks the service for the key. `endpoint` is its URL, unless it is Google's own.
    pub async fn open(
        key: &GcpKmsKey,
        origin: Origin,
        endpoint: Option<&str>,
    ) -> Result<Self, KmsError> {
        let tokens = in_time(gcp_auth::provider())
            .await
            .map_err(|reason| KmsError::Credentials { service: SERVICE, reason })?;
        let endpoint = endpoint.unwrap_or(ENDPOINT).trim_end_matches('/');
        check_endpoint(endpoint)?;
        let client = egress::direct()
            .user_agent(concat!("fasti/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| no_answer(TELL, brief_causes(&error)))?;
        let url = format!("{endpoint}/v1/{}", key.name);
        let service = Service { client, url, name: key.name.clone(), tokens };
        let told = service.public_key().await?;
        if !["EC_SIGN_P256_SHA256", "EC_SIGN_ED25519"].contains(&told.algorithm.as_str()) {
            let (kind, wanted) = (brief(&told.algorithm), "EC_SIGN_P256_SHA256 or EC_SIGN_ED25519");
            return Err(KmsError::Kind { service: SERVICE, kind, wanted });
        }
        let spki = public_key(&told.pem).map_err(|reason| no_answer(TELL, reason))?;
        let verifier_key = verifier_key(SERVICE, &spki, &origin)?;
        Ok(Self { origin, key: verifier_key, service })
    }
}

#[async_trait]
impl Signer for GcpKmsSigner {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn verifier_key(&self) -> VerifierKey {
        self.key.clone()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        let text = statement.text();
        let question = if let PublicKey::EcdsaP256(_) = self.key.public_key() {
            let digest = Sha256::digest(text);
            json!({
                "digest": {"sha256": STANDARD.encode(digest)},
                "digestCrc32c": crc32c(&digest).to_string(),
            })
        } else {
            json!({
                "data": STANDARD.encode(text),
                "dataCrc32c": crc32c(text.as_bytes()).to_string(),
            })
        };
        let signature = self.service.sign(&question).await?;
        Ok(NoteSignature::new(self.key.name().clone(), self.key.key_id(), signature))
    }
}

/// The public key in PEM.
fn public_key(text: &str) -> Result<Vec<u8>, String> {
    let mut blocks = pem::blocks(text.as_bytes());
    let block = blocks.find(|block| block.label() == Some("PUBLIC KEY"));
    let block = block.ok_or("it is not a public key in PEM")?;
    block.der().map_err(|error| error.to_string())
}

/// An answer that says to which key it belongs.
trait OfKey {
    fn name(&self) -> &str;
    /// What does not match its checksum.
    fn damaged(&self) -> Option<&'static str>;
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldKey {
    name: String,
    pem: String,
    pem_crc32c: Option<String>,
    algorithm: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    name: String,
    #[serde(deserialize_with = "from_base64")]
    signature: Vec<u8>,
    signature_crc32c: Option<String>,
    #[serde(default)]
    verified_digest_crc32c: bool,
    #[serde(default)]
    verified_data_crc32c: bool,
}

impl OfKey for ToldKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn damaged(&self) -> Option<&'static str> {
        let is_sound = is_sum(self.pem_crc32c.as_deref(), self.pem.as_bytes());
        (!is_sound).then_some("the public key")
    }
}

impl OfKey for Signed {
    fn name(&self) -> &str {
        &self.name
    }

    fn damaged(&self) -> Option<&'static str> {
        if !self.verified_digest_crc32c && !self.verified_data_crc32c {
            Some("what it was asked to sign")
        } else if !is_sum(self.signature_crc32c.as_deref(), &self.signature) {
            Some("the signature")
        } else {
            None
        }
    }
}

/// A request to the service, sent as often as needed.
struct Question {
    task: &'static str,
    method: Method,
    url: String,
    body: Option<String>,
}

impl Service {
    async fn public_key(&self) -> Result<ToldKey, KmsError> {
        let url = format!("{}/publicKey", self.url);
        self.ask(&Question { task: TELL, method: Method::GET, url, body: None }).await
    }

    async fn sign(&self, what: &Value) -> Result<Vec<u8>, KmsError> {
        let (url, body) = (format!("{}:asymmetricSign", self.url), Some(what.to_string()));
        let question = Question { task: SIGN, method: Method::POST, url, body };
        let signed: Signed = self.ask(&question).await?;
        Ok(signed.signature)
    }

    /// Sends the request until there is an answer, or no hope of one.
    async fn ask<T: OfKey + DeserializeOwned>(&self, question: &Question) -> Result<T, KmsError> {
        for pause in PAUSES {
            match self.ask_once(question).await {
                Err(error) if error.may_pass() => SystemClock.sleep(pause).await,
                answered => return answered,
            }
        }
        self.ask_once(question).await
    }

    async fn ask_once<T: OfKey + DeserializeOwned>(
        &self,
        question: &Question,
    ) -> Result<T, KmsError> {
        let Question { task, method, url, body } = question;
        let token = in_time(self.tokens.token(&SCOPES)).await;
        let token = token.map_err(|reason| KmsError::Credentials { service: SERVICE, reason })?;
        let mut request = self.client.request(method.clone(), url).bearer_auth(token.as_str());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let answer = request.send().await.map_err(|error| no_answer(task, brief_causes(&error)))?;
        let status = answer.status();
        let body = read(answer).await.map_err(|reason| no_answer(task, reason))?;
        if !status.is_success() {
            return Err(refused(task, status, &body));
        }
        let answer: T =
            serde_json::from_slice(&body).map_err(|error| no_answer(task, error.to_string()))?;
        if answer.name() != self.name {
            return Err(no_answer(task, "the answer is about another key".to_owned()));
        }
        match answer.damaged() {
            Some(what) => Err(KmsError::Damaged { service: SERVICE, what }),
            None => Ok(answer),
        }
    }
}

fn no_answer(task: &'static str, reason: String) -> KmsError {
    KmsError::NoAnswer { service: SERVICE, task, reason }
}

/// Google's errors are `{"error": {"code": 403, "message": "...", "status": "PERMISSION_DENIED"}}`.
fn refused(task: &'static str, status: StatusCode, body: &[u8]) -> KmsError {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = said["error"]["message"].as_str().unwrap_or("no reason was given");
    KmsError::Refused {
        service: SERVICE,
        task,
        status: said["error"]["status"].as_str().map_or_else(|| status.to_string(), brief),
        message: brief(message),
        may_pass: status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status),
    }
}

async fn read(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| brief_causes(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("the answer is too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The library that finds credentials waits forever if nothing answers.
async fn in_time<T>(asked: impl Future<Output = Result<T, gcp_auth::Error>>) -> Result<T, String> {
    match select(std::pin::pin!(asked), SystemClock.sleep(REQUEST_TIMEOUT)).await {
        Either::Left((found, _)) => found.map_err(|error| brief_causes(&error)),
        Either::Right(_) => Err("none were received in time".to_owned()),
    }
}

fn crc32c(bytes: &[u8]) -> u64 {
    crc_fast::checksum(Crc32c, bytes)
}

/// A checksum is a 64-bit number, which protobuf JSON writes as a string.
fn is_sum(stated: Option<&str>, bytes: &[u8]) -> bool {
    stated.is_some_and(|stated| stated.parse() == Ok(crc32c(bytes)))
}

fn from_base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert!(is_sum(Some("3808858755"), b"123456789"));
        assert!(!is_sum(Some("0"), b"123456789") && !is_sum(None, b""));
    }
}
