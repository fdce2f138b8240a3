//! Odd extensions, and lists of them.

use super::{Oddity, with};
use crate::Verdict::{self, Refused, Surplus, Taken};
use crate::der::{DNS, URI, element, extension, object_identifier, sequence};

/// A certificate with its names and this extension of 2.5.29.
fn value(number: u8, what: &str, verdict: Verdict, value: &[u8]) -> Oddity {
    with(&format!("extension {number}: {what}"), verdict, |parts| {
        parts.extensions.extend(extension(number, value));
    })
}

/// A certificate with an extension that has this critical flag.
fn critical(id: &[u8], what: &str, verdict: Verdict, said: &[u8], value: &[u8]) -> Oddity {
    with(&format!("critical: {what}"), verdict, |parts| {
        let fields = [object_identifier(id), element(1, said), element(4, value)].concat();
        parts.extensions.extend(element(0x30, &fields));
    })
}

/// Extensions about keys and their purposes.
pub(super) fn keys_and_purposes() -> Vec<Oddity> {
    let (octets, id) = (element(4, b"key"), object_identifier(&[0x2a, 3]));
    vec![
        value(14, "subject key", Taken, &octets),
        value(14, "subject key, empty", Taken, &element(4, b"")),
        value(14, "subject key, bare", Refused, b"key"),
        value(14, "subject key, more behind", Taken, &octets.repeat(2)),
        critical(&[0x55, 0x1d, 14], "subject key", Refused, &[0xff], &octets),
        critical(&[0x55, 0x1d, 14], "subject key, not so", Taken, &[0], &octets),
        value(15, "usage", Taken, &[3, 2, 7, 0x80]),
        value(15, "usage, none", Taken, &[3, 1, 0]),
        value(15, "usage, of no bytes", Refused, &[3, 0]),
        value(15, "usage, bits without bytes", Refused, &[3, 1, 1]),
        value(15, "usage, of eight unused bits", Refused, &[3, 2, 8, 0]),
        value(15, "usage, unused bits that are set", Refused, &[3, 2, 7, 0xc0]),
        value(15, "usage, of forty bits", Taken, &[3, 6, 0, 1, 2, 3, 4, 5]),
        value(19, "basic constraints, none", Taken, &sequence(&[])),
        value(19, "basic constraints", Taken, &sequence(&[&[1, 1, 0xff], &[2, 1, 0]])),
        value(19, "basic constraints, FALSE", Taken, &sequence(&[&[1, 1, 0]])),
        value(19, "basic constraints, TRUE as in BER", Refused, &sequence(&[&[1, 1, 1]])),
        value(19, "basic constraints, a length alone", Taken, &sequence(&[&[2, 1, 5]])),
        value(19, "basic constraints, a negative length", Refused, &sequence(&[&[2, 1, 0xff]])),
        value(
            19,
            "basic constraints, the longest length",
            Taken,
            &sequence(&[&element(2, &i64::MAX.to_be_bytes())]),
        ),
        value(
            19,
            "basic constraints, a longer one",
            Refused,
            &sequence(&[&element(2, &[0, 0x80, 0, 0, 0, 0, 0, 0, 0])]),
        ),
        value(19, "basic constraints, more inside", Taken, &sequence(&[&[5, 0]])),
        value(19, "basic constraints, no SEQUENCE", Refused, &[1, 1, 0xff]),
        value(
            35,
            "authority key",
            Taken,
            &sequence(&[&element(0x80, b"key"), &[0xa1, 0], &[0x82, 1, 1]]),
        ),
        value(35, "authority key, none", Taken, &sequence(&[])),
        value(35, "authority key, bare", Refused, &octets),
        critical(&[0x55, 0x1d, 35], "authority key", Refused, &[0xff], &sequence(&[])),
        value(37, "purposes", Taken, &sequence(&[&id.repeat(2)])),
        value(37, "purposes, none", Taken, &sequence(&[])),
        value(
            37,
            "purposes, of a number of 31 bits",
            Taken,
            &sequence(&[&object_identifier(&[0x2a, 0x87, 0xff, 0xff, 0xff, 0x7f])]),
        ),
        value(
            37,
            "purposes, of a number of 32 bits",
            Refused,
            &sequence(&[&object_identifier(&[0x2a, 0x88, 0x80, 0x80, 0x80, 0])]),
        ),
        value(
            37,
            "purposes, of sixty numbers",
            Taken,
            &sequence(&[&object_identifier(&[0x2a; 60])]),
        ),
        value(37, "purposes, other", Refused, &sequence(&[&[5, 0]])),
    ]
}

