//! Tree cosignatures: ML-DSA-44 over a name, a time and a tree (type 0x06).
//!
//! C2SP tlog-cosignature, "ML-DSA-44 signed message". The line holds 8 bytes of POSIX seconds,
//! big-endian, and a signature (FIPS 204, pure, with an empty context) over
//!
//! ```text
//! "subtree/v1\n\0" | u8 length, name | u64 time | u8 length, origin | u64 start | u64 end | root
//! ```
//!
//! The time can be 0, which claims nothing, and is 0 for a part of a tree. A checkpoint's tree has
//! `start` 0.
//!
//! Invariant: only the text of a checkpoint without extension lines is signed or verified, because
//! the signature would not cover the extension lines. A part of a tree has no text.

use std::fmt;
use std::str::FromStr;

use ml_dsa::{MlDsa44, Seed, Signer as _, SigningKey};
use rand_core::CryptoRngCore;
use thiserror::Error;
use zeroize::Zeroizing;

use super::time::{self, TimeError};
use super::verify::{NO_TIME, SignedSubtree, subtree_message, tree_message};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{
    KeyError, KeyName, NoteSignature, PrivateText, PublicKey, VerifierKey, write_private,
};

/// A named ML-DSA-44 key that cosigns trees (type 0x06).
#[derive(Clone)]
pub struct TreeCosigningKey {
    verifier_key: VerifierKey,
    secret: SigningKey<MlDsa44>,
}

/// Why something cannot be cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CosignError {
    /// The time is out of range.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The text is not a checkpoint.
    #[error("only checkpoints can be cosigned as trees")]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint with extension lines, or with an origin of more than 255 bytes.
    #[error("a tree cosignature covers no extension lines, and only origins of up to 255 bytes")]
    NotCovered,
}

impl TreeCosigningKey {
    /// Generates a new key from `rng`, with a name of at most 255 bytes.
    pub fn generate(rng: &mut impl CryptoRngCore, name: KeyName) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(name, &seed)
    }

    /// Derives the key from a seed (the 32 bytes of FIPS 204 from which all else is derived).
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = SigningKey::from_seed(&Zeroizing::new(Seed::from(*seed)));
        let public = secret.as_ref().encode();
        let public_key = PublicKey::MlDsa44Cosignature(Box::new(public.0));
        let verifier_key = VerifierKey::new(name, public_key)?;
        Ok(Self { verifier_key, secret })
    }

    /// Parses `PRIVATE+KEY+name+id+base64(0x06 || seed)`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let private = PrivateText::parse(text)?;
        let key = Self::from_seed(private.name.clone(), private.seed())?;
        private.expect(&key.verifier_key)?;
        Ok(key)
    }

    /// Writes what [`TreeCosigningKey::parse`] reads. Wiped when dropped.
    pub fn to_private_string(&self) -> Zeroizing<String> {
        write_private(&self.verifier_key, &self.seed())
    }

    /// The seed. Wiped when dropped.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.as_seed().0)
    }

    /// The public half.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    fn line(&self, unix_seconds: u64, message: &[u8]) -> NoteSignature {
        let signature = self.secret.sign(message).encode();
        let bytes = [&unix_seconds.to_be_bytes()[..], &signature].concat();
        NoteSignature::new(self.verifier_key.name().clone(), self.verifier_key.key_id(), bytes)
    }
}

impl fmt::Debug for TreeCosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeCosigningKey({})", self.verifier_key)
    }
}

impl FromStr for TreeCosigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// Signs the tree in a checkpoint's text as consistent with all earlier trees seen of its log. If
/// the time in POSIX seconds is not 0, the tree is also signed as the largest one at that time. The
/// same text and time give the same line.
pub fn cosign_tree(
    key: &TreeCosigningKey,
    text: &str,
    unix_seconds: u64,
) -> Result<NoteSignature, CosignError> {
    time::check(unix_seconds)?;
    let checkpoint = Checkpoint::parse_text(text)?;
    let name = key.verifier_key.name();
    let message = tree_message(name, unix_seconds, &checkpoint).ok_or(CosignError::NotCovered)?;
    Ok(key.line(unix_seconds, &message))
}

/// Signs a part of a log's tree as consistent with all trees seen of the log. States no time.
pub fn cosign_subtree(
    key: &TreeCosigningKey,
    signed: &SignedSubtree<'_>,
) -> Result<NoteSignature, CosignError> {
    let message = subtree_message(key.verifier_key.name(), NO_TIME, signed);
    Ok(key.line(NO_TIME, &message.ok_or(CosignError::NotCovered)?))
}

#[cfg(test)]
mod tests;
