//! Submits a signature to the writer: `POST /api/v2/log/entries` (Rekor v2).
//!
//! A request can safely be repeated, because a signature is logged only once. So temporary failures
//! (no answer, pushback) are retried. The answer is not verified here; see
//! [`check_entry`](fasti_verify::check_entry).

use std::time::Duration;

use fasti_entry::{EntryError, SignedDigest, TransparencyLogEntry};
use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};
use tiles_spec::LeafIndex;

use super::attempts::{ask, message};
use super::fetch::{FetchError, Patience, Redirects, client};

/// A batch of the log, its commit and its checkpoint can take a while.
const PATIENCE: Patience = Patience { answer: Duration::from_mins(1), ..Patience::FILES };
/// The maximum size of an answer: an entry, base64-encoded twice, and a proof.
const ANSWER_BYTES_MAX: usize = 1 << 20;
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
    let ask_again =
        || client.post(&place).header(CONTENT_TYPE, "application/json").body(request.clone());
    let Some(answer) = ask(ask_again, PATIENCE, ANSWER_BYTES_MAX, &place).await? else {
        return Err(SubmitError::Busy { place });
    };
    let index = answer.headers.get("x-log-index").and_then(|value| value.to_str().ok());
    let index: Option<LeafIndex> = index.and_then(|text| text.parse().ok());
    match (answer.status, index) {
        (StatusCode::CREATED | StatusCode::OK, index) => TransparencyLogEntry::parse(&answer.body)
            .map(|entry| Submitted::Logged { entry: Box::new(entry), existed: index.is_some() })
            .map_err(|source| SubmitError::Answer { place, source }),
        (StatusCode::CONFLICT, Some(index)) => Ok(Submitted::Exists(index)),
        (status, _) => Err(SubmitError::Refused { status, message: message(&answer.body) }),
    }
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
}
