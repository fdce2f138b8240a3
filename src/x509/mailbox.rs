//! Mailboxes, `local@domain` (RFC 2821, section 4.1.2), read as leniently as Go does.

use super::uri::is_domain;

/// An address of electronic mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// Without quotation marks and escapes.
    local: Vec<u8>,
    /// In lower case.
    pub(super) domain: String,
}

impl Mailbox {
    /// Reads ASCII text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (local, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => atoms(text)?,
        };
        let domain = rest.strip_prefix('@').filter(|domain| is_domain(domain.as_bytes()))?;
        Some(Self { local, domain: domain.to_ascii_lowercase() })
    }
}

/// The text up to the closing quotation mark, and what follows.
fn quoted_string(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut local = Vec::new();
    let mut bytes = text.bytes().enumerate();
    loop {
        let (at, byte) = bytes.next()?;
        let byte = match byte {
            b'"' => return Some((local, &text[at + 1..])),
            b'\\' => match bytes.next()?.1 {
                0 | b'\n' | b'\r' => return None,
                escaped => escaped,
            },
            0 | b'\t' | b'\n' | b'\r' => return None,
            byte => byte,
        };
        local.push(byte);
    }
}

/// A run of words separated by single dots, and what follows.
fn atoms(text: &str) -> Option<(Vec<u8>, &str)> {
    let is_atom =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let (mut local, mut rest) = (Vec::new(), text);
    loop {
        let escaped = rest.strip_prefix('\\');
        match escaped.unwrap_or(rest).as_bytes().first() {
            Some(byte) if escaped.is_some() || is_atom(*byte) => local.push(*byte),
            None if escaped.is_some() => return None,
            _ => break,
        }
        rest = &escaped.unwrap_or(rest)[1..];
    }
    let is_dotted = local.split(|byte| *byte == b'.').all(|word| !word.is_empty());
    is_dotted.then_some((local, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes() {
        for (text, local) in [
            ("a@b", Some("a")),
            ("a.b@c.d", Some("a.b")),
            (".a@b", None),
            ("a.@b", None),
            ("a..b@c", None),
            ("@b", None),
            ("a b@c", None),
            ("a\\ b@c", Some("a b")),
            ("a\\@b", None),
            ("a\\@b@c", Some("a@b")),
            ("a\\", None),
            ("\"a b\"@c", Some("a b")),
            ("\"\"@c", Some("")),
            ("\"a@c", None),
            ("\"a\\\"b\"@c", Some("a\"b")),
            ("\"a\tb\"@c", None),
            ("\"a\\\tb\"@c", Some("a\tb")),
            ("\"a\\\nb\"@c", None),
            ("a@", Some("a")),
            ("a@b.", None),
            ("a@.b", None),
            ("a@b@c", Some("a")),
            ("", None),
        ] {
            let found = Mailbox::read(text).map(|mailbox| mailbox.local);
            assert_eq!(found, local.map(|local| local.as_bytes().to_vec()), "{text}");
        }
        assert_eq!(Mailbox::read("A@B.C"), Mailbox::read("A@b.c"));
        assert_ne!(Mailbox::read("A@b.c"), Mailbox::read("a@b.c"));
    }
}
