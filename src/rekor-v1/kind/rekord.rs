//! `rekord` 0.0.1: one signature over one artifact, which is sent along; with a key of any format.
//!
//! Unlike `hashedrekord`, this is for signatures over messages: with the format x509 ECDSA and RSA
//! sign with SHA-256, however large the key, and Ed25519 signs the artifact itself. Chains of
//! certificates must be chains.
//!
//! The artifact is not kept. Addresses in place of contents, which old clients sent, are ignored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::stated_hash::stated_hash;
use crate::draft::{Draft, Signer};
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::{minisign, ssh, x509};

const FORMATS: [&str; 4] = ["pgp", "minisign", "x509", "ssh"];

/// What is written in place of a signature and a key whose format has read and verified them.
struct Verified {
    signature: Vec<u8>,
    key: Vec<u8>,
    signer: Signer,
    subjects: Vec<String>,
}

/// What is proposed. Nothing is verified.
struct Proposed {
    format: &'static str,
    signature: Vec<u8>,
    key: Vec<u8>,
    artifact: Vec<u8>,
    /// The stated hash of the artifact, if there is one.
    hash: Option<String>,
}

pub(super) fn accept(spec: &Object<'_>, _: &Setting) -> Result<Draft, KindError> {
    let proposed = Proposed::read(spec)?;
    let hash = hex::encode(Sha256::digest(&proposed.artifact));
    if let Some(stated) = proposed.hash.as_ref().filter(|stated| **stated != hash) {
        return Err(KindError::ShaMismatch { computed: hash, stated: stated.clone() });
    }
    let verified = proposed.verify()?;
    let mut index_keys = verified.subjects;
    index_keys.push(hex::encode(Sha256::digest(&verified.key)));
    index_keys.push(format!("sha256:{hash}"));
    Ok(Draft {
        spec: json!({
            "data": { "hash": { "algorithm": "sha256", "value": hash } },
            "signature": {
                "content": STANDARD.encode(verified.signature),
                "format": proposed.format,
                "publicKey": { "content": STANDARD.encode(verified.key) },
            },
        }),
        signers: vec![verified.signer],
        index_keys,
        attestation: None,
    })
}

impl Proposed {
    fn read(spec: &Object<'_>) -> Result<Self, KindError> {
        let (signature, data) = (spec.object("signature"), spec.object("data"));
        let key = signature.as_ref().and_then(|signature| signature.object("publicKey"));
        let bytes = |object: &Option<Object<'_>>, what| match object {
            Some(object) => object.bytes("content", what),
            None => Ok(None),
        };
        let content = bytes(&signature, "signature content")?;
        let pem = bytes(&key, "signature publicKey content")?;
        let artifact = bytes(&data, "data content")?;
        let data = data.ok_or_else(|| required("data"))?;
        let hash = stated_hash(&data, "hash", "data.data.hash.data.hash", &["sha256"])?;
        let signature = signature.ok_or_else(|| required("signature"))?;
        let content = content.ok_or_else(|| required("signature.signature.content"))?;
        let format = signature.text("format");
        let format = format.ok_or_else(|| required("signature.signature.format"))?;
        let known = FORMATS.into_iter().find(|known| *known == format);
        let format = known.ok_or_else(|| KindError::Schema {
            path: "signature.signature.format".to_owned(),
            problem: format!("should be one of [{}]", FORMATS.join(" ")),
        })?;
        let path = "signature.signature.publicKey";
        key.ok_or_else(|| required(path))?;
        let key = pem
            .ok_or_else(|| required("signature.signature.publicKey.signature.publicKey.content"))?;
        let artifact = match (artifact, &hash) {
            (Some(artifact), _) => artifact,
            (None, None) => return Err(KindError::Content("data")),
            (None, Some(_)) => Vec::new(),
        };
        let hash = hash.map(|hash| hash.value.into_owned());
        let is_digest = |hash: &String| hash.len() == 64 && hex::decode(hash).is_ok();
        if !hash.as_ref().is_none_or(is_digest) {
            return Err(invalid("invalid value for hash"));
        }
        if artifact.is_empty() {
            return Err(KindError::NotInsertable("missing data content"));
        }
        Ok(Self { format, signature: content, key, artifact, hash })
    }

    fn verify(&self) -> Result<Verified, KindError> {
        match self.format {
            "x509" => self.verify_x509(),
            "minisign" => {
                let signature = minisign::Signature::parse(&self.signature)?;
                let key = minisign::Key::parse(&self.key)?;
                signature.verify(&key, &self.artifact)?;
                Ok(Verified::of(signature.canonical(), key.canonical(), Vec::new()))
            }
            "ssh" => {
                let signature = ssh::Signature::parse(&self.signature)?;
                let key = ssh::Key::parse(&self.key)?;
                signature.verify(&key, &self.artifact)?;
                Ok(Verified::of(signature.canonical(), key.canonical(), Vec::new()))
            }
            _ => self.verify_pgp(),
        }
    }

    fn verify_x509(&self) -> Result<Verified, KindError> {
        let key = x509::Key::parse(&self.key)?;
        key.check_chain()?;
        key.verify(&self.artifact, &self.signature)?;
        Ok(Verified {
            signature: self.signature.clone(),
            key: key.canonical().to_vec(),
            signer: key.signer(),
            subjects: key.subjects(),
        })
    }

    #[cfg(feature = "pgp")]
    fn verify_pgp(&self) -> Result<Verified, KindError> {
        use crate::pki::pgp;
        let signature = pgp::Signature::parse(&self.signature)?;
        let key = pgp::Key::parse(&self.key)?;
        signature.verify(&key, &self.artifact)?;
        Ok(Verified::of(signature.canonical(), key.canonical(), key.emails().to_vec()))
    }

    #[cfg(not(feature = "pgp"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    fn verify_pgp(&self) -> Result<Verified, KindError> {
        Err(KindError::LeftOut("the format pgp"))
    }
}

impl Verified {
    /// Of a format whose keys have no other form than their canonical one.
    fn of(signature: &[u8], key: &[u8], subjects: Vec<String>) -> Self {
        let signer = Signer::Other(key.to_vec());
        Self { signature: signature.to_vec(), key: key.to_vec(), signer, subjects }
    }
}

#[cfg(test)]
mod tests;
