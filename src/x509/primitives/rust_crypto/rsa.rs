//! RSA (RFC 8017): RSASSA-PKCS1-v1_5, and RSASSA-PSS with a salt as long as the hash.
//!
//! Only public keys are used here, so the timing of private operations does not matter.

use der::Decode as _;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

use super::super::super::algorithm::HashAlgorithm;
use super::super::super::rsa_numbers::{RsaNumbers, is_odd};

/// The bits that a modulus can have.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key.
#[derive(Clone)]
pub(crate) struct RsaKey(RsaPublicKey);

/// How a digest becomes as long as the modulus.
#[derive(Clone, Copy, Debug)]
pub(super) enum Padding {
    Pkcs1v15,
    Pss,
}

impl RsaKey {
    /// Reads an `RSAPublicKey`. Its exponent is odd, and has at most 33 bits.
    pub(super) fn new(der: &[u8]) -> Option<Self> {
        let numbers = RsaNumbers::from_der(der).ok()?;
        if !BITS.contains(&numbers.bits())
            || !is_odd(numbers.modulus)
            || !is_odd(numbers.public_exponent)
        {
            return None;
        }
        let modulus = BigUint::from_bytes_be(numbers.modulus.as_bytes());
        let exponent = BigUint::from_bytes_be(numbers.public_exponent.as_bytes());
        RsaPublicKey::new_with_max_size(modulus, exponent, *BITS.end()).ok().map(Self)
    }

    /// Whether its owner made this signature over this digest.
    pub(super) fn made(
        &self,
        signature: &[u8],
        padding: Padding,
        hash: HashAlgorithm,
        digest: &[u8],
    ) -> bool {
        let key = &self.0;
        match (padding, hash) {
            (Padding::Pkcs1v15, HashAlgorithm::Sha256) => {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature)
            }
            (Padding::Pkcs1v15, HashAlgorithm::Sha384) => {
                key.verify(Pkcs1v15Sign::new::<Sha384>(), digest, signature)
            }
            (Padding::Pkcs1v15, HashAlgorithm::Sha512) => {
                key.verify(Pkcs1v15Sign::new::<Sha512>(), digest, signature)
            }
            (Padding::Pss, HashAlgorithm::Sha256) => {
                key.verify(Pss::new::<Sha256>(), digest, signature)
            }
            (Padding::Pss, HashAlgorithm::Sha384) => {
                key.verify(Pss::new::<Sha384>(), digest, signature)
            }
            (Padding::Pss, HashAlgorithm::Sha512) => {
                key.verify(Pss::new::<Sha512>(), digest, signature)
            }
        }
        .is_ok()
    }
}
