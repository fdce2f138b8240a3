//! JSON that Rekor reads into types of its own, such as envelopes: names of members
//! are taken in any case, the last of several counts, null counts as absent, unknown members are
//! ignored. But a member of the wrong type is an error, and so is anything after the object.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::{self, Object, Reading};

/// An object whose members were not read yet.
pub(crate) struct Typed<'a>(Object<'a>);

impl<'a> Typed<'a> {
    /// Reads a text that is one object.
    pub fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        let text = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
        Object::parse_whole(text, Reading::AnyCase).map(Self)
    }

    /// The object in a member or an element; without members if it is null.
    pub fn of(value: &'a RawValue) -> Result<Self, serde_json::Error> {
        let text = if value.get() == "null" { "{}" } else { value.get() };
        Object::parse_whole(text, Reading::AnyCase).map(Self)
    }

    /// A text; empty if it is missing.
    pub fn text(&self, name: &str) -> Result<Cow<'a, str>, serde_json::Error> {
        self.0.raw(name).map_or_else(|| Ok(Cow::default()), string)
    }

    /// Calls `visit` with each object in a list; with none if it is missing.
    pub fn each(
        &self,
        name: &str,
        mut visit: impl FnMut(Self) -> Result<(), serde_json::Error>,
    ) -> Result<(), serde_json::Error> {
        let Some(list) = self.0.raw(name) else { return Ok(()) };
        json::for_each(list, |element| visit(Self::of(element)?))
    }
}

fn string(value: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    let is_null = value.get() == "null";
    let text = if is_null { Some(Cow::default()) } else { json::text(value) };
    text.ok_or_else(|| serde::de::Error::custom("something else instead of a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_types_are_errors_and_null_is_absence() {
        let json = br#"{"Text": "a", "NULL": null, "number": 5, "object": {"x": "y", "z": null},
            "list": [{"t": "1"}, null], "texts": ["a"]}"#;
        let typed = Typed::parse(json).expect("an object");
        assert_eq!(typed.text("text").unwrap(), "a");
        assert_eq!(typed.text("null").unwrap(), "");
        assert_eq!(typed.text("missing").unwrap(), "");
        assert!(typed.text("number").is_err() && typed.text("object").is_err());
        let mut found = Vec::new();
        let mut visit = |each: Typed<'_>| {
            found.push(each.text("t")?.into_owned());
            Ok(())
        };
        typed.each("list", &mut visit).unwrap();
        typed.each("missing", &mut visit).unwrap();
        assert!(typed.each("texts", &mut visit).is_err());
        assert!(typed.each("number", &mut visit).is_err());
        assert_eq!(found, ["1", ""]);
        assert!(Typed::parse(b"{} {}").is_err() && Typed::parse(b"{\"a\":\"\xff\"}").is_err());
    }
}
