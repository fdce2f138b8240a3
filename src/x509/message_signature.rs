//! Signatures over messages by the keys of timestamp authorities (RFC 5652, section 5.4) and of
//! certificate logs (RFC 6962, section 2.1.4): with any algorithm that chains of certificates can
//! have.

use std::borrow::Cow;

use super::algorithm::HashAlgorithm;
use super::chain_algorithm::{ChainAlgorithm, EC, RSA};
use super::element::{self, Elements, OBJECT_IDENTIFIER};
use super::primitives;

/// 1.2.840.10045.4.3.2
pub(super) const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// 1.2.840.113549.1.1.11
pub(super) const RSA_PKCS1_SHA256: &[u8] =
    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
/// 1.2.840.113549.1.1.1, the algorithm of RSA keys.
pub(super) const RSA_ENCRYPTION: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];

/// Whether the owner of a key, a DER `SubjectPublicKeyInfo`, made this signature over a message.
/// `algorithm` is the content of its `AlgorithmIdentifier`, and must be with this hash.
pub(super) fn made(
    key: &[u8],
    algorithm: &[u8],
    hash: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some((algorithm, key)) = meant(key, algorithm, hash) else { return false };
    // Ed25519 hashes as it likes (RFC 8419).
    algorithm.hash().is_none_or(|of| of == hash)
        && primitives::signed(algorithm, key, message, signature)
}

/// The algorithm that is meant by an `AlgorithmIdentifier`, and the key. That of RSA keys stands
/// for RSASSA-PKCS1-v1_5 with whatever hash the message has (RFC 3370, section 3.2).
fn meant<'a>(
    key: &'a [u8],
    identifier: &[u8],
    hash: HashAlgorithm,
) -> Option<(ChainAlgorithm, &'a [u8])> {
    let mut fields = Elements::of(identifier);
    let id = fields.next(OBJECT_IDENTIFIER, "").ok()?;
    let is_bare = fields.is_empty();
    let is_null = fields.any().is_some_and(|it| *it.encoded == [5, 0]) && fields.is_empty();
    let found = if id == RSA {
        let (last, arc) = (number(hash), RSA.split_last()?.1);
        let pkcs1 = element::encode(OBJECT_IDENTIFIER, &[arc, &[last]].concat());
        ChainAlgorithm::of(key, &pkcs1)?
    } else {
        ChainAlgorithm::of(key, identifier)?
    };
    let is_whole = match found.0 {
        // Some leave out the parameter NULL, which RFC 4055 requires.
        ChainAlgorithm::RsaPkcs1v15(_) => is_bare || is_null,
        ChainAlgorithm::RsaPss(_) => true,
        _ => is_bare,
    };
    is_whole.then_some(found)
}

/// The content of an `AlgorithmIdentifier`; where it only names elliptic curves, as the kind of a
/// key, that of ECDSA with this hash instead.
pub(super) fn of_kind(identifier: &[u8], hash: HashAlgorithm) -> Cow<'_, [u8]> {
    let mut fields = Elements::of(identifier);
    if fields.next(OBJECT_IDENTIFIER, "") != Ok(EC) {
        return identifier.into();
    }
    let (named, arc) = ECDSA_SHA256.split_last().expect("not empty");
    // Those with the longer hashes follow.
    [arc, &[named + number(hash) - number(HashAlgorithm::Sha256)]].concat().into()
}

/// The last number in the identifier of RSASSA-PKCS1-v1_5 with a hash.
fn number(hash: HashAlgorithm) -> u8 {
    match hash {
        HashAlgorithm::Sha256 => 11,
        HashAlgorithm::Sha384 => 12,
        HashAlgorithm::Sha512 => 13,
    }
}

#[cfg(test)]
mod tests {
    use HashAlgorithm::{Sha256, Sha384};

    use super::*;
    use crate::algorithm::SigningAlgorithm;
    use crate::testing::Signer;

    const PSS_SHA256: &str = "06092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a\
                              06092a864886f70d010108300d06096086480165030402010500a203020120";

    #[test]
    fn algorithms_are_taken_by_name_and_hash() {
        let message = b"a message";
        let ecdsa = Signer::of(SigningAlgorithm::EcdsaP384Sha384);
        let rsa = Signer::of(SigningAlgorithm::RsaPkcs1v15Sha256With2048);
        let ecdsa_sha384 = [&ECDSA_SHA256[..9], &[3]].concat();
        let rsa_sha384 = [&RSA_PKCS1_SHA256[..10], &[12, 5, 0]].concat();
        // RSASSA-PSS with SHA-256.
        let pss = hex::decode(PSS_SHA256).unwrap();
        let bare: Vec<u8> = RSA_PKCS1_SHA256[..11].to_vec();
        let odd = [&bare[..], &[2, 1, 0]].concat();
        for (signer, algorithm, hash, good) in [
            (ecdsa, &ecdsa_sha384[..], Sha384, true),
            (ecdsa, &ecdsa_sha384, Sha256, false),
            (ecdsa, ECDSA_SHA256, Sha256, false),
            (ecdsa, &rsa_sha384, Sha384, false),
            (rsa, RSA_PKCS1_SHA256, Sha256, true),
            (rsa, RSA_ENCRYPTION, Sha256, true),
            (rsa, &bare, Sha256, true),
            (rsa, &odd, Sha256, false),
            (rsa, RSA_ENCRYPTION, Sha384, false),
            (rsa, &pss, Sha256, false),
            (rsa, &[], Sha256, false),
        ] {
            let signature = signer.sign(message);
            let made = |message: &[u8]| made(&signer.spki, algorithm, hash, message, &signature);
            assert_eq!(made(message), good, "{algorithm:?}");
            assert!(!made(b"another"));
        }
    }
}
