//! What somebody demands of a name in a certificate: its text, and perhaps its kind.

use std::fmt;

use super::identity::{Identity, IdentityKind, canonical_name};
use super::pattern::{Pattern, PatternError};

/// A demand on a name.
///
/// Without a kind, it is any name whose text matches and has the form of its kind
/// ([`Identity::is_in_form`]), so that a name of one kind cannot pass for one of another.
#[derive(Clone, Debug)]
pub struct NamePattern {
    kind: Option<IdentityKind>,
    text: Pattern,
}

impl NamePattern {
    /// This exact text. The text of an IP address stands for the address.
    pub fn exact(kind: Option<IdentityKind>, text: &str) -> Self {
        let is_address = kind.is_none_or(|kind| kind == IdentityKind::Ip);
        let text = if is_address { canonical_name(text) } else { text.to_owned() };
        Self { kind, text: Pattern::exact(text) }
    }

    /// An expression that must match the whole text.
    pub fn regex(kind: Option<IdentityKind>, text: &str) -> Result<Self, PatternError> {
        Ok(Self { kind, text: Pattern::regex(text)? })
    }

    /// Whether the name matches.
    pub fn fits(&self, identity: &Identity) -> bool {
        let is_of_kind = match self.kind {
            Some(kind) => identity.kind == kind,
            None => identity.is_in_form(),
        };
        is_of_kind && self.text.fits(&identity.name)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{} ({kind})", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_passes_for_one_of_another_kind() {
        use IdentityKind::{Dns, Email, Ip, Uri, Username};

        for text in
            ["dev@example.com", "https://example.com/", "example.com", "192.0.2.1", "a!example.com"]
        {
            let own = IdentityKind::of_text(text).unwrap();
            for kind in [Email, Uri, Dns, Ip, Username] {
                let name = Identity { kind, name: text.to_owned() };
                for demanded in [Email, Uri, Dns, Ip, Username] {
                    let fits = NamePattern::exact(Some(demanded), text).fits(&name);
                    assert_eq!(fits, kind == demanded, "{name} as {demanded}");
                }
                let fits = [
                    NamePattern::exact(None, text).fits(&name),
                    NamePattern::regex(None, ".*").unwrap().fits(&name),
                ];
                assert_eq!(fits, [kind == own; 2], "{name}");
            }
        }
    }

    #[test]
    fn addresses_match_in_every_spelling() {
        use IdentityKind::{Email, Ip};

        let name = Identity { kind: Ip, name: "2001:db8::1".to_owned() };
        for (kind, text, fits) in [
            (None, "2001:DB8:0::1", true),
            (Some(Ip), "2001:0db8::0001", true),
            (Some(Email), "2001:db8::1", false),
            (None, "2001:db8::2", false),
        ] {
            assert_eq!(NamePattern::exact(kind, text).fits(&name), fits, "{text}");
        }
        assert_eq!(
            NamePattern::exact(Some(Email), "a@b").to_string(),
            "\"a@b\" (an email address)"
        );
    }
}
