//! Every entry of a piece of a log, compared with what is looked for. This runs on all processors.
//!
//! A typed entry's own signatures are verified as far as the leaf allows. Invariants: total, for
//! any entries; what is kept of an entry is bounded ([`Described`]); nothing is kept of entries
//! that do not match but their leaf hashes.

use std::sync::Arc;

use fasti_entry::{Facts, LookupTerm, RekorEntry, StoredKey, is_rekor_v1, lookup_terms};
use fasti_rekor_v1::verify_again;
use fasti_verify::{Authority, issuer_at_start};
use fasti_x509::{Claims, extension_text, extension_values};
use sha2::{Digest as _, Sha256};
use tiles_spec::{Hash, LeafIndex};

use super::described::Described;
use super::patterns::{PatternId, Patterns};

/// The beginning of every Rekor entry.
const REKOR_HEAD: &[u8] = b"{\"apiVersion\":";
/// The most certificates of one entry that are compared with authorities, which takes signatures.
const JUDGED_MAX: usize = 8;
/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Compares entries with patterns.
#[derive(Debug)]
pub struct Matcher {
    /// What is looked for.
    pub patterns: Arc<Patterns>,
    /// Who can vouch for names; empty if the caller names nobody.
    pub authorities: Vec<Authority>,
    /// Whether to verify the entries' own signatures.
    pub signatures: bool,
    /// A secret number that chooses the entries whose index is checked.
    pub salt: u64,
}

/// An entry that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its index.
    pub index: LeafIndex,
    /// Its leaf hash.
    pub leaf: Hash,
    /// What it matches, ascending.
    pub patterns: Vec<PatternId>,
    /// Why its signature does not verify, if it does not.
    pub bad_signature: Option<String>,
    /// Who vouches for its certificate; `None` if nobody does, or nobody was asked.
    pub vouched_by: Option<String>,
    /// What it says.
    pub entry: Described,
}

/// What was counted in entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Entries of a kind that is known.
    pub typed: u64,
    /// Signatures that were verified again.
    pub signatures: u64,
    /// Names that are too long for regular expressions, and were not compared with them.
    pub overlong: u64,
}

/// Entries, compared.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Their leaf hashes.
    pub leaves: Vec<Hash>,
    /// Those that match.
    pub findings: Vec<Finding>,
    /// What was counted.
    pub counts: Counts,
    /// An entry by which the index can be checked.
    pub sample: Option<Sample>,
}

/// An entry by which the index can be checked.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The sample of several that has the smallest rank is taken.
    pub rank: u64,
    /// The entry.
    pub index: LeafIndex,
    /// Under which terms an index must list it: the leaf, and perhaps one more.
    pub terms: Vec<LookupTerm>,
}

impl Matcher {
    /// Compares entries: the index, the leaf hash and the bytes of each.
    pub fn scan<'e>(
        &self,
        entries: impl IntoIterator<Item = (LeafIndex, Hash, &'e [u8])>,
    ) -> Scanned {
        let mut scanned = Scanned::default();
        let mut chosen: Option<(u64, LeafIndex, Hash, &[u8])> = None;
        for (index, leaf, bytes) in entries {
            scanned.leaves.push(leaf);
            scanned.counts.entries += 1;
            scanned.findings.extend(self.look_at(index, leaf, bytes, &mut scanned.counts));
            let rank = self.rank(&leaf);
            if chosen.is_none_or(|(least, ..)| rank < least) {
                chosen = Some((rank, index, leaf, bytes));
            }
        }
        scanned.sample = chosen.map(|(rank, index, leaf, bytes)| {
            let mut terms = lookup_terms(&leaf, bytes);
            let other = usize::try_from(rank).unwrap_or_default() % terms.len().max(1);
            let other = terms.get(other).cloned();
            terms.clear();
            terms.push(LookupTerm::Leaf(leaf));
            terms.extend(other.filter(|other| !terms.contains(other)));
            Sample { rank, index, terms }
        });
        scanned
    }

