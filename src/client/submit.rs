//! Submits a signature to the writer: `POST /api/v2/log/entries` (Rekor v2).
//!
//! A request can safely be repeated, because a signature is logged only once. So temporary failures
//! (no answer, pushback) are retried. The answer is not verified here; see
//! [`check_entry`](fasti_verify::check_entry).

use std::time::Duration;

use fasti_entry::{EntryError, SignedDigest, TransparencyLogEntry};
use fasti_seams::clock::{Clock as _, SystemClock};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use tiles_spec::LeafIndex;

use super::fetch::{FetchError, Patience, Redirects, client, retry_after, send};

/// A batch of the log, its commit and its checkpoint can take a while.
const PATIENCE: Patience = Patience { answer: Duration::from_mins(1), ..Patience::FILES };
/// The maximum size of an answer: an entry, base64-encoded twice, and a proof.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Pauses between the attempts, if the log does not say how long to wait.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// The longest pause that the log can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The log's answer.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// The signature is logged. The answer has its index and the proof; neither is verified.
    Logged {
        /// The log's answer.
        entry: Box<TransparencyLogEntry>,
        /// Whether the signature was already in the log.
        existed: bool,
    },
    /// The signature is already in the log, at this index. The log says nothing more about it.
    Exists(LeafIndex),
}

/// Why the log did not accept the signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No answer, or an unreadable one.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The log refuses.
    #[error("the log refuses the entry ({status}): {message}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The log's message.
        message: String,
    },
    /// The log is busy, or its answers get lost.
    #[error("{place} is busy; it may or may not have accepted the entry. Submit it again later")]
    Busy {
        /// The URL.
        place: String,
    },
    /// An answer that no log gives.
    #[error("the answer of {place} is not a TransparencyLogEntry: {source}")]
    Answer {
        /// The URL.
        place: String,
        /// What is wrong with it.
        #[source]
        source: EntryError,
    },
}

impl SubmitError {
    /// Whether the log refuses this entry, rather than being out of reach.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.is_client_error())
    }
}

/// Sends a signature to the log below `base` and waits until it is logged.
pub async fn submit(
    base: &Url,
    redirects: Redirects,
    signed: &SignedDigest,
) -> Result<Submitted, SubmitError> {
    let place = format!("{}/api/v2/log/entries", base.as_str().trim_end_matches('/'));
    let request = signed.to_request();
    let client = client(base, redirects)?;
    for pause in PAUSES {
        match attempt(&client, &place, &request).await {
            Attempt::Done(done) => return *done,
            Attempt::Again(wait) => {
                SystemClock.sleep(wait.unwrap_or(pause).min(PAUSE_MAX)).await;
            }
        }
    }
    match attempt(&client, &place, &request).await {
        Attempt::Done(done) => *done,
        Attempt::Again(_) => Err(SubmitError::Busy { place }),
    }
}

enum Attempt {
    Done(Box<Result<Submitted, SubmitError>>),
    /// Try again, after this pause if the log gave one.
    Again(Option<Duration>),
}

impl Attempt {
    fn done(outcome: Result<Submitted, SubmitError>) -> Self {
        Self::Done(Box::new(outcome))
    }
}

async fn attempt(client: &Client, place: &str, request: &[u8]) -> Attempt {
    let request =
        client.post(place).header(CONTENT_TYPE, "application/json").body(request.to_vec());
    let answer = match send(request, PATIENCE, place).await {
        Ok(answer) => answer,
        Err(error) if is_late(&error) => return Attempt::Again(None),
        Err(error) => return Attempt::done(Err(error.into())),
    };
    let status = answer.status();
    let index = answer.headers().get("x-log-index").and_then(|value| value.to_str().ok());
    let index: Option<LeafIndex> = index.and_then(|text| text.parse().ok());
    if status == StatusCode::TOO_MANY_REQUESTS || matches!(status.as_u16(), 502..=504) {
        return Attempt::Again(retry_after(answer.headers()));
    }
    let bytes = match answer.rest(ANSWER_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return Attempt::done(Err(error.into())),
    };
    Attempt::done(match (status, index) {
        (StatusCode::CREATED | StatusCode::OK, index) => TransparencyLogEntry::parse(&bytes)
            .map(|entry| Submitted::Logged { entry: Box::new(entry), existed: index.is_some() })
            .map_err(|source| SubmitError::Answer { place: place.to_owned(), source }),
        (StatusCode::CONFLICT, Some(index)) => Ok(Submitted::Exists(index)),
        (status, _) => Err(SubmitError::Refused { status, message: message(&bytes) }),
    })
}

/// Whether no answer came in time.
fn is_late(error: &FetchError) -> bool {
    match error {
        FetchError::TooSlow { .. } => true,
        FetchError::Request { source, .. } => source.is_timeout(),
        _ => false,
    }
}

/// The message in a Rekor error, or the beginning of what came instead.
fn message(bytes: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    let words = json.as_ref().and_then(|json| json["message"].as_str());
    let words = words.map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), str::to_owned);
    words.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_entry::{
        ArtifactDigest, HashAlgorithm, KeyMaterial, Submission, VerifiableSignature, Verifier,
    };

    #[test]
    fn a_request_says_what_was_signed() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new([]).unwrap().self_signed(&pair).unwrap();
        for material in [
            KeyMaterial::PublicKey(rcgen::PublicKeyData::subject_public_key_info(&pair)),
            KeyMaterial::Certificate(certificate.der().to_vec()),
        ] {
            let signed = SignedDigest {
                digest: ArtifactDigest::of(HashAlgorithm::Sha256, b"an artifact"),
                signature: VerifiableSignature {
                    content: rcgen::SigningKey::sign(&pair, b"an artifact").unwrap(),
                    verifier: Verifier::new(material).unwrap(),
                },
            };
            let read = Submission::parse(&signed.to_request()).unwrap();
            read.verify().unwrap();
            assert_eq!(read.kind(), SignedDigest::KIND);
            assert_eq!(read, Submission::HashedRekord(signed));
        }
    }

    #[test]
    fn the_words_of_a_refusal_are_kept_short() {
        assert_eq!(message(br#"{"code":3,"message":"no\nsuch","details":[]}"#), "nosuch");
        assert_eq!(message(b"<html>"), "<html>");
        assert_eq!(message(&[b'x'; 10_000]).len(), 500);
    }
}
