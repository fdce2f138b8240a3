//! `dsse` 0.0.1: the signatures in a DSSE envelope.
//!
//! Proposed are the text of an envelope and the keys that made its signatures, in PEM. Keys can
//! stand in chains of certificates, which are not checked; IDs of keys in the envelope mean
//! nothing. ECDSA and RSA sign with SHA-256, however large the key.
//!
//! The canonical form has the hashes of the envelope's text and of its payload, and the signatures
//! with their keys, sorted. The payload may be kept beside the entry, up to a size; Rekor does not
//! do that for this kind.
//!
//! Rekor stores a signature in base64 of the alphabet for URLs as it is sent, against its own
//! schema, and cannot read the entry back. Here it is stored in the standard alphabet. Signatures
//! that differ in nothing else are one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::envelope::{Envelope, Keys};
use super::kept_payload::kept;
use super::stated_hash::stated_hash;
use super::statement;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::{self, Object};
use crate::limits::Setting;
use crate::pki::x509::Key;

/// The path of what is proposed, as Rekor spells it.
const PROPOSED: &str = "proposedContent.proposedContent";
const NEITHER: &str =
    "either proposedContent or envelopeHash, payloadHash, and signatures must be present";

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let proposed = spec.object("proposedContent");
    let verifiers = proposed.as_ref().map(verifiers).transpose()?.flatten();
    // What a log makes of an envelope, and a proposal must not have.
    let hash = |name: &str| stated_hash(spec, name, &format!("{name}.{name}"), &["sha256"]);
    let hashes = [hash("envelopeHash")?, hash("payloadHash")?];
    let has_signatures = spec.elements("signatures").is_some_and(|list| !list.is_empty());
    let Some(proposed) = proposed else {
        let is_canonical = has_signatures && hashes.iter().all(Option::is_some);
        let missing = KindError::NotInsertable("missing proposed content");
        return Err(if is_canonical { missing } else { invalid(NEITHER) });
    };
    let text = proposed.text("envelope");
    let text = text.ok_or_else(|| required(&format!("{PROPOSED}.envelope")))?;
    let verifiers = verifiers.ok_or_else(|| required(&format!("{PROPOSED}.verifiers")))?;
    if verifiers.is_empty() {
        let path = format!("{PROPOSED}.verifiers");
        return Err(KindError::Schema { path, problem: "should have at least 1 items".to_owned() });
    }
    if has_signatures || hashes.iter().any(Option::is_some) {
        return Err(invalid(format!("{NEITHER} but not both")));
    }
    draft(&text, &verifiers, setting)
}

/// The texts among the keys that are proposed; `None` if there is no list.
fn verifiers(proposed: &Object<'_>) -> Result<Option<Vec<Vec<u8>>>, KindError> {
    let Some(elements) = proposed.elements("verifiers") else { return Ok(None) };
    let texts = elements.into_iter().filter_map(json::text).filter(|text| !text.is_empty());
    texts.map(|text| json::base64(&text, "verifier")).collect::<Result<_, _>>().map(Some)
}

fn draft(text: &str, verifiers: &[Vec<u8>], setting: &Setting) -> Result<Draft, KindError> {
    let envelope = Envelope::parse(text)?;
    if envelope.signatures.is_empty() {
        return Err(invalid("DSSE envelope must contain 1 or more signatures"));
    }
    let opened = envelope.open();
    let opened = opened.map_err(|error| invalid(format!("could not verify envelope: {error}")))?;
    let (mut made, keys) = opened.made_by(verifiers, Keys::Needed)?;
    made.sort_unstable_by(|one, other| one.text.cmp(&other.text));
    let keys: Vec<&Key> = made.iter().map(|made| &keys[made.key]).collect();
    let signatures: Vec<Value> = made
        .iter()
        .zip(&keys)
        .map(|(made, key)| {
            json!({ "signature": made.text, "verifier": STANDARD.encode(key.canonical()) })
        })
        .collect();
    let (envelope_hash, payload_hash) = (sha256(text.as_bytes()), sha256(&opened.payload));
    let mut index_keys = vec![format!("sha256:{envelope_hash}"), format!("sha256:{payload_hash}")];
    for key in &keys {
        index_keys.push(format!("sha256:{}", sha256(key.canonical())));
        index_keys.extend(key.subjects());
    }
    if envelope.payload_type == statement::PAYLOAD_TYPE {
        index_keys.extend(statement::digests(&opened.payload));
    }
    Ok(Draft {
        spec: json!({
            "envelopeHash": { "algorithm": "sha256", "value": envelope_hash },
            "payloadHash": { "algorithm": "sha256", "value": payload_hash },
            "signatures": signatures,
        }),
        signers: keys.into_iter().map(Key::signer).collect(),
        index_keys,
        attestation: kept(&envelope.payload, opened.payload, &setting.limits),
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
