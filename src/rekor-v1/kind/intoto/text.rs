//! `intoto` 0.0.1: an envelope as text, see the module above.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::base64_text;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::kind::envelope::Envelope;
use crate::kind::kept_payload::kept;
use crate::kind::stated_hash::stated_hash;
use crate::kind::statement;
use crate::limits::Setting;
use crate::pki::x509::Key;

/// Paths as Rekor spells them.
const HASH: &str = "content.content.hash.content.hash";
const PAYLOAD_HASH: &str = "content.content.payloadHash.content.payloadHash";

pub(crate) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let key = spec.bytes("publicKey", "public key")?;
    let content = spec.object("content").ok_or_else(|| required("content"))?;
    let hash = stated_hash(&content, "hash", HASH, &["sha256"])?;
    stated_hash(&content, "payloadHash", PAYLOAD_HASH, &["sha256"])?;
    let key = Key::parse(&key.ok_or_else(|| required("publicKey"))?)?;
    let text = content.text("envelope").unwrap_or_default();
    if text.is_empty() {
        let is_canonical = hash.is_some();
        let missing = KindError::NotInsertable("missing envelope content");
        let neither = invalid("missing hash value for envelope");
        return Err(if is_canonical { missing } else { neither });
    }
    key.check_kind()?;
    let envelope = Envelope::parse(&text)?;
    let opened = envelope.open()?;
    opened.first_of(&key, key.ssh_fingerprint().as_deref())?;
    // Only of the standard alphabet, unlike what was just opened.
    let payload = base64_text::decode(envelope.payload.as_bytes())
        .map_err(|at| invalid(format!("illegal base64 data at input byte {at}")))?;
    if payload.is_empty() || envelope.payload_type.is_empty() {
        return Err(KindError::NotInsertable("invalid DSSE envelope"));
    }
    let payload_hash = hex::encode(Sha256::digest(&payload));
    let envelope_hash = hex::encode(Sha256::digest(text.as_bytes()));
    let key_hash = hex::encode(Sha256::digest(key.canonical()));
    let hashes = [&envelope_hash, &key_hash, &payload_hash];
    let mut index_keys = hashes.map(|hash| format!("sha256:{hash}")).to_vec();
    index_keys.extend(key.subjects());
    if envelope.payload_type == statement::PAYLOAD_TYPE {
        index_keys.extend(statement::digests(&payload));
    }
    Ok(Draft {
        spec: json!({
            "content": {
                "hash": { "algorithm": "sha256", "value": envelope_hash },
                "payloadHash": { "algorithm": "sha256", "value": payload_hash },
            },
            "publicKey": STANDARD.encode(key.canonical()),
        }),
        signers: vec![key.signer()],
        index_keys,
        attestation: kept(&envelope.payload, payload, &setting.limits),
    })
}
