//! A public key in SSH's own encoding (RFC 4253, section 6.6, RFC 5656, RFC 8709), or a certificate
//! for one (PROTOCOL.certkeys of OpenSSH), and the signatures that it makes. Keys on hardware
//! tokens (PROTOCOL.u2f of OpenSSH) are taken, too; someone must have touched the token.
//!
//! A certificate stands for its key: neither its dates nor its issuer are looked at.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as RSA_SHA256,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY as RSA_SHA512, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use fasti_entry::excerpt;
use sha2::{Digest as _, Sha256};

use crate::error::{KindError, invalid};
use crate::pki::ssh_wire::Fields;
use crate::pki::{ecdsa, ed25519};

/// What certificates' types end in.
const CERTIFICATE: &str = "-cert-v01@openssh.com";
/// The flag of a signature by a token that someone touched.
const TOUCHED: u8 = 1;
/// The most characters of a type in a message.
const TYPE_CHARS_MAX: usize = 48;

const MISMATCH: &str = "ssh: signature did not verify";

/// A key or a certificate.
#[derive(Debug)]
pub(crate) struct PublicKey {
    /// The type of the key, or of the certificate.
    name: String,
    encoded: Vec<u8>,
    numbers: Numbers,
    /// What a token's keys are for.
    application: Option<Vec<u8>>,
}

/// The numbers of a key.
#[derive(Debug)]
enum Numbers {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ecdsa(Curve, Vec<u8>),
    Ed25519([u8; 32]),
}

#[derive(Clone, Copy, Debug)]
enum Curve {
    P256,
    P384,
    P521,
}

/// A signature of any type, unverified.
#[derive(Debug)]
pub(crate) struct RawSignature {
    name: Vec<u8>,
    bytes: Vec<u8>,
    /// What a token says beside it.
    rest: Vec<u8>,
}

impl RawSignature {
    /// Reads SSH's encoding.
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        let mut fields = Fields(encoded);
        let (name, bytes) = (fields.string()?.to_vec(), fields.string()?.to_vec());
        Some(Self { name, bytes, rest: fields.0.to_vec() })
    }
}

impl PublicKey {
    /// Reads SSH's encoding; `None` if it is malformed or of an unknown type.
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        let mut fields = Fields(encoded);
        let name = std::str::from_utf8(fields.string()?).ok()?;
        let kind = name.strip_suffix(CERTIFICATE);
        if kind.is_some() {
            // A nonce.
            fields.string()?;
        }
        let kind = kind.or_else(|| name.strip_suffix("@openssh.com")).unwrap_or(name);
        let numbers = numbers(kind, &mut fields)?;
        let is_on_token = kind.starts_with("sk-");
        let application = if is_on_token { Some(fields.string()?.to_vec()) } else { None };
        if name.ends_with(CERTIFICATE) {
            skip_certificate(&mut fields)?;
        } else if is_on_token != name.ends_with("@openssh.com") {
            return None;
        }
        fields.end()?;
        Some(Self { name: name.to_owned(), encoded: encoded.to_vec(), numbers, application })
    }

    /// The type of the key, or of the certificate.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SSH's encoding.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Verifies that a signature is over this message.
    pub fn verify(&self, message: &[u8], signature: &RawSignature) -> Result<(), KindError> {
        let expected = self.signature_names();
        if !expected.iter().any(|name| name.as_bytes() == signature.name) {
            let found = excerpt(&String::from_utf8_lossy(&signature.name), TYPE_CHARS_MAX);
            let kind = self.key_name();
            return Err(invalid(format!("ssh: signature type {found} for key type {kind}")));
        }
        let made = match &self.application {
            None if signature.rest.is_empty() => self.made(message, signature),
            None => None,
            Some(application) => {
                self.made(&token_message(application, message, signature)?, signature)
            }
        };
        made.filter(|made| *made).map(drop).ok_or_else(|| invalid(MISMATCH))
    }

    /// The type of the key, even in a certificate.
    fn key_name(&self) -> String {
        match self.name.strip_suffix(CERTIFICATE) {
            Some(kind) if self.application.is_some() => format!("{kind}@openssh.com"),
            Some(kind) => kind.to_owned(),
            None => self.name.clone(),
        }
    }

    /// The types of the signatures that it makes.
    fn signature_names(&self) -> Vec<String> {
        match self.numbers {
            Numbers::Rsa { .. } => ["rsa-sha2-256", "rsa-sha2-512"].map(str::to_owned).to_vec(),
            _ => vec![self.key_name()],
        }
    }

    /// Whether a signature is over this message; `None` if it is malformed.
    fn made(&self, message: &[u8], signature: &RawSignature) -> Option<bool> {
        let bytes = &signature.bytes;
        Some(match &self.numbers {
            Numbers::Rsa { modulus, exponent } => {
                // Some signers leave out zeros at the beginning.
                let missing = modulus.len().checked_sub(bytes.len())?;
                let padded = [&vec![0; missing][..], bytes].concat();
                let hash =
                    if signature.name == b"rsa-sha2-256" { &RSA_SHA256 } else { &RSA_SHA512 };
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(hash, message, &padded).is_ok()
            }
            Numbers::Ecdsa(curve, point) => {
                let mut fields = Fields(bytes);
                let (r, s) = (fields.mpint()?, fields.mpint()?);
                fields.end()?;
                let algorithm: &'static dyn VerificationAlgorithm = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_ASN1,
                    Curve::P384 => &ECDSA_P384_SHA384_ASN1,
                    Curve::P521 => &ECDSA_P521_SHA512_ASN1,
                };
                let key = UnparsedPublicKey::new(algorithm, point);
                key.verify(message, &ecdsa::of_numbers(r, s)).is_ok()
            }
            Numbers::Ed25519(key) => ed25519::made(key, message, bytes),
        })
    }
}

