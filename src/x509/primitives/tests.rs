//! Both libraries say the same of every key, signature and digest.

mod chains;

use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};
use spki::SubjectPublicKeyInfoRef;

use super::super::algorithm::{HashAlgorithm, SigningAlgorithm};
use super::aws_lc::AwsLc;
use super::contract::{Hashing, HeldKey, Primitives};
use super::rust_crypto::RustCrypto;
use crate::testing::{ARTIFACT, Signer};

/// The algorithms whose signatures these libraries check.
const ALGORITHMS: [SigningAlgorithm; 6] = [
    SigningAlgorithm::EcdsaP256Sha256,
    SigningAlgorithm::EcdsaP384Sha384,
    SigningAlgorithm::EcdsaP521Sha512,
    SigningAlgorithm::RsaPkcs1v15Sha256With2048,
    SigningAlgorithm::RsaPkcs1v15Sha256With3072,
    SigningAlgorithm::RsaPkcs1v15Sha256With4096,
];

/// The order of each curve.
const ORDERS: [(SigningAlgorithm, &str); 3] = [
    (
        SigningAlgorithm::EcdsaP256Sha256,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    (
        SigningAlgorithm::EcdsaP384Sha384,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
         581a0db248b0a77aecec196accc52973",
    ),
    (
        SigningAlgorithm::EcdsaP521Sha512,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa\
         51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ),
];

/// The key in a `SubjectPublicKeyInfo`.
fn key_of(spki: &[u8]) -> Vec<u8> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).unwrap();
    info.subject_public_key.raw_bytes().to_vec()
}

/// What both say, where they agree: whether the key is valid, and whether it made the signature.
fn verdict(
    algorithm: SigningAlgorithm,
    key: &[u8],
    signature: &[u8],
    digest: &[u8],
) -> Option<bool> {
    fn of<P: Primitives>(
        algorithm: SigningAlgorithm,
        key: &[u8],
        signature: &[u8],
        digest: &[u8],
    ) -> Option<bool> {
        P::Key::new(algorithm, key).map(|key| key.made(signature, digest))
    }
    let one = of::<AwsLc>(algorithm, key, signature, digest);
    let other = of::<RustCrypto>(algorithm, key, signature, digest);
    let hex = |bytes: &[u8]| hex::encode(bytes);
    assert_eq!(one, other, "{algorithm}, key {}, signature {}", hex(key), hex(signature));
    one
}

/// Each change that makes `bytes` other bytes: a bit of every `step`th byte, what is cut off, what
/// is put on.
fn mutations(bytes: &[u8], step: usize) -> Vec<Vec<u8>> {
    let flipped = (0..bytes.len()).step_by(step).map(|at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        flipped
    });
    let others = [
        bytes[..bytes.len() - 1].to_vec(),
        bytes[1..].to_vec(),
        [bytes, &[0]].concat(),
        [&[0], bytes].concat(),
        vec![0; bytes.len()],
        vec![0xff; bytes.len()],
        Vec::new(),
    ];
    flipped.chain(others).collect()
}

#[test]
fn hashes_of_any_length_in_any_pieces() {
    fn hash<P: Primitives>(hash: HashAlgorithm, pieces: [&[u8]; 2]) -> Vec<u8> {
        let mut hasher = P::Hasher::new(hash);
        for piece in pieces {
            hasher.update(piece);
        }
        let mut digest = vec![0; hash.digest_len()];
        hasher.finish(&mut digest);
        digest
    }
    let bytes: Vec<u8> = (0..1000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for algorithm in HashAlgorithm::ALL {
        for length in (0..300).chain([1000]) {
            let (bytes, middle) = (&bytes[..length], length / 3);
            let digest = hash::<AwsLc>(algorithm, [bytes, &[]]);
            let pieces = [&bytes[..middle], &bytes[middle..]];
            assert_eq!(
                hash::<RustCrypto>(algorithm, pieces),
                digest,
                "{algorithm}, {length} bytes"
            );
        }
    }
}

#[test]
fn sha_1_as_in_fips_180() {
    let digest = "a9993e364706816aba3e25717850c26c9cd0d89d";
    assert_eq!(hex::encode(AwsLc::sha1(b"abc")), digest);
    assert_eq!(hex::encode(RustCrypto::sha1(b"abc")), digest);
}

#[test]
fn signatures_and_what_is_nearly_one() {
    for algorithm in ALGORITHMS {
        let signer = Signer::of(algorithm);
        let key = key_of(&signer.spki);
        for message in [ARTIFACT, b"", &[7; 500]] {
            let signature = signer.sign(message);
            let digest = signer.digest(message);
            let judge =
                |signature: &[u8], digest: &[u8]| verdict(algorithm, &key, signature, digest);
            assert_eq!(judge(&signature, digest.as_bytes()), Some(true), "{algorithm}");
            for changed in mutations(&signature, 3) {
                assert_eq!(judge(&changed, digest.as_bytes()), Some(false), "{algorithm}");
            }
            let digests = mutations(digest.as_bytes(), 5);
            for changed in digests.iter().filter(|other| other.len() == digest.as_bytes().len()) {
                assert_eq!(judge(&signature, changed), Some(false), "{algorithm}");
            }
        }
    }
}

#[test]
fn keys_and_what_is_nearly_one() {
    for algorithm in ALGORITHMS {
        let signer = Signer::of(algorithm);
        let (signature, digest) = (signer.sign(ARTIFACT), signer.digest(ARTIFACT));
        for key in mutations(&key_of(&signer.spki), 7) {
            let verdict = verdict(algorithm, &key, &signature, digest.as_bytes());
            assert_ne!(verdict, Some(true), "{algorithm}");
        }
    }
}

#[derive(Sequence)]
struct Numbers<'a> {
    first: UintRef<'a>,
    second: UintRef<'a>,
}

