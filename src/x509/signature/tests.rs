//! What counts as a signature, and near misses that do not.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P521_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Digest as _, Sha512, Signer as _, SigningKey};
use p256::ecdsa::Signature as P256Signature;

use super::*;
use crate::testing::{ARTIFACT, Signer};
use crate::{HashAlgorithm, SigningAlgorithm};

fn accepts(signer: &Signer, message: &[u8], signature: &[u8]) -> bool {
    let key = PublicKey::from_spki_der(&signer.spki).unwrap();
    key.verify(&signer.digest(message), signature).is_ok()
}

#[test]
fn verifies_this_key_this_digest_this_signature() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let signature = signer.sign(ARTIFACT);
        assert!(accepts(signer, ARTIFACT, &signature), "{algorithm}");
        assert!(!accepts(signer, b"another", &signature), "{algorithm}");
        assert!(!accepts(&Signer::generate(algorithm), ARTIFACT, &signature), "{algorithm}");
        assert!(!accepts(signer, ARTIFACT, b""), "{algorithm}");
        assert!(!accepts(signer, ARTIFACT, &signature[..signature.len() - 1]), "{algorithm}");
        assert!(!accepts(signer, ARTIFACT, &[&signature[..], &[0]].concat()), "{algorithm}");
        assert!(!accepts(signer, ARTIFACT, &vec![0; signature.len()]), "{algorithm}");
    }
}

#[test]
fn the_digest_must_be_of_the_algorithms_hash() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let key = PublicKey::from_spki_der(&signer.spki).unwrap();
        for hash in HashAlgorithm::ALL.into_iter().filter(|hash| *hash != algorithm.hash()) {
            let digest = ArtifactDigest::of(hash, ARTIFACT);
            assert!(matches!(
                key.verify(&digest, &signer.sign(ARTIFACT)),
                Err(X509Error::DigestAlgorithm { .. })
            ));
        }
    }
}

#[test]
fn ecdsa_in_its_shortest_encoding_only() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let signature = signer.sign(ARTIFACT);
    let (body, r_len) = (&signature[2..], usize::from(signature[3]));
    let length = signature[1];
    let long_length = [&[0x30, 0x81, length], body].concat();
    let padded_r = [&[0x30, length + 1, 2, signature[3] + 1, 0], &signature[4..]].concat();
    let inner_tail = [&[0x30, length + 2], body, &[5, 0]].concat();
    let no_s = [&[0x30, signature[3] + 2, 2, signature[3]], &signature[4..4 + r_len]].concat();
    let indefinite = [&[0x30, 0x80], body, &[0, 0]].concat();
    for variant in [long_length, padded_r, inner_tail, no_s, indefinite] {
        assert!(!accepts(signer, ARTIFACT, &variant), "{}", hex::encode(variant));
    }
    let fixed = P256Signature::from_der(&signature).unwrap().to_bytes();
    assert!(!accepts(signer, ARTIFACT, &fixed), "IEEE P1363");
}

/// Not a promise, but a fact that users of the log must know; see the head of `signature.rs`.
#[test]
fn ecdsa_has_two_signatures_for_one() {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let signature = P256Signature::from_der(&signer.sign(ARTIFACT)).unwrap();
    let (r, s) = signature.split_scalars();
    let twin = P256Signature::from_scalars(r, -s).unwrap();
    assert_ne!(twin, signature);
    assert!(accepts(signer, ARTIFACT, twin.to_der().as_bytes()));
}

#[test]
fn rsa_below_the_modulus_only() {
    let signer = Signer::of(SigningAlgorithm::RsaPkcs1v15Sha256With2048);
    let signature = signer.sign(ARTIFACT);
    assert!(!accepts(signer, ARTIFACT, &[&[0], &signature[..]].concat()));
    // Modulus and exponent end the SPKI: 256 bytes, then `02 03 01 00 01`.
    let modulus = &signer.spki[signer.spki.len() - 5 - 256..][..256];
    let (message, sum) = (0_u32..)
        .find_map(|n| {
            let message = n.to_be_bytes();
            let (sum, carry) = add_be(&signer.sign(&message), modulus);
            (!carry).then_some((message, sum))
        })
        .expect("some signature is small enough for the sum to fit");
    assert!(accepts(signer, &message, &signer.sign(&message)));
    assert!(!accepts(signer, &message, &sum));
}

#[test]
fn ed25519_below_the_group_order_only() {
    let signer = Signer::of(SigningAlgorithm::Ed25519ph);
    let mut signature = signer.sign(ARTIFACT);
    let order =
        hex::decode("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed").unwrap();
    let s: Vec<u8> = signature[32..].iter().rev().copied().collect();
    let (sum, carry) = add_be(&s, &order);
    assert!(!carry);
    signature[32..].copy_from_slice(&sum.into_iter().rev().collect::<Vec<_>>());
    assert!(!accepts(signer, ARTIFACT, &signature));
}

