//! Name constraints of authorities (RFC 5280, section 4.2.1.10). They are parsed but not enforced.

use std::net::IpAddr;

use super::alternative_name::ascii;
use super::element::{CONTEXT, EXPLICIT, Elements, Fault, SEQUENCE};
use super::uri::is_domain;

const FAULT: Fault = "its name constraints are not lists of names";

/// Checks that Go can parse this value of the extension.
pub(super) fn check(value: &[u8]) -> Result<(), Fault> {
    let mut value = Elements::of(value);
    let mut lists = value.enter(SEQUENCE, FAULT)?;
    value.end(FAULT)?;
    let permitted = lists.optional(EXPLICIT, FAULT)?.unwrap_or_default();
    let excluded = lists.optional(EXPLICIT | 1, FAULT)?.unwrap_or_default();
    lists.end(FAULT)?;
    if permitted.is_empty() && excluded.is_empty() {
        return Err("its name constraints are empty");
    }
    check_list(permitted)?;
    check_list(excluded)
}

fn check_list(list: &[u8]) -> Result<(), Fault> {
    const EMAIL: u8 = CONTEXT | 1;
    const DNS: u8 = CONTEXT | 2;
    const URI: u8 = CONTEXT | 6;
    const IP: u8 = CONTEXT | 7;
    let mut list = Elements::of(list);
    while !list.is_empty() {
        let base = list.enter(SEQUENCE, FAULT)?.any().ok_or(FAULT)?;
        let is_valid = match base.tag {
            EMAIL => is_email_or_domain(ascii(base.content)?),
            DNS => is_domain_or_below(ascii(base.content)?),
            URI => {
                let host = ascii(base.content)?;
                host.parse::<IpAddr>().is_err() && is_domain_or_below(host)
            }
            IP => is_network(base.content),
            _ => true,
        };
        if !is_valid {
            return Err("a name constraint has an invalid value");
        }
    }
    Ok(())
}

/// A leading dot means the subdomains of a domain.
fn is_domain_or_below(text: &str) -> bool {
    match text.strip_prefix('.') {
        Some("") => false,
        domain => is_domain(domain.unwrap_or(text).as_bytes()),
    }
}

fn is_email_or_domain(text: &str) -> bool {
    if text.contains('@') { is_mailbox(text) } else { is_domain_or_below(text) }
}

/// An address and a mask, whose one bits come first.
fn is_network(bytes: &[u8]) -> bool {
    let mask = match bytes.len() {
        8 => &bytes[4..],
        32 => &bytes[16..],
        _ => return false,
    };
    let mut rest = mask.iter().skip_while(|byte| **byte == 0xff);
    rest.next().is_none_or(|byte| byte.leading_ones() + byte.trailing_zeros() >= 8)
        && rest.all(|byte| *byte == 0)
}

/// `local@domain` (RFC 2821), checked as leniently as Go does.
fn is_mailbox(text: &str) -> bool {
    let domain = match text.strip_prefix('"') {
        Some(quoted) => after_quoted(quoted),
        None => after_atoms(text),
    };
    let domain = domain.and_then(|rest| rest.strip_prefix('@'));
    domain.is_some_and(|domain| is_domain(domain.as_bytes()))
}

/// The text after the closing quotation mark.
fn after_quoted(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some(characters.as_str()),
            '\\' => match characters.next()? {
                '\0' | '\n' | '\r' => return None,
                _ => {}
            },
            '\0' | '\t' | '\n' | '\r' => return None,
            _ => {}
        }
    }
}

/// The text after a run of words separated by single dots.
fn after_atoms(text: &str) -> Option<&str> {
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
    is_dotted.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes() {
        for (text, good) in [
            ("a@b", true),
            ("a.b@c.d", true),
            (".a@b", false),
            ("a.@b", false),
            ("a..b@c", false),
            ("@b", false),
            ("a b@c", false),
            ("a\\ b@c", true),
            ("a\\@b", false),
            ("a\\@b@c", true),
            ("a\\", false),
            ("\"a b\"@c", true),
            ("\"\"@c", true),
            ("\"a@c", false),
            ("\"a\\\"b\"@c", true),
            ("\"a\tb\"@c", false),
            ("\"a\\\tb\"@c", true),
            ("\"a\\\nb\"@c", false),
            ("a@", true),
            ("a@b.", false),
            ("a@.b", false),
            ("a@b@c", true),
        ] {
            assert_eq!(is_mailbox(text), good, "{text}");
        }
    }

    #[test]
    fn networks() {
        for (bytes, good) in [
            (&[10, 0, 0, 0, 255, 0, 0, 0][..], true),
            (&[10, 0, 0, 0, 255, 240, 0, 0], true),
            (&[10, 0, 0, 0, 0, 0, 0, 0], true),
            (&[10, 0, 0, 0, 255, 255, 255, 255], true),
            (&[10, 0, 0, 0, 255, 0, 255, 0], false),
            (&[10, 0, 0, 0, 255, 0xf7, 0, 0], false),
            (&[10, 0, 0, 0, 255, 0x7f, 0, 0], false),
            (&[10, 0, 0, 0, 254, 0x80, 0, 0], false),
            (&[10, 0, 0, 0], false),
            (&[0; 32], true),
            (&[0; 16], false),
        ] {
            assert_eq!(is_network(bytes), good, "{bytes:?}");
        }
    }
}