fn numbers(first: &[u8], second: &[u8]) -> Vec<u8> {
    let (first, second) = (UintRef::new(first).unwrap(), UintRef::new(second).unwrap());
    Numbers { first, second }.to_der().unwrap()
}

/// `(r, s)`, `(r, n - s)` and numbers at the ends of what is allowed.
#[test]
fn numbers_of_an_ecdsa_signature() {
    for (algorithm, order) in ORDERS {
        let signer = Signer::of(algorithm);
        let (key, digest) = (key_of(&signer.spki), signer.digest(ARTIFACT));
        let signature = signer.sign(ARTIFACT);
        let Numbers { first: r, second: s } = Numbers::from_der(&signature).unwrap();
        let order = hex::decode(order).unwrap();
        let mut wide_s = vec![0; order.len()];
        wide_s[order.len() - s.as_bytes().len()..].copy_from_slice(s.as_bytes());
        let (twin, borrow) = subtract(&order, &wide_s);
        assert!(!borrow);
        let judge = |r: &[u8], s: &[u8]| {
            verdict(algorithm, &key, &numbers(r, s), digest.as_bytes()).unwrap()
        };
        let (r, s) = (r.as_bytes(), s.as_bytes());
        assert!(judge(r, s) && judge(r, &twin), "{algorithm}");
        let below = subtract(&order, &[vec![0; order.len() - 1], vec![1]].concat()).0;
        let above = [&[1], &order[..]].concat();
        for odd in [&[0][..], &[1], &below, &order, &above, &vec![0xff; order.len()]] {
            assert!(!judge(odd, s) && !judge(r, odd) && !judge(odd, odd), "{algorithm}");
        }
    }
}

/// The difference of two big-endian numbers of one length, and whether it is negative.
fn subtract(a: &[u8], b: &[u8]) -> (Vec<u8>, bool) {
    let mut difference = vec![0; a.len()];
    let mut borrow = 0;
    for at in (0..a.len()).rev() {
        let digit = 256 + u16::from(a[at]) - u16::from(b[at]) - borrow;
        difference[at] = digit.to_le_bytes()[0];
        borrow = 1 - (digit >> 8);
    }
    (difference, borrow > 0)
}

/// Moduli and exponents at the ends of what is allowed. With the exponent 1, anyone could sign.
#[test]
fn numbers_of_an_rsa_key() {
    let algorithm = SigningAlgorithm::RsaPkcs1v15Sha256With2048;
    let modulus = |bits: usize, last: u8| {
        let mut modulus = vec![0x5b; bits.div_ceil(8)];
        modulus[0] = 1 << ((bits - 1) % 8);
        *modulus.last_mut().unwrap() = last;
        modulus
    };
    let exponents: [(&[u8], bool); 9] = [
        (&[0], false),
        (&[1], false),
        (&[2], false),
        (&[3], true),
        (&[1, 0, 1], true),
        (&[1, 0, 0, 0, 1], true),
        (&[1, 0xff, 0xff, 0xff, 0xff], true),
        (&[2, 0, 0, 0, 1], false),
        (&[1, 0, 0, 0, 0, 1], false),
    ];
    for (bits, last) in [(2048, 1), (2048, 2), (2049, 3), (4096, 1), (8192, 1)] {
        for (exponent, valid) in exponents {
            let key = numbers(&modulus(bits, last), exponent);
            let verdict = verdict(algorithm, &key, &vec![1; bits.div_ceil(8)], &[0; 32]);
            assert_eq!(verdict, (valid && last % 2 == 1).then_some(false), "{bits} {exponent:?}");
        }
    }
}
