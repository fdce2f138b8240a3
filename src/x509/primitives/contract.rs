//! What a library of cryptography must do here.
//!
//! Strictness, the same in each: an elliptic curve point is on its curve. An ECDSA signature is a
//! DER `Ecdsa-Sig-Value` in the shortest encoding, its numbers are from 1 to the order of the
//! curve, less one. An RSA signature is exactly as long as the modulus, and smaller. In chains, an
//! RSA modulus has 2048 to 8192 bits.

use super::super::algorithm::{HashAlgorithm, SigningAlgorithm};
use super::super::chain_algorithm::ChainAlgorithm;

/// A library of cryptography.
pub(crate) trait Primitives {
    /// A hash in the making.
    type Hasher: Hashing;
    /// A public key for ECDSA or RSA.
    type Key: HeldKey;

    /// SHA-1 (FIPS 180-4).
    fn sha1(bytes: &[u8]) -> [u8; 20];

    /// Whether an authority's key made this signature over this message. The key is what a
    /// `SubjectPublicKeyInfo` of the algorithm's kind has as its key; its point is not compressed.
    fn signed(algorithm: ChainAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool;
}

/// A hash in the making.
pub(crate) trait Hashing {
    /// Starts with nothing.
    fn new(hash: HashAlgorithm) -> Self;

    /// Adds the next piece.
    fn update(&mut self, piece: &[u8]);

    /// Writes the hash of all pieces, which is as long as `digest`.
    fn finish(self, digest: &mut [u8]);
}

/// A public key for ECDSA or RSA, ready to check signatures.
pub(crate) trait HeldKey: Clone + Send + Sync + Sized {
    /// Reads what a `SubjectPublicKeyInfo` has as its key: an uncompressed point, or an
    /// `RSAPublicKey` with a modulus of the algorithm's length. `None` if it is not valid.
    fn new(algorithm: SigningAlgorithm, key: &[u8]) -> Option<Self>;

    /// Whether it made this signature over this digest, which is of its algorithm's hash.
    fn made(&self, signature: &[u8], digest: &[u8]) -> bool;

    /// Whether it made this signature over this SHA-256 digest, even if its algorithm has a longer
    /// hash.
    fn made_over_sha256(&self, signature: &[u8], digest: &[u8]) -> bool;
}
