//! [`Primitives`] by the crates of RustCrypto, for targets without C.

mod chain;
mod ecdsa;
mod hash;
mod rsa;

use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha1::{Digest as _, Sha1};

use super::super::algorithm::{HashAlgorithm, SigningAlgorithm};
use super::super::chain_algorithm::ChainAlgorithm;
use super::contract::{HeldKey, Primitives};
use ecdsa::Point;
use hash::Hasher;
use rsa::{Padding, RsaKey};

pub(crate) struct RustCrypto;

/// A public key of each kind.
#[derive(Clone)]
pub(crate) enum Key {
    P256(Point<NistP256>),
    P384(Point<NistP384>),
    P521(Point<NistP521>),
    Rsa(RsaKey),
}

impl Primitives for RustCrypto {
    type Hasher = Hasher;
    type Key = Key;

    fn signed(algorithm: ChainAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        chain::holds(algorithm, key, message, signature).unwrap_or(false)
    }

    fn sha1(bytes: &[u8]) -> [u8; 20] {
        Sha1::digest(bytes).into()
    }
}

impl HeldKey for Key {
    fn new(algorithm: SigningAlgorithm, key: &[u8]) -> Option<Self> {
        use SigningAlgorithm as S;
        match algorithm {
            S::EcdsaP256Sha256 => Point::new(key).map(Self::P256),
            S::EcdsaP384Sha384 => Point::new(key).map(Self::P384),
            S::EcdsaP521Sha512 => Point::new(key).map(Self::P521),
            S::RsaPkcs1v15Sha256With2048
            | S::RsaPkcs1v15Sha256With3072
            | S::RsaPkcs1v15Sha256With4096 => RsaKey::new(key).map(Self::Rsa),
            S::Ed25519ph => None,
        }
    }

    fn made(&self, signature: &[u8], digest: &[u8]) -> bool {
        match self {
            Self::P256(key) => key.made(signature, digest),
            Self::P384(key) => key.made(signature, digest),
            Self::P521(key) => key.made(signature, digest),
            Self::Rsa(key) => key.made(signature, Padding::Pkcs1v15, HashAlgorithm::Sha256, digest),
        }
    }

    /// To a curve, a digest is a number, whatever hash it is of.
    fn made_over_sha256(&self, signature: &[u8], digest: &[u8]) -> bool {
        self.made(signature, digest)
    }
}
