//! Keys in key management services, which sign for us and never give them away.
//!
//! A service is asked for the public key once, when it is opened, and for each signature after that.
//! Every request is bounded in time, and what may pass is tried again a few times. A service that
//! goes on failing ends the term, not the log: recovery tries again.

mod aws;
mod gcp;

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use tiles_spec::{KeyError, Origin, PublicKey, VerifierKey};

pub use aws::AwsKmsSigner;
pub use gcp::GcpKmsSigner;

use crate::egress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// One request, its answer included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// Characters of a service's own words that are worth repeating.
const MESSAGE_CHARS_MAX: usize = 400;

/// Why a key service is of no use at the moment, or with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// An address that would show to others what is sent.
    #[error(
        "the key service's address {0:?} is not https://; http:// is for this machine alone (tests)"
    )]
    Endpoint(String),
    /// No region.
    #[error("no AWS region: name the key by its ARN, or set AWS_REGION or a profile")]
    NoRegion,
    /// No way to prove who we are.
    #[error("{service}: no credentials ({reason})")]
    Credentials {
        /// Which service.
        service: &'static str,
        /// What was tried.
        reason: String,
    },
    /// It said no.
    #[error("{service} refuses to {task}: {status}: {message}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// What it was asked to do.
        task: &'static str,
        /// Its status or error code.
        status: String,
        /// Its own words.
        message: String,
        /// Another attempt may be worth it.
        may_pass: bool,
    },
    /// It did not answer properly.
    #[error("{service} does not {task}: {reason}")]
    NoAnswer {
        /// Which service.
        service: &'static str,
        /// What it was asked to do.
        task: &'static str,
        /// What went wrong, with its causes.
        reason: String,
    },
    /// Question or answer was damaged on the way.
    #[error("{service}: {what} does not match its checksum")]
    Damaged {
        /// Which service.
        service: &'static str,
        /// What was damaged.
        what: &'static str,
    },
    /// A key that is of no use for a log.
    #[error(
        "{service}: the key is of the kind {kind}; a log needs an asymmetric signing key, {wanted}"
    )]
    Kind {
        /// Which service.
        service: &'static str,
        /// The kind that it is.
        kind: String,
        /// The kinds that would do.
        wanted: &'static str,
    },
    /// What it gave as the public key is none.
    #[error("{service}: the public key cannot be used")]
    PublicKey {
        /// Which service.
        service: &'static str,
        /// Why.
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

/// Refuses an address over which others could listen in.
fn check_endpoint(url: &str) -> Result<(), KmsError> {
    let refuse = || KmsError::Endpoint(url.chars().take(200).collect());
    let parsed: reqwest::Url = url.parse().map_err(|_| refuse())?;
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if egress::is_loopback(&parsed) => Ok(()),
        _ => Err(refuse()),
    }
}

/// An error with its causes, on one line and of bounded length.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    brief(&text)
}

/// The beginning of what a service has said, on one line.
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
