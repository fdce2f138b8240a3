//! P-256 public keys, made quickly: successive multiples of the base point, from a random one on.
//!
//! The next point is one addition away. So a key takes a few microseconds, most of them for its
//! affine form, while deriving one from its own private key takes a hundred. Anyone who knows one
//! private key knows all of them, but nobody signs with these.

use p256::elliptic_curve::ops::Reduce as _;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{AffinePoint, ProjectivePoint, Scalar, U256};

/// A DER `SubjectPublicKeyInfo` of a P-256 key.
pub type Spki = [u8; SPKI_HEAD.len() + POINT_BYTES];

/// Everything before the point: id-ecPublicKey, prime256v1, a bit string.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point (SEC 1, 2.3.3).
const POINT_BYTES: usize = 65;

/// A sequence of different keys, by number.
#[derive(Clone, Copy)]
pub struct KeySequence {
    /// The private key of number 0.
    base: Scalar,
}

/// A key not yet in affine form.
pub struct Key(ProjectivePoint);

impl KeySequence {
    /// The key sequence for 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self { base: Scalar::reduce(U256::from_be_slice(&random)) }
    }

    /// Key number `n`.
    pub fn key(&self, n: u64) -> Key {
        Key(ProjectivePoint::GENERATOR * (self.base + Scalar::from(n)))
    }

    /// The keys `first`, `first + 1` and so on.
    pub fn starting_at(&self, first: u64) -> impl Iterator<Item = Key> {
        let next = |key: &Key| Some(Key(key.0 + AffinePoint::GENERATOR));
        std::iter::successors(Some(self.key(first)), next)
    }
}

impl Key {
    /// The key as it is stored in entries.
    pub fn spki(&self) -> Spki {
        let mut spki = [0; SPKI_HEAD.len() + POINT_BYTES];
        let (head, point) = spki.split_at_mut(SPKI_HEAD.len());
        head.copy_from_slice(&SPKI_HEAD);
        point.copy_from_slice(self.0.to_affine().to_encoded_point(false).as_bytes());
        spki
    }
}

#[cfg(test)]
mod tests {
    use fasti::entry::PublicKey;

    use super::*;

    #[test]
    fn keys_are_on_the_curve_and_each_can_be_made_alone() {
        let keys = KeySequence::new([7; 32]);
        for (n, key) in (1000..1050).zip(keys.starting_at(1000)) {
            let spki = key.spki();
            assert_eq!(PublicKey::from_spki_der(&spki).unwrap().spki_der(), spki);
            assert_eq!(keys.key(n).spki(), spki);
        }
        assert_ne!(KeySequence::new([8; 32]).key(1000).spki(), keys.key(1000).spki());
    }
}
