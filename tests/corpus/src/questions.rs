//! Known keys of a corpus, with the true lengths of their lists: questions for an index, and the
//! expected answers.

use serde::{Deserialize, Serialize};
use tiles_spec::{Hash, leaf_hash};

use crate::census::{Census, Tally};
use crate::distribution::{Artifact, Plan, Signer};
use crate::draw::{Draw, bytes};
use crate::entries::Entries;

/// A search term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Term {
    /// The entry with this leaf hash, in hexadecimal: Rekor's UUID.
    Leaf {
        /// 64 digits.
        hash: String,
    },
    /// Entries about the artifact with this SHA-256.
    Digest {
        /// 64 digits.
        sha256: String,
    },
    /// Entries signed with the key whose DER `SubjectPublicKeyInfo` has this SHA-256.
    PublicKey {
        /// 64 digits.
        sha256: String,
    },
    /// Entries with a certificate of this identity.
    Identity {
        /// An email address or URI.
        identity: String,
    },
    /// Entries with a certificate of this identity, vouched for by this issuer.
    IdentityOfIssuer {
        /// An email address or URI.
        identity: String,
        /// An OIDC issuer's URL.
        issuer: String,
    },
}

/// How often a key occurs, by order of magnitude in a log of ten million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A tenth of all entries.
    Million,
    /// From a hundred to a few thousand entries.
    Hundreds,
    /// A few entries.
    Several,
    /// In one entry.
    Once,
    /// In no entry.
    Absent,
}

/// A question and the expected answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// How often the key occurs.
    pub class: Class,
    /// The search term.
    #[serde(flatten)]
    pub term: Term,
    /// The number of entries.
    pub entries: u64,
    /// The sum of their leaf indices, modulo 2^64.
    pub index_sum: u64,
}

/// Questions of every class, about `each` for the large classes.
pub fn questions(entries: &Entries, census: &Census, each: u64) -> Vec<Question> {
    let mut questions = Vec::new();
    let mut add = |class, term, Tally { entries, index_sum }| {
        // A small corpus does not contain every key of a pool.
        if entries > 0 || class == Class::Absent {
            questions.push(Question { class, term, entries, index_sum });
        }
    };
    for (which, tally) in census.frequent.iter().enumerate() {
        add(Class::Million, public_key(entries, 0, Signer::Frequent(which)), *tally);
    }
    for which in spread(census.projects.len(), each) {
        let term = public_key(entries, 0, Signer::Project(which));
        add(Class::Hundreds, term, census.projects[which]);
    }
    for which in spread(census.identities.len(), each) {
        for term in identity_terms(entries, which) {
            add(Class::Hundreds, term, census.identities[which]);
        }
    }
    for which in spread(census.re_signed.len(), each) {
        let term = digest(entries, 0, Artifact::ReSigned(which));
        add(Class::Several, term, census.re_signed[which]);
    }
    let distribution = entries.distribution();
    for number in 0..each.min(distribution.entries) {
        let n = Draw::new(distribution.seed, ASKED, number).below(distribution.entries);
        for term in terms_of_its_own(entries, n) {
            add(Class::Once, term, Tally::of(n));
        }
    }
    for number in 0..each {
        for term in absent(distribution.seed, number) {
            add(Class::Absent, term, Tally::default());
        }
    }
    questions
}

/// `count` numbers below `length`, evenly spread, or all of them.
fn spread(length: usize, count: u64) -> impl Iterator<Item = usize> {
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(length);
    (0..count).map(move |n| n * length / count)
}

/// The terms that find entry `n` alone.
fn terms_of_its_own(entries: &Entries, n: u64) -> Vec<Term> {
    let Plan { artifact, signer } = entries.distribution().plan(n);
    let mut terms = vec![Term::Leaf { hash: leaf_hash(&entries.entry(n)).to_string() }];
    if artifact == Artifact::Own {
        terms.push(digest(entries, n, artifact));
    }
    if let Signer::Own | Signer::Identity(_) = signer {
        terms.push(public_key(entries, n, signer));
    }
    terms
}

fn absent(seed: u64, number: u64) -> [Term; 5] {
    let hash = |purpose| Hash::from(bytes(seed, purpose, number)).to_string();
    let identity = format!("nobody-{number}@example.org");
    let issuer = "https://github.com/login/oauth".to_owned();
    [
        Term::Leaf { hash: hash("leaf that is not there") },
        Term::Digest { sha256: hash("artifact that nobody signed") },
        Term::PublicKey { sha256: hash("key that signs nothing") },
        Term::Identity { identity: identity.clone() },
        Term::IdentityOfIssuer { identity, issuer },
    ]
}

fn digest(entries: &Entries, n: u64, artifact: Artifact) -> Term {
    Term::Digest { sha256: Hash::from(entries.digest(n, artifact)).to_string() }
}

fn public_key(entries: &Entries, n: u64, signer: Signer) -> Term {
    Term::PublicKey { sha256: entries.public_key(n, signer).to_string() }
}

fn identity_terms(entries: &Entries, which: usize) -> [Term; 2] {
    let who = &entries.identities()[which];
    let (identity, issuer) = (who.name.clone(), who.issuer.clone());
    [Term::Identity { identity: identity.clone() }, Term::IdentityOfIssuer { identity, issuer }]
}

/// The stream of draws that selects the entries to ask for.
const ASKED: u64 = 3;
