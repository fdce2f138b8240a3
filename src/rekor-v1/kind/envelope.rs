//! DSSE envelopes (github.com/secure-systems-lab/dsse), and which key made which signature in one,
//! as Rekor finds out: keys are tried in order, each on the signatures in order, and stands for the
//! first that it made. A key that made none is refused. In the end each signature must have a key.
//!
//! Payload and signatures are in base64 of either alphabet. Signatures are told apart by their
//! base64 of the standard alphabet; Rekor tells them apart by their text.
//!
//! Bounds: [`SIGNATURES_MAX`] signatures, and as many keys.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::pae;

use crate::base64_text;
use crate::error::{KindError, invalid};
use crate::pki::x509::Key;
use crate::typed_json::Typed;

/// The most signatures in an envelope, and the most keys beside it.
pub(super) const SIGNATURES_MAX: usize = 16;

const NOT_BASE64: &str = "unable to base64 decode payload (is payload in the right format?)";
const NONE_MADE: &str = "accepted signatures do not match threshold, Found: 0, Expected 1";

/// An envelope; nothing in it is decoded or verified.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub payload_type: Cow<'a, str>,
    pub payload: Cow<'a, str>,
    pub signatures: Vec<Signature<'a>>,
}

/// A signature in an envelope.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    pub keyid: Cow<'a, str>,
    /// Base64.
    pub sig: Cow<'a, str>,
}

/// An envelope whose payload and signatures are decoded.
pub(super) struct Opened {
    /// The payload.
    pub payload: Vec<u8>,
    signed: Vec<u8>,
    /// For each signature the ID of a key, the bytes, and the text by which it is told apart.
    signatures: Vec<(String, Vec<u8>, String)>,
}

/// A signature, and the key that made it.
pub(super) struct Made {
    /// Its base64.
    pub text: String,
    /// The number of the key.
    pub key: usize,
}

/// Which keys are tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// All of them.
    All,
    /// Those before the first that is not needed, as all signatures have keys. Later ones are not
    /// even read.
    Needed,
}

impl<'a> Envelope<'a> {
    /// Reads the text of an envelope.
    pub fn parse(text: &'a str) -> Result<Self, KindError> {
        let read = || {
            let envelope = Typed::parse(text.as_bytes())?;
            let mut signatures = Vec::new();
            envelope.each("signatures", |signature| {
                // One more shows that there are too many.
                if signatures.len() <= SIGNATURES_MAX {
                    let (keyid, sig) = (signature.text("keyid")?, signature.text("sig")?);
                    signatures.push(Signature { keyid, sig });
                }
                Ok(())
            })?;
            let (payload_type, payload) =
                (envelope.text("payloadType")?, envelope.text("payload")?);
            Ok(Self { payload_type, payload, signatures })
        };
        read().map_err(|error: serde_json::Error| {
            invalid(format!("the envelope is not in the form of DSSE: {error}"))
        })
    }

    /// Decodes payload and signatures.
    pub fn open(&self) -> Result<Opened, KindError> {
        expect_few(self.signatures.len(), "the number of signatures")?;
        let decode = |text: &str| base64_text::decode_either(text).ok_or(invalid(NOT_BASE64));
        let payload = decode(&self.payload)?;
        let signatures = self.signatures.iter().map(|signature| {
            let bytes = decode(&signature.sig)?;
            let text = standard(&signature.sig, &bytes);
            Ok((signature.keyid.clone().into_owned(), bytes, text))
        });
        let signatures = signatures.collect::<Result<_, KindError>>()?;
        let signed = pae(&self.payload_type, &payload);
        Ok(Opened { payload, signed, signatures })
    }
}

/// Base64 of the standard alphabet: the text itself if it is that.
fn standard(text: &str, bytes: &[u8]) -> String {
    let is_standard = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if text.bytes().all(is_standard) { text.to_owned() } else { STANDARD.encode(bytes) }
}

/// Rejects more signatures or keys than are taken.
pub(super) fn expect_few(count: usize, what: &'static str) -> Result<(), KindError> {
    let limit = SIGNATURES_MAX;
    if count > limit { Err(KindError::Limit { what, limit: limit as u64 }) } else { Ok(()) }
}

impl Opened {
    /// The texts by which the signatures are told apart, in the envelope's order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|(_, _, text)| &**text)
    }

    /// Which of these keys, in PEM, made which signature; each signature once. Also returns the
    /// keys that were tried.
    pub fn made_by(
        &self,
        keys: &[Vec<u8>],
        which: Keys,
    ) -> Result<(Vec<Made>, Vec<Key>), KindError> {
        expect_few(keys.len(), "the number of keys")?;
        let mut missing: Vec<&str> = self.signatures.iter().map(|(_, _, text)| &**text).collect();
        let (mut made, mut tried): (Vec<Made>, Vec<Key>) = (Vec::new(), Vec::new());
        for (number, pem) in keys.iter().enumerate() {
            if which == Keys::Needed && missing.is_empty() {
                break;
            }
            let within = |what: &str, error: KindError| invalid(format!("{what}: {error}"));
            let key =
                Key::parse(pem).map_err(|e| within("could not parse public key as x509", e))?;
            key.check_kind().map_err(|e| within("could not load verifier", e))?;
            let text = self.first_of(&key, None);
            let text = text.map_err(|e| within("could not verify envelope", e))?;
            tried.push(key);
            missing.retain(|other| *other != text);
            // The last of several keys counts.
            made.retain(|other| other.text != text);
            made.push(Made { text: text.to_owned(), key: number });
        }
        if missing.is_empty() {
            Ok((made, tried))
        } else {
            Err(invalid("all signatures must have a key that verifies it"))
        }
    }

    /// The first signature that a key made. With an ID of the key, signatures that name another one
    /// do not count.
    pub fn first_of(&self, key: &Key, id: Option<&str>) -> Result<&str, KindError> {
        if self.signatures.is_empty() {
            return Err(invalid("no signature found"));
        }
        let is_it = |named: &str| named.is_empty() || id.is_none_or(|id| id == named);
        let mut signatures = self.signatures.iter();
        let found = signatures
            .find(|(named, bytes, _)| is_it(named) && key.verify(&self.signed, bytes).is_ok());
        found.map(|(_, _, text)| &**text).ok_or_else(|| invalid(NONE_MADE))
    }
}

#[cfg(test)]
mod tests;
