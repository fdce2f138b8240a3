//! A signed document of TUF: its signed part, and who claims to have signed it.

use serde_json::{Value, json};

use super::expiry::Expiry;
use crate::error::{KindError, invalid};

/// The most signatures of a document.
const SIGNATURES_MAX: usize = 100;

/// A document. No signature is verified.
#[derive(Debug)]
pub(super) struct Document {
    /// The signed part.
    pub signed: Value,
    pub signatures: Vec<Signature>,
    /// The type of the signed part, which is the role that signs it.
    pub role: String,
    pub version: i64,
    pub spec_version: String,
    pub expiry: Expiry,
}

/// A signature.
#[derive(Debug)]
pub(super) struct Signature {
    pub keyid: String,
    pub bytes: Vec<u8>,
}

impl Document {
    /// Reads JSON.
    pub fn parse(json: &[u8]) -> Result<Self, KindError> {
        let document: Value = serde_json::from_slice(json)
            .map_err(|error| invalid(format!("not a document of TUF: {error}")))?;
        let wrong = |what: &str| invalid(format!("not a document of TUF: {what}"));
        let Value::Object(mut document) = document else { return Err(wrong("not an object")) };
        let signed = document.remove("signed").unwrap_or_default();
        let signatures = match document.remove("signatures") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong("its signatures are not a list")),
        };
        if signatures.len() > SIGNATURES_MAX {
            let (what, limit) = ("the number of signatures", SIGNATURES_MAX as u64);
            return Err(KindError::Limit { what, limit });
        }
        let signatures = signatures.iter().map(Signature::read).collect::<Option<_>>();
        let signatures = signatures.ok_or_else(|| wrong("a signature in it is malformed"))?;
        if !signed.is_object() {
            return Err(wrong("it has no signed part"));
        }
        let text = |name: &str| match &signed[name] {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            _ => Err(wrong("a member of its signed part is not a text")),
        };
        let version = match &signed["version"] {
            Value::Null => Some(0),
            version => integer(version),
        };
        Ok(Self {
            role: text("_type")?,
            version: version.ok_or_else(|| wrong("its version is not an integer"))?,
            spec_version: text("spec_version")?,
            expiry: Expiry::read(&text("expires")?)?,
            signatures,
            signed,
        })
    }

    /// Its canonical form.
    pub fn canonical(&self) -> Result<Vec<u8>, KindError> {
        let signatures = self.signatures.iter().map(
            |signature| json!({ "keyid": signature.keyid, "sig": hex::encode(&signature.bytes) }),
        );
        let document =
            json!({ "signatures": signatures.collect::<Vec<_>>(), "signed": self.signed });
        serde_json_canonicalizer::to_vec(&document).map_err(|error| invalid(error.to_string()))
    }
}

impl Signature {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| match &value[name] {
            Value::Null => Some(""),
            other => other.as_str(),
        };
        let bytes = hex::decode(text("sig")?).ok()?;
        value.is_object().then_some(())?;
        Some(Self { keyid: text("keyid")?.to_owned(), bytes })
    }
}

/// A number without a fraction that everyone can read.
pub(super) fn integer(number: &Value) -> Option<i64> {
    /// Above, not every integer is a floating point number.
    const INTEGER_MAX: i64 = 1 << 53;
    let exact = |float: f64| {
        let whole = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
        // Zero has no sign.
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        (whole && !(float == 0.0 && float.is_sign_negative())).then_some(float as i64)
    };
    let integer = number.as_i64().or_else(|| number.as_f64().and_then(exact))?;
    (-INTEGER_MAX..=INTEGER_MAX).contains(&integer).then_some(integer)
}
