//! The algorithms by which authorities sign certificates: those that Go takes for chains, but for
//! P-224 and for RSA keys of less than 2048 bits. SHA-1 and MD5 are not among them.
//!
//! As in Go, the parameters of an algorithm's identifier count only where they say something: for
//! RSASSA-PSS (RFC 4055, section 3.1), whose mask and salt must be those of its hash, and for
//! Ed25519 (RFC 8410, section 3), which has none. A key has the parameters that its kind requires,
//! and a point of an elliptic curve is not compressed.

use super::algorithm::HashAlgorithm;
use super::element::{
    BIT_STRING, EXPLICIT, Elements, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, small_integer,
};

/// An algorithm of an authority, and the kind of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainAlgorithm {
    EcdsaP256(HashAlgorithm),
    EcdsaP384(HashAlgorithm),
    EcdsaP521(HashAlgorithm),
    Ed25519,
    RsaPkcs1v15(HashAlgorithm),
    RsaPss(HashAlgorithm),
}

/// 1.2.840.10045.2.1
pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
/// 1.3.132.0.35
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
/// 1.2.840.113549.1.1.1
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.113549.1.1.8
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// The encoded NULL.
const NULL: &[u8] = &[5, 0];

impl ChainAlgorithm {
    /// The algorithm by which the key in this `SubjectPublicKeyInfo` makes signatures with this
    /// identifier (the content of an `AlgorithmIdentifier`), and the key itself. `None` if that key
    /// makes no such signatures, or if they are not accepted.
    pub(crate) fn of<'a>(public_key: &'a [u8], identifier: &[u8]) -> Option<(Self, &'a [u8])> {
        let (kind, key) = key(public_key)?;
        let algorithm = match (kind, scheme(identifier)?) {
            (Kind::P256, Scheme::Ecdsa(hash)) => Self::EcdsaP256(hash),
            (Kind::P384, Scheme::Ecdsa(hash)) => Self::EcdsaP384(hash),
            (Kind::P521, Scheme::Ecdsa(hash)) => Self::EcdsaP521(hash),
            (Kind::Ed25519, Scheme::Ed25519) => Self::Ed25519,
            (Kind::Rsa, Scheme::RsaPkcs1v15(hash)) => Self::RsaPkcs1v15(hash),
            (Kind::Rsa, Scheme::RsaPss(hash)) => Self::RsaPss(hash),
            _ => return None,
        };
        Some((algorithm, key))
    }

    /// The hash, if it is not fixed by the kind of key.
    pub(crate) fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::EcdsaP256(hash)
            | Self::EcdsaP384(hash)
            | Self::EcdsaP521(hash)
            | Self::RsaPkcs1v15(hash)
            | Self::RsaPss(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }
}

/// A kind of key.
#[derive(Clone, Copy)]
enum Kind {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa,
}

/// A kind of signature.
#[derive(Clone, Copy)]
enum Scheme {
    Ecdsa(HashAlgorithm),
    Ed25519,
    RsaPkcs1v15(HashAlgorithm),
    RsaPss(HashAlgorithm),
}

fn key(public_key: &[u8]) -> Option<(Kind, &[u8])> {
    let mut whole = Elements::of(public_key);
    let mut fields = whole.enter(SEQUENCE, "").ok()?;
    let mut algorithm = fields.enter(SEQUENCE, "").ok()?;
    let [0, key @ ..] = fields.next(BIT_STRING, "").ok()? else { return None };
    let kind = match algorithm.next(OBJECT_IDENTIFIER, "").ok()? {
        EC if key.first() == Some(&4) => match algorithm.next(OBJECT_IDENTIFIER, "").ok()? {
            P256 => Kind::P256,
            P384 => Kind::P384,
            P521 => Kind::P521,
            _ => return None,
        },
        RSA if algorithm.any()?.encoded == NULL => Kind::Rsa,
        ED25519 => Kind::Ed25519,
        _ => return None,
    };
    let is_whole = algorithm.is_empty() && fields.is_empty() && whole.is_empty();
    is_whole.then_some((kind, key))
}

fn scheme(identifier: &[u8]) -> Option<Scheme> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};

    let mut fields = Elements::of(identifier);
    let id = fields.next(OBJECT_IDENTIFIER, "").ok()?;
    Some(match id {
        // 1.2.840.10045.4.3
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last] => Scheme::Ecdsa(match last {
            2 => Sha256,
            3 => Sha384,
            4 => Sha512,
            _ => return None,
        }),
        // 1.2.840.113549.1.1
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => match last {
            10 => Scheme::RsaPss(hash_of_pss(fields)?),
            11 => Scheme::RsaPkcs1v15(Sha256),
            12 => Scheme::RsaPkcs1v15(Sha384),
            13 => Scheme::RsaPkcs1v15(Sha512),
            _ => return None,
        },
        ED25519 if fields.is_empty() => Scheme::Ed25519,
        _ => return None,
    })
}

/// The hash in `RSASSA-PSS-params`, if everything else follows from it.
fn hash_of_pss(mut parameters: Elements<'_>) -> Option<HashAlgorithm> {
    let mut fields = parameters.enter(SEQUENCE, "").ok()?;
    let hash = hash(Elements::of(fields.next(EXPLICIT, "").ok()?))?;
    let mut mask = Elements::of(fields.next(EXPLICIT | 1, "").ok()?).enter(SEQUENCE, "").ok()?;
    let is_mask = mask.next(OBJECT_IDENTIFIER, "").ok()? == MGF1 && self::hash(mask)? == hash;
    let salt = integer(fields.next(EXPLICIT | 2, "").ok()?)?;
    let trailer = match fields.optional(EXPLICIT | 3, "").ok()? {
        Some(trailer) => integer(trailer)?,
        None => 1,
    };
    let is_usual = is_mask && usize::try_from(salt) == Ok(hash.digest_len()) && trailer == 1;
    (is_usual && fields.is_empty() && parameters.is_empty()).then_some(hash)
}

