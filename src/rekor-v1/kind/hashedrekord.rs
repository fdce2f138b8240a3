//! `hashedrekord` 0.0.1: one signature over the digest of one artifact.
//!
//! Taken are the algorithms that Rekor takes by default, which are those of [`SigningAlgorithm`]:
//! ECDSA on P-256, P-384 and P-521, each with its own hash, RSA PKCS #1 v1.5 of 2048, 3072 and 4096
//! bits with SHA-256, and Ed25519ph. ECDSA signatures can be in DER or two numbers side by side;
//! they are kept as they are. Chains of certificates must be chains.
//!
//! The canonical form keeps the digits of the digest in the case in which they are sent.
//!
//! [`SigningAlgorithm`]: fasti_x509::SigningAlgorithm

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::{ArtifactDigest, HashAlgorithm};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::stated_hash::{StatedHash, stated_hash};
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::x509::Key;

/// The hashes, by the names that they have in a proposal.
pub(super) const HASHES: [(&str, HashAlgorithm); 3] = [
    ("sha256", HashAlgorithm::Sha256),
    ("sha384", HashAlgorithm::Sha384),
    ("sha512", HashAlgorithm::Sha512),
];

pub(super) fn accept(spec: &Object<'_>, _: &Setting) -> Result<Draft, KindError> {
    let signature = spec.object("signature");
    let key = signature.as_ref().and_then(|signature| signature.object("publicKey"));
    let content = match &signature {
        Some(signature) => signature.bytes("content", "signature content")?,
        None => None,
    };
    let pem = match &key {
        Some(key) => key.bytes("content", "public key content")?,
        None => None,
    };
    // Data without a hash is as good as none.
    let data = spec.object("data");
    let names = HASHES.map(|(name, _)| name);
    let hash = data.map(|data| stated_hash(&data, "hash", "data.data.hash.data.hash", &names));
    let hash = hash.transpose()?.flatten().ok_or_else(|| required("data"))?;
    if signature.is_none() {
        return Err(required("signature"));
    }
    if key.is_none() {
        return Err(invalid("missing public key"));
    }
    let key = Key::parse(&pem.unwrap_or_default())?;
    let digest = digest(&hash)?;
    let content = content.unwrap_or_default();
    let verified = if content.is_empty() {
        Err(invalid("X509 signature has not been initialized"))
    } else {
        key.check_chain().and_then(|()| key.verify_digest(&digest, &content))
    };
    verified.map_err(|error| match error {
        KindError::Algorithm => error,
        error => invalid(format!("verifying signature: {error}")),
    })?;
    let mut index_keys = key.subjects();
    index_keys.push(hex::encode(Sha256::digest(key.canonical())));
    index_keys.push(format!("{}:{}", hash.algorithm, hash.value));
    Ok(Draft {
        spec: json!({
            "data": { "hash": { "algorithm": hash.algorithm, "value": hash.value } },
            "signature": {
                "content": STANDARD.encode(content),
                "publicKey": { "content": STANDARD.encode(key.canonical()) },
            },
        }),
        signers: vec![key.signer()],
        index_keys,
        attestation: None,
    })
}

fn digest(hash: &StatedHash<'_>) -> Result<ArtifactDigest, KindError> {
    let wrong = || invalid("invalid value for hash");
    let named = HASHES.into_iter().find(|(name, _)| *name == hash.algorithm);
    let (_, algorithm) = named.ok_or_else(wrong)?;
    if hash.value.len() != 2 * algorithm.digest_len() {
        return Err(wrong());
    }
    let bytes = hex::decode(&*hash.value).map_err(|error| match error {
        hex::FromHexError::InvalidHexCharacter { c, .. } if c.is_ascii_graphic() => {
            invalid(format!("encoding/hex: invalid byte: U+{:04X} '{c}'", u32::from(c)))
        }
        _ => wrong(),
    })?;
    ArtifactDigest::new(algorithm, &bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
