//! Which keys are accepted, and the errors for the others.

use der::asn1::{BitString, UintRef};
use der::{Any, Decode as _, Encode, Tag};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

use super::*;
use crate::testing::Signer;

fn spki(oid: ObjectIdentifier, parameters: impl Into<Option<Any>>, key: &[u8]) -> Vec<u8> {
    let parameters = parameters.into();
    let algorithm = AlgorithmIdentifierOwned { oid, parameters };
    let subject_public_key = BitString::from_bytes(key).unwrap();
    SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_der().unwrap()
}

fn null() -> Any {
    Any::null()
}

fn curve(oid: &str) -> Any {
    Any::from(ObjectIdentifier::new_unwrap(oid))
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let modulus = UintRef::new(modulus).unwrap();
    let public_exponent = UintRef::new(exponent).unwrap();
    RsaNumbers { modulus, public_exponent }.to_der().unwrap()
}

/// An odd number with this many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0x5b; bits.div_ceil(8)];
    modulus[0] = 1 << ((bits - 1) % 8);
    modulus
}

fn refusal(spki: &[u8]) -> String {
    PublicKey::from_spki_der(spki).unwrap_err().to_string()
}

#[test]
fn a_key_tells_its_algorithm_and_keeps_its_bytes() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let key = PublicKey::from_spki_der(&signer.spki).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.spki_der(), signer.spki);
    }
}

