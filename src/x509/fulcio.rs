//! What Fulcio writes into the certificates that it issues (`docs/oid-info.md` of Fulcio).

use super::element::{EXPLICIT, Elements, Fault, OBJECT_IDENTIFIER, UTF8_STRING};

/// 1.3.6.1.4.1.57264.1.8: the OIDC issuer, a DER `UTF8String`.
pub(crate) const ISSUER: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x08];
/// 1.3.6.1.4.1.57264.1.1: the OIDC issuer in raw bytes, the older form.
pub(crate) const ISSUER_LEGACY: &[u8] =
    &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x01];
/// 1.3.6.1.4.1.57264.1.7: a user name, which is neither an email address nor a URI.
const USERNAME: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x07];

/// The OIDC issuer, from the values of the newer and of the older extension. One is enough; both
/// must agree.
pub(crate) fn issuer<'a>(
    newer: Option<&'a [u8]>,
    older: Option<&'a [u8]>,
) -> Result<Option<&'a str>, Fault> {
    let unreadable: Fault = "its OIDC issuer is not a text";
    let newer = newer.map(|value| utf8_string(value).ok_or(unreadable)).transpose()?;
    let older =
        older.map(|value| std::str::from_utf8(value).map_err(|_| unreadable)).transpose()?;
    match (newer, older) {
        (Some(newer), Some(older)) if newer != older => Err("it names two OIDC issuers"),
        _ => Ok(newer.or(older)),
    }
}

/// The text of a DER `UTF8String` that fills `der`.
pub(crate) fn utf8_string(der: &[u8]) -> Option<&str> {
    let mut elements = Elements::of(der);
    let text = elements.next(UTF8_STRING, "").ok()?;
    elements.end("").ok()?;
    std::str::from_utf8(text).ok()
}

/// The user name in the fields of an `otherName`: its kind, and a DER `UTF8String` in `[0]`.
pub(crate) fn username(fields: &[u8]) -> Option<&str> {
    let mut fields = Elements::of(fields);
    if fields.next(OBJECT_IDENTIFIER, "").ok()? != USERNAME {
        return None;
    }
    let explicit = fields.next(EXPLICIT, "").ok()?;
    fields.end("").ok()?;
    utf8_string(explicit)
}
