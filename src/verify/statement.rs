//! Does a signed envelope name an artifact? (in-toto Statement v0.1 and v1: `subject[].digest`.)
//!
//! An envelope of any other kind names only one artifact: its payload.

use std::collections::BTreeMap;

use fasti_entry::{DsseEnvelope, HashAlgorithm};
use serde::Deserialize;

use super::artifact::Artifact;
use super::refusal::Refusal;

const IN_TOTO: &str = "application/vnd.in-toto+json";

#[derive(Deserialize)]
struct Statement {
    #[serde(default)]
    subject: Vec<StatementSubject>,
}

#[derive(Deserialize)]
struct StatementSubject {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

/// Returns the envelope's name for the artifact.
pub(super) fn find(envelope: &DsseEnvelope, artifact: &dyn Artifact) -> Result<String, Refusal> {
    if envelope.payload_type != IN_TOTO {
        return if artifact.is(&envelope.payload)? {
            Ok("the payload itself".to_owned())
        } else {
            Err(Refusal::NotNamed("its payload is neither an in-toto statement nor the artifact"))
        };
    }
    let statement: Statement = serde_json::from_slice(&envelope.payload)
        .map_err(|_| Refusal::NotNamed("its in-toto statement cannot be read"))?;
    let mut comparable = false;
    for (algorithm, name) in [
        (HashAlgorithm::Sha256, "sha256"),
        (HashAlgorithm::Sha384, "sha384"),
        (HashAlgorithm::Sha512, "sha512"),
    ] {
        let mut subjects = statement
            .subject
            .iter()
            .filter_map(|s| Some((&s.name, s.digest.get(name)?)))
            .peekable();
        if subjects.peek().is_none() {
            continue;
        }
        comparable = true;
        let digest = hex::encode(artifact.digest(algorithm)?.as_bytes());
        if let Some((name, _)) = subjects.find(|(_, stated)| **stated == digest) {
            return Ok(format!("{name:?}"));
        }
    }
    Err(Refusal::NotNamed(if comparable {
        "no subject of its statement has the artifact's digest"
    } else {
        "its statement has no subject with a SHA-2 digest"
    }))
}
