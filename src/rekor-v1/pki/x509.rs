//! The format `x509`: a public key or certificates in PEM, and raw signatures.
//!
//! A key is one block, a `PUBLIC KEY` or a `CERTIFICATE`. Whatever follows the first block makes it
//! a chain of certificates, the signer's first. A certificate alone is taken for its key, whether
//! it has expired or not; nobody asks who issued it. A chain must be one, where the kind of entry
//! asks for that ([`Key::check_chain`]).
//!
//! The canonical form is one block after another as [`pem::encode`] writes it.
//!
//! Refused, where Rekor takes them: keys on P-224 and RSA keys above 8192 bits, which the library
//! does not verify, Ed25519 keys of small order, for which anybody can sign, and ML-DSA.
//!
//! Certificates are parsed as Go parses them ([`X509`]).

mod fingerprint;
mod public_key;

use fasti_entry::{Identity, IdentityKind, KeyMaterial, X509, excerpt};
use fasti_x509::{AlternativeName, ArtifactDigest, ChainError, check_brought_chain};

use super::pem;
use crate::draft::Signer;
use crate::error::{KindError, invalid};
use public_key::PublicKey;
pub(crate) use public_key::Scheme;

/// The most certificates in a chain.
const CHAIN_MAX: usize = 10;
/// The most characters of a label in a message.
const LABEL_CHARS_MAX: usize = 32;

const PUBLIC_KEY: &str = "PUBLIC KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// A key, perhaps in a certificate, and perhaps with the certificates above that.
#[derive(Debug)]
pub(crate) struct Key {
    material: KeyMaterial,
    /// The certificates after the first, DER.
    above: Vec<Vec<u8>>,
    public: PublicKey,
    canonical: String,
}

impl Key {
    /// Reads PEM.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        let text = text.trim_ascii();
        let block =
            pem::first(text).ok_or_else(|| invalid("invalid public key: failure decoding PEM"))?;
        if !block.rest.is_empty() {
            return Self::of_chain(chain(text)?);
        }
        match block.label {
            label if label == PUBLIC_KEY.as_bytes() => Self::of_spki(&block.bytes),
            label if label == CERTIFICATE.as_bytes() => Self::of_chain(vec![block.bytes]),
            label => {
                let label = excerpt(&String::from_utf8_lossy(label), LABEL_CHARS_MAX);
                Err(invalid(format!("invalid public key: cannot handle type {label}")))
            }
        }
    }

    /// The key in a DER `SubjectPublicKeyInfo`.
    pub fn of_spki(spki: &[u8]) -> Result<Self, KindError> {
        Ok(Self {
            public: PublicKey::of(spki)?,
            canonical: pem::encode(PUBLIC_KEY, spki),
            material: KeyMaterial::PublicKey(spki.to_vec()),
            above: Vec::new(),
        })
    }

    /// The key in the first of these certificates.
    fn of_chain(chain: Vec<Vec<u8>>) -> Result<Self, KindError> {
        let mut canonical = String::new();
        let mut keys = Vec::with_capacity(chain.len());
        for der in &chain {
            let certificate = X509::from_der(der).map_err(|e| invalid(format!("x509: {e}")))?;
            keys.push(PublicKey::of(certificate.public_key)?);
            canonical += &pem::encode(CERTIFICATE, der);
        }
        let (mut chain, mut keys) = (chain.into_iter(), keys.into_iter());
        match (chain.next(), keys.next()) {
            (Some(first), Some(public)) => Ok(Self {
                material: KeyMaterial::Certificate(first),
                above: chain.collect(),
                public,
                canonical,
            }),
            _ => Err(invalid("no certificate")),
        }
    }

    /// Its canonical form.
    pub fn canonical(&self) -> &[u8] {
        self.canonical.as_bytes()
    }

    /// Who signs with it.
    pub fn signer(&self) -> Signer {
        Signer::X509(self.material.clone())
    }

    /// The names in the signer's certificate, kind by kind in the order in which Rekor lists them;
    /// a user name only if it is the only name of another kind.
    pub fn subjects(&self) -> Vec<String> {
        use IdentityKind::{Dns, Email, Ip, Uri, Username};

        let KeyMaterial::Certificate(der) = &self.material else { return Vec::new() };
        let Ok(certificate) = X509::from_der(der) else { return Vec::new() };
        let names = certificate.names();
        let others = names.iter().filter(|name| matches!(name, AlternativeName::Other(_))).count();
        let identities: Vec<_> = names.iter().filter_map(Identity::of).collect();
        let of_kind = |kind| {
            let is_it = move |one: &&Identity| {
                one.kind == kind && (kind != IdentityKind::Username || others == 1)
            };
            identities.iter().filter(is_it).map(|one| one.name.clone())
        };
        [Dns, Email, Ip, Uri, Username].into_iter().flat_map(of_kind).collect()
    }

    /// What SSH calls its fingerprint; `None` if SSH has no such keys.
    pub fn ssh_fingerprint(&self) -> Option<String> {
        fingerprint::of(&self.public)
    }

    /// Verifies that the certificates form a chain, if there are several.
    pub fn check_chain(&self) -> Result<(), KindError> {
        let above = self.above.iter().map(Vec::as_slice);
        let chain: Vec<_> = [self.material.der()].into_iter().chain(above).collect();
        check_brought_chain(&chain).map_err(|error| match error {
            ChainError::UnknownIssuer | ChainError::Signature => {
                invalid("x509: certificate signed by unknown authority")
            }
            error => invalid(format!("x509: {error}")),
        })
    }

    /// Verifies a signature over a message: with SHA-256, however large the key, and with Ed25519
    /// over the message itself.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KindError> {
        self.public.verify(message, signature)
    }

    /// Verifies a signature over a digest, if a log admits its algorithm.
    pub fn verify_digest(
        &self,
        digest: &ArtifactDigest,
        signature: &[u8],
    ) -> Result<(), KindError> {
        self.public.verify_digest(digest, signature)
    }

    /// Whether signatures can be verified with it at all.
    pub fn check_kind(&self) -> Result<(), KindError> {
        self.public.scheme().map(drop)
    }

    /// How it signs.
    pub fn scheme(&self) -> Result<Scheme, KindError> {
        self.public.scheme()
    }

    /// What its `SubjectPublicKeyInfo` has as the key.
    pub fn bits(&self) -> &[u8] {
        self.public.bits()
    }
}

/// The certificates in a text with several blocks. Rekor takes the contents of each for one,
/// whatever its label says.
fn chain(text: &[u8]) -> Result<Vec<Vec<u8>>, KindError> {
    let (mut chain, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        if chain.len() == CHAIN_MAX {
            return Err(invalid("too many certificates specified in PEM block"));
        }
        let block = pem::first(rest).ok_or_else(|| invalid("error during PEM decoding"))?;
        chain.push(block.bytes);
        rest = block.rest;
    }
    Ok(chain)
}

#[cfg(test)]
mod tests;
