//! `cose` 0.0.1: a COSE message with one signer (`COSE_Sign1`, RFC 9052), and the data beside it
//! that was signed as well (`aad`), which is not kept.
//!
//! Taken are ES256 with P-256 and PS256 with RSA keys of 2048 bits or more. The message must name
//! the algorithm, unless there is `aad`. Its payload must be in it. A chain of certificates is not
//! checked.
//!
//! The canonical form has hashes of message and payload, and the key. The message is kept beside
//! the entry, up to a size.

mod message;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{Attestation, excerpt};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::stated_hash::{StatedHash, stated_hash};
use super::statement;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::x509::{Key, Scheme};
use message::{Algorithm, ContentType, Message};

/// Names of algorithms that are not taken, by their numbers (RFC 9053).
const OTHERS: [(i128, &str); 6] = [
    (-8, "EdDSA"),
    (-35, "ES384"),
    (-36, "ES512"),
    (-38, "PS384"),
    (-39, "PS512"),
    (-47, "ES256K"),
];
/// The most characters of an algorithm's name in a message.
const NAME_CHARS_MAX: usize = 32;

/// An algorithm that is taken.
#[derive(Clone, Copy)]
struct Verifying {
    name: &'static str,
    number: i128,
    algorithm: &'static dyn VerificationAlgorithm,
}

const ES256: Verifying =
    Verifying { name: "ES256", number: -7, algorithm: &ECDSA_P256_SHA256_FIXED };
const PS256: Verifying =
    Verifying { name: "PS256", number: -37, algorithm: &RSA_PSS_2048_8192_SHA256 };

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let encoded = spec.bytes("message", "message")?;
    let key = spec.bytes("publicKey", "publicKey")?;
    let data = spec.object("data");
    let aad = match &data {
        Some(data) => data.bytes("aad", "aad")?.unwrap_or_default(),
        None => Vec::new(),
    };
    let stated = data.as_ref().map(stated_hashes).transpose()?.flatten();
    let key = Key::parse(&key.ok_or_else(|| required("publicKey"))?)?;
    let Some(encoded) = encoded else {
        let unknown = invalid("envelope hash should have been previously computed");
        let missing = KindError::NotInsertable("missing COSE Sign1 message");
        return Err(if stated.is_some() { missing } else { unknown });
    };
    let verifying = verifying(key.scheme()?)?;
    let message = Message::parse(&encoded)?;
    if data.is_none() {
        return Err(invalid("cose object data cannot be nil"));
    }
    expect_algorithm(&message, verifying, !aad.is_empty())?;
    UnparsedPublicKey::new(verifying.algorithm, key.bits())
        .verify(&message.signed(&aad), message.signature)
        .map_err(|_| invalid("verification error"))?;
    Ok(draft(&key, &message, &encoded, setting))
}

/// The hash of the message that a canonical entry states.
fn stated_hashes<'a>(data: &Object<'a>) -> Result<Option<StatedHash<'a>>, KindError> {
    let hash = |name: &str| {
        let path = format!("data.data.{name}.data.{name}");
        stated_hash(data, name, &path, &["sha256"])
    };
    let envelope = hash("envelopeHash")?;
    hash("payloadHash")?;
    Ok(envelope)
}

/// The algorithm that fits a key.
fn verifying(scheme: Scheme) -> Result<Verifying, KindError> {
    match scheme {
        Scheme::EcdsaP256 => Ok(ES256),
        Scheme::Rsa(2048..) => Ok(PS256),
        Scheme::Rsa(_) => Err(invalid("RSA key must be at least 2048 bits long")),
        Scheme::EcdsaP384 => Err(invalid("unsupported elliptic curve P-384")),
        Scheme::EcdsaP521 => Err(invalid("unsupported elliptic curve P-521")),
        Scheme::Ed25519 => Err(invalid("unsupported algorithm type Ed25519")),
    }
}

fn expect_algorithm(
    message: &Message<'_>,
    verifying: Verifying,
    has_aad: bool,
) -> Result<(), KindError> {
    let found = match message.algorithm {
        None if has_aad => return Ok(()),
        None => return Err(invalid("algorithm not found")),
        Some(Algorithm::Number(number)) if number == verifying.number => return Ok(()),
        Some(Algorithm::Number(number)) => {
            let known = OTHERS.into_iter().chain([ES256, PS256].map(|it| (it.number, it.name)));
            let known = known.into_iter().find(|(known, _)| *known == number);
            known.map_or_else(|| number.to_string(), |(_, name)| name.to_owned())
        }
        Some(Algorithm::Text(text)) => excerpt(text, NAME_CHARS_MAX),
    };
    Err(invalid(format!("algorithm mismatch: verifier {}: header {found}", verifying.name)))
}

fn draft(key: &Key, message: &Message<'_>, encoded: &[u8], setting: &Setting) -> Draft {
    let (envelope_hash, payload_hash) = (sha256(encoded), sha256(message.payload));
    let mut index_keys = vec![
        sha256(key.canonical()),
        format!("sha256:{envelope_hash}"),
        format!("sha256:{payload_hash}"),
    ];
    index_keys.extend(key.subjects());
    if message.content_type == Some(ContentType::Text(statement::PAYLOAD_TYPE)) {
        index_keys.extend(statement::subjects(message.payload));
    }
    let is_kept = encoded.len() <= setting.limits.attestation_bytes_max;
    Draft {
        spec: json!({
            "data": {
                "envelopeHash": { "algorithm": "sha256", "value": envelope_hash },
                "payloadHash": { "algorithm": "sha256", "value": payload_hash },
            },
            "publicKey": STANDARD.encode(key.canonical()),
        }),
        signers: vec![key.signer()],
        index_keys,
        attestation: is_kept.then(|| Attestation::new(encoded.to_vec())),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