/// Extensions about policies and locations, and unknown ones.
pub(super) fn policies_and_places() -> Vec<Oddity> {
    let id = object_identifier(&[0x2a, 3]);
    let point = |name: &[u8]| sequence(&[&sequence(&[&element(0xa0, name)])]);
    let access = [0x2b, 6, 1, 5, 5, 7, 1, 1];
    let accessible = |what: &str, verdict, value: &[u8]| {
        with(&format!("information access: {what}"), verdict, |parts| {
            let fields = [object_identifier(&access), element(4, value)].concat();
            parts.extensions.extend(element(0x30, &fields));
        })
    };
    vec![
        value(31, "distribution point", Taken, &point(&element(0xa0, &element(URI, b"\xff")))),
        value(
            31,
            "distribution point, of another kind",
            Taken,
            &point(&element(0xa0, &element(DNS, b"a"))),
        ),
        value(31, "distribution point, relative", Refused, &point(&element(0xa1, b""))),
        value(31, "distribution point, nameless", Taken, &sequence(&[&sequence(&[])])),
        value(31, "distribution point, bare", Refused, &sequence(&[&element(4, b"")])),
        value(32, "policy", Taken, &sequence(&[&sequence(&[&id, &[5, 0]])])),
        value(32, "policy, twice", Refused, &sequence(&[&sequence(&[&id]).repeat(2)])),
        value(
            32,
            "policy, of a large number",
            Taken,
            &sequence(&[&sequence(&[&object_identifier(&[
                0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ])])]),
        ),
        value(
            32,
            "policy, malformed",
            Refused,
            &sequence(&[&sequence(&[&object_identifier(&[0x2a, 0x80, 1])])]),
        ),
        value(
            32,
            "policy, cut",
            Refused,
            &sequence(&[&sequence(&[&object_identifier(&[0x2a, 0x81])])]),
        ),
        value(32, "policy, empty", Refused, &sequence(&[&sequence(&[&object_identifier(&[])])])),
        value(32, "policy, none", Taken, &sequence(&[])),
        value(33, "mapping", Taken, &sequence(&[&sequence(&[&id, &object_identifier(&[0x80])])])),
        value(33, "mapping, half", Refused, &sequence(&[&sequence(&[&id])])),
        value(36, "policy constraints", Taken, &sequence(&[&[0x80, 1, 0], &[0x81, 1, 0xff]])),
        value(
            36,
            "policy constraints, longer than needed",
            Refused,
            &sequence(&[&[0x80, 2, 0, 0]]),
        ),
        value(36, "policy constraints, too large", Refused, &sequence(&[&element(0x81, &[1; 9])])),
        value(54, "any policy", Taken, &[2, 1, 0]),
        value(54, "any policy, negative", Taken, &[2, 1, 0xff]),
        value(54, "any policy, too large", Refused, &element(2, &[1; 9])),
        value(54, "any policy, bare", Refused, &[0]),
        value(99, "of no known kind", Taken, b"\xff"),
        critical(&[0x55, 0x1d, 99], "of no known kind", Taken, &[0xff], b"\xff"),
        critical(&[0x2a, 3], "of another arc", Taken, &[0xff], b"\xff"),
        critical(&[0x2a, 3], "TRUE as in BER", Refused, &[1], b""),
        critical(&[0x2a, 3], "nothing", Refused, &[], b""),
        accessible("a URI", Taken, &sequence(&[&sequence(&[&id, &element(URI, b"\xff")])])),
        accessible("another name", Taken, &sequence(&[&sequence(&[&id, &element(DNS, b"a")])])),
        accessible("no method", Refused, &sequence(&[&sequence(&[&element(URI, b"a")])])),
        accessible("no list", Refused, b""),
        critical(&access, "information access", Refused, &[0xff], &sequence(&[])),
    ]
}

pub(super) fn extension_lists() -> Vec<Oddity> {
    let list = |what: &str, verdict, extensions: &[u8]| {
        with(&format!("extensions: {what}"), verdict, |parts| {
            parts.extensions = extensions.to_vec();
        })
    };
    let (id, value) = (object_identifier(&[0x2a, 3]), element(4, b""));
    let one = sequence(&[&id, &value]);
    vec![
        list("one", Taken, &one),
        list("one twice", Refused, &one.repeat(2)),
        list("no value", Refused, &sequence(&[&id])),
        list("no kind", Refused, &sequence(&[&value])),
        list("a malformed kind", Refused, &sequence(&[&object_identifier(&[0x80, 1]), &value])),
        list(
            "a kind with a number of 32 bits",
            Refused,
            &sequence(&[&object_identifier(&[0x2a, 0x88, 0x80, 0x80, 0x80, 0]), &value]),
        ),
        list("a value of bits", Refused, &sequence(&[&id, &[3, 1, 0]])),
        list("a SET", Refused, &element(0x31, &[id.clone(), value.clone()].concat())),
        list("bytes", Refused, &[0]),
        with("extensions: an empty list", Taken, |parts| {
            parts.extensions.clear();
            parts.surplus = element(0xa3, &sequence(&[]));
        }),
        with("extensions: no list", Refused, |parts| {
            parts.extensions.clear();
            parts.surplus = element(0xa3, &[]);
        }),
        with("unique identifiers", Taken, |parts| {
            parts.unique_ids = [element(0x81, &[0, 1]), element(0x82, b"")].concat();
        }),
        with("unique identifiers, constructed", Surplus, |parts| {
            parts.unique_ids = element(0xa1, &[3, 1, 0]);
        }),
    ]
}
