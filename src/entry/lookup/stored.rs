//! Where the kinds of Rekor entries store digests and verifiers.
//!
//! A value is found by its path from the top of the JSON. Each value is read separately: one that
//! is missing, duplicated or in another form is skipped without affecting the others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pem;
use crate::json::{self, Value};
use crate::verifier::KeyMaterial;

/// The longest digest of any hash in use, in bytes.
const DIGEST_BYTES_MAX: usize = 64;

/// The artifacts and signers named in an entry, in the entry's order.
#[derive(Default)]
pub(super) struct Stored {
    /// Digests of artifacts, payloads and envelopes.
    pub(super) digests: Vec<Vec<u8>>,
    /// DER SubjectPublicKeyInfo.
    pub(super) public_keys: Vec<Vec<u8>>,
    /// DER certificates.
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Reads what it can; finds nothing in bytes that are not an entry of a kind listed here.
pub(super) fn read(entry: &[u8]) -> Stored {
    let mut stored = Stored::default();
    let Ok(entry) = json::parse(entry) else { return stored };
    let (Some(kind), Some(version)) = (text(&entry, &["kind"]), text(&entry, &["apiVersion"]))
    else {
        return stored;
    };
    let Some(spec) = member(&entry, "spec") else { return stored };
    match (kind, version) {
        ("hashedrekord", "0.0.2") => {
            stored.base64_digest(spec, &["hashedRekordV002", "data", "digest"]);
            stored.verifier(spec, &["hashedRekordV002", "signature", "verifier"]);
        }
        ("dsse", "0.0.2") => {
            stored.base64_digest(spec, &["dsseV002", "payloadHash", "digest"]);
            for signature in elements(spec, &["dsseV002", "signatures"]) {
                stored.verifier(signature, &["verifier"]);
            }
        }
        ("hashedrekord" | "rekord", "0.0.1") => {
            stored.hex_digest(spec, &["data", "hash", "value"]);
            stored.pem(spec, &["signature", "publicKey", "content"]);
        }
        ("dsse", "0.0.1") => {
            stored.hex_digest(spec, &["payloadHash", "value"]);
            stored.hex_digest(spec, &["envelopeHash", "value"]);
            for signature in elements(spec, &["signatures"]) {
                stored.pem(signature, &["verifier"]);
            }
        }
        ("intoto", "0.0.1" | "0.0.2") => {
            stored.hex_digest(spec, &["content", "hash", "value"]);
            stored.hex_digest(spec, &["content", "payloadHash", "value"]);
            if version == "0.0.1" {
                stored.pem(spec, &["publicKey"]);
            } else {
                for signature in elements(spec, &["content", "envelope", "signatures"]) {
                    stored.pem(signature, &["publicKey"]);
                }
            }
        }
        _ => {}
    }
    stored
}

impl Stored {
    fn base64_digest(&mut self, value: &Value<'_>, path: &[&str]) {
        self.digest(base64(value, path));
    }

    fn hex_digest(&mut self, value: &Value<'_>, path: &[&str]) {
        self.digest(text(value, path).and_then(|digits| hex::decode(digits).ok()));
    }

    fn digest(&mut self, digest: Option<Vec<u8>>) {
        self.digests.extend(digest.filter(|digest| (1..=DIGEST_BYTES_MAX).contains(&digest.len())));
    }

    /// A `dev.sigstore.rekor.v2.Verifier`.
    fn verifier(&mut self, value: &Value<'_>, path: &[&str]) {
        let Some(verifier) = at(value, path) else { return };
        self.public_keys.extend(base64(verifier, &["publicKey", "rawBytes"]));
        self.certificates.extend(base64(verifier, &["x509Certificate", "rawBytes"]));
    }

    fn pem(&mut self, value: &Value<'_>, path: &[&str]) {
        match base64(value, path).and_then(|text| pem::first_block(&text)) {
            Some(KeyMaterial::PublicKey(der)) => self.public_keys.push(der),
            Some(KeyMaterial::Certificate(der)) => self.certificates.push(der),
            None => {}
        }
    }
}

/// Rejects an empty value: no digest or key is empty.
fn base64(value: &Value<'_>, path: &[&str]) -> Option<Vec<u8>> {
    STANDARD.decode(text(value, path)?).ok().filter(|bytes| !bytes.is_empty())
}

fn text<'v>(value: &'v Value<'_>, path: &[&str]) -> Option<&'v str> {
    match at(value, path)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn elements<'v, 'a>(value: &'v Value<'a>, path: &[&str]) -> &'v [Value<'a>] {
    match at(value, path) {
        Some(Value::Array(elements)) => elements,
        _ => &[],
    }
}

fn at<'v, 'a>(value: &'v Value<'a>, path: &[&str]) -> Option<&'v Value<'a>> {
    path.iter().try_fold(value, |value, name| member(value, name))
}

/// The only member with this name.
fn member<'v, 'a>(value: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    let Value::Object(members) = value else { return None };
    let mut named = members.iter().filter(|(key, _)| key == name);
    let (_, found) = named.next()?;
    named.next().is_none().then_some(found)
}
