//! Keys in key management services, which sign for us and never release them.
//!
//! The service is asked for the public key once, when the key is opened, and then for each
//! signature. Every request is bounded in time, and failures that may pass are retried a few times.
//! A service that keeps failing ends the term, not the log: recovery tries again.

mod aws;
mod gcp;

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use tiles_spec::{KeyError, Origin, PublicKey, VerifierKey};

pub use aws::AwsKmsSigner;
pub use gcp::GcpKmsSigner;

use fasti_seams::egress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for a request, including its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// How many characters of a service's own message are kept.
const MESSAGE_CHARS_MAX: usize = 400;

/// Why a key service cannot be used at the moment, or with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// An address that would expose what is sent.
    #[error(
        "the key service's address {0:?} is not https://; http:// is only for this machine (tests)"
    )]
    Endpoint(String),
    /// The region is not known.
    #[error("no AWS region: name the key by its ARN, or set AWS_REGION or a profile")]
    NoRegion,
    /// There are no credentials.
    #[error("{service}: no credentials ({reason})")]
    Credentials {
        /// The service.
        service: &'static str,
        /// What was tried.
        reason: String,
    },
    /// The service refused.
    #[error("{service} refuses to {task}: {status}: {message}")]
    Refused {
        /// The service.
        service: &'static str,
        /// The operation.
        task: &'static str,
        /// The service's status or error code.
        status: String,
        /// The service's message.
        message: String,
        /// Whether another attempt may succeed.
        may_pass: bool,
    },
    /// It did not answer properly.
    #[error("{service} does not {task}: {reason}")]
    NoAnswer {
        /// The service.
        service: &'static str,
        /// The operation.
        task: &'static str,
        /// What went wrong, with its causes.
        reason: String,
    },
    /// The request or the answer was damaged in transit.
    #[error("{service}: {what} does not match its checksum")]
    Damaged {
        /// The service.
        service: &'static str,
        /// What was damaged.
        what: &'static str,
    },
    /// A key that a log cannot use.
    #[error(
        "{service}: the key is of kind {kind}; a log needs an asymmetric signing key, {wanted}"
    )]
    Kind {
        /// The service.
        service: &'static str,
        /// Its kind.
        kind: String,
        /// The kinds that can be used.
        wanted: &'static str,
    },
    /// The service's answer is not a public key.
    #[error("{service}: the public key cannot be used")]
    PublicKey {
        /// The service.
        service: &'static str,
        /// The reason.
        #[source]
        source: KeyError,
    },
}

impl KmsError {
    /// Whether the same request may succeed in a moment.
    fn may_pass(&self) -> bool {
        match self {
            Self::Refused { may_pass, .. } => *may_pass,
            Self::NoAnswer { .. } | Self::Damaged { .. } | Self::Credentials { .. } => true,
            _ => false,
        }
    }
}

/// The log's verifier key, with the public key of a service.
fn verifier_key(
    service: &'static str,
    spki: &[u8],
    origin: &Origin,
) -> Result<VerifierKey, KmsError> {
    PublicKey::from_spki_der(spki)
        .and_then(|key| VerifierKey::new(origin.key_name(), key))
        .map_err(|source| KmsError::PublicKey { service, source })
}

/// Refuses an address where others could listen.
fn check_endpoint(url: &str) -> Result<(), KmsError> {
    let refuse = || KmsError::Endpoint(url.chars().take(200).collect());
    let parsed: reqwest::Url = url.parse().map_err(|_| refuse())?;
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if egress::is_loopback(&parsed) => Ok(()),
        _ => Err(refuse()),
    }
}

/// An error with its causes, on one line of bounded length.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    brief(&text)
}

/// The beginning of a service's message, on one line.
fn brief(text: &str) -> String {
    let on_one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    on_one_line.take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_could_listen_in_on() {
        for good in
            ["https://kms.example", "http://127.0.0.1:9", "http://localhost/", "http://[::1]:1"]
        {
            assert!(check_endpoint(good).is_ok(), "{good}");
        }
        for bad in
            ["http://kms.example", "kms.example", "", "ftp://localhost", "http://127.0.0.1.example"]
        {
            assert!(matches!(check_endpoint(bad), Err(KmsError::Endpoint(_))), "{bad}");
        }
    }
}
