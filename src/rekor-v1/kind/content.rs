//! What the kinds that hold a package have in common: the package itself, with a digest that can
//! be stated, and a key.

use sha2::{Digest as _, Sha256};

use super::stated_hash::stated_hash;
use crate::error::{KindError, invalid, required};
use crate::json::Object;

/// A package as submitted.
pub(super) struct Content {
    pub bytes: Vec<u8>,
    /// The digest that the submitter states; it is checked last.
    stated: Option<String>,
}

impl Content {
    /// Reads the object `name` in a `spec`. A stated digest must be that of SHA-256, in hex.
    pub fn read(
        spec: &Object<'_>,
        name: &'static str,
        what: &'static str,
    ) -> Result<Self, KindError> {
        let object = spec.object(name).ok_or_else(|| required(name))?;
        let bytes = object.bytes("content", what)?;
        // Rekor says the path of each object on the way.
        let path = format!("{name}.{name}.hash.{name}.hash");
        let stated = stated_hash(&object, "hash", &path, &["sha256"])?;
        let stated = stated.map(|hash| hash.value.into_owned());
        let is_digest = |value: &String| {
            value.len() == 64 && value.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        if !stated.as_ref().is_none_or(is_digest) {
            return Err(invalid("invalid value for hash"));
        }
        match (bytes, stated) {
            (Some(bytes), stated) => Ok(Self { bytes, stated }),
            (None, None) => Err(KindError::Content("package")),
            (None, Some(_)) => Err(KindError::NotInsertable("missing package content")),
        }
    }

    /// The SHA-256 of the content in hex, which must be as stated.
    pub fn sha256(&self) -> Result<String, KindError> {
        let computed = hex::encode(Sha256::digest(&self.bytes));
        match &self.stated {
            Some(stated) if *stated != computed => {
                Err(KindError::ShaMismatch { computed, stated: stated.clone() })
            }
            _ => Ok(computed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reading;

    fn read(json: &str) -> Result<String, String> {
        let spec = Object::parse(json.as_bytes(), Reading::Exact).unwrap();
        let content = Content::read(&spec, "package", "package content");
        content.and_then(|content| content.sha256()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_digest_must_be_as_stated() {
        let digest = hex::encode(Sha256::digest(b"x"));
        let with =
            |hash: &str| read(&format!(r#"{{"package":{{"content":"eA==","hash":{hash}}}}}"#));
        assert_eq!(with("null"), Ok(digest.clone()));
        let of = |value: &str| format!(r#"{{"algorithm":"sha256","value":"{value}"}}"#);
        assert_eq!(with(&of(&digest)), Ok(digest.clone()));
        for (hash, message) in [
            (of(&"0".repeat(64)), format!("SHA mismatch: {digest} != {}", "0".repeat(64))),
            (
                of(&digest.to_uppercase()),
                format!("SHA mismatch: {digest} != {}", digest.to_uppercase()),
            ),
            (of("00"), "invalid value for hash".to_owned()),
            (of(&"x".repeat(64)), "invalid value for hash".to_owned()),
            (
                r#"{"algorithm":"sha512","value":""}"#.to_owned(),
                "validation failure list:\npackage.package.hash.package.hash.algorithm in body \
                 should be one of [sha256]"
                    .to_owned(),
            ),
            (
                r#"{"algorithm":"sha256"}"#.to_owned(),
                "validation failure list:\npackage.package.hash.package.hash.value in body is \
                 required"
                    .to_owned(),
            ),
        ] {
            assert_eq!(with(&hash), Err(message), "{hash}");
        }
    }

    #[test]
    fn what_is_missing() {
        let hash = format!(r#""hash":{{"algorithm":"sha256","value":"{}"}}"#, "0".repeat(64));
        for (json, message) in [
            ("{}".to_owned(), "validation failure list:\npackage in body is required"),
            (r#"{"package":{}}"#.to_owned(), "'content' must be specified for package"),
            (
                format!(r#"{{"package":{{{hash}}}}}"#),
                "entry not insertable into log: missing package content",
            ),
        ] {
            assert_eq!(read(&json), Err(message.to_owned()), "{json}");
        }
    }
}
