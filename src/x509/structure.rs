//! The structure of an X.509 certificate (RFC 5280, section 4.1) by the tags of its elements,
//! whatever is in them.
//!
//! Both readers of certificates stand on this one: [`X509`](crate::X509) checks all that Go checks,
//! and [`Claims`](crate::Claims) nothing more than what is here.

use super::element::{
    BIT_STRING, BOOLEAN, CONTEXT, EXPLICIT, Elements, Fault, INTEGER, OBJECT_IDENTIFIER,
    OCTET_STRING, SEQUENCE,
};

pub(crate) const SURPLUS: Fault = "it has bytes that belong to none of its fields";

/// The fields that every certificate has.
pub(crate) struct Fields<'a> {
    /// The signed part, as an element.
    pub signed: &'a [u8],
    /// The content of the explicit tag.
    pub version: Option<&'a [u8]>,
    pub serial_number: &'a [u8],
    /// As named inside the signed part.
    pub algorithm: &'a [u8],
    /// A DER `Name`.
    pub issuer: &'a [u8],
    pub validity: Elements<'a>,
    /// A DER `Name`.
    pub subject: &'a [u8],
    /// A DER `SubjectPublicKeyInfo`.
    pub public_key: &'a [u8],
    /// What follows the public key in the signed part: unique identifiers and extensions.
    pub rest: Elements<'a>,
    /// As named beside the signature.
    pub outer_algorithm: &'a [u8],
    pub signature: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn of(der: &'a [u8]) -> Result<Self, Fault> {
        let mut whole = Elements::of(der);
        let mut certificate = whole.enter(SEQUENCE, "it is not a SEQUENCE")?;
        whole.end(SURPLUS)?;
        let fault = "it has no signed part";
        let whole = certificate.next_encoded(SEQUENCE, fault)?;
        let mut signed = Elements::of(whole).enter(SEQUENCE, fault)?;
        let outer_algorithm = certificate.next(SEQUENCE, "it has no signature algorithm")?;
        let signature = certificate.next(BIT_STRING, "it has no signature")?;
        certificate.end(SURPLUS)?;
        Ok(Self {
            signed: whole,
            version: signed.optional(EXPLICIT, "its version is not 1, 2 or 3")?,
            serial_number: signed.next(INTEGER, "its serial number is malformed")?,
            algorithm: signed.next(SEQUENCE, "its signature algorithm is malformed")?,
            issuer: signed.next_encoded(SEQUENCE, "it has no issuer")?,
            validity: signed.enter(SEQUENCE, "it has no validity period")?,
            subject: signed.next_encoded(SEQUENCE, "it has no subject")?,
            public_key: signed.next_encoded(SEQUENCE, "it has no public key")?,
            rest: signed,
            outer_algorithm,
            signature,
        })
    }
}

/// Skips the unique identifiers of issuer and subject, of certificates from version 2 on.
pub(crate) fn skip_unique_ids(rest: &mut Elements<'_>) -> Result<(), Fault> {
    rest.optional(CONTEXT | 1, "its issuer's unique identifier is malformed")?;
    rest.optional(CONTEXT | 2, "its subject's unique identifier is malformed")?;
    Ok(())
}

/// Enters the list of extensions, of certificates of version 3.
pub(crate) fn extensions<'a>(rest: &mut Elements<'a>) -> Result<Extensions<'a>, Fault> {
    let fault = "its extensions are not a list";
    let Some(explicit) = rest.optional(EXPLICIT | 3, fault)? else {
        return Ok(Extensions(Elements::of(&[])));
    };
    let mut explicit = Elements::of(explicit);
    let list = explicit.enter(SEQUENCE, fault)?;
    explicit.end(SURPLUS)?;
    Ok(Extensions(list))
}

/// The extensions of a certificate.
pub(crate) struct Extensions<'a>(Elements<'a>);

/// The fields of an extension.
pub(crate) struct ExtensionFields<'a> {
    pub id: &'a [u8],
    pub critical: Option<&'a [u8]>,
    pub value: &'a [u8],
    /// What follows the value; nothing may.
    pub rest: Elements<'a>,
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<ExtensionFields<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| extension(&mut self.0))
    }
}

fn extension<'a>(list: &mut Elements<'a>) -> Result<ExtensionFields<'a>, Fault> {
    let mut fields = list.enter(SEQUENCE, "its extensions are not a list")?;
    let fault = "an extension has a malformed object identifier";
    let id = fields.next(OBJECT_IDENTIFIER, fault)?;
    let critical = fields.optional(BOOLEAN, "the critical flag of an extension is malformed")?;
    let value = fields.next(OCTET_STRING, "an extension has no value")?;
    Ok(ExtensionFields { id, critical, value, rest: fields })
}
