//! Signatures over messages by the keys of timestamp authorities (RFC 5652, section 5.4) and of
//! certificate logs (RFC 6962, section 2.1.4): with any algorithm that chains of certificates can
//! have.

use rustls_pki_types::AlgorithmIdentifier;
use rustls_pki_types::alg_id::{
    ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519, RSA_ENCRYPTION, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
};

use super::algorithm::HashAlgorithm;
use super::element::{BIT_STRING, Elements, Fault, OBJECT_IDENTIFIER, SEQUENCE};
use super::primitives;

/// ECDSA, RSASSA-PKCS1-v1_5 and RSASSA-PSS with each hash.
const ALGORITHMS: [(HashAlgorithm, [AlgorithmIdentifier; 3]); 3] = [
    (HashAlgorithm::Sha256, [ECDSA_SHA256, RSA_PKCS1_SHA256, RSA_PSS_SHA256]),
    (HashAlgorithm::Sha384, [ECDSA_SHA384, RSA_PKCS1_SHA384, RSA_PSS_SHA384]),
    (HashAlgorithm::Sha512, [ECDSA_SHA512, RSA_PKCS1_SHA512, RSA_PSS_SHA512]),
];

/// Whether the owner of a key, a DER `SubjectPublicKeyInfo`, made this signature over a message.
/// `algorithm` is the content of its `AlgorithmIdentifier`, and must be with this hash.
pub(super) fn made(
    key: &[u8],
    algorithm: &[u8],
    hash: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Ok((kind, key)) = parts(key) else { return false };
    let Some(algorithm) = with_hash(algorithm, hash) else { return false };
    primitives::of_chains()
        .iter()
        .filter(|one| *one.public_key_alg_id() == *kind && one.signature_alg_id() == algorithm)
        .any(|one| one.verify_signature(key, message, signature).is_ok())
}

/// The algorithm with this hash that is meant by an `AlgorithmIdentifier`. That of RSA keys stands
/// for RSASSA-PKCS1-v1_5 with whatever hash the message has (RFC 3370, section 3.2).
fn with_hash(algorithm: &[u8], hash: HashAlgorithm) -> Option<AlgorithmIdentifier> {
    let (_, [ecdsa, pkcs1, pss]) = *ALGORITHMS.iter().find(|(of, _)| *of == hash)?;
    let id = |algorithm| Elements::of(algorithm).next(OBJECT_IDENTIFIER, "").ok();
    let is = |one: &AlgorithmIdentifier| **one == *algorithm;
    // Some leave out the parameter NULL of PKCS #1, which RFC 4055 requires.
    let means_pkcs1 = || {
        let found = id(algorithm).filter(|_| is_alone(algorithm) || ends_with_null(algorithm));
        found.is_some_and(|found| Some(found) == id(&RSA_ENCRYPTION) || Some(found) == id(&pkcs1))
    };
    // Ed25519 hashes as it likes (RFC 8419).
    [ecdsa, pss, ED25519].into_iter().find(is).or_else(|| means_pkcs1().then_some(pkcs1))
}

/// Whether there is nothing after the object identifier.
fn is_alone(algorithm: &[u8]) -> bool {
    let mut fields = Elements::of(algorithm);
    fields.any().is_some() && fields.is_empty()
}

/// Whether there is only NULL after the object identifier.
fn ends_with_null(algorithm: &[u8]) -> bool {
    let mut fields = Elements::of(algorithm);
    fields.any().is_some()
        && fields.any().is_some_and(|element| *element.encoded == [5, 0])
        && fields.is_empty()
}

/// The algorithm and the key in a `SubjectPublicKeyInfo`.
fn parts(key: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let fault = "its public key is malformed";
    let mut fields = Elements::of(key).enter(SEQUENCE, fault)?;
    let kind = fields.next(SEQUENCE, fault)?;
    match fields.next(BIT_STRING, fault)? {
        [0, key @ ..] => Ok((kind, key)),
        _ => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use HashAlgorithm::{Sha256, Sha384};

    use super::*;
    use crate::algorithm::SigningAlgorithm;
    use crate::testing::Signer;

    #[test]
    fn algorithms_are_taken_by_name_and_hash() {
        let message = b"a message";
        let ecdsa = Signer::of(SigningAlgorithm::EcdsaP384Sha384);
        let rsa = Signer::of(SigningAlgorithm::RsaPkcs1v15Sha256With2048);
        let bare: Vec<u8> = RSA_PKCS1_SHA256[..11].to_vec();
        let odd = [&bare[..], &[2, 1, 0]].concat();
        for (signer, algorithm, hash, good) in [
            (ecdsa, &ECDSA_SHA384[..], Sha384, true),
            (ecdsa, &ECDSA_SHA384[..], Sha256, false),
            (ecdsa, &ECDSA_SHA256[..], Sha256, false),
            (ecdsa, &RSA_PKCS1_SHA384[..], Sha384, false),
            (rsa, &RSA_PKCS1_SHA256[..], Sha256, true),
            (rsa, &RSA_ENCRYPTION[..], Sha256, true),
            (rsa, &bare, Sha256, true),
            (rsa, &odd, Sha256, false),
            (rsa, &RSA_ENCRYPTION[..], Sha384, false),
            (rsa, &RSA_PSS_SHA256[..], Sha256, false),
            (rsa, &[], Sha256, false),
        ] {
            let signature = signer.sign(message);
            let made = |message: &[u8]| made(&signer.spki, algorithm, hash, message, &signature);
            assert_eq!(made(message), good, "{algorithm:?}");
            assert!(!made(b"another"));
        }
    }
}
