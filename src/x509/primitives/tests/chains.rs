//! Both libraries say the same of every signature in a chain of certificates.

#![expect(deprecated, reason = "these crates stand on generic-array 0.14, which calls itself old")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeys, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use ecdsa::elliptic_curve::generic_array::ArrayLength;
use ecdsa::elliptic_curve::group::Curve as _;
use ecdsa::elliptic_curve::ops::{Invert as _, Reduce as _};
use ecdsa::elliptic_curve::sec1::{FromEncodedPoint, ModulusSize, ToEncodedPoint};
use ecdsa::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Group as _, ProjectivePoint, Scalar,
};
use ecdsa::{PrimeCurve, SignatureSize};
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData as _};

use super::super::super::algorithm::HashAlgorithm::{self, Sha256, Sha384, Sha512};
use super::super::super::chain_algorithm::ChainAlgorithm;
use super::super::super::digest::ArtifactDigest;
use super::super::super::x509::X509;
use super::*;

const MESSAGE: &[u8] = b"a certificate";

/// Whether the algorithm takes the signature; both libraries must agree.
fn verdict(algorithm: ChainAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let said = AwsLc::signed(algorithm, key, message, signature);
    let other = RustCrypto::signed(algorithm, key, message, signature);
    let (key, signature) = (hex::encode(key), hex::encode(signature));
    assert_eq!(said, other, "{algorithm:?}, key {key}, signature {signature}");
    said
}

/// Asserts that this signature is one, and that nothing near it is.
fn expect(algorithm: ChainAlgorithm, key: &[u8], signature: &[u8]) {
    assert!(verdict(algorithm, key, MESSAGE, signature), "{algorithm:?}");
    assert!(!verdict(algorithm, key, b"another", signature), "{algorithm:?}");
    let step = 1 + signature.len() / 40;
    for changed in mutations(signature, step) {
        assert!(!verdict(algorithm, key, MESSAGE, &changed), "{algorithm:?}");
    }
    for changed in mutations(key, 1 + key.len() / 40) {
        assert!(!verdict(algorithm, &changed, MESSAGE, signature), "{algorithm:?}");
    }
}

/// Signs a digest with the secret number 3 and the nonce 5, which is how ECDSA must not be used.
fn ecdsa<C>(hash: HashAlgorithm) -> (Vec<u8>, Vec<u8>)
where
    C: PrimeCurve + CurveArithmetic,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArrayLength<u8>,
{
    let digest = ArtifactDigest::of(hash, MESSAGE);
    let mut number = FieldBytes::<C>::default();
    let length = number.len().min(digest.as_bytes().len());
    let start = number.len() - length;
    number[start..].copy_from_slice(&digest.as_bytes()[..length]);
    let [secret, nonce] = [Scalar::<C>::from(3_u64), Scalar::<C>::from(5_u64)];
    let generator = ProjectivePoint::<C>::generator();
    let point = |times: Scalar<C>| (generator * times).to_affine().to_encoded_point(false);
    let r = Scalar::<C>::reduce_bytes(point(nonce).x().unwrap());
    let z = Scalar::<C>::reduce_bytes(&number);
    let s = nonce.invert().unwrap() * (z + r * secret);
    let bytes = |scalar: Scalar<C>| {
        let bytes: FieldBytes<C> = scalar.into();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes[zeros..].to_vec()
    };
    let key = (generator * secret).to_affine();
    (key.to_encoded_point(false).as_bytes().to_vec(), numbers(&bytes(r), &bytes(s)))
}

#[test]
fn ecdsa_on_every_curve_with_every_hash() {
    for hash in HashAlgorithm::ALL {
        for (algorithm, (key, signature)) in [
            (ChainAlgorithm::EcdsaP256(hash), ecdsa::<p256::NistP256>(hash)),
            (ChainAlgorithm::EcdsaP384(hash), ecdsa::<p384::NistP384>(hash)),
            (ChainAlgorithm::EcdsaP521(hash), ecdsa::<p521::NistP521>(hash)),
        ] {
            expect(algorithm, &key, &signature);
        }
    }
}

