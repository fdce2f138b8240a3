//! The extensions that Go parses when it reads a certificate (RFC 5280, sections 4.2.1 and 4.2.2).
//! Their values must be well-formed. All other extensions may hold anything, critical or not.

use super::alternative_name::{self, AlternativeName};
use super::constraint::NameConstraints;
use super::element::{
    self, BIT_STRING, BOOLEAN, CONTEXT, EXPLICIT, Elements, Fault, INTEGER, OBJECT_IDENTIFIER,
    OCTET_STRING, SEQUENCE,
};

/// 1.3.6.1.5.5.7.1.1
const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// 2.5.29.17
pub(super) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// 2.5.29.14
pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
/// 2.5.29.30
pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// 2.5.29.33
pub(super) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
/// 2.5.29.35
pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
/// 2.5.29.36
pub(super) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
/// 2.5.29.37
pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// 2.5.29.15
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// 2.5.29.19
pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];

/// An extension of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct X509Extension<'a> {
    /// Its kind: the content of a DER `OBJECT IDENTIFIER`.
    pub id: &'a [u8],
    /// Whether a verifier that does not support this extension must reject the certificate.
    pub critical: bool,
    /// Its value.
    pub value: &'a [u8],
}

/// Checks that Go can parse the extension, or does not parse extensions of its kind.
pub(super) fn check(extension: &X509Extension<'_>) -> Result<(), Fault> {
    let value = Elements::of(extension.value);
    let never_critical = |fault| if extension.critical { Err(fault) } else { Ok(()) };
    match *extension.id {
        // 2.5.29, the arc of most of these extensions.
        [0x55, 0x1d, number] => match number {
            14 => {
                never_critical("its subject key identifier is critical")?;
                subject_key(value)
            }
            15 => key_usage(value),
            17 => alternative_name::read(extension.value).map(drop),
            19 => basic_constraints(value),
            30 => NameConstraints::read(extension.value).map(drop),
            31 => distribution_points(value),
            32 => policies(value),
            33 => policy_mappings(value),
            35 => {
                never_critical("its authority key identifier is critical")?;
                authority_key(value)
            }
            36 => policy_constraints(value),
            37 => purposes(extension.value).map(drop),
            54 => inhibit_any_policy(value),
            _ => Ok(()),
        },
        _ if extension.id == AUTHORITY_INFO_ACCESS => {
            never_critical("its authority information access is critical")?;
            information_access(value)
        }
        _ => Ok(()),
    }
}

/// Whether a verifier of chains applies the extension, or can do without it, so that it may be
/// critical. Its value has been checked.
///
/// As in Go, alternative names must have one that is understood, and name constraints must all be.
/// A user name as Fulcio writes it counts as understood: sigstore's clients make the same exception
/// from what Go says.
pub(super) fn is_understood(extension: &X509Extension<'_>) -> bool {
    let [0x55, 0x1d, number] = *extension.id else { return false };
    match number {
        17 => alternative_name::read(extension.value).is_ok_and(|names| {
            names.iter().any(|name| match name {
                AlternativeName::Other(_) => name.username().is_some(),
                AlternativeName::Unread => false,
                _ => true,
            })
        }),
        30 => NameConstraints::read(extension.value).is_ok_and(|it| it.are_understood()),
        15 | 19 | 31 | 32 | 33 | 36 | 37 | 54 => true,
        _ => false,
    }
}

/// The value of a subject key identifier.
pub(super) fn subject_key_id(value: &[u8]) -> Option<&[u8]> {
    Elements::of(value).next(OCTET_STRING, "").ok()
}

/// The key identifier in an authority key identifier.
pub(super) fn authority_key_id(value: &[u8]) -> Option<&[u8]> {
    Elements::of(value).enter(SEQUENCE, "").ok()?.optional(CONTEXT, "").ok()?
}

fn subject_key(mut value: Elements<'_>) -> Result<(), Fault> {
    value.next(OCTET_STRING, "its subject key identifier is malformed").map(drop)
}

fn authority_key(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its authority key identifier is malformed";
    value.enter(SEQUENCE, fault)?.optional(CONTEXT, fault).map(drop)
}

fn key_usage(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its key usage is malformed";
    if element::is_bit_string(value.next(BIT_STRING, fault)?) { Ok(()) } else { Err(fault) }
}

