//! Signs an artifact with a key from a file (PKCS #8, RFC 5958; for ECDSA also RFC 5915, as
//! OpenSSL writes it).
//!
//! Each kind of key signs with the one algorithm that the log accepts for it, see
//! [`SigningAlgorithm`](fasti_entry::SigningAlgorithm).
//! Invariants: no message reveals anything about a key; buffers that held one are wiped.

use std::fmt;
use std::io;
use std::path::Path;

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use const_oid::ObjectIdentifier;
use ed25519_dalek::SigningKey;
use fasti_entry::{
    ArtifactDigest, EntryError, HashAlgorithm, KeyMaterial, PublicKey, SignedDigest,
    VerifiableSignature, Verifier,
};
use fasti_x509::look_of_key_file;
use pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, PrivateKeyInfo};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use super::artifact::ArtifactFile;
use super::keys::KEY_FILE_BYTES_MAX;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The label of an `ECPrivateKey`.
const EC_PRIVATE_KEY: &str = "EC PRIVATE KEY";

/// Stands for whatever the file looks like.
const FORM: PrivateKeyError = PrivateKeyError::Form("no private key");

/// A private key of a kind that the log accepts.
pub struct PrivateKey {
    public: PublicKey,
    secret: Secret,
}

enum Secret {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Box<SigningKey>),
}

