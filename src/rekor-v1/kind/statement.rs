//! What an index finds in an in-toto statement (github.com/in-toto/attestation): the digests of its
//! subjects and, if its predicate is a provenance of SLSA, of its materials.
//!
//! A statement that cannot be read has none, as in Rekor; the entry is logged all the same. The
//! objects of statements have at most as many members as others, see [`crate::json`].

use crate::typed_json::Typed;

/// The type of payload that is a statement.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The digests of the subjects and the materials, each as `algorithm:value`.
pub(super) fn digests(payload: &[u8]) -> Vec<String> {
    let Ok(mut digests) = in_statement(payload) else { return Vec::new() };
    // The predicate of another kind of statement can have any form.
    digests.extend(materials(payload).unwrap_or_default());
    digests
}

/// The digests of the subjects.
pub(super) fn subjects(payload: &[u8]) -> Vec<String> {
    in_statement(payload).unwrap_or_default()
}

fn in_statement(payload: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    in_list(&Typed::parse(payload)?, "subject")
}

fn materials(payload: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let predicate = Typed::parse(payload)?.object("predicate")?;
    predicate.map_or_else(|| Ok(Vec::new()), |predicate| in_list(&predicate, "materials"))
}

fn in_list(object: &Typed<'_>, name: &str) -> Result<Vec<String>, serde_json::Error> {
    let mut digests = Vec::new();
    object.each(name, |each| {
        if let Some(digest) = each.object("digest")? {
            let texts = digest.texts()?;
            digests.extend(texts.iter().map(|(algorithm, value)| format!("{algorithm}:{value}")));
        }
        Ok(())
    })?;
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

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