/// The object identifiers in the extended key usage.
pub(super) fn purposes(value: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let fault = "its extended key usage is malformed";
    let mut list = Elements::of(value).enter(SEQUENCE, fault)?;
    let mut purposes = Vec::new();
    while !list.is_empty() {
        purposes.push(list.object_identifier(fault)?);
    }
    Ok(purposes)
}

fn basic_constraints(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its basic constraints are malformed";
    let mut fields = value.enter(SEQUENCE, fault)?;
    if let Some(is_authority) = fields.optional(BOOLEAN, fault)? {
        element::boolean(is_authority).ok_or(fault)?;
    }
    match fields.optional(INTEGER, fault)? {
        Some(length) if element::small_integer(length).is_none_or(i64::is_negative) => Err(fault),
        _ => Ok(()),
    }
}

/// Whether basic constraints say that the subject is an authority, and how many authorities may
/// follow it in a chain. `None` if they are malformed.
pub(super) fn authority(value: &[u8]) -> Option<(bool, Option<u64>)> {
    let mut fields = Elements::of(value).enter(SEQUENCE, "").ok()?;
    let is_authority = match fields.optional(BOOLEAN, "").ok()? {
        Some(is_authority) => element::boolean(is_authority)?,
        None => false,
    };
    let path_length = match fields.optional(INTEGER, "").ok()? {
        Some(length) => Some(u64::try_from(element::small_integer(length)?).ok()?),
        None => None,
    };
    Some((is_authority, path_length))
}

/// Whether a key usage has `keyCertSign`, its sixth bit.
pub(super) fn may_sign_certificates(value: &[u8]) -> bool {
    let bits = Elements::of(value).next(BIT_STRING, "");
    matches!(bits, Ok([_, first, ..]) if first & 0b0000_0100 != 0)
}

fn inhibit_any_policy(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its inhibit anyPolicy extension is malformed";
    element::small_integer(value.next(INTEGER, fault)?).map(drop).ok_or(fault)
}

fn policy_constraints(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its policy constraints are malformed";
    let mut fields = value.enter(SEQUENCE, fault)?;
    for tag in [CONTEXT, CONTEXT | 1] {
        if let Some(count) = fields.optional(tag, fault)? {
            element::small_integer(count).ok_or(fault)?;
        }
    }
    Ok(())
}

fn policies(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its certificate policies are malformed";
    let mut list = value.enter(SEQUENCE, fault)?;
    let mut ids = Vec::new();
    while !list.is_empty() {
        let id = list.enter(SEQUENCE, fault)?.next(OBJECT_IDENTIFIER, fault)?;
        // The numbers of a policy identifier may be of any size.
        let mut numbers = id.split_inclusive(|byte| *byte < 0x80);
        let is_id = id.last().is_some_and(|last| *last < 0x80);
        if !is_id || numbers.any(|number| number[0] == 0x80) {
            return Err(fault);
        }
        ids.push(id);
    }
    if element::are_distinct(&mut ids) { Ok(()) } else { Err("a certificate policy occurs twice") }
}

fn policy_mappings(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its policy mappings are malformed";
    let mut list = value.enter(SEQUENCE, fault)?;
    while !list.is_empty() {
        let mut mapping = list.enter(SEQUENCE, fault)?;
        mapping.next(OBJECT_IDENTIFIER, fault)?;
        mapping.next(OBJECT_IDENTIFIER, fault)?;
    }
    Ok(())
}

/// Of a point's name, only the full-name form is parsed, and only the URIs at the start of its
/// list.
fn distribution_points(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its CRL distribution points are malformed";
    let mut points = value.enter(SEQUENCE, fault)?;
    while !points.is_empty() {
        let mut point = points.enter(SEQUENCE, fault)?;
        if let Some(name) = point.optional(EXPLICIT, fault)? {
            let mut names = Elements::of(name).enter(EXPLICIT, fault)?;
            while names.optional(CONTEXT | 6, fault)?.is_some() {}
        }
    }
    Ok(())
}

fn information_access(mut value: Elements<'_>) -> Result<(), Fault> {
    let fault = "its authority information access is malformed";
    let mut list = value.enter(SEQUENCE, fault)?;
    while !list.is_empty() {
        let mut access = list.enter(SEQUENCE, fault)?;
        access.object_identifier(fault)?;
        access.optional(CONTEXT | 6, fault)?;
    }
    Ok(())
}
