//! The JSON of proposals, read as Rekor reads it: unknown members are ignored, the last of several
//! of one name counts, and a member of the wrong type counts as absent.
//!
//! Invariant: an object is read one level at a time, and what is not asked for is skipped, so
//! memory is bounded by the numbers of members and elements ([`ELEMENTS_MAX`]) and the size of the
//! texts asked for.

use std::borrow::Cow;
use std::fmt;

use fasti_entry::json_members::{Members, Text};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::base64_text;
use super::error::KindError;

/// Maximum number of elements of a list.
const ELEMENTS_MAX: usize = 256;

/// How the names of members are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As they are.
    Exact,
    /// Without regard to the case of ASCII letters, as in the envelope of a proposal.
    AnyCase,
}

/// An object whose members were not read yet.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    reading: Reading,
}

impl<'a> Object<'a> {
    /// Reads one object; like Rekor, ignores what follows it.
    pub fn parse(json: &'a [u8], reading: Reading) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let Members(members) = Members::deserialize(&mut deserializer)?;
        Ok(Self { members, reading })
    }

    /// Reads one object after which nothing follows.
    pub fn parse_whole(json: &'a str, reading: Reading) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let Members(members) = Members::deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self { members, reading })
    }

    /// A member as it stands in the text; `None` if it is missing or null.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let is_it = |found: &str| match self.reading {
            Reading::Exact => found == name,
            Reading::AnyCase => found.eq_ignore_ascii_case(name),
        };
        let (_, value) = self.members.iter().rev().find(|(found, _)| is_it(found))?;
        (value.get() != "null").then_some(*value)
    }

    /// A text; `None` if it is missing or of another type.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let Text(text) = serde_json::from_str(self.raw(name)?.get()).ok()?;
        Some(text)
    }

    /// An object; `None` if it is missing or of another type.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        object(self.raw(name)?)
    }

    /// The elements of a list; `None` if it is missing or of another type, or too long.
    pub fn elements(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        let Elements(elements) = serde_json::from_str(self.raw(name)?.get()).ok()?;
        Some(elements)
    }

    /// The bytes in a text of base64, called `what` in an error; `None` if the text is missing, of
    /// another type, or empty.
    pub fn bytes(&self, name: &str, what: &'static str) -> Result<Option<Vec<u8>>, KindError> {
        match self.text(name) {
            Some(text) if !text.is_empty() => base64(&text, what).map(Some),
            _ => Ok(None),
        }
    }
}

/// The object in a member or an element, if it is one. Names of its members are taken as they are.
pub(crate) fn object(value: &RawValue) -> Option<Object<'_>> {
    Object::parse(value.get().as_bytes(), Reading::Exact).ok()
}

/// The text in an element, if it is one.
pub(crate) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let Text(text) = serde_json::from_str(value.get()).ok()?;
    Some(text)
}

/// Decodes base64 as Go does, called `what` in an error.
pub(crate) fn base64(text: &str, what: &'static str) -> Result<Vec<u8>, KindError> {
    base64_text::decode(text.as_bytes()).map_err(|at| KindError::Base64 { what, at })
}

/// Calls `visit` with each element of a list, of any length. An error if it is something else, or
/// the first that `visit` returns.
pub(crate) fn for_each<'a>(
    list: &'a RawValue,
    visit: impl FnMut(&'a RawValue) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    Each(visit).deserialize(&mut serde_json::Deserializer::from_str(list.get()))
}

struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON array")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Elements<'de>, E> {
                Err(E::custom("a text instead of a JSON array"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    if elements.len() == ELEMENTS_MAX {
                        return Err(de::Error::custom(format_args!(
                            "more than {ELEMENTS_MAX} elements in one list"
                        )));
                    }
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        json.deserialize_any(List)
    }
}

struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> Result<(), serde_json::Error>> DeserializeSeed<'de>
    for Each<F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> Result<(), serde_json::Error>> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom("a text instead of a JSON array"))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.0)(element).map_err(de::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
