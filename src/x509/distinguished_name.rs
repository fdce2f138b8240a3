//! Names of issuers and subjects (RFC 5280, section 4.1.2.4), and the characters that each string
//! type allows.

use super::element::{Elements, Fault, SEQUENCE, SET};

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const T61_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const BMP_STRING: u8 = 0x1e;

const FAULT: Fault = "the name of its issuer or subject is not made of attributes";

/// Checks that all values in a name, which is one element, are well-formed strings of a known type.
pub(super) fn check(name: &[u8]) -> Result<(), Fault> {
    let mut attribute_sets = Elements::of(name).enter(SEQUENCE, FAULT)?;
    while !attribute_sets.is_empty() {
        let mut attributes = attribute_sets.enter(SET, FAULT)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.enter(SEQUENCE, FAULT)?;
            attribute.object_identifier("an attribute in a name has a malformed type")?;
            let value = attribute.any().ok_or("an attribute in a name has no value")?;
            check_string(value.tag, value.content)?;
        }
    }
    Ok(())
}

fn check_string(tag: u8, text: &[u8]) -> Result<(), Fault> {
    let (is_valid, fault) = match tag {
        // Any byte is a Latin-1 character.
        T61_STRING => (true, ""),
        UTF8_STRING => (std::str::from_utf8(text).is_ok(), "a UTF8String in a name is not UTF-8"),
        PRINTABLE_STRING => (
            text.iter().copied().all(is_printable),
            "a PrintableString in a name has a character that is not allowed in it",
        ),
        IA5_STRING => (text.is_ascii(), "an IA5String in a name is not ASCII"),
        NUMERIC_STRING => (
            text.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
            "a NumericString in a name has characters other than digits and spaces",
        ),
        BMP_STRING => (is_basic(text), "a BMPString in a name has an invalid character"),
        _ => (false, "an attribute in a name is not a string"),
    };
    if is_valid { Ok(()) } else { Err(fault) }
}

/// The characters of a PrintableString, plus `*` and `&`, which many certificates use although they
/// are not allowed.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// Two-byte characters: no surrogates and no noncharacters. Two zero bytes at the end are not
/// counted as a character.
fn is_basic(text: &[u8]) -> bool {
    let (characters, odd) = text.as_chunks::<2>();
    odd.is_empty()
        && characters.iter().all(|character| {
            let code = u16::from_be_bytes(*character);
            !matches!(code, 0xd800..=0xdfff | 0xfdd0..=0xfdef | 0xfffe | 0xffff)
        })
}
