//! An X.509 certificate (RFC 5280, section 4.1), parsed as Go's `crypto/x509` parses it.
//!
//! Most monitors and verifiers of signatures are written in Go. An entry whose certificate they
//! cannot parse is useless, and can stop them. So this module accepts what Go accepts, even where
//! RFC 5280 is stricter. `tests/certificates` compares the two, certificate by certificate.
//!
//! One rule is stricter than Go's: there must be no bytes between or after the fields of a
//! certificate, of its signed part, of its extensions and of its names. Go ignores such bytes, but
//! other verifiers reject them. The lookup index would not list the names of such a certificate, so
//! it could be hidden from the owner of those names.
//!
//! The key is left to [`PublicKey`](crate::PublicKey). The signature, the chain, the times
//! and the purposes are not checked here.

use super::alternative_name::{self, AlternativeName};
use super::element::{self, BIT_STRING, Elements, Fault, INTEGER, SEQUENCE};
use super::error::X509Error;
use super::extension::X509Extension;
use super::strict_der::strict_der;
use super::structure::{self, ExtensionFields, Fields, SURPLUS};
use super::{distinguished_name, extension, fulcio, time};

/// A parsed certificate.
#[derive(Clone, Debug)]
pub struct X509<'a> {
    /// 1, 2 or 3.
    pub version: i64,
    /// The issuer's name, as a DER `Name`.
    pub issuer: &'a [u8],
    /// The subject's name, as a DER `Name`.
    pub subject: &'a [u8],
    /// The first second of its validity, in seconds since 1970; can be negative.
    pub not_before: i64,
    /// The last second of its validity.
    pub not_after: i64,
    /// The public key, as a DER `SubjectPublicKeyInfo` of which only the outermost structure was
    /// parsed.
    pub public_key: &'a [u8],
    /// The part of it that is signed.
    pub signed: &'a [u8],
    /// How it is signed: the content of an `AlgorithmIdentifier`.
    pub algorithm: &'a [u8],
    /// The signature: the content of a BIT STRING.
    pub signature: &'a [u8],
    /// The extensions, at most one of each kind.
    pub extensions: Vec<X509Extension<'a>>,
}

impl<'a> X509<'a> {
    /// Parses a certificate.
    pub fn from_der(der: &'a [u8]) -> Result<Self, X509Error> {
        // Gives the better message if this is not DER at all.
        strict_der::<der::AnyRef<'_>>(der, "X.509 certificate")?;
        read(der).map_err(X509Error::Certificate)
    }

    /// The subject alternative names, in the certificate's order.
    pub fn names(&self) -> Vec<AlternativeName<'a>> {
        let value = self.extension(extension::SUBJECT_ALT_NAME);
        // They were parsed before without an error.
        value.and_then(|value| alternative_name::read(value).ok()).unwrap_or_default()
    }

    /// The purposes in the certificate's extended key usage, each as the content of an `OBJECT
    /// IDENTIFIER`; `None` if it has no such extension.
    pub fn purposes(&self) -> Option<Vec<&'a [u8]>> {
        let value = self.extension(extension::EXTENDED_KEY_USAGE)?;
        // As above.
        Some(extension::purposes(value).unwrap_or_default())
    }

    /// Fulcio's OIDC issuer, `None` if the certificate names none. It is in one of two extensions,
    /// or in both. An error if one of them cannot be read, or if they differ.
    pub fn fulcio_issuer(&self) -> Result<Option<&'a str>, X509Error> {
        self.issuer_claimed().map_err(X509Error::Certificate)
    }

    pub(super) fn issuer_claimed(&self) -> Result<Option<&'a str>, Fault> {
        fulcio::issuer(self.extension(fulcio::ISSUER), self.extension(fulcio::ISSUER_LEGACY))
    }

    /// The value of an extension, by the content of its `OBJECT IDENTIFIER`.
    pub fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.extensions.iter().find(|extension| extension.id == id).map(|extension| extension.value)
    }
}

