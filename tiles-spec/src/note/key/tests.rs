//! Published, malformed and weak keys, and what each type verifies.

use p256::ecdsa::Signature as P256Signature;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _};
use proptest::prelude::*;

use super::*;
use crate::cosignature::CosigningKey;
use crate::note::{EcdsaSigningKey, NoteSigningKey};

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn parse(vkey: &str) -> Result<VerifierKey, KeyError> {
    vkey.parse()
}

fn name(name: &str) -> KeyName {
    name.parse().unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A vkey of this type and material, with the right ID for types whose ID includes the name.
fn vkey(name: &str, signature_type: u8, material: &[u8]) -> String {
    let key = [&[signature_type], material].concat();
    format!("{name}+{:08x}+{}", signed_note::key_id(name, &key), encode_base64(&key))
}

// The ECDSA key of sigstore/rekor-tiles, pkg/note/note_test.go: its public half and its secret
// scalar.
const REKOR_SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200\
    0478bc3b817e34ab2d73ec952118c01a6832136d5ee9d83f82e46f713c4b32fcf540a3d1f49a04b8358ce91a2ae45f1061b7e22fbcbd7d591d57f4035785ae6575";
const REKOR_SCALAR: &str = "e31934e05b454dc21c18d9a1cd7747c1d8354a2ab2f71ee5494e991ce5399a94";

fn rekor_p256() -> (VerifierKey, p256::ecdsa::SigningKey) {
    let public_key = PublicKey::EcdsaP256(bytes(REKOR_SPKI));
    let secret = p256::ecdsa::SigningKey::from_slice(&bytes(REKOR_SCALAR)).unwrap();
    (VerifierKey::new(name("testkey"), public_key).unwrap(), secret)
}

#[test]
fn key_and_log_ids_of_rekor() {
    // sigstore/rekor-tiles, pkg/note/note_test.go.
    let seed = bytes("6b99f145931665e2ff6e99805e1560bf077cb4ae5b5d933795cc15046dd4ba1c");
    let key = NoteSigningKey::from_seed(name("testkey"), &seed.try_into().unwrap());
    let log_id = "e4de82e34c8c270d87612a3d6a1e297e2cd0ed9cb89ea7aeec8ce4d0b54e6775";
    assert_eq!(key.verifier_key().log_id().as_slice(), bytes(log_id));
    assert_eq!(key.verifier_key().key_id().to_string(), "e4de82e3");

    let (key, secret) = rekor_p256();
    let log_id = "8f92d720f56c219e34895a76a636a3353ddbf7813f9fa317e19982eafa945328";
    assert_eq!(key.log_id().as_slice(), bytes(log_id));
    assert_eq!(key.key_id().to_string(), "8f92d720");
    assert_eq!(parse(&key.to_string()).unwrap(), key);
    // The name is not part of the ID of an ECDSA key.
    let other = VerifierKey::new(name("other"), key.public_key().clone()).unwrap();
    assert_eq!(other.key_id(), key.key_id());
    assert_ne!(other, key);
    assert_eq!(
        p256::PublicKey::from(secret.verifying_key()),
        p256::PublicKey::from_public_key_der(&bytes(REKOR_SPKI)).unwrap()
    );
}

#[test]
fn ecdsa_signatures_verify() {
    let (key, secret) = rekor_p256();
    let signature: P256Signature = secret.sign(b"text\n");
    let der = signature.to_der().as_bytes().to_vec();
    assert!(key.verify("text\n", &der));
    assert!(!key.verify("Text\n", &der));
    assert!(!key.verify("text\n", &signature.to_bytes()), "not the fixed-length form");
    assert!(!key.verify("text\n", &der[..der.len() - 1]));
    assert!(!key.verify("text\n", &[&der[..], &[0]].concat()));
    assert!(!key.verify("text\n", &[]));
    for bit in 0..der.len() * 8 {
        let mut altered = der.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verify("text\n", &altered), "bit {bit}");
    }
}

