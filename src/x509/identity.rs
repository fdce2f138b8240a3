//! The names in a certificate that say who holds its key: one type for all who read them.
//!
//! A name is its kind and its text. Texts of different kinds can be equal, as anyone can ask an
//! authority for the URI `dev@example.com`; so a name without the form of its kind counts only for
//! those who ask for that kind. The forms leave no text to two kinds:
//!
//! | kind | form |
//! |---|---|
//! | IP address | what `192.0.2.1` and RFC 5952 look like |
//! | URI | begins with a scheme and a colon |
//! | email address | a mailbox, `local@domain` |
//! | user name | has a `!`, and no `@` |
//! | host name | letters, digits, `-`, `_` and dots, perhaps with `*` for the first label |
//!
//! The first form that a text has is its own.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::alternative_name::AlternativeName;
use super::mailbox::Mailbox;

/// The kinds of names that identify signers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityKind {
    /// An email address, `rfc822Name`.
    Email,
    /// A URI: a workflow, a SPIFFE ID.
    Uri,
    /// A host name, `dNSName`.
    Dns,
    /// An IP address.
    Ip,
    /// A Fulcio user name, `name!domain`: an `otherName`.
    Username,
}

impl IdentityKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Email, Self::Uri, Self::Dns, Self::Ip, Self::Username];

    /// The name in flags and policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Dns => "dns",
            Self::Ip => "ip",
            Self::Username => "username",
        }
    }

    /// The kind whose form this text has.
    pub fn of_text(text: &str) -> Option<Self> {
        let is_host = |label: &str| {
            let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.bytes().all(is_of_host)
        };
        if text.parse::<IpAddr>().is_ok() {
            Some(Self::Ip)
        } else if has_scheme(text) {
            Some(Self::Uri)
        } else if text.contains('@') {
            let mailbox = text.is_ascii().then(|| Mailbox::read(text)).flatten()?;
            (!mailbox.domain.is_empty()).then_some(Self::Email)
        } else if text.contains('!') {
            Some(Self::Username)
        } else {
            text.strip_prefix("*.").unwrap_or(text).split('.').all(is_host).then_some(Self::Dns)
        }
    }
}

/// The kind in words, with its article.
impl fmt::Display for IdentityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "an email address",
            Self::Uri => "a URI",
            Self::Dns => "a host name",
            Self::Ip => "an IP address",
            Self::Username => "a user name",
        })
    }
}

/// Not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind of name is one of email, uri, dns, ip and username")]
pub struct UnknownKind;

impl FromStr for IdentityKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

/// A name that identifies a signer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// Its kind.
    pub kind: IdentityKind,
    /// Its text, never empty; of an IP address the canonical one.
    pub name: String,
}

impl Identity {
    /// The identity in an alternative name; `None` if it is of another kind, or empty.
    pub fn of(name: &AlternativeName<'_>) -> Option<Self> {
        let (kind, name) = match name {
            AlternativeName::Email(text) => (IdentityKind::Email, (*text).to_owned()),
            AlternativeName::Uri(text) => (IdentityKind::Uri, (*text).to_owned()),
            AlternativeName::Dns(text) => (IdentityKind::Dns, (*text).to_owned()),
            AlternativeName::Ip(bytes) => (IdentityKind::Ip, address(bytes)?),
            other => (IdentityKind::Username, other.username()?.to_owned()),
        };
        (!name.is_empty()).then_some(Self { kind, name })
    }

    /// Whether its text has the form of its kind.
    pub fn is_in_form(&self) -> bool {
        IdentityKind::of_text(&self.name) == Some(self.kind)
    }
}

/// The name, and in words what it is.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// A text that somebody asks for, as certificates' names have it: the canonical text of an IP
/// address, any other text unchanged.
pub fn canonical_name(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_string())
}

/// The canonical text of an IP address of 4 bytes or 16.
pub(super) fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        _ => None,
    }
}

fn has_scheme(text: &str) -> bool {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(is_of_scheme)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_the_form_of_one_kind_at_most() {
        use IdentityKind::{Dns, Email, Ip, Uri, Username};

        for (text, kind) in [
            ("dev@example.com", Some(Email)),
            ("\"https://x\"@example.com", Some(Email)),
            ("a!b@example.com", Some(Email)),
            ("dev@", None),
            ("@example.com", None),
            ("d\u{e9}v@example.com", None),
            ("https://dev@example.com", Some(Uri)),
            ("mailto:dev@example.com", Some(Uri)),
            ("urn:example:a!b", Some(Uri)),
            ("spiffe://example.com/a", Some(Uri)),
            ("//dev@example.com", Some(Email)),
            ("/a", None),
            ("alice!example.com", Some(Username)),
            ("192.0.2.1", Some(Ip)),
            ("2001:db8::1", Some(Ip)),
            ("fe80::1", Some(Ip)),
            ("fe80::x", Some(Uri)),
            ("192.0.2.1.example", Some(Dns)),
            ("build.example.com", Some(Dns)),
            ("*.example.com", Some(Dns)),
            ("a_b.example", Some(Dns)),
            ("localhost", Some(Dns)),
            ("a..b", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(IdentityKind::of_text(text), kind, "{text}");
        }
    }

    #[test]
    fn names_of_every_kind() {
        let named = |name: AlternativeName<'_>| Identity::of(&name).map(|it| it.to_string());
        for (name, words) in [
            (AlternativeName::Email("a@b"), Some("a@b (an email address)")),
            (AlternativeName::Uri("a@b"), Some("a@b (a URI)")),
            (AlternativeName::Dns("a.b"), Some("a.b (a host name)")),
            (AlternativeName::Ip(&[192, 0, 2, 1]), Some("192.0.2.1 (an IP address)")),
            (
                AlternativeName::Ip(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                Some("2001:db8::1 (an IP address)"),
            ),
            (AlternativeName::Other(b"?"), None),
            (AlternativeName::Unread, None),
            (AlternativeName::Email(""), None),
        ] {
            assert_eq!(named(name).as_deref(), words);
        }
        assert_eq!(canonical_name("2001:DB8:0:0::1"), "2001:db8::1");
        assert_eq!(canonical_name("Example.com"), "Example.com");
        assert_eq!("ip".parse(), Ok(IdentityKind::Ip));
        assert_eq!("IP".parse::<IdentityKind>(), Err(UnknownKind));
    }
}
