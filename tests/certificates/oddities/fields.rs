//! Odd version and serial numbers, times, algorithms and signatures; bytes that belong to no field.

use super::{Oddity, with};
use crate::Verdict::{Refused, Surplus, Taken, Version};
use crate::der::{element, object_identifier, sequence};

pub(super) fn numbers() -> Vec<Oddity> {
    let serial = |what: &str, verdict, bytes: &[u8]| {
        with(&format!("serial number: {what}"), verdict, |parts| parts.serial = element(2, bytes))
    };
    let version = |what: &str, verdict, explicit: &[u8], bare: bool| {
        with(&format!("version: {what}"), verdict, |parts| {
            parts.version = explicit.to_vec();
            if bare {
                parts.extensions.clear();
            }
        })
    };
    let number = |bytes: &[u8]| element(0xa0, &element(2, bytes));
    vec![
        serial("zero", Taken, &[0]),
        serial("of 21 bytes", Taken, &[1; 21]),
        serial("of 300 bytes", Taken, &[1; 300]),
        serial("with the high bit", Taken, &[0, 0x80]),
        serial("negative", Refused, &[0x80]),
        serial("minus one", Refused, &[0xff]),
        serial("longer than needed", Refused, &[0, 1]),
        serial("negative and longer than needed", Refused, &[0xff, 0x80]),
        serial("empty", Refused, &[]),
        with("serial number: an ENUMERATED", Refused, |parts| parts.serial = element(10, &[1])),
        with("serial number: missing", Refused, |parts| parts.serial.clear()),
        version("1, said", Taken, &number(&[0]), true),
        version("1, unsaid", Taken, &[], true),
        version("1 with extensions", Surplus, &[], false),
        version("2", Taken, &number(&[1]), true),
        version("2 with extensions", Surplus, &number(&[1]), false),
        version("3 without extensions", Taken, &number(&[2]), true),
        version("4", Refused, &number(&[3]), true),
        version("-1", Refused, &number(&[0xff]), true),
        version("longer than needed", Refused, &number(&[0, 2]), true),
        version("of 9 bytes", Refused, &number(&[1; 9]), true),
        version("2^63", Version, &number(&i64::MAX.to_be_bytes()), true),
        version("of two numbers", Refused, &element(0xa0, &[2, 1, 2, 2, 1, 2]), true),
        version("of none", Refused, &element(0xa0, &[]), true),
        version("primitive", Refused, &element(0x80, &[2, 1, 2]), true),
    ]
}

pub(super) fn times() -> Vec<Oddity> {
    let at = |tag: u8, text: &str, verdict| {
        with(&format!("valid from {tag:#x} {text}"), verdict, |parts| {
            let until = element(0x18, b"99991231235959Z");
            parts.validity = sequence(&[&element(tag, text.as_bytes()), &until]);
        })
    };
    let (utc, generalized) = (0x17, 0x18);
    vec![
        at(utc, "500101000000Z", Taken),
        at(utc, "691231235959Z", Taken),
        at(utc, "491231235959Z", Taken),
        at(utc, "2601010000Z", Taken),
        at(utc, "260101000000+0100", Taken),
        at(utc, "260101000000-2459", Taken),
        at(utc, "2601010000-0130", Taken),
        at(utc, "260101000000+0000", Refused),
        at(utc, "260101000000+0060", Refused),
        at(utc, "260101000000+2500", Refused),
        at(utc, "260101000000+01", Refused),
        at(utc, "260101000000", Refused),
        at(utc, "260101000000z", Refused),
        at(utc, "260101000000Z ", Refused),
        at(utc, "260101000000.5Z", Refused),
        at(utc, "260101000060Z", Refused),
        at(utc, "260101006000Z", Refused),
        at(utc, "260101240000Z", Refused),
        at(utc, "260132000000Z", Refused),
        at(utc, "260229000000Z", Refused),
        at(utc, "280229000000Z", Taken),
        at(utc, "560229000000Z", Taken),
        at(utc, "000229000000Z", Taken),
        at(utc, "261301000000Z", Refused),
        at(utc, "260001000000Z", Refused),
        at(utc, "260100000000Z", Refused),
        at(utc, "26010100000Z", Refused),
        at(utc, "2601010000000Z", Refused),
        at(utc, "", Refused),
        at(generalized, "19500101000000Z", Taken),
        at(generalized, "20260101000000Z", Taken),
        at(generalized, "20500101000000Z", Taken),
        at(generalized, "00000101000000Z", Taken),
        at(generalized, "00010101000000Z", Taken),
        at(generalized, "99991231235959Z", Taken),
        at(generalized, "20260101000000+0100", Taken),
        at(generalized, "20260101000000-0000", Refused),
        at(generalized, "202601010000Z", Refused),
        at(generalized, "20260101000000.0Z", Refused),
        at(generalized, "20260101000000,5Z", Refused),
        at(generalized, "20260101000000", Refused),
        at(generalized, "19000229000000Z", Refused),
        at(generalized, "20000229000000Z", Taken),
        at(generalized, "2026010100000 Z", Refused),
        at(0x16, "260101000000Z", Refused),
        with("valid until nothing", Refused, |parts| {
            parts.validity = sequence(&[&element(0x17, b"260101000000Z")]);
        }),
        with("valid until before it begins", Taken, |parts| {
            parts.validity =
                sequence(&[&element(0x17, b"260101000000Z"), &element(0x17, b"250101000000Z")]);
        }),
        with("three times of validity", Taken, |parts| {
            parts.validity = sequence(&[&element(0x17, b"260101000000Z").repeat(3)]);
        }),
    ]
}