/// The hash in an `AlgorithmIdentifier`, which is the only element.
fn hash(mut identifier: Elements<'_>) -> Option<HashAlgorithm> {
    let mut fields = identifier.enter(SEQUENCE, "").ok()?;
    // 2.16.840.1.101.3.4.2
    let [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last] = fields.next(OBJECT_IDENTIFIER, "").ok()?
    else {
        return None;
    };
    let is_whole = fields.is_empty() || fields.any()?.encoded == NULL;
    let hash = match last {
        1 => HashAlgorithm::Sha256,
        2 => HashAlgorithm::Sha384,
        3 => HashAlgorithm::Sha512,
        _ => return None,
    };
    (is_whole && fields.is_empty() && identifier.is_empty()).then_some(hash)
}

fn integer(element: &[u8]) -> Option<i64> {
    let mut elements = Elements::of(element);
    let number = small_integer(elements.next(INTEGER, "").ok()?)?;
    elements.is_empty().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn sequence(elements: &[&[u8]]) -> Vec<u8> {
        element(SEQUENCE, &elements.concat())
    }

    fn id(numbers: &[u8]) -> Vec<u8> {
        element(OBJECT_IDENTIFIER, numbers)
    }

    fn pss(hash: u8, mask: u8, salt: u8, null: &[u8], trailer: &[u8]) -> Vec<u8> {
        let sha = |last| sequence(&[&id(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last]), null]);
        let parameters = sequence(&[
            &element(EXPLICIT, &sha(hash)),
            &element(EXPLICIT | 1, &sequence(&[&id(MGF1), &sha(mask)])),
            &element(EXPLICIT | 2, &element(INTEGER, &[salt])),
            trailer,
        ]);
        [id(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]), parameters].concat()
    }

    #[test]
    fn the_parameters_of_pss_follow_from_its_hash() {
        let rsa = sequence(&[&sequence(&[&id(RSA), NULL]), &element(BIT_STRING, b"\0key")]);
        let of = |identifier: &[u8]| ChainAlgorithm::of(&rsa, identifier);
        let taken = Some((ChainAlgorithm::RsaPss(HashAlgorithm::Sha384), &b"key"[..]));
        let trailer = |number| element(EXPLICIT | 3, &element(INTEGER, &[number]));
        assert_eq!(of(&pss(2, 2, 48, NULL, &[])), taken);
        assert_eq!(of(&pss(2, 2, 48, &[], &[])), taken);
        assert_eq!(of(&pss(2, 2, 48, NULL, &trailer(1))), taken);
        for odd in [
            pss(2, 2, 48, NULL, &trailer(2)),
            pss(2, 1, 48, NULL, &[]),
            pss(2, 2, 32, NULL, &[]),
            pss(4, 4, 28, NULL, &[]),
            pss(2, 2, 48, &[4, 0], &[]),
            pss(2, 2, 48, NULL, NULL),
        ] {
            assert_eq!(of(&odd), None, "{}", hex::encode(odd));
        }
    }

    #[test]
    fn keys_and_signatures_must_fit() {
        let key = |parameters: &[&[u8]], key: &[u8]| {
            sequence(&[&sequence(parameters), &element(BIT_STRING, key)])
        };
        let ecdsa = |last| id(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last]);
        let rsa = |last| id(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last]);
        let p256 = key(&[&id(EC), &id(P256)], b"\0\x04xy");
        let ed25519 = key(&[&id(ED25519)], b"\0key");
        let rsa_key = key(&[&id(RSA), NULL], b"\0key");
        for (key, identifier, algorithm) in [
            (&p256, ecdsa(2), Some(ChainAlgorithm::EcdsaP256(HashAlgorithm::Sha256))),
            (&p256, ecdsa(4), Some(ChainAlgorithm::EcdsaP256(HashAlgorithm::Sha512))),
            // Go does not look at these parameters either.
            (
                &p256,
                [ecdsa(3), NULL.to_vec()].concat(),
                Some(ChainAlgorithm::EcdsaP256(HashAlgorithm::Sha384)),
            ),
            (&p256, ecdsa(1), None),
            (&p256, rsa(11), None),
            (&ed25519, id(ED25519), Some(ChainAlgorithm::Ed25519)),
            (&ed25519, [id(ED25519), NULL.to_vec()].concat(), None),
            (&rsa_key, rsa(12), Some(ChainAlgorithm::RsaPkcs1v15(HashAlgorithm::Sha384))),
            // SHA-1, MD5, and RSASSA-PSS without parameters.
            (&rsa_key, rsa(5), None),
            (&rsa_key, rsa(4), None),
            (&rsa_key, rsa(10), None),
            (&key(&[&id(RSA)], b"\0key"), rsa(11), None),
            (&key(&[&id(RSA), NULL], b"\x01ke\0"), rsa(11), None),
            (&key(&[&id(EC), &id(P256)], b"\0\x02x"), ecdsa(2), None),
            (&key(&[&id(EC), &id(&[0x2b, 0x81, 0x04, 0, 33])], b"\0\x04xy"), ecdsa(2), None),
            (&key(&[&id(EC), &id(P384), NULL], b"\0\x04xy"), ecdsa(2), None),
            (&key(&[&id(ED25519), NULL], b"\0key"), id(ED25519), None),
        ] {
            let found = ChainAlgorithm::of(key, &identifier).map(|(algorithm, _)| algorithm);
            assert_eq!(found, algorithm, "{} {}", hex::encode(key), hex::encode(identifier));
        }
    }
}