/// Why a private key cannot be used, or did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Not an unencrypted key in PEM.
    #[error(
        "not an unencrypted private key in PEM (a block PRIVATE KEY or EC PRIVATE KEY): it looks \
         like {0}. `openssl pkcs8 -topk8 -nocrypt` converts other private keys"
    )]
    Form(&'static str),
    /// A key that the log does not accept.
    #[error(
        "the log does not accept this kind of key; use ECDSA on P-256, P-384 or P-521, RSA with \
         2048, 3072 or 4096 bits, or Ed25519"
    )]
    Kind,
    /// The public half is not accepted.
    #[error("the key's public half is not accepted: {0}")]
    Public(#[from] EntryError),
    /// The key file cannot be read.
    #[error("cannot read the key file {path}")]
    File {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The artifact cannot be read.
    #[error("cannot read the artifact {path}")]
    Artifact {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Signing failed.
    #[error("signing with the key failed")]
    Signing,
}

impl PrivateKey {
    /// Reads the key from a file, see [`from_pem`](Self::from_pem).
    pub fn open(path: &Path) -> Result<Self, PrivateKeyError> {
        let failed = |source| PrivateKeyError::File { path: path.display().to_string(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > KEY_FILE_BYTES_MAX as u64 {
            return Err(PrivateKeyError::Form("a file that is far too long"));
        }
        let pem = Zeroizing::new(std::fs::read(path).map_err(failed)?);
        Self::from_pem(&pem)
    }

    /// Reads the first PEM block `PRIVATE KEY` or `EC PRIVATE KEY`.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PrivateKeyError> {
        Self::read_pem(pem).map_err(|error| match error {
            PrivateKeyError::Form(_) => PrivateKeyError::Form(look_of_key_file(pem)),
            error => error,
        })
    }

    fn read_pem(pem: &[u8]) -> Result<Self, PrivateKeyError> {
        let mut blocks = fasti_x509::pem::blocks(pem);
        let is_key = |label| label == "PRIVATE KEY" || label == EC_PRIVATE_KEY;
        let block = blocks.find(|block| block.label().is_some_and(is_key));
        let block = block.ok_or(FORM)?;
        let der = Zeroizing::new(block.der().map_err(|_| FORM)?);
        let (secret, spki) = if block.label() == Some(EC_PRIVATE_KEY) {
            ecdsa(|curve| EcdsaKeyPair::from_private_key_der(curve, &der).ok())?
        } else {
            Self::from_pkcs8(&der)?
        };
        Ok(Self { public: PublicKey::from_spki_der(&spki).map_err(EntryError::from)?, secret })
    }

    /// The secret half of a key and its public half.
    fn from_pkcs8(der: &[u8]) -> Result<(Secret, Vec<u8>), PrivateKeyError> {
        let info = PrivateKeyInfo::try_from(der).map_err(|_| FORM)?;
        Ok(match info.algorithm.oid {
            EC => ecdsa(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok())?,
            RSA => {
                let key = RsaKeyPair::from_pkcs8(der).map_err(|_| PrivateKeyError::Kind)?;
                let spki = key.public_key().as_der().map_err(|_| PrivateKeyError::Kind)?;
                let spki = spki.as_ref().to_vec();
                (Secret::Rsa(key), spki)
            }
            ED25519 => {
                let key = SigningKey::from_pkcs8_der(der).map_err(|_| FORM)?;
                let spki = key.verifying_key().to_public_key_der();
                let spki = spki.map_err(|_| PrivateKeyError::Kind)?.into_vec();
                (Secret::Ed25519(Box::new(key)), spki)
            }
            _ => return Err(PrivateKeyError::Kind),
        })
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs an artifact, which is read once, in pieces. The signature is checked before it is
    /// returned.
    pub fn sign(&self, artifact: &ArtifactFile) -> Result<SignedDigest, PrivateKeyError> {
        let unreadable = |source| PrivateKeyError::Artifact {
            path: artifact.path().display().to_string(),
            source,
        };
        let (digest, content) = match &self.secret {
            Secret::Ed25519(key) => {
                let mut hasher = Sha512::new();
                artifact.read_pieces(|piece| hasher.update(piece)).map_err(unreadable)?;
                let digest = ArtifactDigest::new(HashAlgorithm::Sha512, &hasher.clone().finalize());
                let digest = digest.map_err(EntryError::from)?;
                let signature =
                    key.sign_prehashed(hasher, None).map_err(|_| PrivateKeyError::Signing)?;
                (digest, signature.to_bytes().to_vec())
            }
            secret => {
                let hash = self.public.algorithm().hash();
                let mut hasher = Context::new(match hash {
                    HashAlgorithm::Sha256 => &SHA256,
                    HashAlgorithm::Sha384 => &SHA384,
                    HashAlgorithm::Sha512 => &SHA512,
                });
                artifact.read_pieces(|piece| hasher.update(piece)).map_err(unreadable)?;
                let digest = hasher.finish();
                let signature = secret.sign_digest(&digest)?;
                let digest = ArtifactDigest::new(hash, digest.as_ref());
                (digest.map_err(EntryError::from)?, signature)
            }
        };
        let verifier = Verifier::new(KeyMaterial::PublicKey(self.public.spki_der().to_vec()))?;
        let signed = SignedDigest { digest, signature: VerifiableSignature { content, verifier } };
        signed.verify()?;
        Ok(signed)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public.algorithm())
    }
}

impl Secret {
    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, PrivateKeyError> {
        match self {
            Self::Ecdsa(key) => {
                key.sign_digest(digest).map(|signature| signature.as_ref().to_vec())
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).map(|()| signature)
            }
            // Ed25519 has no hasher that yields a `Digest`.
            Self::Ed25519(_) => return Err(PrivateKeyError::Signing),
        }
        .map_err(|_| PrivateKeyError::Signing)
    }
}

/// Finds the curve of the key by trying each.
fn ecdsa(
    read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>,
) -> Result<(Secret, Vec<u8>), PrivateKeyError> {
    let curves = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    let key = curves.into_iter().find_map(read);
    let key = key.ok_or(PrivateKeyError::Kind)?;
    let spki = key.public_key().as_der().map_err(|_| PrivateKeyError::Kind)?;
    let spki = spki.as_ref().to_vec();
    Ok((Secret::Ecdsa(key), spki))
}

#[cfg(test)]
mod tests {
    use pkcs8::LineEnding;

    use super::*;
    use fasti_entry::SigningAlgorithm;

    fn pem(der: &[u8]) -> String {
        pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, der).unwrap()
    }

    fn sign_with(pem: &str) -> SignedDigest {
        let directory = tempfile::tempdir().unwrap();
        let artifact = ArtifactFile::new(directory.path().join("a"));
        std::fs::write(artifact.path(), b"an artifact").unwrap();
        PrivateKey::from_pem(pem.as_bytes()).unwrap().sign(&artifact).unwrap()
    }

    #[test]
    fn every_kind_of_key_signs() {
        use SigningAlgorithm as S;
        use aws_lc_rs::encoding::AsDer;
        use aws_lc_rs::rsa::KeySize;
        use pkcs8::EncodePrivateKey as _;

        let mut keys = Vec::new();
        for curve in [
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            &ECDSA_P384_SHA384_ASN1_SIGNING,
            &ECDSA_P521_SHA512_ASN1_SIGNING,
        ] {
            let key = EcdsaKeyPair::generate(curve).unwrap();
            keys.push(pem(key.to_pkcs8v1().unwrap().as_ref()));
        }
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
        keys.push(pem(rsa.as_ref()));
        let ed25519 = SigningKey::from_bytes(&[5; 32]);
        keys.push(ed25519.to_pkcs8_pem(LineEnding::LF).unwrap().to_string());

        let algorithms: Vec<_> = keys
            .iter()
            .map(|key| {
                let signed = sign_with(key);
                signed.verify().unwrap();
                signed.signature.verifier.key_details.algorithm().unwrap()
            })
            .collect();
        let expected = [
            S::EcdsaP256Sha256,
            S::EcdsaP384Sha384,
            S::EcdsaP521Sha512,
            S::RsaPkcs1v15Sha256With2048,
            S::Ed25519ph,
        ];
        assert_eq!(algorithms, expected);
    }

    #[test]
    fn other_forms_are_refused_with_advice() {
        let der = SigningKey::from_bytes(&[5; 32]).to_bytes();
        let encrypted =
            pem_rfc7468::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, &der).unwrap();
        for bad in ["", "PRIVATE", &encrypted, &pem(&der)] {
            let error = PrivateKey::from_pem(bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("openssl pkcs8 -topk8 -nocrypt"), "{error}");
        }
    }
}
