//! The Sigstore bundle (`dev.sigstore.bundle.v1.Bundle`): a signature, the key material that
//! verifies it, and the proof that it was logged, in one file that can be verified offline.
//!
//! Bundles are written in version 0.3 and read in versions 0.1, 0.2 and 0.3. Reading ignores
//! unknown fields and verifies nothing.
//!
//! To check that a log entry is about this very signature, a verifier rebuilds the leaf
//! ([`Bundle::rebuild_leaf`]) from what it holds: the artifact, the signature, and the key that it
//! trusts or is about to judge. It then compares the result with the leaf in the bundle. No detail
//! is taken from the bundle's copy of the leaf, because key and algorithm determine each other.
//!
//! Entries of Rekor v1 logs are not rebuilt but compared, see [`V1Kind`](super::V1Kind).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::{ArtifactDigest, Certificate, HashAlgorithm, PublicKey, X509Error};

use super::envelope::DsseEnvelope;
use super::error::EntryError;
use super::kind::Kind;
use super::pki::{KeyMaterial, VerifiableSignature, Verifier};
use super::signed_digest::SignedDigest;
use super::transparency_log_entry::TransparencyLogEntry;

mod collection;
mod wire;

/// The version in a bundle's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BundleVersion {
    /// Log entries may have only an inclusion promise.
    V0_1,
    /// Log entries have inclusion proofs with checkpoints.
    V0_2,
    /// The signer's certificate comes without its chain.
    V0_3,
}

/// What the bundle says about the signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationMaterial {
    /// A hint telling the verifier which of its own keys to use.
    PublicKeyHint(String),
    /// The signer's certificate, DER.
    Certificate(Vec<u8>),
    /// The signer's certificate followed by its issuers, DER; at least one certificate.
    CertificateChain(Vec<Vec<u8>>),
}

/// A signature over an artifact that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The artifact's digest, for finding the artifact; a verifier hashes the artifact itself.
    pub digest: Option<ArtifactDigest>,
    /// The raw signature.
    pub signature: Vec<u8>,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleContent {
    /// A signature over an artifact outside the bundle.
    MessageSignature(MessageSignature),
    /// An envelope with its payload and exactly one signature.
    DsseEnvelope(DsseEnvelope),
}

/// A bundle. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The version it was written in.
    pub version: BundleVersion,
    /// The key, or a hint about it.
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
    /// base64 of its SHA-256, as in cosign.
    pub fn for_signed_digest(logged: &SignedDigest, answer: TransparencyLogEntry) -> Self {
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

    /// The signer's certificate, if the bundle contains it.
    pub fn certificate(&self) -> Result<Option<Certificate>, EntryError> {
        Ok(self.certificate_der().map(Certificate::from_der).transpose()?)
    }

    /// Returns the bundle's claim. [`SignedDigest::verify`] then checks the
    /// signature.
    ///
    /// `key` is the key that the caller trusts. It is required if the bundle has only a key hint.
    /// If the bundle has a certificate, the certificate must be for this key. `artifact` is the
    /// digest of the caller's artifact, made with the hash of the key's algorithm; for an envelope,
    /// the digest comes from the bundle.
    pub fn signed(
        &self,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<SignedDigest, EntryError> {
        let signed = self.claim(key, artifact)?;
        let algorithm = signed.signature.verifier.key_details.algorithm()?;
        if signed.digest.algorithm() != algorithm.hash() {
            let found = signed.digest.algorithm();
            return Err(X509Error::DigestAlgorithm { algorithm, found }.into());
        }
        Ok(signed)
    }

    /// What [`Bundle::signed`] returns, whatever hash the digest is of.
    pub(super) fn claim(
        &self,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<SignedDigest, EntryError> {
        let verifier = self.verifier(key)?;
        let algorithm = verifier.key_details.algorithm()?;
        let (digest, content) = match &self.content {
            BundleContent::DsseEnvelope(envelope) => {
                let signature = only_signature(envelope).map_err(|e| e.within("dsseEnvelope"))?;
                (envelope.pae_digest(algorithm.hash()), signature)
            }
            BundleContent::MessageSignature(MessageSignature { digest, signature }) => {
                let artifact = *artifact
                    .ok_or(EntryError::Missing { expected: "the digest of the artifact" })?;
                if digest.is_some_and(|claimed| {
                    claimed.algorithm() == artifact.algorithm() && claimed != artifact
                }) {
                    return Err(EntryError::OtherArtifact.within("messageSignature.messageDigest"));
                }
                (artifact, signature)
            }
        };
        let signature = VerifiableSignature { content: content.clone(), verifier };
        Ok(SignedDigest { digest, signature })
    }

    /// Rebuilds the leaf that `entry` must have if it is about this bundle's signature. The other
    /// arguments are those of [`Bundle::signed`].
    ///
    /// Only the kind of `entry` is used: an envelope may have been logged as a hashedrekord over
    /// its PAE, or as the retired kind dsse.
    pub fn rebuild_leaf(
        &self,
        entry: &TransparencyLogEntry,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<Vec<u8>, EntryError> {
        let signed = self.signed(key, artifact)?;
        let kind = Kind::find(&entry.kind, &entry.version)?;
        kind.of_bundle(&self.content, signed)?.to_leaf()
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
            Err(error.within("signatures"))
        }
    }
}

#[cfg(test)]
mod tests;
