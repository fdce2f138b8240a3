//! Reads the key and the names in an X.509 certificate (RFC 5280), and nothing about its validity.
//!
//! This takes a tenth of the work of [`Certificate`](crate::Certificate), which refuses what
//! a log must not admit. This reader follows the structure by its tags and skips algorithms, dates
//! and most extensions, so that a certificate of a future kind can still be found by its key.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use der::{Reader, SliceReader, Tag, TagNumber};

/// The parts of a certificate by which it is found.
pub(super) struct Facts<'a> {
    /// The DER SubjectPublicKeyInfo.
    pub(super) spki: &'a [u8],
    /// The subject alternative names in text form, in the certificate's order.
    pub(super) names: Vec<Cow<'a, str>>,
    /// Fulcio's OIDC issuer.
    pub(super) issuer: Option<&'a str>,
}

/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 1.3.6.1.4.1.57264.1.8: a DER `UTF8String`.
const ISSUER: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x08];
/// 1.3.6.1.4.1.57264.1.1: raw bytes, the older form.
const ISSUER_LEGACY: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x01];
/// 1.3.6.1.4.1.57264.1.7: a name that is neither an email address nor a URI, as a DER `UTF8String`.
const OTHER_NAME: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x07];

const fn context(number: TagNumber, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number }
}

/// Reads a certificate; `None` if its structure is malformed.
pub(super) fn read(der: &[u8]) -> Option<Facts<'_>> {
    let mut certificate = Elements::of(whole(der, Tag::Sequence)?)?;
    let mut signed = Elements::of(certificate.next(Tag::Sequence)?)?;
    certificate.next(Tag::Sequence)?;
    certificate.next(Tag::BitString)?;
    certificate.end()?;

    signed.optional(context(TagNumber::N0, true))?;
    signed.next(Tag::Integer)?;
    for _algorithm_issuer_validity_subject in 0..4 {
        signed.next(Tag::Sequence)?;
    }
    let spki = signed.next_encoded(Tag::Sequence)?;
    signed.optional(context(TagNumber::N1, false))?;
    signed.optional(context(TagNumber::N2, false))?;
    let extensions = match signed.optional(context(TagNumber::N3, true))? {
        Some(extensions) => Extensions::of(extensions)?,
        None => Extensions::default(),
    };
    signed.end()?;
    Some(Facts { spki, names: extensions.names(), issuer: extensions.issuer() })
}

/// The relevant extensions, by number. One that occurs twice is ignored.
#[derive(Default)]
struct Extensions<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Extensions<'a> {
    fn of(explicit: &'a [u8]) -> Option<Self> {
        let mut list = Elements::of(whole(explicit, Tag::Sequence)?)?;
        let mut found = Vec::with_capacity(4);
        while !list.is_finished() {
            let mut extension = Elements::of(list.next(Tag::Sequence)?)?;
            let id = extension.next(Tag::ObjectIdentifier)?;
            extension.optional(Tag::Boolean)?;
            let value = extension.next(Tag::OctetString)?;
            extension.end()?;
            if [SUBJECT_ALT_NAME, ISSUER, ISSUER_LEGACY].contains(&id) {
                found.push((id, value));
            }
        }
        Some(Self(found))
    }

    fn value(&self, id: &[u8]) -> Option<&'a [u8]> {
        let mut named = self.0.iter().filter(|(found, _)| *found == id);
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value)
    }

    fn names(&self) -> Vec<Cow<'a, str>> {
        self.value(SUBJECT_ALT_NAME).and_then(names).unwrap_or_default()
    }

    /// The older form counts only if the newer one is missing.
    fn issuer(&self) -> Option<&'a str> {
        let newer = self.0.iter().any(|(id, _)| *id == ISSUER);
        if newer {
            return text(whole(self.value(ISSUER)?, Tag::Utf8String)?);
        }
        text(self.value(ISSUER_LEGACY)?)
    }
}

/// `None` if the list is malformed; a name that cannot be read is skipped.
fn names(der: &[u8]) -> Option<Vec<Cow<'_, str>>> {
    let mut list = Elements::of(whole(der, Tag::Sequence)?)?;
    let mut names = Vec::new();
    while !list.is_finished() {
        let (tag, value) = list.any()?;
        names.extend(name(tag, value));
    }
    Some(names)
}

fn name(tag: Tag, value: &[u8]) -> Option<Cow<'_, str>> {
    let Tag::ContextSpecific { constructed, number } = tag else { return None };
    match (number.value(), constructed) {
        (0, true) => other_name(value).map(Cow::Borrowed),
        // rfc822Name, dNSName, uniformResourceIdentifier
        (1 | 2 | 6, false) => text(value).map(Cow::Borrowed),
        (7, false) => address(value).map(Cow::Owned),
        _ => None,
    }
}

fn other_name(value: &[u8]) -> Option<&str> {
    let mut parts = Elements::of(value)?;
    if parts.next(Tag::ObjectIdentifier)? != OTHER_NAME {
        return None;
    }
    let explicit = parts.next(context(TagNumber::N0, true))?;
    parts.end()?;
    text(whole(explicit, Tag::Utf8String)?)
}

fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// The content of the single element that fills `der`.
fn whole(der: &[u8], tag: Tag) -> Option<&[u8]> {
    let mut elements = Elements::of(der)?;
    let content = elements.next(tag)?;
    elements.end()?;
    Some(content)
}

/// A sequence of DER elements, each of which must have the expected tag.
struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    /// `None` if there are more bytes than the reader accepts.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        SliceReader::new(bytes).ok().map(Self)
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    fn end(&self) -> Option<()> {
        self.0.is_finished().then_some(())
    }

    fn any(&mut self) -> Option<(Tag, &'a [u8])> {
        let header = self.0.peek_header().ok()?;
        let encoded = self.0.tlv_bytes().ok()?;
        let content = encoded.len().checked_sub(u32::from(header.length).try_into().ok()?)?;
        Some((header.tag, &encoded[content..]))
    }

    fn next(&mut self, tag: Tag) -> Option<&'a [u8]> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    fn next_encoded(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let found = self.0.peek_header().ok()?.tag;
        self.0.tlv_bytes().ok().filter(|_| found == tag)
    }

    /// `None` if the element is malformed; `Some(None)` if the next element has another tag or is
    /// missing.
    #[expect(
        clippy::option_option,
        reason = "the outer one is the error of a reader without errors"
    )]
    fn optional(&mut self, tag: Tag) -> Option<Option<&'a [u8]>> {
        if self.0.is_finished() || self.0.peek_header().ok()?.tag != tag {
            return Some(None);
        }
        self.next(tag).map(Some)
    }
}
