//! The protobuf JSON mapping, parsed strictly (protobuf.dev/programming-guides/json): for requests,
//! bundles, trusted roots and signing configurations.
//!
//! A message takes the fields it knows out of a [`Value`]. Accepted: a field name in camelCase or
//! snake_case, an enum by name or number, bytes in either base64 alphabet with or without padding
//! and in several lines, null for "not set", 64-bit integers as numbers or strings. Refused: a
//! field given twice (even in different spellings), base64 with stray bits or spaces, numbers such
//! as
//! `1e3`.

use base64::alphabet;
use base64::display::Base64Display;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use fasti_x509::{ArtifactDigest, HashAlgorithm, KeyDetails, SigningAlgorithm};
use serde::{Serialize, Serializer};

use super::error::EntryError;
pub use super::json::{Value, parse};
use super::quote::quote;

/// How to treat fields that a message does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// For requests: an unknown field asks for something we would not do.
    Refuse,
    /// For messages that other software wrote, which may be newer than this code.
    Ignore,
}

/// Takes the fields called `names` (in camelCase) out of an object, in that order. A null field is
/// unset.
pub fn fields<'a, const N: usize>(
    value: Value<'a>,
    names: [&'static str; N],
    unknown: Unknown,
) -> Result<[Option<Value<'a>>; N], EntryError> {
    let Value::Object(members) = value else {
        return Err(value.is_not("an object"));
    };
    let mut found = [const { None }; N];
    for (key, value) in members {
        match names.iter().position(|name| spells(&key, name)) {
            Some(at) if found[at].is_none() => found[at] = Some(value),
            Some(at) => return Err(EntryError::DuplicateField.within(names[at])),
            None if unknown == Unknown::Ignore => {}
            None => {
                let known = names.join(", ");
                return Err(EntryError::UnknownField { known }.within(&field_name(&key)));
            }
        }
    }
    Ok(found.map(|value| value.filter(|value| !matches!(value, Value::Null))))
}

/// Reads a required field.
pub fn required<'a, T>(
    value: Option<Value<'a>>,
    name: &'static str,
    expected: &'static str,
    read: impl FnOnce(Value<'a>) -> Result<T, EntryError>,
) -> Result<T, EntryError> {
    value.map_or_else(|| Err(EntryError::Missing { expected }), read).map_err(|e| e.within(name))
}

/// Reads an optional field.
pub fn optional<'a, T>(
    value: Option<Value<'a>>,
    name: &'static str,
    read: impl FnOnce(Value<'a>) -> Result<T, EntryError>,
) -> Result<Option<T>, EntryError> {
    value.map(read).transpose().map_err(|e| e.within(name))
}

/// Reads a repeated field; unset is empty.
pub fn repeated<'a, T>(
    value: Option<Value<'a>>,
    name: &'static str,
    limit: usize,
    read: impl Fn(Value<'a>) -> Result<T, EntryError>,
) -> Result<Vec<T>, EntryError> {
    each(value, name, limit, read)?.into_iter().collect()
}

/// Reads a repeated field whose elements may be good or bad, each for itself.
pub fn each<'a, T>(
    value: Option<Value<'a>>,
    name: &'static str,
    limit: usize,
    read: impl Fn(Value<'a>) -> Result<T, EntryError>,
) -> Result<Vec<Result<T, EntryError>>, EntryError> {
    let elements = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(elements)) => elements,
        Some(other) => return Err(other.is_not("an array").within(name)),
    };
    if elements.len() > limit {
        return Err(EntryError::TooMany { found: elements.len(), limit }.within(name));
    }
    let elements = elements.into_iter().enumerate();
    let read = |(index, element)| {
        read(element).map_err(|error: EntryError| error.within_index(index).within(name))
    };
    Ok(elements.map(read).collect())
}

