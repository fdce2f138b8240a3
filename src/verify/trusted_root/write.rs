//! The trusted root of one log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tiles_spec::{PublicKey, VerifierKey};

use super::super::span::Span;
use super::error::TrustedRootError;
use super::json::{ECDSA_P256, ED25519, MEDIA_TYPE};

/// Writes the trusted root of one log, whose key was in use in `span`.
pub fn write(key: &VerifierKey, base_url: &str, span: &Span) -> Result<String, TrustedRootError> {
    span.window().map_err(|source| TrustedRootError::Window { of: base_url.to_owned(), source })?;
    let details = match key.public_key() {
        PublicKey::EcdsaP256(_) => ECDSA_P256,
        _ => ED25519,
    };
    let spki = key.public_key().to_spki_der();
    let spki = spki.ok_or_else(|| TrustedRootError::Witness(key.clone().into()))?;
    let root = Root {
        media_type: MEDIA_TYPE,
        tlogs: [LogInstance {
            base_url,
            hash_algorithm: "SHA2_256",
            public_key: LogKey {
                raw_bytes: STANDARD.encode(spki),
                key_details: details,
                valid_for: (*span != Span::default()).then_some(span),
            },
            log_id: LogId { key_id: STANDARD.encode(key.log_id()) },
        }],
        certificate_authorities: [],
        ctlogs: [],
    };
    Ok(serde_json::to_string_pretty(&root)?)
}

/// The last two lists are empty: sigstore-python refuses a root that has neither.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    media_type: &'a str,
    tlogs: [LogInstance<'a>; 1],
    certificate_authorities: [(); 0],
    ctlogs: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogInstance<'a> {
    base_url: &'a str,
    hash_algorithm: &'a str,
    public_key: LogKey<'a>,
    log_id: LogId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogKey<'a> {
    raw_bytes: String,
    key_details: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<&'a Span>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}
