//! Both libraries say the same of every signature in a chain of certificates.

#![expect(deprecated, reason = "these crates stand on generic-array 0.14, which calls itself old")]

use std::time::Duration;

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
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, UnixTime, alg_id};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::super::super::algorithm::HashAlgorithm;
use super::super::super::digest::ArtifactDigest;
use super::*;

const MESSAGE: &[u8] = b"a certificate";

/// Whether an algorithm of these names takes the signature; both must agree on each.
fn verdict(
    names: (AlgorithmIdentifier, AlgorithmIdentifier),
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let mut verdict = None;
    for (one, other) in AwsLc::of_chains().iter().zip(RustCrypto::of_chains()) {
        if (one.public_key_alg_id(), one.signature_alg_id()) != names {
            continue;
        }
        let said = one.verify_signature(key, message, signature).is_ok();
        let other = other.verify_signature(key, message, signature).is_ok();
        let (key, signature) = (hex::encode(key), hex::encode(signature));
        assert_eq!(said, other, "{one:?}, key {key}, signature {signature}");
        verdict = Some(said || verdict == Some(true));
    }
    verdict.expect("there is an algorithm of that name")
}

/// Asserts that this signature is one, and that nothing near it is.
fn expect(names: (AlgorithmIdentifier, AlgorithmIdentifier), key: &[u8], signature: &[u8]) {
    assert!(verdict(names, key, MESSAGE, signature), "{names:?}");
    assert!(!verdict(names, key, b"another", signature), "{names:?}");
    let step = 1 + signature.len() / 40;
    for changed in mutations(signature, step) {
        assert!(!verdict(names, key, MESSAGE, &changed), "{names:?}");
    }
    for changed in mutations(key, 1 + key.len() / 40) {
        assert!(!verdict(names, &changed, MESSAGE, signature), "{names:?}");
    }
}

