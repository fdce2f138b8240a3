//! Odd public keys.

use super::{Oddity, with};
use crate::Verdict::{Key, Refused, Taken};
use crate::der::{element, key, object_identifier, sequence};

pub(super) fn keys() -> Vec<Oddity> {
    let public_key = |what: &str, verdict, public_key: &[u8]| {
        with(&format!("key: {what}"), verdict, |parts| parts.public_key = public_key.to_vec())
    };
    let ec = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let curve = |last: u8| object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, last]);
    let rsa = object_identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    let dsa = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]);
    let ed25519 = object_identifier(&[0x2b, 0x65, 0x70]);
    let unknown = object_identifier(&[0x2a, 3]);
    let modulus = [&[0][..], &[0xc5; 255], &[0x01]].concat();
    let modulus = |len: usize| [&[0][..], &modulus[1..][256 - len..]].concat();
    let rsa_key =
        |modulus: &[u8], exponent: &[u8]| sequence(&[&element(2, modulus), &element(2, exponent)]);
    let spki = crate::der::p256_key();
    let with_bits =
        |unused: u8, last: u8| sequence(&[&sequence(&[&unknown]), &element(3, &[unused, 1, last])]);
    vec![
        public_key(
            "RSA of 2048 bits",
            Taken,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1, 0, 1])),
        ),
        public_key(
            "RSA of 2040 bits",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(255), &[1, 0, 1])),
        ),
        public_key("RSA without NULL", Key, &key(&[&rsa], &rsa_key(&modulus(256), &[1, 0, 1]))),
        public_key(
            "RSA with an exponent of 1",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1])),
        ),
        public_key(
            "RSA with a negative exponent",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[0xff])),
        ),
        public_key(
            "RSA with an exponent of 40 bits",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1, 0, 0, 0, 1])),
        ),
        public_key(
            "RSA with more behind it",
            Key,
            &key(&[&rsa, &[5, 0]], &[rsa_key(&modulus(256), &[3]), vec![0]].concat()),
        ),
        public_key("EC on no named curve", Key, &key(&[&ec, &sequence(&[])], &[4])),
        public_key("EC on no known curve", Key, &key(&[&ec, &curve(1)], &[4; 65])),
        public_key(
            "EC with a point that is not on the curve",
            Key,
            &key(&[&ec, &curve(7)], &[4; 65]),
        ),
        public_key("EC without a curve", Key, &key(&[&ec], &[4; 65])),
        public_key("Ed25519 with parameters", Key, &key(&[&ed25519, &[5, 0]], &[9; 32])),
        public_key("Ed25519 of 31 bytes", Key, &key(&[&ed25519], &[9; 31])),
        public_key("DSA", Key, &key(&[&dsa, &sequence(&[&[2, 1, 1].repeat(3)])], &[2, 1, 1])),
        public_key("of no known kind", Key, &key(&[&unknown], b"anything")),
        public_key("of no known kind, with bits left over", Key, &with_bits(4, 0xf0)),
        public_key("with unused bits that are set", Refused, &with_bits(4, 0xf1)),
        public_key("with more behind it", Key, &sequence(&[&spki[2..], &[5, 0]])),
        public_key("without bits", Refused, &sequence(&[&sequence(&[&unknown])])),
        public_key("without an algorithm", Refused, &sequence(&[&sequence(&[]), &[3, 1, 0]])),
        public_key("of a malformed algorithm", Refused, &key(&[&object_identifier(&[0x80])], b"")),
        public_key("with malformed parameters", Refused, &key(&[&unknown, &[5, 1]], b"")),
        public_key("a SET", Refused, &element(0x31, &spki[2..])),
    ]
}
