//! One level of a JSON object: the members with their values as they stand in the text, in order.
//! How names are compared, which of several counts, and what null means is up to the caller.
//!
//! Invariant: nothing of a value is kept but where it is, and there are at most [`MEMBERS_MAX`].

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Maximum number of members of an object.
pub const MEMBERS_MAX: usize = 64;

/// The members of an object: names and values.
#[derive(Debug, Default)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

/// A text, borrowed where it has no escapes.
#[derive(Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            // The message of the default has the whole text in it.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Members<'de>, E> {
                Err(E::custom("a text instead of a JSON object"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    if members.len() == MEMBERS_MAX {
                        return Err(de::Error::custom(format_args!(
                            "more than {MEMBERS_MAX} members in one object"
                        )));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        json.deserialize_any(Object)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        json.deserialize_str(Any)
    }
}