#[test]
fn the_algorithms_are_the_same_in_the_same_order() {
    let names = |list: &[&dyn rustls_pki_types::SignatureVerificationAlgorithm]| {
        let names = list.iter().map(|one| (one.public_key_alg_id(), one.signature_alg_id()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(AwsLc::of_chains()), names(RustCrypto::of_chains()));
}

/// Signs a digest with the secret number 3 and the nonce 5, which is how ECDSA must not be used.
fn ecdsa<C>(hash: HashAlgorithm) -> ([Vec<u8>; 2], Vec<u8>)
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
    let keys = [false, true].map(|compress| key.to_encoded_point(compress).as_bytes().to_vec());
    (keys, numbers(&bytes(r), &bytes(s)))
}

#[test]
fn ecdsa_on_every_curve_with_every_hash_and_compressed_keys() {
    for (name, hash) in [
        (alg_id::ECDSA_SHA256, HashAlgorithm::Sha256),
        (alg_id::ECDSA_SHA384, HashAlgorithm::Sha384),
        (alg_id::ECDSA_SHA512, HashAlgorithm::Sha512),
    ] {
        for (curve, (keys, signature)) in [
            (alg_id::ECDSA_P256, ecdsa::<p256::NistP256>(hash)),
            (alg_id::ECDSA_P384, ecdsa::<p384::NistP384>(hash)),
            (alg_id::ECDSA_P521, ecdsa::<p521::NistP521>(hash)),
        ] {
            for key in keys {
                expect((curve, name), &key, &signature);
            }
        }
    }
}

#[test]
fn rsa_with_every_padding_and_hash() {
    let paddings: [(AlgorithmIdentifier, &'static dyn RsaEncoding); 6] = [
        (alg_id::RSA_PKCS1_SHA256, &RSA_PKCS1_SHA256),
        (alg_id::RSA_PKCS1_SHA384, &RSA_PKCS1_SHA384),
        (alg_id::RSA_PKCS1_SHA512, &RSA_PKCS1_SHA512),
        (alg_id::RSA_PSS_SHA256, &RSA_PSS_SHA256),
        (alg_id::RSA_PSS_SHA384, &RSA_PSS_SHA384),
        (alg_id::RSA_PSS_SHA512, &RSA_PSS_SHA512),
    ];
    for size in [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096] {
        let pair = RsaKeys::generate(size).unwrap();
        let key = pair.public_key().as_ref().to_vec();
        for (name, padding) in paddings {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
            let names = (alg_id::RSA_ENCRYPTION, name);
            assert!(verdict(names, &key, MESSAGE, &signature), "{name:?}");
            for changed in mutations(&signature, 1 + signature.len() / 8) {
                assert!(!verdict(names, &key, MESSAGE, &changed), "{name:?}");
            }
        }
    }
}

/// Points of the curve in encodings that are not canonical are keys for nobody.
#[test]
fn ed25519_and_its_odd_keys() {
    use ed25519_dalek::Signer as _;

    let names = (alg_id::ED25519, alg_id::ED25519);
    let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let key = pair.verifying_key().to_bytes();
    expect(names, &key, &pair.sign(MESSAGE).to_bytes());
    let identity = [&[1][..], &[0; 31]].concat();
    // Twice the identity: as a sum that is not reduced, and with the sign of a zero.
    let unreduced = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
    let negative = [&[1][..], &[0; 30], &[0x80]].concat();
    for point in [&identity, &unreduced, &negative] {
        for r in [&identity, &unreduced, &negative] {
            let signature = [&r[..], &[0; 32]].concat();
            let said = verdict(names, point, MESSAGE, &signature);
            // With the identity for a key, anyone could sign: no caller may trust such a key.
            assert_eq!(said, *point == identity && *r == identity);
        }
    }
}

fn ml_dsa<P: ml_dsa::MlDsaParams>(name: AlgorithmIdentifier) {
    use ml_dsa::{Keypair as _, Signer as _};

    let pair = ml_dsa::SigningKey::<P>::from_seed(&ml_dsa::Seed::from([7; 32]));
    let key = pair.verifying_key().encode().to_vec();
    let signature = pair.sign(MESSAGE).encode().to_vec();
    expect((name, name), &key, &signature);
}

#[test]
fn ml_dsa_of_every_size() {
    ml_dsa::<ml_dsa::MlDsa44>(alg_id::ML_DSA_44);
    ml_dsa::<ml_dsa::MlDsa65>(alg_id::ML_DSA_65);
    ml_dsa::<ml_dsa::MlDsa87>(alg_id::ML_DSA_87);
}

/// What `webpki` says of a certificate with the algorithms of a library.
fn judge<P: Primitives>(authority: &[u8], between: &[u8], signer: &[u8]) -> Result<(), Error> {
    let (authority, signer) = (CertificateDer::from(authority), CertificateDer::from(signer));
    let between = CertificateDer::from(between);
    EndEntityCert::try_from(&signer)?
        .verify_for_usage(
            P::of_chains(),
            &[anchor_from_trusted_cert(&authority)?],
            &[between],
            UnixTime::since_unix_epoch(Duration::from_hours(500_000)),
            KeyUsage::client_auth(),
            None,
            None,
        )
        .map(drop)
}

#[test]
fn chains_with_keys_of_every_kind() {
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
        let mut issuing = CertificateParams::new([]).unwrap();
        issuing.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        issuing.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        issuing.distinguished_name.push(rcgen::DnType::CommonName, "root.test");
        let root_key = KeyPair::generate_for(kind).unwrap();
        let root = issuing.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(issuing.clone(), root_key);
        issuing.distinguished_name.push(rcgen::DnType::CommonName, "between.test");
        let key = KeyPair::generate_for(kind).unwrap();
        let between = issuing.signed_by(&key, &root_issuer).unwrap();
        let issuer = Issuer::new(issuing, key);
        let pair = KeyPair::generate().unwrap();
        let signer = CertificateParams::new([]).unwrap().signed_by(&pair, &issuer).unwrap();

        let both = |between: &[u8], signer: &[u8]| {
            let said = judge::<AwsLc>(root.der(), between, signer);
            assert_eq!(said, judge::<RustCrypto>(root.der(), between, signer), "{kind:?}");
            said
        };
        both(between.der(), signer.der()).unwrap();
        for changed in mutations(signer.der(), 9) {
            both(between.der(), &changed).unwrap_err();
        }
        for changed in mutations(between.der(), 9) {
            both(&changed, signer.der()).unwrap_err();
        }
    }
}
