//! P-256 public keys, quickly: the multiples of the base point that follow a random one.
//!
//! The next point is one addition away, and many are brought to their affine form with a single
//! inversion: a key takes less than a microsecond, where making one from a private key of its own takes
//! fifty. Whoever knows one private key knows all of them; nobody signs with these.

use p256::elliptic_curve::BatchNormalize as _;
use p256::elliptic_curve::ops::Reduce as _;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{AffinePoint, ProjectivePoint, Scalar, U256};

/// A DER `SubjectPublicKeyInfo` of a P-256 key.
pub type Spki = [u8; SPKI_HEAD.len() + POINT_BYTES];

/// All of it that is not the point: id-ecPublicKey, prime256v1, a bit string.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point (SEC 1, 2.3.3).
const POINT_BYTES: usize = 65;

/// Different keys, one for each number.
#[derive(Clone, Copy)]
pub struct KeySequence {
    /// The private key of number 0.
    base: Scalar,
}

impl KeySequence {
    /// The keys that 32 random bytes make.
    pub fn new(random: [u8; 32]) -> Self {
        Self { base: Scalar::reduce(U256::from_be_slice(&random)) }
    }

    /// The keys `first`, `first + 1` and so on.
    pub fn range(&self, first: u64, count: usize) -> Vec<Spki> {
        let start = ProjectivePoint::GENERATOR * (self.base + Scalar::from(first));
        let next = |point: &ProjectivePoint| Some(*point + AffinePoint::GENERATOR);
        let points: Vec<_> = std::iter::successors(Some(start), next).take(count).collect();
        let affine = ProjectivePoint::batch_normalize(points.as_slice());
        affine.iter().map(spki).collect()
    }

    /// One key.
    pub fn key(&self, number: u64) -> Spki {
        self.range(number, 1)[0]
    }
}

fn spki(point: &AffinePoint) -> Spki {
    let mut spki = [0; SPKI_HEAD.len() + POINT_BYTES];
    let (head, rest) = spki.split_at_mut(SPKI_HEAD.len());
    head.copy_from_slice(&SPKI_HEAD);
    rest.copy_from_slice(point.to_encoded_point(false).as_bytes());
    spki
}

#[cfg(test)]
mod tests {
    use fasti::entry::PublicKey;

    use super::*;

    #[test]
    fn keys_are_on_the_curve_and_each_can_be_made_alone() {
        let keys = KeySequence::new([7; 32]);
        let range = keys.range(1000, 50);
        for (n, key) in (1000..).zip(&range) {
            assert_eq!(PublicKey::from_spki_der(key).unwrap().spki_der(), key);
            assert_eq!(keys.key(n), *key);
        }
        assert_ne!(KeySequence::new([8; 32]).key(1000), range[0]);
    }
}