#[test]
fn rsa_with_every_padding_and_hash() {
    let paddings: [(ChainAlgorithm, &'static dyn RsaEncoding); 6] = [
        (ChainAlgorithm::RsaPkcs1v15(Sha256), &RSA_PKCS1_SHA256),
        (ChainAlgorithm::RsaPkcs1v15(Sha384), &RSA_PKCS1_SHA384),
        (ChainAlgorithm::RsaPkcs1v15(Sha512), &RSA_PKCS1_SHA512),
        (ChainAlgorithm::RsaPss(Sha256), &RSA_PSS_SHA256),
        (ChainAlgorithm::RsaPss(Sha384), &RSA_PSS_SHA384),
        (ChainAlgorithm::RsaPss(Sha512), &RSA_PSS_SHA512),
    ];
    for size in [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096] {
        let pair = RsaKeys::generate(size).unwrap();
        let key = pair.public_key().as_ref().to_vec();
        for (algorithm, padding) in paddings {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
            assert!(verdict(algorithm, &key, MESSAGE, &signature), "{algorithm:?}");
            for changed in mutations(&signature, 1 + signature.len() / 8) {
                assert!(!verdict(algorithm, &key, MESSAGE, &changed), "{algorithm:?}");
            }
        }
    }
}

/// Points of the curve in encodings that are not canonical are keys for nobody.
#[test]
fn ed25519_and_its_odd_keys() {
    use ed25519_dalek::Signer as _;

    let algorithm = ChainAlgorithm::Ed25519;
    let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let key = pair.verifying_key().to_bytes();
    expect(algorithm, &key, &pair.sign(MESSAGE).to_bytes());
    let identity = [&[1][..], &[0; 31]].concat();
    // Twice the identity: as a sum that is not reduced, and with the sign of a zero.
    let unreduced = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
    let negative = [&[1][..], &[0; 30], &[0x80]].concat();
    for point in [&identity, &unreduced, &negative] {
        for r in [&identity, &unreduced, &negative] {
            let signature = [&r[..], &[0; 32]].concat();
            let said = verdict(algorithm, point, MESSAGE, &signature);
            // With the identity for a key, anyone could sign: no caller may trust such a key.
            assert_eq!(said, *point == identity && *r == identity);
        }
    }
}

/// What a library says of a certificate and the key that is said to have signed it; `None` if
/// either cannot be read.
fn judge<P: Primitives>(public_key: &[u8], certificate: &[u8]) -> Option<bool> {
    let certificate = X509::from_der(certificate).ok()?;
    let (algorithm, key) = ChainAlgorithm::of(public_key, certificate.algorithm)?;
    Some(P::signed(algorithm, key, certificate.signed, &certificate.signature[1..]))
}

#[test]
fn certificates_signed_with_keys_of_every_kind() {
    for kind in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA256,
        &rcgen::PKCS_ECDSA_P521_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_RSA_SHA384,
        &rcgen::PKCS_RSA_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(kind).unwrap();
        let public_key = key.subject_public_key_info();
        let issuer = Issuer::new(CertificateParams::new([]).unwrap(), key);
        let pair = KeyPair::generate().unwrap();
        let signer = CertificateParams::new([]).unwrap().signed_by(&pair, &issuer).unwrap();
        let both = |public_key: &[u8], signer: &[u8]| {
            let said = judge::<AwsLc>(public_key, signer);
            assert_eq!(said, judge::<RustCrypto>(public_key, signer), "{kind:?}");
            said
        };
        assert_eq!(both(&public_key, signer.der()), Some(true), "{kind:?}");
        for changed in mutations(signer.der(), 9) {
            assert_ne!(both(&public_key, &changed), Some(true), "{kind:?}");
        }
        for changed in mutations(&public_key, 9) {
            assert_ne!(both(&changed, signer.der()), Some(true), "{kind:?}");
        }
    }
}