    /// A number that nobody without the salt can tell.
    fn rank(&self, leaf: &Hash) -> u64 {
        let (first, _) = leaf.as_bytes().split_first_chunk().expect("32 bytes");
        (u64::from_le_bytes(*first) ^ self.salt).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn look_at(
        &self,
        index: LeafIndex,
        leaf: Hash,
        bytes: &[u8],
        counts: &mut Counts,
    ) -> Option<Finding> {
        // Nothing else can be an entry of a known kind.
        if bytes.first() != Some(&b'{') {
            return None;
        }
        let bad_signature = if self.signatures { bad_signature(bytes, counts) } else { None };
        if !self.patterns.has_any() && bad_signature.is_none() {
            return None;
        }
        let facts = Facts::of(bytes);
        let mut patterns = self.matches(&facts, counts);
        let mut vouched_by = None;
        if !self.authorities.is_empty()
            && (!patterns.is_empty() || self.patterns.unvouched().is_some())
        {
            let (by, has_stranger) = self.vouching(&facts);
            vouched_by = by;
            patterns.extend(self.patterns.unvouched().filter(|_| has_stranger));
        }
        if patterns.is_empty() && bad_signature.is_none() {
            return None;
        }
        patterns.sort_unstable();
        patterns.dedup();
        let entry = Described::of(&facts);
        Some(Finding { index, leaf, patterns, bad_signature, vouched_by, entry })
    }

    fn matches(&self, facts: &Facts, counts: &mut Counts) -> Vec<PatternId> {
        let mut found = Vec::new();
        for digest in &facts.digests {
            found.extend(self.patterns.of_digest(&digest.bytes));
        }
        for name in &facts.subjects {
            counts.overlong += u64::from(!self.patterns.of_name(name, None, &mut found));
        }
        for signer in &facts.signers {
            let certificate = match &signer.key {
                StoredKey::Certificate(der) => der,
                StoredKey::PublicKey(key) | StoredKey::Other(key) => {
                    found.extend(self.patterns.of_key(&Sha256::digest(key)));
                    continue;
                }
                _ => continue,
            };
            let Some(claims) = Claims::of(certificate) else { continue };
            found.extend(self.patterns.of_key(&Sha256::digest(claims.public_key)));
            for (_, name) in &claims.names {
                let is_compared = self.patterns.of_name(name, claims.issuer, &mut found);
                counts.overlong += u64::from(!is_compared);
            }
            if self.patterns.has_extensions() {
                for (oid, value) in extension_values(certificate) {
                    let text = extension_text(value);
                    found.extend(text.and_then(|text| self.patterns.of_extension(oid, text)));
                }
            }
        }
        found
    }

    /// Who vouches for a certificate of the entry, and whether there is one for which nobody does.
    fn vouching(&self, facts: &Facts) -> (Option<String>, bool) {
        let certificates = facts.signers.iter().filter_map(|signer| match &signer.key {
            StoredKey::Certificate(der) => Some(der),
            _ => None,
        });
        let (mut by, mut has_stranger) = (None, false);
        for (number, der) in certificates.enumerate() {
            let issuer = (number < JUDGED_MAX).then(|| issuer_at_start(der, &self.authorities));
            match issuer {
                Some(Ok(issuer)) => by = by.or(Some(short(&issuer))),
                _ => has_stranger = true,
            }
        }
        // One certificate of a stranger is enough for nobody to vouch for the entry.
        (by.filter(|_| !has_stranger), has_stranger)
    }
}

/// Verifies an entry's own signatures, as far as the leaf allows. Returns why they do not verify.
fn bad_signature(bytes: &[u8], counts: &mut Counts) -> Option<String> {
    if !bytes.starts_with(REKOR_HEAD) {
        return None;
    }
    let error = match RekorEntry::parse(bytes) {
        Ok(entry) => {
            counts.typed += 1;
            match entry.verify_again() {
                Ok(count) => {
                    counts.signatures += count;
                    return None;
                }
                Err(error) => error.to_string(),
            }
        }
        Err(_) if is_rekor_v1(bytes) => {
            counts.typed += 1;
            match verify_again(bytes)? {
                Ok(()) => {
                    counts.signatures += 1;
                    return None;
                }
                Err(error) => error.to_string(),
            }
        }
        Err(error) => format!("not a Rekor entry, although it begins like one: {error}"),
    };
    Some(short(&error))
}

fn short(text: &str) -> String {
    text.chars().take(REASON_CHARS_MAX).collect()
}