#[test]
fn ed25519_is_prehashed_and_without_context() {
    let secret = SigningKey::generate(&mut rand_core::OsRng);
    let spki = ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_der(&secret.verifying_key());
    let key = PublicKey::from_spki_der(spki.unwrap().as_bytes()).unwrap();
    let digest = ArtifactDigest::of(HashAlgorithm::Sha512, ARTIFACT);
    let hasher = || Sha512::new().chain_update(ARTIFACT);

    let prehashed = secret.sign_prehashed(hasher(), None).unwrap();
    assert!(key.verify(&digest, &prehashed.to_bytes()).is_ok());
    let with_context = secret.sign_prehashed(hasher(), Some(b"context")).unwrap();
    assert!(key.verify(&digest, &with_context.to_bytes()).is_err());
    let pure = secret.sign(ARTIFACT);
    assert!(key.verify(&digest, &pure.to_bytes()).is_err());
    let pure_over_digest = secret.sign(digest.as_bytes());
    assert!(key.verify(&digest, &pure_over_digest.to_bytes()).is_err());
}

/// RFC 8032 section 7.3.
#[test]
fn ed25519ph_example_of_the_rfc() {
    let key = "302a300506032b6570032100\
               ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf";
    let key = PublicKey::from_spki_der(&hex::decode(key).unwrap());
    let signature = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
                     31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";
    let digest = ArtifactDigest::of(HashAlgorithm::Sha512, b"abc");
    key.unwrap().verify(&digest, &hex::decode(signature).unwrap()).unwrap();
}

/// The sum of two big-endian numbers of one length, and whether it overflowed that length.
fn add_be(a: &[u8], b: &[u8]) -> (Vec<u8>, bool) {
    let mut sum = vec![0; a.len()];
    let mut carry = 0;
    for index in (0..a.len()).rev() {
        let digit = u16::from(a[index]) + u16::from(b[index]) + carry;
        sum[index] = digit.to_le_bytes()[0];
        carry = digit >> 8;
    }
    (sum, carry > 0)
}

/// As Rekor v1 has it: SHA-256 for all of ECDSA and RSA, Ed25519 without a digest.
#[test]
fn signatures_of_older_logs_and_their_signers() {
    let random = SystemRandom::new();
    let p521 = EcdsaKeyPair::generate(&ECDSA_P521_SHA256_ASN1_SIGNING).unwrap();
    let ed25519 = SigningKey::from_bytes(&[7; 32]);
    let ed25519_spki = ed25519.verifying_key().to_public_key_der().unwrap().into_vec();
    let of = |algorithm| {
        let signer = Signer::of(algorithm);
        (signer.spki.clone(), signer.sign(ARTIFACT))
    };
    for (spki, signature) in [
        (p521.public_key().as_der().unwrap().as_ref().to_vec(), {
            p521.sign(&random, ARTIFACT).unwrap().as_ref().to_vec()
        }),
        (ed25519_spki, ed25519.sign(ARTIFACT).to_bytes().to_vec()),
        of(SigningAlgorithm::EcdsaP256Sha256),
        of(SigningAlgorithm::RsaPkcs1v15Sha256With2048),
        of(SigningAlgorithm::RsaPkcs1v15Sha256With4096),
    ] {
        let key = PublicKey::from_spki_der(&spki).unwrap();
        key.verify_v1(ARTIFACT, &signature).unwrap();
        assert!(key.verify_v1(b"another", &signature).is_err(), "{key:?}");
        assert!(key.verify_v1(ARTIFACT, &signature[1..]).is_err(), "{key:?}");
        let is_ed25519 = key.algorithm() == SigningAlgorithm::Ed25519ph;
        for hash in HashAlgorithm::ALL {
            let digest = ArtifactDigest::of(hash, ARTIFACT);
            let judged = key.verify_v1_digest(&digest, &signature).is_ok();
            assert_eq!(judged, hash == HashAlgorithm::Sha256 && !is_ed25519, "{key:?} {hash}");
        }
    }
    for algorithm in [
        SigningAlgorithm::EcdsaP384Sha384,
        SigningAlgorithm::EcdsaP521Sha512,
        SigningAlgorithm::Ed25519ph,
    ] {
        let (spki, signature) = of(algorithm);
        let key = PublicKey::from_spki_der(&spki).unwrap();
        assert!(key.verify_v1(ARTIFACT, &signature).is_err(), "{algorithm}");
    }
}
