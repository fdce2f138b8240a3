//! What verifies a signature: a public key or a certificate, and the name of the algorithm
//! (`dev.sigstore.rekor.v2.Verifier`).

use super::algorithm::KeyDetails;
use super::certificate::{self, Certificate};
use super::error::EntryError;
use super::json::Value;
use super::key::PublicKey;
use super::protojson::{Unknown, fields, optional, required};

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
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::PublicKey(_) => PUBLIC_KEY,
            Self::Certificate(_) => CERTIFICATE,
        }
    }

    /// Rejects material that is too large. `names` counts the names of all certificates so far.
    pub(super) fn expect_modest(&self, names: &mut usize) -> Result<(), EntryError> {
        match self {
            Self::PublicKey(_) => Ok(()),
            Self::Certificate(der) => certificate::expect_modest(der, names)
                .map_err(|e| e.within(RAW_BYTES).within(self.field())),
        }
    }

    /// The public key in it.
    pub fn public_key(&self) -> Result<PublicKey, EntryError> {
        match self {
            Self::PublicKey(der) => PublicKey::from_spki_der(der),
            Self::Certificate(der) => Certificate::from_der(der).map(Certificate::into_public_key),
        }
        .map_err(|e| e.within(RAW_BYTES).within(self.field()))
    }
}

/// A verifier as submitted or stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verifier {
    /// The algorithm's name.
    pub key_details: KeyDetails,
    /// The key or certificate.
    pub material: KeyMaterial,
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
        let claimed = self.key_details.algorithm().map_err(|e| e.within(KEY_DETAILS))?;
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

    pub(super) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
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
                value.enumeration(KeyDetails::from_wire)
            })?;
        Ok(Self { key_details, material })
    }
}

/// Rekor's `PublicKey` and `X509Certificate` both have this one field.
pub(super) fn raw_bytes(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    let [bytes] = fields(value, [RAW_BYTES], Unknown::Refuse)?;
    required(bytes, RAW_BYTES, "base64 of DER", Value::nonempty_bytes)
}
