//! The further keys of an entry whose attestation was kept: if that is a statement of in-toto, an
//! index lists the entry by what the statement is about (`src/docs/formats.md`, "Lookup keys").
//!
//! An envelope's type is not in all entries. So any payload that can be read as a statement is
//! taken for one; a COSE message says what its payload is.
//!
//! Invariants: total, for any bytes, and a function of them alone. Bytes with another hash than the
//! entry states give it no keys.

use std::collections::BTreeSet;

use fasti_lookup_spec::LookupKey;
use sha2::{Digest as _, Sha256};
use tiles_spec::Hash;

use super::cbor::{Item, Items};
use super::facts::{AttestedAs, DIGEST_BYTES_MAX, Facts};
use super::lookup::{LOOKUP_KEYS_MAX, LookupTerm, keys_of};
use super::statement::{STATEMENT_TYPE, StatedDigest, stated_digests, subject_digests};

/// The tag and the beginning of a COSE message with one signer (`COSE_Sign1`, RFC 9052).
const COSE_BEGINNING: &[u8] = &[0xd2, 0x84];
/// The header of COSE that says what the payload is.
const CONTENT_TYPE: i128 = 3;

impl LookupTerm {
    /// Whether an entry matches the term by its attestation, if it has this one. Only digests can.
    pub fn is_attested(&self, entry: &[u8], attestation: &[u8]) -> bool {
        let Self::Digest(digest) = self else { return false };
        attested_digests(entry, attestation).contains(digest)
    }
}

/// The further keys under which an index lists an entry that has this attestation: the digests of
/// the subjects and materials of a statement. Sorted and distinct, and none that the entry has by
/// itself.
///
/// An index lists no entry under more than [`LOOKUP_KEYS_MAX`] keys by this: those that come first
/// in the statement count.
pub fn attested_keys(entry: &[u8], attestation: &[u8]) -> Vec<LookupKey> {
    let mut keys: Vec<_> = attested_digests(entry, attestation)
        .iter()
        .map(|digest| LookupKey::digest(digest))
        .collect();
    keys.sort_unstable();
    keys
}

/// The digests behind the further keys.
fn attested_digests(entry: &[u8], attestation: &[u8]) -> Vec<Vec<u8>> {
    let facts = Facts::of(entry);
    let digest = Hash::from(<[u8; 32]>::from(Sha256::digest(attestation)));
    if facts.attestation != Some(digest) {
        return Vec::new();
    }
    let stated = match facts.attested_as {
        AttestedAs::Payload => stated_digests(attestation),
        AttestedAs::CoseMessage => {
            cose_statement(attestation).map(subject_digests).unwrap_or_default()
        }
    };
    // The key of the leaf is one more.
    let mut keys: BTreeSet<LookupKey> = keys_of(&facts).collect();
    let mut digests = Vec::new();
    for digest in stated.into_iter().filter_map(digest_of) {
        if keys.len() + 1 >= LOOKUP_KEYS_MAX {
            break;
        }
        if keys.insert(LookupKey::digest(&digest)) {
            digests.push(digest);
        }
    }
    digests
}

/// The bytes of a digest, if it is hexadecimal and of a length that digests have.
fn digest_of((_, value): StatedDigest) -> Option<Vec<u8>> {
    let digest = hex::decode(value).ok()?;
    (1..=DIGEST_BYTES_MAX).contains(&digest.len()).then_some(digest)
}

/// The payload of a COSE message, if its signed headers say that it is a statement.
fn cose_statement(message: &[u8]) -> Option<&[u8]> {
    let mut items = Items(message.strip_prefix(COSE_BEGINNING)?);
    let Item::Bytes(protected) = items.head()? else { return None };
    items.skip()?;
    let Item::Bytes(payload) = items.head()? else { return None };
    let mut headers = Items(protected);
    let Item::Map(count) = headers.head()? else { return None };
    for _ in 0..count {
        let label = headers.skip()?;
        let value = headers.skip()?;
        if label == Item::Number(CONTENT_TYPE) {
            return (value == Item::Text(STATEMENT_TYPE)).then_some(payload);
        }
    }
    None
}

#[cfg(test)]
mod tests;
