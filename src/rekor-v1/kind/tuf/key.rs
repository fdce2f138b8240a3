//! A key in a root of TUF: for Ed25519, ECDSA with SHA-256, or RSASSA-PSS with SHA-256.
//!
//! Old roots have points of P-256 in hexadecimal digits in place of PEM. The salt of RSASSA-PSS is
//! as long as the hash, or as long as it can be, as Go's library makes it. The schemes that a root
//! states mean nothing.

use fasti_entry::KeyMaterial;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Pss, RsaPublicKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::draft::Signer;
use crate::error::{KindError, invalid};
use crate::pki::x509::{self, Scheme};
use crate::pki::{ecdsa, ed25519, pem};

/// What comes before a point of P-256 in a `SubjectPublicKeyInfo`.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 3, 1, 7, 3, 0x42, 0,
];

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    key: x509::Key,
    /// Its `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
}

impl Key {
    /// Reads an element of a root's `keys`.
    pub fn read(value: &Value) -> Result<Self, KindError> {
        let malformed = || invalid("tuf: malformed key");
        let public = value["keyval"]["public"].as_str().ok_or_else(malformed)?;
        let spki = match value["keytype"].as_str() {
            Some("ed25519") => ed25519::spki(&point(public).ok_or_else(malformed)?),
            Some("ecdsa" | "ecdsa-sha2-nistp256") => in_pem(public)
                .or_else(|| Some([&P256[..], &point::<65>(public)?].concat()))
                .ok_or_else(malformed)?,
            Some("rsa") => in_pem(public).ok_or_else(malformed)?,
            _ => return Err(invalid("invalid key")),
        };
        let key = x509::Key::of_spki(&spki)?;
        let fits = match (value["keytype"].as_str(), key.scheme()?) {
            (Some("ed25519"), scheme) => scheme == Scheme::Ed25519,
            (Some("rsa"), scheme) => matches!(scheme, Scheme::Rsa(_)),
            (_, scheme) => !matches!(scheme, Scheme::Ed25519 | Scheme::Rsa(_)),
        };
        if fits { Ok(Self { key, spki }) } else { Err(malformed()) }
    }

    /// What tells it apart from others.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Who signs with it.
    pub fn signer(&self) -> Signer {
        Signer::X509(KeyMaterial::PublicKey(self.spki.clone()))
    }

    /// Whether it made this signature over a message.
    pub fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.key.scheme() {
            Ok(Scheme::Rsa(bits)) => made_with_pss(&self.spki, bits, message, signature),
            Ok(Scheme::Ed25519) => self.key.verify(message, signature).is_ok(),
            Ok(_) => ecdsa::is_der(signature) && self.key.verify(message, signature).is_ok(),
            Err(_) => false,
        }
    }
}

/// The bytes in hexadecimal digits.
fn point<const LENGTH: usize>(digits: &str) -> Option<[u8; LENGTH]> {
    hex::decode(digits).ok()?.try_into().ok()
}

fn in_pem(text: &str) -> Option<Vec<u8>> {
    pem::first(text.as_bytes()).filter(|block| block.label == b"PUBLIC KEY").map(|it| it.bytes)
}

fn made_with_pss(spki: &[u8], bits: usize, message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = RsaPublicKey::from_public_key_der(spki) else { return false };
    let digest = Sha256::digest(message);
    // What is encoded is a bit shorter than the modulus; the hash and two bytes are in it.
    let longest = (bits - 1).div_ceil(8).saturating_sub(digest.len() + 2);
    let mut salts = [digest.len(), longest].into_iter();
    salts.any(|salt| key.verify(Pss::new_with_salt::<Sha256>(salt), &digest, signature).is_ok())
}
