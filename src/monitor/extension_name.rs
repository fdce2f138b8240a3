//! The names of the extensions that Fulcio writes into certificates (`docs/oid-info.md` of Fulcio),
//! in lower case with hyphens.

use const_oid::ObjectIdentifier;

/// The arc of Fulcio's extensions.
const ARC: &str = "1.3.6.1.4.1.57264.1.";

/// The names, each with its number below the arc.
const NAMES: [(&str, u8); 21] = [
    ("github-workflow-trigger", 2),
    ("github-workflow-sha", 3),
    ("github-workflow-name", 4),
    ("github-workflow-repository", 5),
    ("github-workflow-ref", 6),
    ("issuer", 8),
    ("build-signer-uri", 9),
    ("build-signer-digest", 10),
    ("runner-environment", 11),
    ("source-repository-uri", 12),
    ("source-repository-digest", 13),
    ("source-repository-ref", 14),
    ("source-repository-identifier", 15),
    ("source-repository-owner-uri", 16),
    ("source-repository-owner-identifier", 17),
    ("build-config-uri", 18),
    ("build-config-digest", 19),
    ("build-trigger", 20),
    ("run-invocation-uri", 21),
    ("source-repository-visibility", 22),
    ("issuer-legacy", 1),
];

/// The content of the object identifier with this name, or with these numbers and dots.
pub(crate) fn identifier(name: &str) -> Option<Vec<u8>> {
    let named = NAMES.iter().find(|(known, _)| *known == name);
    let numbers = match named {
        Some((_, number)) => format!("{ARC}{number}"),
        None => name.to_owned(),
    };
    Some(ObjectIdentifier::new(&numbers).ok()?.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_one() {
        let issuer = identifier("1.3.6.1.4.1.57264.1.8");
        assert_eq!(issuer, Some(vec![0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8]));
        assert_eq!(identifier("issuer"), issuer);
        for wrong in ["", "Issuer", "1.", "a.b"] {
            assert_eq!(identifier(wrong), None, "{wrong:?}");
        }
    }
}
