//! A JSON document as a small tree that borrows from the input.
//!
//! Invariant: work and memory are linear in the length of the document, with a small factor,
//! because depth, number of values and fields per object are bounded. As in any strict JSON parser,
//! these are rejected: text after the document, invalid UTF-8, lone surrogates, numbers that
//! overflow. Duplicate fields are kept, so that `protojson` can refuse them by name.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::error::EntryError;

/// The deepest document in use (a bundle) has 7 levels.
const DEPTH_MAX: u8 = 16;
/// The largest document in use, a bundle with 32 log entries, has fewer than 4,000 values.
pub(super) const VALUES_MAX: u32 = 8_192;
/// The widest message in use has 7 fields.
const FIELDS_MAX: usize = 64;

/// A JSON value, or a value of the same messages in another encoding. Strings without escapes
/// borrow from the input.
#[derive(Debug)]
pub enum Value<'a> {
    /// `null`, which stands for a field that is not set.
    Null,
    /// `true` or `false`, which no field in use holds.
    Bool,
    /// A number.
    Integer(u64),
    /// Negative, fractional or beyond 64 bits: no field in use can hold it.
    OtherNumber,
    /// A string.
    String(Cow<'a, str>),
    /// Bytes, for which JSON has a base64 string.
    Bytes(&'a [u8]),
    /// A list.
    Array(Vec<Value<'a>>),
    /// An object: its fields in order, even if there are two of one name.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

/// Parses one whole document.
pub fn parse(document: &[u8]) -> Result<Value<'_>, EntryError> {
    let values_left = Cell::new(VALUES_MAX);
    let mut json = serde_json::Deserializer::from_slice(document);
    let value = Node { depth: 0, values_left: &values_left }
        .deserialize(&mut json)
        .map_err(EntryError::Json)?;
    json.end().map_err(EntryError::Json)?;
    Ok(value)
}

/// Builds the [`Value`] at `depth`.
#[derive(Clone, Copy)]
struct Node<'n> {
    depth: u8,
    values_left: &'n Cell<u32>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value<'de>;

    fn deserialize<D: de::Deserializer<'de>>(self, json: D) -> Result<Value<'de>, D::Error> {
        let left = self.values_left.get().checked_sub(1);
        let left = left.ok_or_else(|| {
            de::Error::custom(format_args!("more than {VALUES_MAX} values in one document"))
        })?;
        self.values_left.set(left);
        json.deserialize_any(self)
    }
}

impl Node<'_> {
    fn child<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value<'de>, A::Error> {
        let child = self.child()?;
        let mut elements = Vec::new();
        while let Some(element) = array.next_element_seed(child)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value<'de>, A::Error> {
        let child = self.child()?;
        let mut members = Vec::new();
        while let Some(key) = object.next_key_seed(Key)? {
            if members.len() == FIELDS_MAX {
                return Err(de::Error::custom(format_args!(
                    "more than {FIELDS_MAX} fields in one object"
                )));
            }
            members.push((key, object.next_value_seed(child)?));
        }
        Ok(Value::Object(members))
    }
}

/// Builds the key of an object, borrowed where possible.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: de::Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(document: &[u8]) -> String {
        parse(document).unwrap_err().to_string()
    }

    #[test]
    fn keeps_what_it_reads() {
        let document = br#" {"a":[1,"x",null,true,-1,1.5,18446744073709551616],"b\u0041":{}} "#;
        let expected = "Object([(\"a\", Array([Integer(1), String(\"x\"), Null, Bool, \
                        OtherNumber, OtherNumber, OtherNumber])), (\"bA\", Object([]))])";
        assert_eq!(format!("{:?}", parse(document).unwrap()), expected);
    }

    #[test]
    fn depth_is_bounded() {
        let nest = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nest(16)).is_ok());
        assert!(refusal(&nest(17)).contains("nested deeper than 16 levels"));
        assert!(refusal(&vec![b'['; 100_000]).contains("nested deeper"));
        assert!(refusal(&br#"{"a":"#.repeat(100_000)).contains("nested deeper"));
    }

    #[test]
    fn counts_are_bounded() {
        let list = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert!(parse(list(8_191).as_bytes()).is_ok());
        assert!(refusal(list(8_192).as_bytes()).contains("more than 8192 values"));
        let object = |count: usize| {
            let members: Vec<_> = (0..count).map(|index| format!("\"{index}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(object(64).as_bytes()).is_ok());
        assert!(refusal(object(65).as_bytes()).contains("more than 64 fields"));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for (document, why) in [
            (&b""[..], "EOF"),
            (b"{}{}", "trailing"),
            (b"{} x", "trailing"),
            (b"\xef\xbb\xbf{}", "expected value"),
            (b"{\"a\":NaN}", "expected value"),
            (b"{\"a\":Infinity}", "expected value"),
            (b"{\"a\":1e999}", "out of range"),
            (b"{\"a\":01}", "invalid number"),
            (b"{\"a\":\"\xff\"}", "invalid unicode code point"),
            (b"{\"a\":\"\\ud800\"}", "hex escape"),
            (b"{\"a\":\"\\udc00\\ud800\"}", "surrogate"),
            (b"{\"a\":\"\n\"}", "control character"),
            (b"{'a':1}", "key must be a string"),
            (b"{\"a\":1,}", "trailing comma"),
            (b"{1:2}", "key must be a string"),
        ] {
            let message = refusal(document);
            assert!(message.contains(why), "{document:?}: {message}");
        }
    }
}
