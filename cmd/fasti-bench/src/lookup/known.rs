//! Known keys of a log, as `fasti-corpus` prints them, with the lists that an index must return.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fasti::entry::LookupTerm;
use serde::Deserialize;
use tiles_spec::Hash;

/// The output of `fasti-corpus`, as far as it is needed here.
#[derive(Deserialize)]
pub struct Known {
    /// The log's key.
    pub verifier_key: String,
    questions: Vec<Question>,
}

/// A key and its list.
#[derive(Clone, Deserialize)]
pub struct Question {
    /// The name of its class: how often it occurs.
    pub class: String,
    #[serde(flatten)]
    term: Term,
    /// How many entries have it.
    pub entries: u64,
    /// The sum of their leaf indices, modulo 2^64.
    pub index_sum: u64,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Term {
    Leaf { hash: String },
    Digest { sha256: String },
    PublicKey { sha256: String },
    Identity { identity: String },
    IdentityOfIssuer { identity: String, issuer: String },
}

impl Known {
    /// Reads the output.
    pub fn read(path: &Path) -> Result<Self> {
        let json = std::fs::read(path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&json)
            .with_context(|| format!("{} is not the output of fasti-corpus", path.display()))
    }

    /// The questions by class, in order of first occurrence.
    pub fn classes(&self) -> Result<Vec<(String, Vec<&Question>)>> {
        let mut classes: Vec<(String, Vec<&Question>)> = Vec::new();
        let mut places = BTreeMap::new();
        for question in &self.questions {
            let place = *places.entry(&question.class).or_insert_with(|| {
                classes.push((question.class.clone(), Vec::new()));
                classes.len() - 1
            });
            classes[place].1.push(question);
        }
        ensure!(!classes.is_empty(), "there are no questions");
        Ok(classes)
    }
}

impl Question {
    /// What to ask for.
    pub fn term(&self) -> Result<LookupTerm> {
        let hash = |hex: &String| hex.parse::<Hash>().with_context(|| hex.clone());
        Ok(match &self.term {
            Term::Leaf { hash: leaf } => LookupTerm::Leaf(hash(leaf)?),
            Term::Digest { sha256 } => LookupTerm::Digest(hash(sha256)?.as_bytes().to_vec()),
            Term::PublicKey { sha256 } => LookupTerm::PublicKey(hash(sha256)?),
            Term::Identity { identity } => LookupTerm::Identity(identity.clone()),
            Term::IdentityOfIssuer { identity, issuer } => {
                LookupTerm::IdentityOfIssuer { identity: identity.clone(), issuer: issuer.clone() }
            }
        })
    }
}
