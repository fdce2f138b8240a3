//! The Sigstore bundle (`dev.sigstore.bundle.v1.Bundle`): a signature, what verifies it, and the
//! proof that it was logged, in one file that verifies offline.
//!
//! Written in version 0.3; read in 0.1, 0.2 and 0.3. Reading is tolerant of fields we do not know;
//! nothing is verified by it.
//!
//! Verifying that a log entry is about this very signature goes by rebuilding the leaf
//! ([`Bundle::rebuild_leaf`]) from what the verifier holds: the artifact, the signature, and the key
//! that it trusts or is about to judge. The leaf in the bundle is only compared with it. No detail
//! of the leaf is taken from the bundle's own copy, as key and algorithm determine each other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::HashAlgorithm;
use super::artifact::ArtifactDigest;
use super::canonical::{EntryKind, RekorEntry};
use super::certificate::Certificate;
use super::dsse::{DsseEntry, DsseEnvelope};
use super::error::EntryError;
use super::hashedrekord::{HashedRekord, VerifiableSignature};
use super::key::PublicKey;
use super::transparency_log_entry::TransparencyLogEntry;
use super::verifier::{KeyMaterial, Verifier};

mod wire;

/// The version in a bundle's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BundleVersion {
    /// Log entries may rest on a promise alone.
    V0_1,
    /// Log entries have inclusion proofs with checkpoints.
    V0_2,
    /// The signer's certificate comes without its chain.
    V0_3,
}

/// What the bundle says about the signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationMaterial {
    /// A hint which of the verifier's own keys to use.
    PublicKeyHint(String),
    /// The signer's certificate, DER.
    Certificate(Vec<u8>),
    /// The signer's certificate and then its issuers, DER; at least one.
    CertificateChain(Vec<Vec<u8>>),
}

/// A signature over an artifact that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The artifact's digest, to find it by; a verifier hashes the artifact itself.
    pub digest: Option<ArtifactDigest>,
    /// The raw signature.
    pub signature: Vec<u8>,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleContent {
    /// An artifact elsewhere.
    MessageSignature(MessageSignature),
    /// A payload, with exactly one signature.
    DsseEnvelope(DsseEnvelope),
}

/// A bundle. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The version it was written in.
    pub version: BundleVersion,
    /// The key, or a hint at it.
    pub material: VerificationMaterial,
    /// At most 32.
    pub tlog_entries: Vec<TransparencyLogEntry>,
    /// RFC 3161 timestamp responses, DER; at most 32.
    pub timestamps: Vec<Vec<u8>>,
    /// What is signed, and the signature.
    pub content: BundleContent,
}

impl Bundle {
    /// The bundle for a signature and the log's answer to it. For a public key the hint is the
    /// base64 of its SHA-256, as cosign has it.
    pub fn for_hashedrekord(logged: &HashedRekord, answer: TransparencyLogEntry) -> Self {
        let material = match &logged.signature.verifier.material {
            KeyMaterial::Certificate(der) => VerificationMaterial::Certificate(der.clone()),
            KeyMaterial::PublicKey(der) => {
                let id = ArtifactDigest::of(HashAlgorithm::Sha256, der);
                VerificationMaterial::PublicKeyHint(STANDARD.encode(id.as_bytes()))
            }
        };
        Self {
            version: BundleVersion::V0_3,
            material,
            tlog_entries: vec![answer],
            timestamps: Vec::new(),
            content: BundleContent::MessageSignature(MessageSignature {
                digest: Some(logged.digest),
                signature: logged.signature.content.clone(),
            }),
        }
    }

    /// The signer's certificate, if the bundle brings it.
    pub fn certificate(&self) -> Result<Option<Certificate>, EntryError> {
        self.certificate_der().map(Certificate::from_der).transpose()
    }

