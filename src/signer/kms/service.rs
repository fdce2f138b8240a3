//! What every key service has in common: limits of time, safe addresses, short messages.

use std::error::Error;
use std::time::Duration;

use fasti_seams::causes::with_causes;
use fasti_seams::egress;
use tiles_spec::{Origin, PublicKey, VerifierKey};

use crate::kms_error::KmsError;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for a request, including its answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// How many characters of a service's own message are kept.
const MESSAGE_CHARS_MAX: usize = 400;

/// The log's verifier key, with the public key of a service.
pub(super) fn verifier_key(
    service: &'static str,
    spki: &[u8],
    origin: &Origin,
) -> Result<VerifierKey, KmsError> {
    PublicKey::from_spki_der(spki)
        .and_then(|key| VerifierKey::new(origin.key_name(), key))
        .map_err(|source| KmsError::PublicKey { service, source })
}

/// Refuses an address where others could listen.
pub(super) fn check_endpoint(url: &str) -> Result<(), KmsError> {
    let refuse = || KmsError::Endpoint(url.chars().take(200).collect());
    let parsed: reqwest::Url = url.parse().map_err(|_| refuse())?;
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if egress::is_loopback(&parsed) => Ok(()),
        _ => Err(refuse()),
    }
}

/// An error with its causes, on one line of bounded length.
pub(super) fn brief_causes(error: &dyn Error) -> String {
    brief(&with_causes(error))
}

/// The beginning of a service's message, on one line.
pub(super) fn brief(text: &str) -> String {
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
