//! What an index finds in an in-toto statement (github.com/in-toto/attestation): the digests of its
//! subjects and, if its predicate is a provenance of SLSA, of its materials, as Rekor v1 does.
//!
//! A statement that cannot be read has none. It is read as Rekor reads it: names of members are
//! taken in any case, the last of several counts, null counts as absent, unknown members are
//! ignored. But a member of the wrong type is an error, and so is anything after the object. What
//! is not asked for is skipped; the number of members of an object is bounded
//! ([`json_members`](super::json_members)).

use serde::de;
use serde_json::value::RawValue;

use super::json_members::Members;

/// The type of payload that is a statement.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

/// A digest in a statement: the name of its algorithm, and its value as a text.
pub type StatedDigest = (String, String);

/// The digests of the subjects, and then those of the materials.
pub fn stated_digests(statement: &[u8]) -> Vec<StatedDigest> {
    let Ok(mut digests) = in_statement(statement) else { return Vec::new() };
    // The predicate of another kind of statement can have any form.
    digests.extend(materials(statement).unwrap_or_default());
    digests
}

/// The digests of the subjects.
pub fn subject_digests(statement: &[u8]) -> Vec<StatedDigest> {
    in_statement(statement).unwrap_or_default()
}

fn in_statement(statement: &[u8]) -> Result<Vec<StatedDigest>, serde_json::Error> {
    in_list(&parse(statement)?, "subject")
}

fn materials(statement: &[u8]) -> Result<Vec<StatedDigest>, serde_json::Error> {
    match find(&parse(statement)?, "predicate") {
        Some(predicate) => in_list(&members(predicate)?, "materials"),
        None => Ok(Vec::new()),
    }
}

fn in_list(object: &Members<'_>, name: &str) -> Result<Vec<StatedDigest>, serde_json::Error> {
    let mut digests = Vec::new();
    let Some(list) = find(object, name) else { return Ok(digests) };
    for element in serde_json::from_str::<Vec<&RawValue>>(list.get())? {
        if let Some(digest) = find(&members(element)?, "digest") {
            for (algorithm, value) in members(digest)?.0 {
                let value: Option<String> = serde_json::from_str(value.get())?;
                digests.push((algorithm.into_owned(), value.unwrap_or_default()));
            }
        }
    }
    Ok(digests)
}

/// The members of the one object in a text.
fn parse(json: &[u8]) -> Result<Members<'_>, serde_json::Error> {
    let text = std::str::from_utf8(json).map_err(de::Error::custom)?;
    serde_json::from_str(text)
}

/// The members of an object; none if it is null.
fn members(value: &RawValue) -> Result<Members<'_>, serde_json::Error> {
    if value.get() == "null" { Ok(Members::default()) } else { serde_json::from_str(value.get()) }
}

/// The last member with this name, if it is not null.
fn find<'a>(members: &Members<'a>, name: &str) -> Option<&'a RawValue> {
    let mut named = members.0.iter().rev().filter(|(found, _)| found.eq_ignore_ascii_case(name));
    let (_, value) = named.next()?;
    (value.get() != "null").then_some(*value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(digests: Vec<StatedDigest>) -> Vec<String> {
        digests.into_iter().map(|(algorithm, value)| format!("{algorithm}:{value}")).collect()
    }

    fn digests(statement: &[u8]) -> Vec<String> {
        texts(stated_digests(statement))
    }

    fn subjects(statement: &[u8]) -> Vec<String> {
        texts(subject_digests(statement))
    }

    #[test]
    fn subjects_and_materials() {
        let both = br#"{"SUBJECT": [{"name": "a", "digest": {"sha256": "1", "sha1": null}}, {}],
            "predicate": {"materials": [{"digest": {"sha512": "2"}}, null]}}"#;
        assert_eq!(digests(both), ["sha256:1", "sha1:", "sha512:2"]);
        assert_eq!(subjects(both), ["sha256:1", "sha1:"]);
        let alone = br#"{"predicate": {"materials": [{"digest": {"sha512": "2"}}]}}"#;
        assert_eq!(digests(alone), ["sha512:2"]);
        let odd = br#"{"subject": [{"digest": {"sha256": "1"}}], "predicate": "a text"}"#;
        assert_eq!(digests(odd), ["sha256:1"]);
        for none in [
            &b"not JSON"[..],
            br#"{"subject": [{"digest": {"sha256": 1}}]}"#,
            br#"{"subject": [{"digest": ["sha256"]}]}"#,
            br#"{"subject": "a"}"#,
            br#"{"subject": null}"#,
            b"[]",
            b"{} {}",
            b"\xff",
        ] {
            assert_eq!(digests(none), [""; 0]);
        }
    }

    #[test]
    fn there_can_be_thousands() {
        let subject = r#"{"digest":{"sha256":"1"}}"#;
        let list = vec![subject; 10_000].join(",");
        assert_eq!(subjects(format!("{{\"subject\":[{list}]}}").as_bytes()).len(), 10_000);
        let deep = format!("{{\"subject\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(subjects(deep.as_bytes()), [""; 0]);
    }
}
