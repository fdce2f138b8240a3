//! The keys under which a log's lookup index lists an entry: its signers, its artifacts and its
//! leaf hash, for all kinds of Rekor entries that contain them (`src/docs/formats.md`, "Lookup
//! keys").
//!
//! [`Facts`] finds digests and signers in an entry, and [`Claims`] the key and the names in a
//! certificate. A part that cannot be read gives no key.
//!
//! Invariants: the functions are total, for any bytes. They depend only on the leaf hash and the
//! entry, so two builders of an index agree. The leaf's own key is always included.

use std::collections::BTreeSet;
use std::fmt;

use der::Decode as _;
use fasti_lookup_spec::LookupKey;
use fasti_x509::{Claims, IdentityKind};
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;
use tiles_spec::Hash;

use super::error::EntryError;
use super::facts::{Facts, StoredKey};
use super::pki::KeyMaterial;

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
    /// Entries with a certificate for this name as a name of this kind, perhaps vouched for by this
    /// OIDC issuer. A name without a certificate is of the kind whose form it has.
    IdentityOfKind {
        /// The kind of subject alternative name.
        kind: IdentityKind,
        /// The subject alternative name.
        identity: String,
        /// The issuer's URL.
        issuer: Option<String>,
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
        match KeyMaterial::first_in_pem(text)? {
            KeyMaterial::PublicKey(der) => {
                SubjectPublicKeyInfoRef::from_der(&der).ok()?;
                Some(Self::of_public_key(&der))
            }
            KeyMaterial::Certificate(der) => {
                Some(Self::of_public_key(Claims::of(&der)?.public_key))
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
            Self::IdentityOfIssuer { identity, issuer }
            | Self::IdentityOfKind { identity, issuer: Some(issuer), .. } => {
                LookupKey::identity_of_issuer(identity, issuer)
            }
            Self::IdentityOfKind { identity, issuer: None, .. } => LookupKey::identity(identity),
        }
    }

    /// Whether the entry, with its leaf hash, matches the term.
    pub fn matches(&self, leaf: &Hash, entry: &[u8]) -> bool {
        match self {
            Self::IdentityOfKind { kind, identity, issuer } => {
                names(entry, *kind, identity, issuer.as_deref())
            }
            _ => lookup_terms(leaf, entry).iter().any(|term| term.same(self)),
        }
    }

    /// Whether this certificate alone makes an entry match, by its key or its names.
    pub fn is_of_certificate(&self, der: &[u8]) -> bool {
        let Some(claims) = Claims::of(der) else { return false };
        if let Self::IdentityOfKind { kind, identity, issuer } = self {
            return certifies(&claims, *kind, identity, issuer.as_deref());
        }
        let mut terms = Vec::new();
        push_claims(&mut terms, claims);
        terms.iter().any(|term| term.same(self))
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
            Self::IdentityOfKind { kind, identity, issuer } => {
                write!(f, "identity {identity} ({kind})")?;
                issuer.as_ref().map_or(Ok(()), |issuer| write!(f, " from issuer {issuer}"))
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
    for term in lookup_terms(&Hash::from([0; 32]), entry) {
        keys.insert(term.key());
        if keys.len() > LOOKUP_KEYS_MAX {
            return Err(EntryError::TooManyKeys { limit: LOOKUP_KEYS_MAX });
        }
    }
    Ok(())
}

/// The keys under which an index lists an entry by itself: sorted, distinct, and including the
/// leaf's own key.
pub fn lookup_keys(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey> {
    lookup_keys_and_attestation(leaf, entry).0
}

/// The same, and the SHA-256 of the attestation that may give it further keys.
pub fn lookup_keys_and_attestation(leaf: &Hash, entry: &[u8]) -> (Vec<LookupKey>, Option<Hash>) {
    let facts = Facts::of(entry);
    let mut keys: Vec<_> = keys_of(&facts).chain([LookupKey::leaf(leaf)]).collect();
    keys.sort_unstable();
    keys.dedup();
    (keys, facts.attestation)
}

/// The keys of an entry that states this, without that of its leaf; possibly with duplicates.
pub(super) fn keys_of(facts: &Facts) -> impl Iterator<Item = LookupKey> {
    terms_of(facts).into_iter().map(|term| term.key())
}

/// All terms that match the entry by itself, possibly with duplicates.
pub fn lookup_terms(leaf: &Hash, entry: &[u8]) -> Vec<LookupTerm> {
    let mut terms = terms_of(&Facts::of(entry));
    terms.push(LookupTerm::Leaf(*leaf));
    terms
}

fn terms_of(facts: &Facts) -> Vec<LookupTerm> {
    let mut terms = Vec::new();
    let digests = facts.digests.iter().map(|digest| digest.bytes.clone());
    terms.extend(digests.map(LookupTerm::Digest));
    for signer in &facts.signers {
        match &signer.key {
            StoredKey::PublicKey(key) | StoredKey::Other(key) => {
                terms.push(LookupTerm::of_public_key(key));
            }
            StoredKey::Certificate(der) => {
                if let Some(claims) = Claims::of(der) {
                    push_claims(&mut terms, claims);
                }
            }
        }
    }
    terms.extend(facts.subjects.iter().cloned().map(LookupTerm::Identity));
    terms
}

fn push_claims(terms: &mut Vec<LookupTerm>, claims: Claims<'_>) {
    terms.push(LookupTerm::of_public_key(claims.public_key));
    for (_, identity) in claims.names {
        if let Some(issuer) = claims.issuer {
            let (identity, issuer) = (identity.to_string(), issuer.to_owned());
            terms.push(LookupTerm::IdentityOfIssuer { identity, issuer });
        }
        terms.push(LookupTerm::Identity(identity.into_owned()));
    }
}

/// Whether a certificate in the entry has this name as one of this kind.
fn names(entry: &[u8], kind: IdentityKind, identity: &str, issuer: Option<&str>) -> bool {
    let facts = Facts::of(entry);
    let is_claimed = |name: &String| {
        name.eq_ignore_ascii_case(identity) && IdentityKind::of_text(name) == Some(kind)
    };
    let is_certified = facts.signers.iter().any(|signer| {
        let StoredKey::Certificate(der) = &signer.key else { return false };
        Claims::of(der).is_some_and(|claims| certifies(&claims, kind, identity, issuer))
    });
    is_certified || (issuer.is_none() && facts.subjects.iter().any(is_claimed))
}

/// Whether a certificate has this name as one of this kind.
fn certifies(
    claims: &Claims<'_>,
    kind: IdentityKind,
    identity: &str,
    issuer: Option<&str>,
) -> bool {
    let is_from = |issuer| claims.issuer.is_some_and(|it| it.eq_ignore_ascii_case(issuer));
    let mut names = claims.names.iter();
    issuer.is_none_or(is_from)
        && names.any(|(is, name)| *is == kind && name.eq_ignore_ascii_case(identity))
}

#[cfg(test)]
mod tests;
