//! Certificates of chains, made to order.

use super::keys::Key;
use crate::der::{element, name, object_identifier, sequence};

/// What a certificate says; the parts that chains depend on.
#[derive(Clone)]
pub struct Order {
    /// 1, 2 or 3.
    pub version: u8,
    pub serial: u8,
    pub subject: String,
    pub issuer: String,
    /// The first and last year of its validity.
    pub years: [u16; 2],
    /// Which of the keys it is for, and which signs it.
    pub key: usize,
    pub signed_by: usize,
    /// Which of the ways that the signing key has.
    pub way: usize,
    pub extensions: Vec<Extension>,
    pub is_forged: bool,
}

/// An extension.
#[derive(Clone)]
pub struct Extension {
    /// The content of the OBJECT IDENTIFIER.
    pub id: Vec<u8>,
    pub critical: bool,
    pub value: Vec<u8>,
}

impl Extension {
    /// One under 2.5.29.
    pub fn of(number: u8, critical: bool, value: Vec<u8>) -> Self {
        Self { id: vec![0x55, 0x1d, number], critical, value }
    }

    fn to_der(&self) -> Vec<u8> {
        let critical = if self.critical { element(1, &[0xff]) } else { Vec::new() };
        sequence(&[&object_identifier(&self.id), &critical, &element(4, &self.value)])
    }
}

impl Order {
    /// Makes the certificate.
    pub fn to_der(&self, keys: &[Key]) -> Vec<u8> {
        let signer = &keys[self.signed_by];
        // The identifier does not depend on the message.
        let (identifier, _) = signer.sign(b"", self.way);
        let identifier = sequence(&[&identifier]);
        let version = match self.version {
            1 => Vec::new(),
            version => element(0xa0, &element(2, &[version - 1])),
        };
        let year = |year: u16| element(0x18, format!("{year}0101000000Z").as_bytes());
        let text = |text: &str| name(&element(0x0c, text.as_bytes()));
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::to_der).collect();
        let extensions = if self.version == 3 && !extensions.is_empty() {
            element(0xa3, &element(0x30, &extensions))
        } else {
            Vec::new()
        };
        let signed = sequence(&[
            &version,
            &element(2, &[self.serial & 0x7f]),
            &identifier,
            &text(&self.issuer),
            &sequence(&self.years.map(year).each_ref().map(Vec::as_slice)),
            &text(&self.subject),
            &keys[self.key].spki,
            &extensions,
        ]);
        let (_, mut signature) = signer.sign(&signed, self.way);
        if self.is_forged {
            let at = signature.len() / 2;
            signature[at] ^= 1;
        }
        sequence(&[&signed, &identifier, &element(3, &[&[0], &signature[..]].concat())])
    }
}

pub fn basic_constraints(is_authority: Option<bool>, path_length: Option<u8>) -> Vec<u8> {
    let is_authority = is_authority.map(|yes| element(1, &[if yes { 0xff } else { 0 }]));
    let path_length = path_length.map(|length| element(2, &[length]));
    sequence(&[&is_authority.unwrap_or_default(), &path_length.unwrap_or_default()])
}

/// A key usage with these bits, the first being the highest.
pub fn key_usage(bits: u8) -> Vec<u8> {
    if bits == 0 {
        return element(3, &[0]);
    }
    element(3, &[u8::try_from(bits.trailing_zeros()).expect("below 8"), bits])
}

/// Purposes by their last number under 1.3.6.1.5.5.7.3; 0 is any purpose.
pub fn purposes(numbers: &[u8]) -> Vec<u8> {
    let ids = numbers.iter().flat_map(|number| match number {
        0 => object_identifier(&[0x55, 0x1d, 37, 0]),
        number => object_identifier(&[0x2b, 6, 1, 5, 5, 7, 3, *number]),
    });
    element(0x30, &ids.collect::<Vec<_>>())
}

/// A list of names, or of name constraints if each is in a SEQUENCE of its own.
pub fn general_names(names: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let names = names.iter().flat_map(|(tag, content)| element(*tag, content));
    element(0x30, &names.collect::<Vec<_>>())
}

pub fn name_constraints(permitted: &[(u8, Vec<u8>)], excluded: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let list = |tag: u8, names: &[(u8, Vec<u8>)]| {
        let bases = names.iter().flat_map(|(tag, base)| sequence(&[&element(*tag, base)]));
        let bases: Vec<u8> = bases.collect();
        if bases.is_empty() { Vec::new() } else { element(tag, &bases) }
    };
    sequence(&[&list(0xa0, permitted), &list(0xa1, excluded)])
}

/// A user name as Fulcio writes it.
pub fn username(text: &str) -> (u8, Vec<u8>) {
    let id = object_identifier(&[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 7]);
    (0xa0, [id, element(0xa0, &element(0x0c, text.as_bytes()))].concat())
}
