//! A kind for the tests, added as the next one will be: with this file and a line in the table.
//!
//! It differs from the others in all that a kind can choose. Its keys are of a family of their own
//! (whoever knows one can sign), its digests are two, its signer has a name, and its `spec` is the
//! entry itself.

use fasti_x509::{ArtifactDigest, HashAlgorithm};
use sha2::{Digest as _, Sha256};

use super::{Cost, Definition};
use crate::bundle::BundleContent;
use crate::canonical::{leaf, push_hash};
use crate::error::EntryError;
use crate::facts::{Facts, StoredKey, StoredSigner, base64, text};
use crate::json::Value;
use crate::pki::Verifier;
use crate::protobuf::{Field, FieldType, Message};
use crate::protojson::{Unknown, fields, hash_output, required};
use crate::signed_digest::SignedDigest;

pub struct V001;

/// An artifact and its signature: the hash of key and artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    artifact: Vec<u8>,
    key: Vec<u8>,
    signature: Vec<u8>,
    signer: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    short: ArtifactDigest,
    long: ArtifactDigest,
    key: Vec<u8>,
    signer: String,
}

const MESSAGE: Message = Message {
    fields: &[
        Field::new(1, "artifact", FieldType::Bytes),
        Field::new(2, "key", FieldType::Bytes),
        Field::new(3, "signature", FieldType::Bytes),
        Field::new(4, "signer", FieldType::Text),
    ],
};

impl Definition for V001 {
    const NAME: &'static str = "madeup";
    const VERSION: &'static str = "0.0.1";
    const SPEC: Option<&'static str> = None;
    const REQUEST: Option<Field> =
        Some(Field::new(1000, "madeUpRequest", FieldType::One(&MESSAGE)));
    const WANTED: &'static str = "a made-up request";

    type Request = Request;
    type Entry = Entry;

    fn parse_request(value: Value<'_>) -> Result<Request, EntryError> {
        let [artifact, key, signature, signer] =
            fields(value, ["artifact", "key", "signature", "signer"], Unknown::Refuse)?;
        Ok(Request {
            artifact: required(artifact, "artifact", "an artifact", Value::nonempty_bytes)?,
            key: required(key, "key", "a key", Value::nonempty_bytes)?,
            signature: required(signature, "signature", "a signature", Value::nonempty_bytes)?,
            signer: required(signer, "signer", "a name", Value::string)?,
        })
    }

    fn verifiers(_: &Request) -> &[Verifier] {
        &[]
    }

    fn at_verifier(error: EntryError, _: usize) -> EntryError {
        error
    }

    fn cost(_: &Request) -> Cost {
        Cost::Quick
    }

    fn verify(request: &Request) -> Result<Vec<u8>, EntryError> {
        let Request { artifact, key, signature, signer } = request;
        if Sha256::new().chain_update(key).chain_update(artifact).finalize()[..] != signature[..] {
            return Err(EntryError::Unverified.within("signature").within("madeUpRequest"));
        }
        leaf::<Self>(&Entry {
            short: ArtifactDigest::of(HashAlgorithm::Sha256, artifact),
            long: ArtifactDigest::of(HashAlgorithm::Sha512, artifact),
            key: key.clone(),
            signer: signer.clone(),
        })
    }

    fn parse_entry(value: Value<'_>) -> Result<Entry, EntryError> {
        let [key, long, short, signer] =
            fields(value, ["key", "long", "short", "signer"], Unknown::Refuse)?;
        let hash = |value| hash_output(value, Unknown::Refuse);
        Ok(Entry {
            short: required(short, "short", "a digest", hash)?,
            long: required(long, "long", "a digest", hash)?,
            key: required(key, "key", "a key", Value::nonempty_bytes)?,
            signer: required(signer, "signer", "a name", Value::string)?,
        })
    }

    fn push_entry(entry: &Entry, json: &mut String) {
        use ::base64::Engine as _;
        let key = ::base64::engine::general_purpose::STANDARD.encode(&entry.key);
        json.extend([r#""key":""#, &key, r#"","long":"#]);
        push_hash(json, &entry.long);
        json.push_str(r#","short":"#);
        push_hash(json, &entry.short);
        json.extend([r#","signer":""#, &entry.signer, "\""]);
    }

    fn facts(spec: &Value<'_>, facts: &mut Facts) {
        facts.hash_output(spec, &["short"]);
        facts.hash_output(spec, &["long"]);
        let key = base64(spec, &["key"]).map(StoredKey::Other);
        facts.signers.extend(key.map(|key| StoredSigner { key, algorithm: None }));
        facts.subjects.extend(text(spec, &["signer"]).map(str::to_owned));
    }

    fn of_bundle(_: &BundleContent, _: SignedDigest) -> Result<Entry, EntryError> {
        Err(EntryError::Missing { expected: "another format than a bundle" })
    }
}
