//! Which library hashes, and checks signatures with ECDSA and RSA: aws-lc, written in C and
//! assembly, or RustCrypto, written in Rust, for targets that C does not reach, such as browsers.
//!
//! A program chooses by a feature, and no type shows which it was. Both libraries take the same
//! keys and the same signatures (see [`Primitives`]); the tests compare them. Where both are built
//! in, aws-lc is used, which is several times as fast.

#[cfg(any(test, feature = "aws-lc"))]
mod aws_lc;
mod contract;
#[cfg(any(test, all(feature = "rust-crypto", not(feature = "aws-lc"))))]
mod rust_crypto;

use super::chain_algorithm::ChainAlgorithm;
use contract::Primitives;
pub(crate) use contract::{Hashing, HeldKey};

#[cfg(feature = "aws-lc")]
type Chosen = aws_lc::AwsLc;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
type Chosen = rust_crypto::RustCrypto;
#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
compile_error!("choose what checks signatures: the feature aws-lc, or rust-crypto");

/// A hash in the making.
pub(crate) type Hasher = <Chosen as Primitives>::Hasher;
/// A public key for ECDSA or RSA.
pub(crate) type Key = <Chosen as Primitives>::Key;

/// Whether an authority's key made this signature over this message.
pub(crate) fn signed(
    algorithm: ChainAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    Chosen::signed(algorithm, key, message, signature)
}

/// SHA-1, by which old signers name their certificates. Nothing else is hashed with it.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Chosen::sha1(bytes)
}

#[cfg(test)]
mod tests;