fn read(der: &[u8]) -> Result<X509<'_>, Fault> {
    let fields = Fields::of(der)?;
    if !element::is_bit_string(fields.signature) {
        return Err("its signature is not a BIT STRING");
    }
    let version = version(fields.version)?;
    serial_number(fields.serial_number)?;
    if fields.algorithm != fields.outer_algorithm {
        return Err("its two signature algorithm fields differ");
    }
    algorithm_identifier(fields.algorithm, "its signature algorithm is malformed")?;
    distinguished_name::check(fields.issuer)?;
    let mut validity = fields.validity;
    let not_before = time::read(&mut validity, "the start of its validity is malformed")?;
    let not_after = time::read(&mut validity, "the end of its validity is malformed")?;
    distinguished_name::check(fields.subject)?;
    subject_public_key_info(fields.public_key)?;
    let mut rest = fields.rest;
    if version > 1 {
        structure::skip_unique_ids(&mut rest)?;
    }
    let extensions = if version == 3 { extensions(&mut rest)? } else { Vec::new() };
    rest.end(SURPLUS)?;
    let Fields { issuer, subject, public_key, signed, algorithm, signature, .. } = fields;
    Ok(X509 {
        version,
        issuer,
        subject,
        not_before,
        not_after,
        public_key,
        signed,
        algorithm,
        signature,
        extensions,
    })
}

/// 1 if absent; the encoded number is one less than the version.
fn version(explicit: Option<&[u8]>) -> Result<i64, Fault> {
    let fault = "its version is not 1, 2 or 3";
    let Some(explicit) = explicit else { return Ok(1) };
    let mut explicit = Elements::of(explicit);
    let number = explicit.next(INTEGER, fault)?;
    explicit.end(fault)?;
    let version = element::small_integer(number).filter(|number| (0..3).contains(number));
    version.map(|number| number + 1).ok_or(fault)
}

/// Serial numbers can have any length; some are longer than the 20 bytes of RFC 5280.
fn serial_number(number: &[u8]) -> Result<(), Fault> {
    match number {
        [first, ..] if *first >= 0x80 => Err("its serial number is negative"),
        number if element::is_integer(number) => Ok(()),
        _ => Err("its serial number is malformed"),
    }
}

fn algorithm_identifier(content: &[u8], fault: Fault) -> Result<(), Fault> {
    let mut fields = Elements::of(content);
    fields.object_identifier(fault)?;
    let has_parameters = fields.is_empty() || fields.any().is_some();
    if has_parameters { Ok(()) } else { Err(fault) }
}

fn subject_public_key_info(encoded: &[u8]) -> Result<(), Fault> {
    let fault = "its public key is malformed";
    let mut fields = Elements::of(encoded).enter(SEQUENCE, fault)?;
    algorithm_identifier(fields.next(SEQUENCE, fault)?, fault)?;
    if element::is_bit_string(fields.next(BIT_STRING, fault)?) { Ok(()) } else { Err(fault) }
}

fn extensions<'a>(rest: &mut Elements<'a>) -> Result<Vec<X509Extension<'a>>, Fault> {
    let mut extensions = Vec::new();
    for fields in structure::extensions(rest)? {
        let extension = read_extension(&fields?)?;
        extension::check(&extension)?;
        extensions.push(extension);
    }
    let mut ids: Vec<_> = extensions.iter().map(|extension| extension.id).collect();
    if element::are_distinct(&mut ids) { Ok(extensions) } else { Err("an extension occurs twice") }
}

fn read_extension<'a>(fields: &ExtensionFields<'a>) -> Result<X509Extension<'a>, Fault> {
    let ExtensionFields { id, critical, value, rest } = *fields;
    if !element::is_object_identifier(id) {
        return Err("an extension has a malformed object identifier");
    }
    let critical = match critical {
        Some(critical) => {
            element::boolean(critical).ok_or("the critical flag of an extension is malformed")?
        }
        None => false,
    };
    rest.end(SURPLUS)?;
    Ok(X509Extension { id, critical, value })
}
