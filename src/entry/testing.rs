//! Submissions of signers of every admitted algorithm, for the tests of this crate.

use std::ops::Deref;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub(super) use fasti_kit::certificates::ARTIFACT;
use fasti_kit::certificates::{Signer as Keys, email};
use serde_json::{Value, json};

use super::canonical::CanonicalEntry;
use super::error::EntryError;
use super::kind::Submission;
use super::pki::KeyMaterial;
use super::{ArtifactDigest, SigningAlgorithm, pae};

/// A key pair of an admitted kind, with the requests that it makes.
pub(super) struct Signer {
    pub(super) algorithm: SigningAlgorithm,
    keys: Keys,
}

impl Deref for Signer {
    type Target = Keys;

    fn deref(&self) -> &Keys {
        &self.keys
    }
}

impl Signer {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Self {
        Self { algorithm, keys: Keys::generate(algorithm.key_details().name()) }
    }

    /// One signer per algorithm, created once because RSA keys are slow to generate.
    pub(super) fn of(algorithm: SigningAlgorithm) -> &'static Self {
        static SIGNERS: [OnceLock<Signer>; 7] = [const { OnceLock::new() }; 7];
        SIGNERS[algorithm as usize].get_or_init(|| Self::generate(algorithm))
    }

    /// The digest of a message that it would sign.
    pub(super) fn digest(&self, message: &[u8]) -> ArtifactDigest {
        ArtifactDigest::of(self.algorithm.hash(), message)
    }

    pub(super) fn public_key(&self) -> KeyMaterial {
        KeyMaterial::PublicKey(self.spki.clone())
    }

    pub(super) fn certificate(&self) -> KeyMaterial {
        let names = vec![email("dev@example.com")];
        KeyMaterial::Certificate(self.certificate_with(names, Vec::new()))
    }

    /// A request to log this key's signature over [`ARTIFACT`].
    pub(super) fn request(&self, material: &KeyMaterial) -> Value {
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(self.digest(ARTIFACT).as_bytes()),
            "signature": {
                "content": STANDARD.encode(self.sign(ARTIFACT)),
                "verifier": verifier(self.algorithm, material),
            },
        }})
    }

    /// A request to log an envelope with this key's signature.
    pub(super) fn dsse_request(&self, material: &KeyMaterial) -> Value {
        json!({"dsseRequestV002": {
            "envelope": {
                "payload": STANDARD.encode(ARTIFACT),
                "payloadType": "text/plain",
                "signatures": [{"sig": STANDARD.encode(self.sign(&pae("text/plain", ARTIFACT))), "keyid": ""}],
            },
            "verifiers": [verifier(self.algorithm, material)],
        }})
    }
}

pub(super) fn verifier(algorithm: SigningAlgorithm, material: &KeyMaterial) -> Value {
    json!({
        material.field(): {"rawBytes": STANDARD.encode(material.der())},
        "keyDetails": algorithm.key_details().name(),
    })
}

pub(super) fn admit(request: &Value) -> Result<CanonicalEntry, EntryError> {
    admit_text(&request.to_string())
}

pub(super) fn admit_text(request: &str) -> Result<CanonicalEntry, EntryError> {
    Submission::parse(request.as_bytes())?.verify()
}

/// A copy of the JSON with the value at `pointer` replaced.
pub(super) fn with(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    json
}