pub(super) fn surplus() -> Vec<Oddity> {
    let algorithm = |what: &str, verdict, both: &[u8]| {
        with(&format!("algorithm: {what}"), verdict, |parts| {
            parts.algorithm = both.to_vec();
            parts.outer_algorithm = both.to_vec();
        })
    };
    let id = object_identifier(&[0x2a, 3]);
    vec![
        algorithm("of no known kind", Taken, &sequence(&[&id])),
        algorithm("with parameters of a type of no use", Taken, &sequence(&[&id, &[0x0d, 0]])),
        algorithm("with more behind the parameters", Taken, &sequence(&[&id, &[5, 0, 5, 0]])),
        algorithm("with bytes behind the parameters", Taken, &sequence(&[&id, &[5, 0, 5]])),
        algorithm("with cut parameters", Refused, &sequence(&[&id, &[5]])),
        algorithm("with parameters of a long tag", Refused, &sequence(&[&id, &[0x1f, 0x21, 0]])),
        algorithm("none", Refused, &sequence(&[])),
        algorithm("malformed", Refused, &sequence(&[&object_identifier(&[0x80])])),
        with("two algorithms", Refused, |parts| parts.outer_algorithm = sequence(&[&id])),
        with("the same algorithm with NULL", Refused, |parts| {
            parts.outer_algorithm = sequence(&[&parts.algorithm[2..], &[5, 0]]);
        }),
        with("signature: bits left over", Taken, |parts| parts.signature = element(3, &[4, 0xf0])),
        with("signature: unused bits that are set", Refused, |parts| {
            parts.signature = element(3, &[4, 0xff]);
        }),
        with("signature: none", Taken, |parts| parts.signature = element(3, &[0])),
        with("signature: of no bytes", Refused, |parts| parts.signature = element(3, &[])),
        with("signature: an OCTET STRING", Refused, |parts| parts.signature = element(4, &[0])),
        with("signature: missing", Refused, |parts| parts.signature.clear()),
        with("signature: more behind it", Surplus, |parts| parts.signature.extend([5, 0])),
        with("extensions: more behind them", Surplus, |parts| parts.surplus = vec![5, 0]),
        with("extensions: bytes behind them", Surplus, |parts| parts.surplus = vec![5]),
        with("extensions: more behind the list", Surplus, |parts| {
            parts.surplus = element(0xa3, &[sequence(&[&parts.extensions]), vec![5, 0]].concat());
            parts.extensions.clear();
        }),
        with("extension: more behind the value", Surplus, |parts| {
            parts.extensions = sequence(&[&id, &element(4, b""), &[5, 0]]);
        }),
    ]
}
