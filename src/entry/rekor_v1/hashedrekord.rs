//! `hashedrekord` 0.0.1: `data.hash`, `signature.content`, `signature.publicKey.content`.
//!
//! All three are compared, so the entry is wholly about the signature.

use super::verified::{Verified, base64, hash, same};
use crate::error::EntryError;
use crate::json::Value;
use crate::protojson::{Unknown, fields, required};

pub(super) fn expect(spec: Value<'_>, verified: &Verified<'_>) -> Result<(), EntryError> {
    let [data, signature] = fields(spec, ["data", "signature"], Unknown::Refuse)?;
    required(data, "data", "a hash", |data| {
        let [stated] = fields(data, ["hash"], Unknown::Refuse)?;
        required(stated, "hash", "a hash", |stated| {
            same(&hash(stated)?, &verified.signed.digest, "digest")
        })
    })?;
    required(signature, "signature", "a signature", |signature| {
        let [content, key] = fields(signature, ["content", "publicKey"], Unknown::Refuse)?;
        required(content, "content", "the signature in base64", |content| {
            verified.expect_signature(&base64(content)?)
        })?;
        required(key, "publicKey", "a key", |key| {
            let [content] = fields(key, ["content"], Unknown::Refuse)?;
            required(content, "content", "a key", |content| verified.expect_key(content))
        })
    })
}