#[test]
fn refusals_of_ec_keys() {
    let point = |algorithm| {
        let spki = Signer::of(algorithm).spki.clone();
        let info = SubjectPublicKeyInfoRef::from_der(&spki).unwrap();
        info.subject_public_key.raw_bytes().to_vec()
    };
    let p256 = point(SigningAlgorithm::EcdsaP256Sha256);
    let p384 = point(SigningAlgorithm::EcdsaP384Sha384);
    let mut off_curve = p256.clone();
    off_curve[64] ^= 1;
    let compressed = [&[2 + (p256[64] & 1)][..], &p256[1..33]].concat();
    let hybrid = [&[6 + (p256[64] & 1)][..], &p256[1..]].concat();
    let zero = [&[4][..], &[0; 64]].concat();
    let p256_curve = || curve("1.2.840.10045.3.1.7");
    for (parameters, point, why) in [
        (Some(p256_curve()), &off_curve, "not on its curve"),
        (Some(p256_curve()), &zero, "not on its curve"),
        (Some(p256_curve()), &compressed, "not an uncompressed point"),
        (Some(p256_curve()), &hybrid, "not an uncompressed point"),
        (Some(p256_curve()), &vec![0], "not an uncompressed point"),
        (Some(p256_curve()), &vec![], "not an uncompressed point"),
        (Some(p256_curve()), &p384, "not an uncompressed point"),
        (Some(curve("1.3.132.0.34")), &p256, "not an uncompressed point"),
        (Some(curve("1.3.132.0.10")), &p256, "an ECDSA key on curve 1.3.132.0.10; admitted are"),
        (Some(curve("1.3.132.0.33")), &p256, "an ECDSA key on curve 1.3.132.0.33; admitted are"),
        (None, &p256, "without a named curve"),
        (Some(null()), &p256, "without a named curve"),
        (Some(Any::new(Tag::Sequence, []).unwrap()), &p256, "without a named curve"),
    ] {
        let message = refusal(&spki(EC, parameters, point));
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn refusals_of_rsa_keys() {
    for (modulus, exponent, why) in [
        (modulus(1024), &[1, 0, 1][..], "an RSA key of 1024 bits; admitted are"),
        (modulus(2047), &[1, 0, 1], "an RSA key of 2047 bits"),
        (modulus(2049), &[1, 0, 1], "an RSA key of 2049 bits"),
        (modulus(8192), &[1, 0, 1], "an RSA key of 8192 bits"),
        (vec![0], &[1, 0, 1], "an RSA key of 0 bits"),
        ([&modulus(2048)[..255], &[2]].concat(), &[1, 0, 1], "its modulus is even"),
        (modulus(2048), &[0], "exponent is not an odd number"),
        (modulus(2048), &[1], "exponent is not an odd number"),
        (modulus(2048), &[4], "exponent is not an odd number"),
        (modulus(2048), &[0x80, 0, 0, 1], "exponent is not an odd number"),
        (modulus(2048), &[1, 0, 0, 0, 0, 1], "exponent is not an odd number"),
    ] {
        let message = refusal(&spki(RSA, null(), &rsa(&modulus, exponent)));
        assert!(message.contains(why), "{message}");
    }
    let key = rsa(&modulus(2048), &[1, 0, 1]);
    assert!(PublicKey::from_spki_der(&spki(RSA, null(), &key)).is_ok());
    for (exponent, name) in [(&[3][..], "3"), (&[0x7f, 0xff, 0xff, 0xff], "2^31-1")] {
        let key = rsa(&modulus(2048), exponent);
        assert!(PublicKey::from_spki_der(&spki(RSA, null(), &key)).is_ok(), "exponent {name}");
    }
    assert!(refusal(&spki(RSA, None, &key)).contains("not NULL"));
    assert!(refusal(&spki(RSA, null(), &[key.as_slice(), &[0]].concat())).contains("bytes follow"));
    assert!(refusal(&spki(RSA, null(), &key[..9])).contains("not a DER encoded RSAPublicKey"));
    let pss = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
    assert!(refusal(&spki(pss, null(), &key)).contains("algorithm 1.2.840.113549.1.1.10;"));
}

#[test]
fn refusals_of_ed25519_keys() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let order_8 =
        hex::decode("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05").unwrap();
    let mut no_point = [0; 32];
    no_point[0] = 2;
    for (parameters, key, why) in [
        (None, &identity[..], "small order"),
        (None, &order_8, "small order"),
        (None, &no_point, "not a point"),
        (None, &identity[..31], "not 32 bytes"),
        (Some(null()), &identity, "has parameters"),
    ] {
        let message = refusal(&spki(ED25519, parameters, key));
        assert!(message.contains(why), "{message}");
    }
    let x25519 = ObjectIdentifier::new_unwrap("1.3.101.110");
    assert!(refusal(&spki(x25519, None, &[9; 32])).contains("algorithm 1.3.101.110; admitted"));
}

#[test]
fn refusals_of_encodings() {
    let good = &Signer::of(SigningAlgorithm::EcdsaP256Sha256).spki;
    let trailing = [good.as_slice(), &[0, 0]].concat();
    // One element too many inside the sequence, whose length is one byte at index 1.
    let mut inner = [good.as_slice(), &[5, 0]].concat();
    inner[1] += 2;
    // The BIT STRING's count of unused bits.
    let mut odd_bits = good.clone();
    let bit_string = good.len() - 66;
    odd_bits[bit_string] = 1;
    // A length in two bytes where one would do.
    let long_length = [&[0x30, 0x81], &good[1..]].concat();
    for (spki, why) in [
        (&trailing[..], "bytes follow the end of the DER structure"),
        (&inner, "not a DER encoded SubjectPublicKeyInfo"),
        (&odd_bits, "whole number of bytes"),
        (&long_length, "not a DER encoded SubjectPublicKeyInfo"),
        (&[], "not a DER encoded SubjectPublicKeyInfo"),
        (&[0x30, 0x80, 0, 0], "not a DER encoded SubjectPublicKeyInfo"),
        (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "not a DER encoded SubjectPublicKeyInfo"),
        (b"\n -----BEGIN PUBLIC KEY-----", "this is PEM"),
    ] {
        let message = refusal(spki);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn rsa_keys_in_their_older_form() {
    let signer = Signer::of(SigningAlgorithm::RsaPkcs1v15Sha256With2048);
    let info = SubjectPublicKeyInfoRef::from_der(&signer.spki).unwrap();
    let key = PublicKey::from_pkcs1_der(info.subject_public_key.raw_bytes()).unwrap();
    assert_eq!(key.spki_der(), signer.spki);
    assert!(PublicKey::from_pkcs1_der(&signer.spki).is_err());
}