#[test]
fn ecdsa_keys_sign_the_same_line_again() {
    let (public, secret) = rekor_p256();
    let secret = p256::SecretKey::from(&secret);
    let pkcs8 = secret.to_pkcs8_der().unwrap();
    let key = EcdsaSigningKey::from_pkcs8_der(name("testkey"), pkcs8.as_bytes()).unwrap();
    let sec1 = secret.to_sec1_der().unwrap();
    let same = EcdsaSigningKey::from_sec1_der(name("testkey"), &sec1).unwrap();
    assert_eq!(*key.verifier_key(), public);
    assert_eq!(*key.to_pkcs8_der(), pkcs8.as_bytes());
    let line = key.sign("text\n");
    assert!(public.made(&line) && public.verify("text\n", line.bytes()));
    assert_eq!(same.sign("text\n"), line);
    assert_eq!(format!("{key:?}"), format!("EcdsaSigningKey({public})"));
    for bad in [&b""[..], &pkcs8.as_bytes()[1..], b"\x30\x03\x02\x01\x00"] {
        let refused = EcdsaSigningKey::from_pkcs8_der(name("a"), bad);
        assert_eq!(refused.unwrap_err(), KeyError::Material);
        assert_eq!(EcdsaSigningKey::from_sec1_der(name("a"), bad).unwrap_err(), KeyError::Material);
    }
}

#[test]
fn keys_by_their_spki() {
    let (public, _) = rekor_p256();
    assert_eq!(PublicKey::from_spki_der(&bytes(REKOR_SPKI)).as_ref(), Ok(public.public_key()));
    let key = NoteSigningKey::from_seed(name("a"), &[3; 32]);
    let point = key.verifier_key().public_key().material();
    let head = bytes("302a300506032b6570032100");
    let spki = [&head[..], point].concat();
    assert_eq!(PublicKey::from_spki_der(&spki).as_ref(), Ok(key.verifier_key().public_key()));
    let p384 = bytes("3076301006072a8648ce3d020106052b81040022036200");
    let weak = [&head[..], &[0; 32]].concat();
    for bad in [&spki[..43], &[&spki[..], &[0]].concat(), &head, &[], &p384, &weak] {
        assert_eq!(PublicKey::from_spki_der(bad), Err(KeyError::Material));
    }
}

#[test]
fn only_canonical_p256_keys() {
    let spki = bytes(REKOR_SPKI);
    let refuse = |spki: Vec<u8>| {
        let key = VerifierKey::new(name("a"), PublicKey::EcdsaP256(spki.clone()));
        assert_eq!(key, Err(KeyError::Material), "{spki:02x?}");
    };
    refuse(vec![]);
    refuse(spki[..spki.len() - 1].to_vec());
    refuse([&spki[..], &[0]].concat());
    // Not on the curve.
    let mut off = spki.clone();
    *off.last_mut().unwrap() ^= 1;
    refuse(off);
    // The same point, compressed.
    let compressed = bytes("3039301306072a8648ce3d020106082a8648ce3d030107032200");
    refuse([&compressed[..], &[0x03], &spki[27..59]].concat());
    // Another curve by name (P-384) around the same point.
    refuse(bytes(&REKOR_SPKI.replace("06082a8648ce3d030107", "06052b81040022")));
}

#[test]
fn malformed_vkeys() {
    let refuse = |vkey: &str, error: KeyError| assert_eq!(parse(vkey), Err(error), "{vkey:?}");
    let (_, rest) = PETER.split_once('+').unwrap();
    refuse("", KeyError::Form);
    refuse("PeterNeumann", KeyError::Form);
    refuse("PeterNeumann+c74f20a3", KeyError::Form);
    for bad in
        ["", "Peter Neumann", "Peter\u{2003}Neumann", "Peter\tNeumann", "Peter\nNeumann", "Peter\0"]
    {
        refuse(&format!("{bad}+{rest}"), KeyError::Name);
    }
    for bad in [
        "",
        "c74f20a",
        "0c74f20a3",
        "C74F20A3",
        "c74f20ag",
        "+c74f20a",
        "-c74f20a",
        "c74f20 3",
        "０c74f",
    ] {
        refuse(&PETER.replace("c74f20a3", bad), KeyError::IdForm);
    }
    for bad in ["", "=", "ARpc2Q", "ARpc2Q=", "ARpc2R==", "ARpc2Q==\n", "ARpc-_cU", "ARpc 2Qc"] {
        refuse(&format!("PeterNeumann+c74f20a3+{bad}"), KeyError::Base64);
    }
    let stated = "c74f20a4".parse().unwrap();
    let computed = "c74f20a3".parse().unwrap();
    refuse(&PETER.replace("c74f20a3", "c74f20a4"), KeyError::IdMismatch { stated, computed });
    assert!(matches!(parse(&PETER.replace("Peter", "Petra")), Err(KeyError::IdMismatch { .. })));
    refuse(&PETER.replace("+c74", "++c74"), KeyError::IdForm);

    for signature_type in [0x00, 0x03, 0x05, 0x07, 0xfa, 0xff] {
        refuse(&vkey("a", signature_type, &[1; 32]), KeyError::Type(signature_type));
    }
    for signature_type in [0x01, 0x04, 0x06] {
        for length in [0, 31, 33, 64] {
            refuse(&vkey("a", signature_type, &vec![1; length]), KeyError::Material);
        }
    }
}