impl Value<'_> {
    /// A `bytes` field; can be empty.
    pub fn bytes(self) -> Result<Vec<u8>, EntryError> {
        match self {
            Self::String(text) => decode_base64(&text),
            Self::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(other.is_not("a base64 string")),
        }
    }

    /// A `bytes` field that must not be empty.
    pub fn nonempty_bytes(self) -> Result<Vec<u8>, EntryError> {
        let bytes = self.bytes()?;
        if bytes.is_empty() {
            return Err(EntryError::Missing { expected: "a base64 string" });
        }
        Ok(bytes)
    }

    /// A `bytes` field that holds a SHA-256 hash.
    pub(super) fn hash(self) -> Result<[u8; 32], EntryError> {
        let bytes = self.bytes()?;
        let found = bytes.len();
        bytes.try_into().map_err(|_| EntryError::WrongLength { expected: 32, found })
    }

    /// A `string` field; can be empty.
    pub fn string(self) -> Result<String, EntryError> {
        match self {
            Self::String(text) => Ok(text.into_owned()),
            other => Err(other.is_not("a string")),
        }
    }

    /// An `int64` field that cannot be negative.
    pub fn integer(self) -> Result<u64, EntryError> {
        const EXPECTED: &str = "an integer from 0 to 2^63-1";
        let number = self.number().filter(|number| i64::try_from(*number).is_ok());
        number.ok_or_else(|| self.is_not(EXPECTED))
    }

    /// A `uint32` field.
    pub fn uint32(self) -> Result<u32, EntryError> {
        const EXPECTED: &str = "an integer from 0 to 2^32-1";
        let number = self.number().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.is_not(EXPECTED))
    }

    /// A number, which can be written as a string.
    fn number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::String(text) => canonical_decimal(text),
            _ => None,
        }
    }

    /// An enum field.
    pub fn enumeration<T>(
        self,
        read: impl FnOnce(EnumValue<'_>) -> Result<T, EntryError>,
    ) -> Result<T, EntryError> {
        match &self {
            Self::String(name) => read(EnumValue::Name(name)),
            Self::Integer(number) => read(EnumValue::Number(*number)),
            other => Err(other.is_not("the name or number of an enum value")),
        }
    }

    fn is_not(&self, expected: &'static str) -> EntryError {
        let found = match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer(_) | Self::OtherNumber => "a number",
            Self::String(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        };
        EntryError::WrongType { expected, found }
    }
}

/// An enum value: by name or by number.
#[derive(Clone, Copy)]
pub enum EnumValue<'a> {
    /// By name.
    Name(&'a str),
    /// By number.
    Number(u64),
}

impl EnumValue<'_> {
    /// The value of `dev.sigstore.common.v1.PublicKeyDetails`, if it is one that is known here.
    pub fn key_details(self) -> Option<KeyDetails> {
        KeyDetails::all().find(|details| self.is(details.name(), details.number()))
    }

    /// Whether it is the value with this name and number.
    pub fn is(self, name: &str, number: u64) -> bool {
        match self {
            Self::Name(given) => given == name,
            Self::Number(given) => given == number,
        }
    }

    /// The error for a value that was not expected.
    pub fn unknown(self, expected: String) -> EntryError {
        let value = match self {
            Self::Name(name) => quote(name),
            Self::Number(number) => number.to_string(),
        };
        EntryError::UnknownValue { value, expected }
    }
}

/// `dev.sigstore.common.v1.HashAlgorithm`.
fn hash_algorithm(wire: EnumValue<'_>) -> Result<HashAlgorithm, EntryError> {
    HashAlgorithm::ALL
        .into_iter()
        .find(|hash| wire.is(hash.name(), hash.number()))
        .ok_or_else(|| wire.unknown("SHA2_256, SHA2_384 or SHA2_512".to_owned()))
}

/// `dev.sigstore.common.v1.PublicKeyDetails`.
pub(super) fn key_details(wire: EnumValue<'_>) -> Result<KeyDetails, EntryError> {
    wire.key_details().ok_or_else(|| {
        let admitted = SigningAlgorithm::ALL.map(|algorithm| algorithm.key_details().name());
        wire.unknown(format!("one of {}", admitted.join(", ")))
    })
}

/// `dev.sigstore.common.v1.HashOutput`.
pub(super) fn hash_output(
    value: Value<'_>,
    unknown: Unknown,
) -> Result<ArtifactDigest, EntryError> {
    let [algorithm, digest] = fields(value, ["algorithm", "digest"], unknown)?;
    let algorithm = required(algorithm, "algorithm", "the name of the hash", |value| {
        value.enumeration(hash_algorithm)
    })?;
    required(digest, "digest", "the digest in base64", |value| {
        Ok(ArtifactDigest::new(algorithm, &value.nonempty_bytes()?)?)
    })
}

/// Bytes written as standard base64 with padding.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// A 64-bit integer, which protobuf JSON writes as a string.
pub(super) struct Int64(pub(super) u64);

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Whether `key` is the camelCase `name` or its snake_case form.
pub fn spells(key: &str, name: &str) -> bool {
    if key == name {
        return true;
    }
    let mut key = key.bytes();
    name.bytes().all(|byte| {
        if byte.is_ascii_uppercase() {
            key.next() == Some(b'_') && key.next() == Some(byte.to_ascii_lowercase())
        } else {
            key.next() == Some(byte)
        }
    }) && key.next().is_none()
}

/// A foreign field name as an element of a path, unquoted if it looks like a name.
fn field_name(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(plain) {
        key.to_owned()
    } else {
        quote(key)
    }
}

fn canonical_decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

const STANDARD_BARE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, BARE);
const URL_SAFE_BARE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, BARE);
const BARE: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);

