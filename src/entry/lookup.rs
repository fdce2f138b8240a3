//! The keys under which a log's lookup index lists an entry: its signers, its artifacts and its
//! leaf hash, for all kinds of Rekor entries that contain them (`src/docs/formats.md`, "Lookup
//! keys").
//!
//! In reading order: [`stored`] finds digests and verifiers in an entry, [`certificate`] finds the
//! key and the names in a certificate, and [`pem`] finds either of them where entries hold PEM.
//!
//! Unlike [`RekorEntry::parse`](super::RekorEntry::parse), this code validates nothing. An index
//! must list what a log holds, including logs that others write. So every part of an entry is read
//! separately, and a part that cannot be read gives no key.
//!
//! Invariants: the functions are total, for any bytes. They depend only on the leaf hash and the
//! entry, so two builders of an index agree. The leaf's own key is always included.

mod certificate;
mod pem;
mod stored;

use std::collections::BTreeSet;
use std::fmt;

use der::Decode as _;
use fasti_lookup_spec::LookupKey;
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;
use tiles_spec::Hash;

use super::error::EntryError;
use super::verifier::KeyMaterial;

/// A search term for entries. In identities and issuers, the case of ASCII letters is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LookupTerm {
    /// The entry with this leaf hash, which is Rekor's UUID.
    Leaf(Hash),
    /// Entries about the artifact, payload or envelope with this digest, whatever the hash
    /// algorithm.
    Digest(Vec<u8>),
    /// Entries with a signature by this key, bare or in a certificate: the SHA-256 of its DER
    /// SubjectPublicKeyInfo.
    PublicKey(Hash),
    /// Entries with a certificate for this name.
    Identity(String),
    /// Entries with a certificate for this name, vouched for by this OIDC issuer.
    IdentityOfIssuer {
        /// The subject alternative name.
        identity: String,
        /// The issuer's URL.
        issuer: String,
    },
}

impl LookupTerm {
    /// The term for a public key, from its DER SubjectPublicKeyInfo.
    pub fn of_public_key(spki: &[u8]) -> Self {
        Self::PublicKey(Hash::from(<[u8; 32]>::from(Sha256::digest(spki))))
    }

    /// The term for the key in the first block of a PEM text, bare or in a certificate; `None` for
    /// any other text.
    pub fn of_pem(text: &[u8]) -> Option<Self> {
        match pem::first_block(text)? {
            KeyMaterial::PublicKey(der) => {
                SubjectPublicKeyInfoRef::from_der(&der).ok()?;
                Some(Self::of_public_key(&der))
            }
            KeyMaterial::Certificate(der) => {
                Some(Self::of_public_key(certificate::read(&der)?.spki))
            }
        }
    }

    /// The key under which an index lists the matching entries. It may list others there too: see
    /// [`matches`](Self::matches).
    pub fn key(&self) -> LookupKey {
        match self {
            Self::Leaf(leaf) => LookupKey::leaf(leaf),
            Self::Digest(digest) => LookupKey::digest(digest),
            Self::PublicKey(spki_sha256) => LookupKey::public_key(spki_sha256),
            Self::Identity(identity) => LookupKey::identity(identity),
            Self::IdentityOfIssuer { identity, issuer } => {
                LookupKey::identity_of_issuer(identity, issuer)
            }
        }
    }

    /// Whether the entry, with its leaf hash, matches the term.
    pub fn matches(&self, leaf: &Hash, entry: &[u8]) -> bool {
        terms(leaf, entry).iter().any(|term| term.same(self))
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Identity(a), Self::Identity(b)) => a.eq_ignore_ascii_case(b),
            (
                Self::IdentityOfIssuer { identity: a, issuer: from_a },
                Self::IdentityOfIssuer { identity: b, issuer: from_b },
            ) => a.eq_ignore_ascii_case(b) && from_a.eq_ignore_ascii_case(from_b),
            _ => self == other,
        }
    }
}

impl fmt::Display for LookupTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(leaf) => write!(f, "leaf hash {leaf}"),
            Self::Digest(digest) => write!(f, "digest {}", hex::encode(digest)),
            Self::PublicKey(spki_sha256) => write!(f, "public key with SHA-256 {spki_sha256}"),
            Self::Identity(identity) => write!(f, "identity {identity}"),
            Self::IdentityOfIssuer { identity, issuer } => {
                write!(f, "identity {identity} from issuer {issuer}")
            }
        }
    }
}

/// Maximum number of keys of an entry that a log accepts by any API. The names in certificates are
/// bounded, so Rekor's entries have fewer.
pub const LOOKUP_KEYS_MAX: usize = 256;

/// Rejects an entry that an index would have to list under too many keys, which costs a multiple of
/// the entry itself. An entry already in a log is listed under all of its keys.
pub fn expect_few_keys(entry: &[u8]) -> Result<(), EntryError> {
    let mut keys = BTreeSet::new();
    // Any leaf hash will do: it counts as one key.
    for term in terms(&Hash::from([0; 32]), entry) {
        keys.insert(term.key());
        if keys.len() > LOOKUP_KEYS_MAX {
            return Err(EntryError::TooManyKeys { limit: LOOKUP_KEYS_MAX });
        }
    }
    Ok(())
}

/// The keys under which an index lists an entry: sorted, distinct, and including the leaf's own
/// key.
pub fn lookup_keys(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey> {
    let mut keys: Vec<_> = terms(leaf, entry).iter().map(LookupTerm::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// All terms that match the entry, possibly with duplicates.
fn terms(leaf: &Hash, entry: &[u8]) -> Vec<LookupTerm> {
    let stored = stored::read(entry);
    let mut terms = vec![LookupTerm::Leaf(*leaf)];
    terms.extend(stored.digests.into_iter().map(LookupTerm::Digest));
    for key in &stored.public_keys {
        terms.push(LookupTerm::of_public_key(key));
    }
    for der in &stored.certificates {
        if let Some(certificate) = certificate::read(der) {
            push_certificate(&mut terms, certificate);
        }
    }
    terms
}

fn push_certificate(terms: &mut Vec<LookupTerm>, certificate: certificate::Facts<'_>) {
    terms.push(LookupTerm::of_public_key(certificate.spki));
    for identity in certificate.names {
        if let Some(issuer) = certificate.issuer {
            let (identity, issuer) = (identity.to_string(), issuer.to_owned());
            terms.push(LookupTerm::IdentityOfIssuer { identity, issuer });
        }
        terms.push(LookupTerm::Identity(identity.into_owned()));
    }
}

#[cfg(test)]
mod tests;