#[test]
fn weak_ed25519_keys_are_refused() {
    // Points of small order, and y = 2, which no point has.
    let identity = [&[1][..], &[0; 31]].concat();
    let minus_one = [&[0xec][..], &[0xff; 30], &[0x7f]].concat();
    let order_four = vec![0; 32];
    let order_eight = bytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
    let no_point = [&[2][..], &[0; 31]].concat();
    for key in [identity, minus_one, order_four, order_eight, no_point] {
        let key: [u8; 32] = key.try_into().unwrap();
        for public_key in [PublicKey::Ed25519(key), PublicKey::Ed25519Cosignature(key)] {
            assert_eq!(VerifierKey::new(name("a"), public_key), Err(KeyError::Material));
        }
    }
}

#[test]
fn ed25519_verification_is_strict() {
    let key = NoteSigningKey::from_seed(name("a"), &[3; 32]);
    let signature = key.sign("text\n").bytes().to_vec();
    let verify = |signature: &[u8]| key.verifier_key().verify("text\n", signature);
    assert!(verify(&signature));
    for length in [0, 63, 65] {
        assert!(!verify(&[&signature[..], &[0]].concat()[..length]));
    }
    for bit in 0..512 {
        let mut altered = signature.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&altered), "bit {bit}");
    }
    // The scalar plus the group order: the same on the curve, but another encoding.
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut altered = signature.clone();
    let mut carry = 0;
    for (byte, add) in altered[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    assert!(!verify(&altered));
    // A signature that needs no secret nonce: R is the neutral point, and the scalar is the
    // challenge times the key. It satisfies the permissive equation.
    let scalar = "f434559a81c73e875cf36e174d46591b115b8cb11b3be4c52d5c39f698e5b90f";
    let altered = [&[1][..], &[0; 31], &bytes(scalar)].concat();
    let permissive = signed_note::StandardVerifier::new(&key.verifier_key().to_string()).unwrap();
    assert!(signed_note::Verifier::verify(&permissive, b"text\n", &altered));
    assert!(!verify(&altered));
}

#[test]
fn types_do_not_mix() {
    let log = NoteSigningKey::from_seed(name("a"), &[3; 32]);
    let witness = CosigningKey::from_seed(name("a"), &[3; 32]);
    let (log_key, witness_key) = (log.verifier_key(), witness.verifier_key());
    assert_eq!(log_key.public_key().material(), witness_key.public_key().material());
    assert_ne!(log_key.key_id(), witness_key.key_id());
    assert_ne!(log_key, witness_key);
    let signature = log.sign("text\n");
    let cosignature = crate::cosignature::cosign(&witness, "text\n", 1).unwrap();
    assert!(log_key.made(&signature) && !witness_key.made(&signature));
    assert!(log_key.verify("text\n", signature.bytes()));
    assert!(witness_key.verify("text\n", cosignature.bytes()));
    assert!(!log_key.verify("text\n", &cosignature.bytes()[8..]));
    assert!(!witness_key.verify("text\n", signature.bytes()));
    assert!(!witness_key.verify("text\n", &[&[0; 8], signature.bytes()].concat()));
}

proptest! {
    #[test]
    fn keys_come_back(name in r"[^\s+\x00-\x1f]{1,20}", seed in any::<[u8; 32]>()) {
        let name: KeyName = name.parse().unwrap();
        let log = NoteSigningKey::from_seed(name.clone(), &seed);
        let witness = CosigningKey::from_seed(name, &seed);
        for key in [log.verifier_key(), witness.verifier_key()] {
            prop_assert_eq!(&parse(&key.to_string()).unwrap(), key);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in any::<String>(),
        noise in r"[ -~]{0,60}",
        position in 0..PETER.len(),
        replacement in any::<char>(),
    ) {
        let _ = (parse(&text), text.parse::<KeyName>(), text.parse::<KeyId>());
        let _ = parse(&format!("a+00000000+{noise}"));
        let mut altered: Vec<_> = PETER.chars().collect();
        altered[position] = replacement;
        let altered: String = altered.into_iter().collect();
        prop_assert_eq!(parse(&altered).is_ok(), altered == PETER);
    }
}
