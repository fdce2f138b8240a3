//! Odd names of subjects and issuers, and the strings in them.

use super::{Oddity, with};
use crate::Verdict::{Refused, Taken};
use crate::der::{element, name, object_identifier, sequence};

pub(super) fn strings() -> Vec<Oddity> {
    let string = |what: &str, tag: u8, text: &[u8], verdict| {
        let what = format!("{what} {text:x?} in a name");
        with(&what, verdict, |parts| parts.subject = name(&element(tag, text)))
    };
    vec![
        string("UTF8String", 0x0c, "Jürgen 😀".as_bytes(), Taken),
        string("UTF8String", 0x0c, b"", Taken),
        string("UTF8String", 0x0c, b"a\0b", Taken),
        string("UTF8String", 0x0c, b"\xff", Refused),
        string("UTF8String", 0x0c, b"\xc0\x80", Refused),
        string("UTF8String", 0x0c, b"\xed\xa0\x80", Refused),
        string("UTF8String", 0x0c, b"\xf4\x90\x80\x80", Refused),
        string("PrintableString", 0x13, b"AZaz09 '()+,-./:=?", Taken),
        string("PrintableString", 0x13, b"*.example.com & sons", Taken),
        string("PrintableString", 0x13, b"a@b", Refused),
        string("PrintableString", 0x13, b"a_b", Refused),
        string("PrintableString", 0x13, b"a!b", Refused),
        string("PrintableString", 0x13, b"a;b", Refused),
        string("PrintableString", 0x13, b"\xc3\xa4", Refused),
        string("PrintableString", 0x13, b"\0", Refused),
        string("IA5String", 0x16, b"a@b\0\x7f", Taken),
        string("IA5String", 0x16, b"\x80", Refused),
        string("IA5String", 0x16, "ä".as_bytes(), Refused),
        string("T61String", 0x14, b"\xff\x80\0", Taken),
        string("NumericString", 0x12, b"12 34", Taken),
        string("NumericString", 0x12, b"12-34", Refused),
        string("NumericString", 0x12, b"a", Refused),
        string("BMPString", 0x1e, b"\0a\x20\xac", Taken),
        string("BMPString", 0x1e, b"\0a\0\0", Taken),
        string("BMPString", 0x1e, b"", Taken),
        string("BMPString", 0x1e, b"\0a\0", Refused),
        string("BMPString", 0x1e, b"\xd8\x3d\xde\0", Refused),
        string("BMPString", 0x1e, b"\xdf\xff", Refused),
        string("BMPString", 0x1e, b"\xff\xff", Refused),
        string("BMPString", 0x1e, b"\xff\xfe", Refused),
        string("BMPString", 0x1e, b"\xff\xfd", Taken),
        string("BMPString", 0x1e, b"\xfd\xd0", Refused),
        string("BMPString", 0x1e, b"\xfd\xef", Refused),
        string("BMPString", 0x1e, b"\xfd\xf0", Taken),
        string("UniversalString", 0x1c, b"\0\0\0a", Refused),
        string("VisibleString", 0x1a, b"a", Refused),
        string("GeneralString", 0x1b, b"a", Refused),
        string("OCTET STRING", 0x04, b"a", Refused),
        string("INTEGER", 0x02, b"\x01", Refused),
        string("constructed UTF8String", 0x2c, b"\x0c\x01a", Refused),
    ]
}

pub(super) fn distinguished_names() -> Vec<Oddity> {
    let subject = |what: &str, verdict, subject: &[u8]| {
        with(&format!("subject: {what}"), verdict, |parts| parts.subject = subject.to_vec())
    };
    let common_name = object_identifier(&[0x55, 4, 3]);
    let text = element(0x0c, b"a");
    let attribute = sequence(&[&common_name, &text]);
    let within = |attribute: &[u8]| sequence(&[&element(0x31, attribute)]);
    vec![
        subject("two attributes in a set", Taken, &within(&attribute.repeat(2))),
        subject("an empty set", Taken, &within(&[])),
        subject(
            "an attribute of no known type",
            Taken,
            &within(&sequence(&[&object_identifier(&[0x2a, 3]), &text])),
        ),
        subject("more behind the value", Taken, &within(&sequence(&[&common_name, &text, &text]))),
        subject("no value", Refused, &within(&sequence(&[&common_name]))),
        subject("no type", Refused, &within(&sequence(&[&text]))),
        subject("a SEQUENCE for the set", Refused, &sequence(&[&sequence(&[&attribute])])),
        subject("a SET for the attribute", Refused, &within(&element(0x31, &attribute))),
        subject(
            "a malformed type",
            Refused,
            &within(&sequence(&[&object_identifier(&[0x80, 1]), &text])),
        ),
        subject("an empty type", Refused, &within(&sequence(&[&object_identifier(&[]), &text]))),
        subject(
            "a cut type",
            Refused,
            &within(&sequence(&[&object_identifier(&[0x55, 0x84]), &text])),
        ),
        subject("a SET", Refused, &element(0x31, &[])),
        subject("bytes", Refused, &sequence(&[&[0x31]])),
        with("issuer: empty", Taken, |parts| parts.issuer = sequence(&[])),
        with("issuer: invalid UTF8String", Refused, |parts| {
            parts.issuer = name(&element(0x0c, b"\xff"));
        }),
    ]
}