/// The numbers of a key of this type.
fn numbers(kind: &str, fields: &mut Fields<'_>) -> Option<Numbers> {
    let on_curve = |fields: &mut Fields<'_>, name: &[u8], curve, length| {
        let (found, point) = (fields.string()?, fields.string()?);
        let is_whole = point.len() == length && point.first() == Some(&4);
        (found == name && is_whole).then(|| Numbers::Ecdsa(curve, point.to_vec()))
    };
    match kind {
        "ssh-rsa" => {
            let (exponent, modulus) = (fields.mpint()?.to_vec(), fields.mpint()?.to_vec());
            Some(Numbers::Rsa { modulus, exponent })
        }
        "ecdsa-sha2-nistp256" | "sk-ecdsa-sha2-nistp256" => {
            on_curve(fields, b"nistp256", Curve::P256, 65)
        }
        "ecdsa-sha2-nistp384" => on_curve(fields, b"nistp384", Curve::P384, 97),
        "ecdsa-sha2-nistp521" => on_curve(fields, b"nistp521", Curve::P521, 133),
        "ssh-ed25519" | "sk-ssh-ed25519" => {
            Some(Numbers::Ed25519(fields.string()?.try_into().ok()?))
        }
        _ => None,
    }
}

/// Reads past what a certificate has after its key.
fn skip_certificate(fields: &mut Fields<'_>) -> Option<()> {
    // Serial number and kind.
    fields.take(8 + 4)?;
    // Its ID, and the names of its owner.
    fields.string()?;
    let mut principals = Fields(fields.string()?);
    while !principals.0.is_empty() {
        principals.string()?;
    }
    // From when and until when.
    fields.take(8 + 8)?;
    for _ in 0..2 {
        // Critical options, and extensions: names and values.
        let mut options = Fields(fields.string()?);
        while !options.0.is_empty() {
            options.string().and(options.string())?;
        }
    }
    // What is reserved, the issuer's key, and its signature.
    fields.string()?;
    fields.string()?;
    RawSignature::parse(fields.string()?).map(drop)
}

/// What a token signs instead of a message.
fn token_message(
    application: &[u8],
    message: &[u8],
    signature: &RawSignature,
) -> Result<Vec<u8>, KindError> {
    // After the flags a counter.
    let [flags, _, _, _, _] = signature.rest[..] else { return Err(invalid(MISMATCH)) };
    if flags & TOUCHED == 0 {
        return Err(invalid("ssh: nobody touched the token that signed"));
    }
    let (application, message) = (Sha256::digest(application), Sha256::digest(message));
    Ok([&application[..], &signature.rest, &message].concat())
}
