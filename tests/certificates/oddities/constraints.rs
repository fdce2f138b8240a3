//! Odd name constraints.

use super::{Oddity, with};
use crate::Verdict::{Refused, Taken};
use crate::der::{DNS, EMAIL, IP, URI, element, extension, sequence};

pub(super) fn constraints() -> Vec<Oddity> {
    let value = |what: &str, verdict, value: &[u8]| {
        with(&format!("name constraints: {what}"), verdict, |parts| {
            parts.extensions.extend(extension(30, value));
        })
    };
    let permitted = |what: &str, verdict, tag: u8, base: &[u8]| {
        let list = sequence(&[&element(tag, base)]);
        value(&format!("{what} {base:x?}"), verdict, &sequence(&[&element(0xa0, &list)]))
    };
    let domain = sequence(&[&element(DNS, b"example.com")]);
    vec![
        value(
            "permitted and excluded",
            Taken,
            &sequence(&[&element(0xa0, &domain), &element(0xa1, &domain)]),
        ),
        value("excluded", Taken, &sequence(&[&element(0xa1, &domain)])),
        value(
            "in the other order",
            Refused,
            &sequence(&[&element(0xa1, &domain), &element(0xa0, &domain)]),
        ),
        value("none", Refused, &sequence(&[])),
        value("two empty lists", Refused, &sequence(&[&element(0xa0, &[]), &element(0xa1, &[])])),
        value("one empty list", Taken, &sequence(&[&element(0xa0, &[]), &element(0xa1, &domain)])),
        value("more behind", Refused, &[sequence(&[&element(0xa0, &domain)]), vec![5, 0]].concat()),
        value("more inside", Refused, &sequence(&[&element(0xa0, &domain), &[5, 0]])),
        value(
            "a base with a minimum",
            Taken,
            &sequence(&[&element(0xa0, &sequence(&[&element(DNS, b"a"), &[0x80, 1, 0]]))]),
        ),
        value("an empty base", Refused, &sequence(&[&element(0xa0, &sequence(&[]))])),
        permitted("host", Taken, DNS, b""),
        permitted("host", Taken, DNS, b".example.com"),
        permitted("host", Refused, DNS, b"."),
        permitted("host", Refused, DNS, b"..a"),
        permitted("host", Refused, DNS, b"a."),
        permitted("host", Refused, DNS, b"a b"),
        permitted("host", Refused, DNS, "ä".as_bytes()),
        permitted("email", Taken, EMAIL, b"example.com"),
        permitted("email", Taken, EMAIL, b".example.com"),
        permitted("email", Taken, EMAIL, b"a@example.com"),
        permitted("email", Taken, EMAIL, b"\"a b\"@example.com"),
        permitted("email", Refused, EMAIL, b"a b@example.com"),
        permitted("email", Refused, EMAIL, b"@example.com"),
        permitted("email", Refused, EMAIL, b"a..b@example.com"),
        permitted("email", Refused, EMAIL, b"a@example.com."),
        permitted("email", Refused, EMAIL, b"\xff"),
        permitted("network", Taken, IP, &[10, 0, 0, 0, 255, 0, 0, 0]),
        permitted("network", Taken, IP, &[0; 32]),
        permitted("network", Refused, IP, &[10, 0, 0, 0, 255, 0, 255, 0]),
        permitted("network", Refused, IP, &[10, 0, 0, 0, 250, 0, 0, 0]),
        permitted("network", Refused, IP, &[10, 0, 0, 0]),
        permitted("URI host", Taken, URI, b"example.com"),
        permitted("URI host", Refused, URI, b"127.0.0.1"),
        permitted("URI host", Refused, URI, b"::1"),
        permitted("URI host", Taken, URI, b"1.2.3.4.5"),
        permitted("URI host", Taken, URI, b"https:"),
        permitted("URI host", Refused, URI, b"a b"),
        permitted("directory", Taken, 0xa4, &sequence(&[])),
        permitted("no such type", Taken, 0x07, b"a"),
    ]
}
