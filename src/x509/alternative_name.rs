//! Subject alternative names (RFC 5280, section 4.2.1.6).

use super::element::{CONTEXT, EXPLICIT, Elements, Fault, SEQUENCE};
use super::{fulcio, uri};

/// The rule for all text in these names.
const NOT_ASCII: Fault = "a subject alternative name is not ASCII";

/// A subject alternative name, as encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlternativeName<'a> {
    /// An `rfc822Name`. Only ASCII is guaranteed.
    Email(&'a str),
    /// A `dNSName`. Only ASCII is guaranteed.
    Dns(&'a str),
    /// A `uniformResourceIdentifier` that Go can parse.
    Uri(&'a str),
    /// An `iPAddress`: 4 or 16 bytes.
    Ip(&'a [u8]),
    /// An `otherName`: the unparsed content of its SEQUENCE.
    Other(&'a [u8]),
    /// A name of any other kind, not parsed.
    Unread,
}

impl<'a> AlternativeName<'a> {
    /// The user name, if this is one as Fulcio writes it.
    pub fn username(&self) -> Option<&'a str> {
        match self {
            Self::Other(fields) => fulcio::username(fields),
            _ => None,
        }
    }
}

/// Parses the value of the extension.
pub(super) fn read(value: &[u8]) -> Result<Vec<AlternativeName<'_>>, Fault> {
    let fault = "its subject alternative names are not a list of names";
    let mut value = Elements::of(value);
    let mut list = value.enter(SEQUENCE, fault)?;
    value.end(super::structure::SURPLUS)?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let element = list.any().ok_or(fault)?;
        names.push(name(element.tag, element.content)?);
    }
    Ok(names)
}

fn name(tag: u8, content: &[u8]) -> Result<AlternativeName<'_>, Fault> {
    const EMAIL: u8 = CONTEXT | 1;
    const DNS: u8 = CONTEXT | 2;
    const URI: u8 = CONTEXT | 6;
    const IP: u8 = CONTEXT | 7;
    match tag {
        EMAIL => ascii(content).map(AlternativeName::Email),
        DNS => ascii(content).map(AlternativeName::Dns),
        URI => {
            let text = ascii(content)?;
            uri::check(text)?;
            Ok(AlternativeName::Uri(text))
        }
        IP if [4, 16].contains(&content.len()) => Ok(AlternativeName::Ip(content)),
        IP => Err("an IP address among its names has neither 4 bytes nor 16"),
        EXPLICIT => Ok(AlternativeName::Other(content)),
        // The upper two bits mark a context-specific tag, whose number is the kind of name.
        _ if tag & 0xc0 == CONTEXT => Ok(AlternativeName::Unread),
        _ => Err("a subject alternative name is of an unknown kind"),
    }
}

pub(super) fn ascii(content: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(content).ok().filter(|text| text.is_ascii()).ok_or(NOT_ASCII)
}
