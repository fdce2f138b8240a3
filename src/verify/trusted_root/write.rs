//! The trusted root of one log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{PublicKey, SigningAlgorithm};
use serde::Serialize;
use tiles_spec::VerifierKey;

use super::super::span::Span;
use super::super::v1_log::log_id;
use super::error::TrustedRootError;
use super::json::{ECDSA_P256, ED25519, MEDIA_TYPE};

/// A key by which clients know a log.
#[derive(Clone, Debug)]
pub enum LogKey {
    /// The log's own, which signs its checkpoints.
    Own(VerifierKey),
    /// One that signs for clients of Rekor v1. It can be the log's own.
    RekorV1(PublicKey),
}

/// Writes the trusted root of one log, whose keys were in use in `span`. A key of ECDSA has one ID
/// for both of Rekor's APIs, and is named once; one of Ed25519 has two.
pub fn write(keys: &[LogKey], base_url: &str, span: &Span) -> Result<String, TrustedRootError> {
    span.window().map_err(|source| TrustedRootError::Window { of: base_url.to_owned(), source })?;
    let mut tlogs: Vec<LogInstance<'_>> = Vec::new();
    for key in keys {
        let log_id = LogId { key_id: STANDARD.encode(key.log_id()) };
        if tlogs.iter().any(|known| known.log_id == log_id) {
            continue;
        }
        tlogs.push(LogInstance {
            base_url,
            hash_algorithm: "SHA2_256",
            public_key: InstanceKey {
                raw_bytes: STANDARD.encode(key.spki()?),
                key_details: key.details(),
                valid_for: (*span != Span::default()).then_some(span),
            },
            log_id,
        });
    }
    let root = Root { media_type: MEDIA_TYPE, tlogs, certificate_authorities: [], ctlogs: [] };
    Ok(serde_json::to_string_pretty(&root)?)
}

impl LogKey {
    /// The log's ID for clients that know it by this key. Those of Rekor v1 know it by the key
    /// alone, the others by its name too.
    fn log_id(&self) -> [u8; 32] {
        match self {
            Self::Own(key) => key.log_id(),
            Self::RekorV1(key) => log_id(key.spki_der()),
        }
    }

    fn spki(&self) -> Result<Vec<u8>, TrustedRootError> {
        match self {
            Self::Own(key) => {
                let spki = key.public_key().to_spki_der();
                spki.ok_or_else(|| TrustedRootError::Witness(key.clone().into()))
            }
            Self::RekorV1(key) => Ok(key.spki_der().to_vec()),
        }
    }

    /// The name in `PublicKeyDetails`.
    fn details(&self) -> &'static str {
        match self {
            Self::Own(key) => match key.public_key() {
                tiles_spec::PublicKey::EcdsaP256(_) => ECDSA_P256,
                _ => ED25519,
            },
            Self::RekorV1(key) => match key.algorithm() {
                // Logs sign the text itself.
                SigningAlgorithm::Ed25519ph => ED25519,
                algorithm => algorithm.key_details().name(),
            },
        }
    }
}

/// The last two lists are empty: sigstore-python refuses a root that has neither.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    media_type: &'a str,
    tlogs: Vec<LogInstance<'a>>,
    certificate_authorities: [(); 0],
    ctlogs: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogInstance<'a> {
    base_url: &'a str,
    hash_algorithm: &'a str,
    public_key: InstanceKey<'a>,
    log_id: LogId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstanceKey<'a> {
    raw_bytes: String,
    key_details: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<&'a Span>,
}

#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}
