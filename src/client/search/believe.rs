//! Which of the entries found somebody vouches for: authorities that the caller trusts.
//!
//! Anyone can make a certificate for any name, and sign with it. So a search for a name finds what
//! its owner signed among what others signed in that name, and only certificates tell them apart.
//! Invariant: an entry counts as vouched for only if what makes it match does. A vouched
//! certificate of another name, next to a stranger's certificate of the wanted name, does not
//! count.
//!
//! This says who issued a certificate, and nothing about when it was used, as no search knows that:
//! see [`issuer_at_start`].

use fasti_entry::{Facts, LookupTerm, StoredKey};
use fasti_read::search::Operator;
use fasti_verify::{Authority, issuer_at_start};

use super::question::{Match, Question, Term};

/// Whom the caller believes about names.
#[derive(Clone, Debug)]
pub struct Belief {
    authorities: Vec<Authority>,
}

/// Who vouches for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VouchedBy {
    /// The authority with this name, which issued the signer's certificate.
    Authority(String),
    /// Nobody has to: the question names a key, or the entry itself.
    Question,
}

impl Belief {
    /// Belief in these authorities.
    pub fn in_authorities(authorities: Vec<Authority>) -> Self {
        Self { authorities }
    }

    /// Who vouches for an entry; empty if nobody does.
    pub fn vouching(&self, question: &Question, found: &Match) -> Vec<VouchedBy> {
        let certificates = self.vouched(&found.entry.bytes);
        let mut vouching = Vec::new();
        for term in &question.terms {
            match by(term, found, &certificates) {
                Some(by) if !vouching.contains(&by) => vouching.push(by),
                None if question.operator == Operator::And => return Vec::new(),
                _ => {}
            }
        }
        vouching
    }

    /// The certificates in an entry that a trusted authority issued, with the name of the issuer.
    fn vouched(&self, entry: &[u8]) -> Vec<(Vec<u8>, String)> {
        let signers = Facts::of(entry).signers.into_iter();
        let certificates = signers.filter_map(|signer| match signer.key {
            StoredKey::Certificate(der) => Some(der),
            _ => None,
        });
        let vouched = certificates.filter_map(|der| {
            let issuer = issuer_at_start(&der, &self.authorities).ok()?;
            Some((der, issuer))
        });
        vouched.collect()
    }
}

/// Who vouches that an entry has one of these.
fn by(term: &Term, found: &Match, certificates: &[(Vec<u8>, String)]) -> Option<VouchedBy> {
    let mut had = term.any_of.iter().filter(|term| found.terms.contains(term));
    had.find_map(|term| by_one(term, certificates))
}

fn by_one(term: &LookupTerm, certificates: &[(Vec<u8>, String)]) -> Option<VouchedBy> {
    let mut certificates = certificates.iter();
    let issuer = match term {
        // Only the holder of the key can sign with it, and a leaf hash is of one entry.
        LookupTerm::PublicKey(_) | LookupTerm::Leaf(_) => return Some(VouchedBy::Question),
        LookupTerm::Digest(_) => certificates.next(),
        _ => certificates.find(|(der, _)| term.is_of_certificate(der)),
    };
    issuer.map(|(_, issuer)| VouchedBy::Authority(issuer.clone()))
}
