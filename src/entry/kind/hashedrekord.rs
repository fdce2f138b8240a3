//! The entry of kind `hashedrekord` 0.0.2: one signature over the digest of one artifact.
//!
//! The request (`HashedRekordRequestV002`) and the entry (`HashedRekordLogEntryV002`) hold the same
//! data, except that the request leaves the name of the hash to keyDetails.

use fasti_x509::{ArtifactDigest, SigningAlgorithm};
use serde_json::json;

use super::{Cost, Definition};
use crate::bundle::BundleContent;
use crate::canonical::{leaf, push_hash, push_signature};
use crate::error::EntryError;
use crate::facts::Facts;
use crate::json::Value;
use crate::pki::{VerifiableSignature, Verifier};
use crate::protobuf::{Field, FieldType, Message, SIGNATURE};
use crate::protojson::{Base64, Unknown, fields, hash_output, required};
use crate::signed_digest::SignedDigest;

pub(super) struct V002;

const REQUEST: &str = "hashedRekordRequestV002";
const SPEC: &str = "hashedRekordV002";

/// `dev.sigstore.rekor.v2.HashedRekordRequestV002`
const MESSAGE: Message = Message {
    fields: &[
        Field::new(1, "digest", FieldType::Bytes),
        Field::new(2, "signature", FieldType::One(&SIGNATURE)),
    ],
};

/// The body of a request to log a signature.
pub(crate) fn request(signed: &SignedDigest) -> Vec<u8> {
    let verifier = &signed.signature.verifier;
    let request = json!({REQUEST: {
        "digest": Base64(signed.digest.as_bytes()),
        "signature": {
            "content": Base64(&signed.signature.content),
            "verifier": {
                verifier.material.field(): {"rawBytes": Base64(verifier.material.der())},
                "keyDetails": verifier.key_details.name(),
            },
        },
    }});
    request.to_string().into_bytes()
}

impl Definition for V002 {
    const NAME: &'static str = "hashedrekord";
    const VERSION: &'static str = "0.0.2";
    const SPEC: Option<&'static str> = Some(SPEC);
    const REQUEST: Option<Field> = Some(Field::new(1, REQUEST, FieldType::One(&MESSAGE)));
    const WANTED: &'static str = "a hashedrekord request";

    type Request = SignedDigest;
    type Entry = SignedDigest;

    fn parse_request(value: Value<'_>) -> Result<SignedDigest, EntryError> {
        let [digest, signature] = fields(value, ["digest", "signature"], Unknown::Refuse)?;
        let signature =
            required(signature, "signature", "a signature", VerifiableSignature::from_json)?;
        let algorithm = signature
            .verifier
            .key_details
            .algorithm()
            .map_err(|e| EntryError::from(e).within("keyDetails"))
            .map_err(|e| e.within("verifier").within("signature"))?;
        let digest = required(digest, "digest", "the artifact's digest in base64", |value| {
            Ok(ArtifactDigest::new(algorithm.hash(), &value.nonempty_bytes()?)?)
        })?;
        Ok(SignedDigest { digest, signature })
    }

    fn verifiers(request: &SignedDigest) -> &[Verifier] {
        std::slice::from_ref(&request.signature.verifier)
    }

    fn at_verifier(error: EntryError, _: usize) -> EntryError {
        error.within("verifier").within("signature")
    }

    fn cost(request: &SignedDigest) -> Cost {
        let slow = [SigningAlgorithm::EcdsaP384Sha384, SigningAlgorithm::EcdsaP521Sha512];
        match request.signature.verifier.key_details.algorithm() {
            Ok(algorithm) if !slow.contains(&algorithm) => Cost::Quick,
            _ => Cost::Slow,
        }
    }

    fn verify(request: &SignedDigest) -> Result<Vec<u8>, EntryError> {
        let leaf = leaf::<Self>(request)?;
        request.verify().map_err(|e| e.within(REQUEST))?;
        Ok(leaf)
    }

    fn parse_entry(value: Value<'_>) -> Result<SignedDigest, EntryError> {
        let [data, signature] = fields(value, ["data", "signature"], Unknown::Refuse)?;
        let digest = required(data, "data", "a digest", |data| hash_output(data, Unknown::Refuse))?;
        let signature =
            required(signature, "signature", "a signature", VerifiableSignature::from_json)?;
        Ok(SignedDigest { digest, signature })
    }

    fn push_entry(entry: &SignedDigest, json: &mut String) {
        json.push_str(r#""data":"#);
        push_hash(json, &entry.digest);
        json.push_str(r#","signature":"#);
        push_signature(json, &entry.signature);
    }

    fn facts(spec: &Value<'_>, facts: &mut Facts) {
        facts.hash_output(spec, &[SPEC, "data"]);
        facts.verifier(spec, &[SPEC, "signature", "verifier"]);
    }

    fn signed_digest(entry: &SignedDigest) -> Option<&SignedDigest> {
        Some(entry)
    }

    fn of_bundle(_: &BundleContent, signed: SignedDigest) -> Result<SignedDigest, EntryError> {
        Ok(signed)
    }
}
