//! What does a signed envelope say about an artifact? (in-toto Statement v0.1 and v1; DigestSet.)
//!
//! An envelope of any other kind names only one artifact: its payload.
//!
//! Invariants:
//! - A statement's other members are read only if its `_type` is known: in another type, `subject`
//!   could mean anything.
//! - The predicate is not read: only its type is known here. Nothing rests on names of subjects.

use std::collections::BTreeSet;
use std::io;

use fasti_entry::DsseEnvelope;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::artifact::Artifact;
use super::digest_set::DigestSet;

const IN_TOTO: &str = "application/vnd.in-toto+json";
const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// A statement whose type is known. Its signer says all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementSeen {
    /// Its `_type`.
    pub statement_type: String,
    /// The type of its predicate.
    pub predicate_type: String,
    /// The predicate as it was signed, in JSON.
    pub predicate: Option<String>,
}

/// How an envelope names an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    /// In words.
    pub(super) name: String,
    /// Whether it rests on a digest alone of which there can be two artifacts.
    pub(super) is_weak: bool,
}

/// Why an envelope says nothing about an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The artifact cannot be read.
    #[error("cannot read the artifact")]
    Artifact(#[from] io::Error),
    /// Something that is not the artifact.
    #[error("its payload is neither an in-toto statement nor the artifact")]
    OtherPayload,
    /// Not the JSON of a statement.
    #[error("its in-toto statement cannot be read: {0}")]
    Form(String),
    /// A type that is not known here.
    #[error(
        "its statement is of the type {found:?}, which can mean anything; known are {}",
        TYPES.join(" and ")
    )]
    Type {
        /// The `_type`.
        found: String,
    },
    /// Subjects with other digests.
    #[error("no subject of its statement has the artifact's digest")]
    OtherDigest,
    /// Subjects without a digest that the artifact has.
    #[error(
        "its statement has digests by {} alone, and none of these is known of the artifact",
        listed(algorithms)
    )]
    NotComparable {
        /// The names of the algorithms in the statement.
        algorithms: Vec<String>,
    },
    /// No subject.
    #[error("its statement has no subject with a digest")]
    NoSubject,
    /// A subject of which one digest is the artifact's and another is not.
    #[error(
        "its subject {subject:?} contradicts itself: the {same} digest is the artifact's, the \
         {other} digest is not"
    )]
    Contradiction {
        /// The name of the subject.
        subject: String,
        /// The algorithm of the one.
        same: String,
        /// The algorithm of the other.
        other: String,
    },
    /// Another predicate than the required one.
    #[error("its predicate is a {found:?}, not a {demanded:?}")]
    PredicateType {
        /// The type in the statement.
        found: String,
        /// What was required.
        demanded: String,
    },
    /// No statement, although a predicate is required.
    #[error("it is not an in-toto statement, so it has no predicate of the required type")]
    NoPredicate,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "_type")]
    statement_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(default)]
    subject: Vec<Subject>,
    predicate_type: String,
    #[serde(default, borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Subject {
    name: Option<String>,
    digest: Option<DigestSet>,
}

/// Reads an envelope's statement, if it holds one, and checks the type of its predicate. Returns
/// also the envelope's name for the artifact, if one is given.
pub(super) fn read(
    envelope: &DsseEnvelope,
    artifact: Option<&dyn Artifact>,
    predicate_type: Option<&str>,
) -> Result<(Option<StatementSeen>, Option<Naming>), StatementError> {
    if envelope.payload_type != IN_TOTO {
        return match artifact {
            _ if predicate_type.is_some() => Err(StatementError::NoPredicate),
            None => Ok((None, None)),
            Some(artifact) if artifact.is(&envelope.payload)? => {
                Ok((None, Some(Naming { name: "the payload itself".to_owned(), is_weak: false })))
            }
            Some(_) => Err(StatementError::OtherPayload),
        };
    }
    let form = |error: serde_json::Error| StatementError::Form(error.to_string());
    let Typed { statement_type } = serde_json::from_slice(&envelope.payload).map_err(form)?;
    if !TYPES.contains(&&*statement_type) {
        return Err(StatementError::Type { found: statement_type });
    }
    let statement: Statement<'_> = serde_json::from_slice(&envelope.payload).map_err(form)?;
    let found = statement.predicate_type;
    if let Some(demanded) = predicate_type.filter(|demanded| *demanded != found) {
        return Err(StatementError::PredicateType { found, demanded: demanded.to_owned() });
    }
    let naming = artifact.map(|artifact| find(&statement.subject, artifact)).transpose()?;
    let predicate = statement.predicate.map(|json| json.get().to_owned());
    Ok((Some(StatementSeen { statement_type, predicate_type: found, predicate }), naming))
}

/// The first subject that is the artifact: all its digests that are known of the artifact are the
/// artifact's, and there is at least one.
fn find(subjects: &[Subject], artifact: &dyn Artifact) -> Result<Naming, StatementError> {
    let mut naming = None;
    let mut is_comparable = false;
    let mut algorithms = BTreeSet::new();
    for Subject { name, digest } in subjects {
        let Some(digests) = digest else { continue };
        algorithms.extend(digests.algorithms().map(str::to_owned));
        let compared = digests.compare(artifact)?;
        is_comparable |= compared.same.is_some() || compared.other.is_some();
        let name = name.as_deref().unwrap_or_default();
        match (compared.same, compared.other) {
            (Some(same), Some(other)) => {
                return Err(StatementError::Contradiction {
                    subject: name.to_owned(),
                    same: same.to_owned(),
                    other: other.to_owned(),
                });
            }
            (Some(same), None) if naming.is_none() => {
                let name = format!("{name:?} (by its {same} digest)");
                naming = Some(Naming { name, is_weak: compared.is_weak });
            }
            _ => {}
        }
    }
    match naming {
        Some(naming) => Ok(naming),
        None if is_comparable => Err(StatementError::OtherDigest),
        None if algorithms.is_empty() => Err(StatementError::NoSubject),
        None => Err(StatementError::NotComparable { algorithms: algorithms.into_iter().collect() }),
    }
}

/// The first names of algorithms. A statement can have any number of them, of any length.
fn listed(algorithms: &[String]) -> String {
    let mut listed: Vec<_> =
        algorithms.iter().take(5).map(|name| fasti_entry::excerpt(name, 32)).collect();
    if algorithms.len() > listed.len() {
        listed.push(format!("{} others", algorithms.len() - listed.len()));
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests;