    /// What the bundle claims, as a hashedrekord: [`HashedRekord::verify`] then says whether the
    /// signature is good.
    ///
    /// `key` is the key that the caller trusts. It must be given if the bundle only hints at one; if
    /// the bundle has a certificate, that must be for this key. `artifact` is the digest of the
    /// artifact in hand, with the hash of the key's algorithm; an envelope brings its own.
    pub fn signed(
        &self,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<HashedRekord, EntryError> {
        let verifier = self.verifier(key)?;
        let algorithm = verifier.key_details.algorithm()?;
        let (digest, content) = match &self.content {
            BundleContent::DsseEnvelope(envelope) => {
                (envelope.pae_digest(algorithm.hash()), only_signature(envelope)?)
            }
            BundleContent::MessageSignature(MessageSignature { digest, signature }) => {
                let artifact = *artifact
                    .ok_or(EntryError::Missing { expected: "the digest of the artifact" })?;
                if artifact.algorithm() != algorithm.hash() {
                    let found = artifact.algorithm();
                    return Err(EntryError::DigestAlgorithm { algorithm, found });
                }
                if digest.is_some_and(|claimed| {
                    claimed.algorithm() == artifact.algorithm() && claimed != artifact
                }) {
                    return Err(EntryError::OtherArtifact.within("messageSignature.messageDigest"));
                }
                (artifact, signature)
            }
        };
        let signature = VerifiableSignature { content: content.clone(), verifier };
        Ok(HashedRekord { digest, signature })
    }

    /// The leaf that `entry` must have if it is about this bundle's signature. The other arguments
    /// are those of [`Bundle::signed`].
    ///
    /// Of `entry` only its kind is used: an envelope may have been logged as a hashedrekord over its
    /// PAE, or as the retired kind dsse.
    pub fn rebuild_leaf(
        &self,
        entry: &TransparencyLogEntry,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<Vec<u8>, EntryError> {
        let signed = self.signed(key, artifact)?;
        match (EntryKind::find(&entry.kind, &entry.version)?, &self.content) {
            (EntryKind::HashedRekord, _) => RekorEntry::HashedRekord(signed),
            (EntryKind::Dsse, BundleContent::DsseEnvelope(envelope)) => {
                RekorEntry::Dsse(DsseEntry::new(&envelope.payload, vec![signed.signature]))
            }
            (EntryKind::Dsse, BundleContent::MessageSignature(_)) => {
                return Err(EntryError::Missing { expected: "an envelope" }.within("dsseEnvelope"));
            }
        }
        .to_leaf()
    }

    fn verifier(&self, key: Option<&PublicKey>) -> Result<Verifier, EntryError> {
        let Some(certificate) = self.certificate_der() else {
            let expected = "the signer's public key, at which the bundle only hints,";
            let key = key.ok_or(EntryError::Missing { expected })?;
            return Ok(Verifier {
                key_details: key.algorithm().key_details(),
                material: KeyMaterial::PublicKey(key.spki_der().to_vec()),
            });
        };
        let certified = Certificate::from_der(certificate)?.into_public_key();
        if key.is_some_and(|key| *key != certified) {
            return Err(EntryError::OtherKey);
        }
        Ok(Verifier {
            key_details: certified.algorithm().key_details(),
            material: KeyMaterial::Certificate(certificate.to_vec()),
        })
    }

    fn certificate_der(&self) -> Option<&[u8]> {
        match &self.material {
            VerificationMaterial::PublicKeyHint(_) => None,
            VerificationMaterial::Certificate(der) => Some(der),
            VerificationMaterial::CertificateChain(chain) => chain.first().map(Vec::as_slice),
        }
    }
}

fn only_signature(envelope: &DsseEnvelope) -> Result<&Vec<u8>, EntryError> {
    match envelope.signatures.as_slice() {
        [signature] => Ok(&signature.sig),
        signatures => {
            let error = EntryError::TooMany { found: signatures.len(), limit: 1 };
            Err(error.within("dsseEnvelope.signatures"))
        }
    }
}

#[cfg(test)]
mod tests;