/// Line breaks are skipped, as Go, Python and JavaScript do: many tools wrap base64.
fn decode_base64(text: &str) -> Result<Vec<u8>, EntryError> {
    let is_break = |byte: u8| byte == b'\n' || byte == b'\r';
    if text.bytes().any(is_break) {
        return decode_base64(&text.replace(['\n', '\r'], ""));
    }
    let url_safe = text.bytes().any(|byte| byte == b'-' || byte == b'_');
    match (url_safe, text.len().is_multiple_of(4)) {
        (false, true) => STANDARD.decode(text),
        (false, false) => STANDARD_BARE.decode(text),
        (true, true) => URL_SAFE.decode(text),
        (true, false) => URL_SAFE_BARE.decode(text),
    }
    .map_err(EntryError::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_both_spellings() {
        for (name, snake) in [
            ("rawBytes", "raw_bytes"),
            ("x509Certificate", "x509_certificate"),
            ("hashedRekordRequestV002", "hashed_rekord_request_v002"),
            ("digest", "digest"),
        ] {
            assert!(spells(name, name) && spells(snake, name));
            for other in ["", &snake[1..], &snake.to_uppercase(), &format!("{snake}_"), "raw_Bytes"]
            {
                assert!(!spells(other, name), "{other} {name}");
            }
        }
    }

    #[test]
    fn base64_in_both_alphabets() {
        let bytes = |text: &str| decode_base64(text).ok();
        for text in ["+/8=", "+/8", "-_8=", "-_8", "+/\n8=\n", "\r\n-\r\n_8"] {
            assert_eq!(bytes(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        for text in ["+/8=\n", "+/\r\n8=\r\n", "\n-_8"] {
            assert_eq!(bytes(text), Some(vec![0xfb, 0xff]), "{text:?}");
        }
        assert_eq!(bytes(""), Some(vec![]));
        for text in
            ["+_8=", "+/9=", "+/8==", "+/8 ", "+ /8", "\n=", "A", "AA=", "AA==AA==", "\u{e9}A=="]
        {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn integers_as_numbers_and_strings() {
        let integer = |json: &str| parse(json.as_bytes()).unwrap().integer();
        for json in ["7", "\"7\""] {
            assert_eq!(integer(json).unwrap(), 7);
        }
        assert_eq!(integer("\"9223372036854775807\"").unwrap(), i64::MAX.unsigned_abs());
        for json in [
            "-1",
            "\"-1\"",
            "7.0",
            "7e0",
            "\"07\"",
            "\"+7\"",
            "\"\"",
            "\" 7\"",
            "true",
            "null",
            "9223372036854775808",
            "\"9223372036854775808\"",
            "\"99999999999999999999\"",
        ] {
            let error = integer(json).unwrap_err().to_string();
            assert!(error.contains("an integer from 0 to 2^63-1"), "{json}: {error}");
        }
        let uint32 = |json: &str| parse(json.as_bytes()).unwrap().uint32();
        assert_eq!((uint32("7").unwrap(), uint32("\"4294967295\"").unwrap()), (7, u32::MAX));
        assert!(uint32("4294967296").unwrap_err().to_string().contains("from 0 to 2^32-1"));
    }

    #[test]
    fn unknown_fields_refused_or_ignored() {
        let message = || parse(br#"{"a":1,"bC":null,"d":{"d":1}}"#).unwrap();
        let error = fields(message(), ["a", "bC"], Unknown::Refuse).unwrap_err();
        assert_eq!(error.to_string(), "d: unknown field; this message has only a, bC");
        let [a, b] = fields(message(), ["a", "bC"], Unknown::Ignore).unwrap();
        assert!(a.is_some() && b.is_none());
        let twice = parse(br#"{"b_c":null,"bC":1}"#).unwrap();
        let error = fields(twice, ["bC"], Unknown::Ignore).unwrap_err();
        assert!(error.to_string().starts_with("bC: the field is given more than once"));
    }

    #[test]
    fn paths_through_lists() {
        let list = |json: &'static str| {
            let [list] =
                fields(parse(json.as_bytes()).unwrap(), ["list"], Unknown::Refuse).unwrap();
            repeated(list, "list", 2, Value::integer)
        };
        assert_eq!(list("{}").unwrap(), [0_u64; 0]);
        assert_eq!(list(r#"{"list":[1,"2"]}"#).unwrap(), [1, 2]);
        for (json, message) in [
            (r#"{"list":[1,null]}"#, "list[1]: expected an integer from 0 to 2^63-1, found null"),
            (r#"{"list":[1,2,3]}"#, "list: 3 elements; at most 2 are allowed"),
            (r#"{"list":{}}"#, "list: expected an array, found an object"),
        ] {
            assert_eq!(list(json).unwrap_err().to_string(), message);
        }
    }
}
