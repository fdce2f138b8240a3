//! `intoto` 0.0.2: an envelope as an object, see the module above.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::base64_text;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::{self, Object};
use crate::kind::envelope::{self, Envelope, Keys};
use crate::kind::kept_payload::kept;
use crate::kind::stated_hash::{StatedHash, stated_hash};
use crate::kind::statement;
use crate::limits::Setting;
use crate::pki::x509::Key;

/// Paths as Rekor spells them.
const ENVELOPE: &str = "content.content.envelope.content.envelope";
const HASH: &str = "content.content.hash.content.hash";
const PAYLOAD_HASH: &str = "content.content.payloadHash.content.payloadHash";

/// A signature with its key. Nothing is verified.
struct Signed {
    keyid: String,
    /// Base64 of the signature, from base64 of that.
    sig: Vec<u8>,
    key: Vec<u8>,
}

pub(crate) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let content = spec.object("content");
    let object = content.as_ref().and_then(|content| content.object("envelope"));
    let path = |name: &str| format!("{ENVELOPE}.{name}");
    let Some(object) = object else { return Err(required(&path("payloadType"))) };
    let payload = object.bytes("payload", "payload")?.unwrap_or_default();
    let signed = signatures(&object)?;
    let payload_type = object.text("payloadType");
    let payload_type = payload_type.ok_or_else(|| required(&path("payloadType")))?;
    let signed = signed.ok_or_else(|| required(&path("signatures")))?;
    if signed.is_empty() {
        let problem = "should have at least 1 items".to_owned();
        return Err(KindError::Schema { path: path("signatures"), problem });
    }
    let content = content.ok_or_else(|| required("content"))?;
    let hash = stated_hash(&content, "hash", HASH, &["sha256"])?;
    stated_hash(&content, "payloadHash", PAYLOAD_HASH, &["sha256"])?;
    if payload.is_empty() {
        return Err(KindError::NotInsertable("missing envelope content"));
    }
    let hash = hash.ok_or_else(|| required("content.content.hash"))?;
    let payload = String::from_utf8(payload)
        .map_err(|_| invalid("could not verify envelope: the payload is not base64 of base64"))?;
    draft(&payload_type, &payload, &signed, &hash, setting)
}

/// The objects among the signatures; `None` if there is no list.
fn signatures(object: &Object<'_>) -> Result<Option<Vec<Signed>>, KindError> {
    let Some(elements) = object.elements("signatures") else { return Ok(None) };
    envelope::expect_few(elements.len(), "the number of signatures")?;
    let objects = elements.into_iter().filter_map(json::object).enumerate();
    let signatures = objects.map(|(number, signature)| {
        let member = |name: &str, what| match signature.text(name) {
            Some(text) => json::base64(&text, what),
            None => Err(required(&format!("{ENVELOPE}.signatures.{number}.{name}"))),
        };
        let keyid = signature.text("keyid").unwrap_or_default().into_owned();
        Ok(Signed {
            key: member("publicKey", "public key")?,
            sig: member("sig", "signature")?,
            keyid,
        })
    });
    signatures.collect::<Result<_, _>>().map(Some)
}

fn draft(
    payload_type: &str,
    payload: &str,
    signed: &[Signed],
    hash: &StatedHash<'_>,
    setting: &Setting,
) -> Result<Draft, KindError> {
    let text = |bytes| String::from_utf8_lossy(bytes);
    let signatures = signed
        .iter()
        .map(|one| envelope::Signature { keyid: Cow::Borrowed(&*one.keyid), sig: text(&one.sig) });
    let envelope = Envelope {
        payload_type: payload_type.into(),
        payload: payload.into(),
        signatures: signatures.collect(),
    };
    let opened = envelope.open();
    let opened = opened.map_err(|error| invalid(format!("could not verify envelope: {error}")))?;
    let keys: Vec<_> = signed.iter().map(|one| one.key.clone()).collect();
    let (_, keys) = opened.made_by(&keys, Keys::All)?;
    // Only of the standard alphabet, unlike what was just opened.
    let opened = base64_text::decode(payload.as_bytes()).map_err(|at| {
        invalid(format!(
            "could not decode envelope payload: illegal base64 data at input byte {at}"
        ))
    })?;
    let payload_hash = hex::encode(Sha256::digest(&opened));
    let mut index_keys = vec![format!("sha256:{payload_hash}")];
    for key in &keys {
        index_keys.push(format!("sha256:{}", hex::encode(Sha256::digest(key.canonical()))));
        index_keys.extend(key.subjects());
    }
    if payload_type == statement::PAYLOAD_TYPE {
        index_keys.extend(statement::digests(&opened));
    }
    Ok(Draft {
        spec: json!({
            "content": {
                "envelope": {
                    "payloadType": payload_type,
                    "signatures": signed.iter().map(Signed::canonical).collect::<Vec<_>>(),
                },
                "hash": { "algorithm": "sha256", "value": hash.value },
                "payloadHash": { "algorithm": "sha256", "value": payload_hash },
            },
        }),
        signers: keys.iter().map(Key::signer).collect(),
        index_keys,
        attestation: kept(payload, opened, &setting.limits),
    })
}

impl Signed {
    fn canonical(&self) -> Value {
        let mut object = Map::new();
        object.insert("publicKey".to_owned(), STANDARD.encode(&self.key).into());
        object.insert("sig".to_owned(), STANDARD.encode(&self.sig).into());
        if !self.keyid.is_empty() {
            object.insert("keyid".to_owned(), self.keyid.as_str().into());
        }
        object.into()
    }
}
