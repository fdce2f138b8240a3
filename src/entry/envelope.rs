//! A signed envelope (github.com/secure-systems-lab/dsse, protocol v1), as bundles and requests
//! hold it.

use fasti_x509::{ArtifactDigest, HashAlgorithm};

use super::error::EntryError;
use super::json::Value;
use super::pae::pae_digest;
use super::protojson::{Unknown, fields, optional, repeated, required};

/// The maximum number of signatures in an envelope.
pub(super) const SIGNATURES_MAX: usize = 10;

/// A signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseSignature {
    /// The raw signature.
    pub sig: Vec<u8>,
    /// The signer's hint about which key to use; often empty.
    pub keyid: String,
}

/// `io.intoto.Envelope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseEnvelope {
    /// The signed content, e.g. an in-toto statement; can be empty.
    pub payload: Vec<u8>,
    /// The payload's media type, signed along with it; empty if the signer gave none.
    pub payload_type: String,
    /// At least one and at most ten.
    pub signatures: Vec<DsseSignature>,
}

impl DsseEnvelope {
    /// The digest of the bytes that the signatures cover.
    pub fn pae_digest(&self, algorithm: HashAlgorithm) -> ArtifactDigest {
        pae_digest(algorithm, &self.payload_type, &self.payload)
    }

    pub(super) fn from_json(value: Value<'_>, unknown: Unknown) -> Result<Self, EntryError> {
        let [payload, payload_type, signatures] =
            fields(value, ["payload", "payloadType", "signatures"], unknown)?;
        // Both can be empty, and clients omit empty fields. The signatures cover them as they are.
        let payload = optional(payload, "payload", Value::bytes)?.unwrap_or_default();
        let payload_type =
            optional(payload_type, "payloadType", Value::string)?.unwrap_or_default();
        let signatures = repeated(signatures, "signatures", SIGNATURES_MAX, |value| {
            DsseSignature::from_json(value, unknown)
        })?;
        if signatures.is_empty() {
            return Err(EntryError::Missing { expected: "a signature" }.within("signatures"));
        }
        Ok(Self { payload, payload_type, signatures })
    }
}

impl DsseSignature {
    fn from_json(value: Value<'_>, unknown: Unknown) -> Result<Self, EntryError> {
        let [sig, keyid] = fields(value, ["sig", "keyid"], unknown)?;
        let sig = required(sig, "sig", "the signature in base64", Value::nonempty_bytes)?;
        let keyid = optional(keyid, "keyid", Value::string)?.unwrap_or_default();
        Ok(Self { sig, keyid })
    }
}
