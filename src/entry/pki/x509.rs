//! What verifies a signature: a public key or a certificate, and the name of the algorithm
//! (`dev.sigstore.rekor.v2.Verifier`).

use fasti_x509::{Certificate, KeyDetails, PublicKey, X509, pem};

use crate::error::EntryError;
use crate::json::Value;
use crate::protojson::{Unknown, fields, key_details, optional, required};

/// DER bytes as submitted, not yet parsed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyMaterial {
    /// A `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
    /// An X.509 certificate.
    Certificate(Vec<u8>),
}

impl KeyMaterial {
    /// The DER bytes, whichever structure they are.
    pub fn der(&self) -> &[u8] {
        match self {
            Self::PublicKey(der) | Self::Certificate(der) => der,
        }
    }

    /// The field's name in the JSON.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::PublicKey(_) => PUBLIC_KEY,
            Self::Certificate(_) => CERTIFICATE,
        }
    }

    /// Rejects material that is too large. `names` counts the names of all certificates so far.
    pub(crate) fn expect_modest(&self, names: &mut usize) -> Result<(), EntryError> {
        match self {
            Self::PublicKey(_) => Ok(()),
            Self::Certificate(der) => {
                expect_modest(der, names).map_err(|e| e.within(RAW_BYTES).within(self.field()))
            }
        }
    }

    /// The public key in it.
    pub fn public_key(&self) -> Result<PublicKey, EntryError> {
        match self {
            Self::PublicKey(der) => PublicKey::from_spki_der(der),
            Self::Certificate(der) => Certificate::from_der(der).map(Certificate::into_public_key),
        }
        .map_err(|e| EntryError::from(e).within(RAW_BYTES).within(self.field()))
    }

    /// The public key or certificate in the first PEM block of `text`, as entries of Rekor v1 hold
    /// it; `None` if the block holds anything else. The chain after it says nothing about the
    /// signer.
    pub(crate) fn first_in_pem(text: &[u8]) -> Option<Self> {
        std::str::from_utf8(text).ok()?;
        let block = pem::blocks(text).next()?;
        let material = match block.label()? {
            "PUBLIC KEY" => Self::PublicKey,
            "CERTIFICATE" => Self::Certificate,
            _ => return None,
        };
        block.content_to_any_end().map(material)
    }
}

/// Maximum size in bytes of a certificate that a log accepts: several times the size of the
/// certificates that authorities issue to signers.
pub const CERTIFICATE_BYTES_MAX: usize = 16 << 10;
/// Maximum number of subject alternative names that a log accepts in all certificates of an entry
/// together. Fulcio's certificates have one; a server's may have a hundred.
pub const NAMES_MAX: usize = 100;

/// Rejects a certificate that is larger than a log accepts, or that brings the total number of
/// names over [`NAMES_MAX`]. `names` is the count so far; this certificate's names are added to it.
fn expect_modest(der: &[u8], names: &mut usize) -> Result<(), EntryError> {
    let found = der.len();
    if found > CERTIFICATE_BYTES_MAX {
        return Err(EntryError::LongCertificate { found, limit: CERTIFICATE_BYTES_MAX });
    }
    *names += X509::from_der(der)?.names().len();
    if *names > NAMES_MAX {
        return Err(EntryError::TooManyNames { found: *names, limit: NAMES_MAX });
    }
    Ok(())
}

/// A verifier as submitted or stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verifier {
    /// The algorithm's name.
    pub key_details: KeyDetails,
    /// The key or certificate.
    pub material: KeyMaterial,
}

/// A signature with its verifier (`dev.sigstore.rekor.v2.Signature`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifiableSignature {
    /// The raw signature.
    pub content: Vec<u8>,
    /// The key or certificate.
    pub verifier: Verifier,
}

const PUBLIC_KEY: &str = "publicKey";
const CERTIFICATE: &str = "x509Certificate";
const KEY_DETAILS: &str = "keyDetails";
const RAW_BYTES: &str = "rawBytes";

impl Verifier {
    /// The verifier for this key material, with the one algorithm name that fits its key.
    pub fn new(material: KeyMaterial) -> Result<Self, EntryError> {
        let key_details = material.public_key()?.algorithm().key_details();
        Ok(Self { key_details, material })
    }

    /// The key, after checking that `key_details` names its algorithm.
    pub fn public_key(&self) -> Result<PublicKey, EntryError> {
        let claimed =
            self.key_details.algorithm().map_err(|e| EntryError::from(e).within(KEY_DETAILS))?;
        let key = self.material.public_key()?;
        if key.algorithm() != claimed {
            let mismatch = EntryError::KeyMismatch {
                claimed: self.key_details.name(),
                actual: key.algorithm(),
            };
            return Err(mismatch.within(KEY_DETAILS));
        }
        Ok(key)
    }

    pub(crate) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let [key, certificate, details] =
            fields(value, [PUBLIC_KEY, CERTIFICATE, KEY_DETAILS], Unknown::Refuse)?;
        let material = match (
            optional(key, PUBLIC_KEY, raw_bytes)?,
            optional(certificate, CERTIFICATE, raw_bytes)?,
        ) {
            (Some(der), None) => KeyMaterial::PublicKey(der),
            (None, Some(der)) => KeyMaterial::Certificate(der),
            (None, None) => {
                return Err(EntryError::Missing { expected: "publicKey or x509Certificate" });
            }
            (Some(_), Some(_)) => {
                return Err(EntryError::Conflict { first: PUBLIC_KEY, second: CERTIFICATE });
            }
        };
        let key_details =
            required(details, KEY_DETAILS, "the name of the signing algorithm", |value| {
                value.enumeration(key_details)
            })?;
        Ok(Self { key_details, material })
    }
}

impl VerifiableSignature {
    pub(crate) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let [content, verifier] = fields(value, ["content", "verifier"], Unknown::Refuse)?;
        let content =
            required(content, "content", "the signature in base64", Value::nonempty_bytes)?;
        let verifier =
            required(verifier, "verifier", "a public key or certificate", Verifier::from_json)?;
        Ok(Self { content, verifier })
    }
}

/// Rekor's `PublicKey` and `X509Certificate` both have this one field.
fn raw_bytes(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    let [bytes] = fields(value, [RAW_BYTES], Unknown::Refuse)?;
    required(bytes, RAW_BYTES, "base64 of DER", Value::nonempty_bytes)
}
