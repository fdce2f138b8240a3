//! An entry in a report: who signed what, in few bytes whatever the entry holds.
//!
//! Invariant: a description has at most [`LIST_MAX`] names, keys and digests each, and no text in
//! it is longer than [`TEXT_CHARS_MAX`] characters. What was left out is counted.

use fasti_entry::{Facts, StoredKey};
use fasti_x509::Claims;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The most names, keys and digests.
const LIST_MAX: usize = 8;
/// The most characters of a text.
const TEXT_CHARS_MAX: usize = 256;

/// What an entry says, shortened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The kind of entry, if it is one that is known.
    pub kind: Option<String>,
    /// Names in certificates, and of signers without one.
    pub identities: Vec<String>,
    /// Who vouched for the names, according to the certificates.
    pub issuers: Vec<String>,
    /// SHA-256 of keys, in hexadecimal.
    pub keys: Vec<String>,
    /// Digests, in hexadecimal.
    pub digests: Vec<String>,
    /// How many more names, issuers, keys and digests there are.
    pub left_out: usize,
}

impl Described {
    /// Describes an entry.
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut this = Self { kind: facts.kind.as_deref().map(short), ..Self::default() };
        for signer in &facts.signers {
            match &signer.key {
                StoredKey::Certificate(der) => {
                    let Some(claims) = Claims::of(der) else { continue };
                    this.key(claims.public_key);
                    let issuer = claims.issuer.map(short);
                    this.left_out += push(&mut this.issuers, issuer);
                    for (_, name) in claims.names {
                        this.left_out += push(&mut this.identities, Some(short(&name)));
                    }
                }
                StoredKey::PublicKey(key) | StoredKey::Other(key) => this.key(key),
                _ => {}
            }
        }
        for name in &facts.subjects {
            this.left_out += push(&mut this.identities, Some(short(name)));
        }
        for digest in &facts.digests {
            this.left_out += push(&mut this.digests, Some(hex::encode(&digest.bytes)));
        }
        this
    }

    fn key(&mut self, spki: &[u8]) {
        self.left_out += push(&mut self.keys, Some(hex::encode(Sha256::digest(spki))));
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "kind": self.kind,
            "identities": self.identities,
            "issuers": self.issuers,
            "keys": self.keys,
            "digests": self.digests,
            "left_out": self.left_out,
        })
    }

    /// For people.
    pub fn words(&self) -> String {
        let kind = self.kind.clone();
        let mut words = vec![kind.unwrap_or_else(|| "an entry of no known kind".to_owned())];
        for (what, list) in [
            ("by", &self.identities),
            ("from", &self.issuers),
            ("key", &self.keys),
            ("of", &self.digests),
        ] {
            if !list.is_empty() {
                words.push(format!("{what} {}", list.join(" ")));
            }
        }
        if self.left_out > 0 {
            words.push(format!("and {} more names and hashes", self.left_out));
        }
        words.join(", ")
    }
}

/// Adds a text to a list, if it is new and there is room. Returns how many were left out.
fn push(list: &mut Vec<String>, text: Option<String>) -> usize {
    match text {
        Some(text) if !list.contains(&text) => {
            if list.len() == LIST_MAX {
                return 1;
            }
            list.push(text);
            0
        }
        _ => 0,
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(TEXT_CHARS_MAX).collect();
    if chars.next().is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_entry_has_a_small_description() {
        let subjects = (0..10_000).map(|n| format!("{n}{}", "\u{1f600}".repeat(5000)));
        let facts = Facts { subjects: subjects.take(50).collect(), ..Facts::default() };
        let described = Described::of(&facts);
        assert_eq!((described.identities.len(), described.left_out), (LIST_MAX, 42));
        assert!(described.words().chars().count() < LIST_MAX * (TEXT_CHARS_MAX + 10) + 100);
        let twice = Facts { subjects: vec!["a".to_owned(); 3], ..Facts::default() };
        assert_eq!(Described::of(&twice).identities, ["a"]);
    }
}
