//! Cosignatures: a witness's statement that it saw a log's tree at a certain time.
//!
//! C2SP tlog-cosignature, the Ed25519 form (type 0x04). The line holds 8 bytes of POSIX seconds,
//! big-endian, and a signature over `cosignature/v1`, `time <seconds>`, and the whole text of the
//! note, each on its own lines.
//!
//! Invariant: the time fits in a signed 64-bit integer.
//!
//! The name of the witness is not signed, so one key must not serve two names. The other form, in
//! [`tree`], signs the name.

mod time;
pub mod tree;
pub(crate) mod verify;

pub use time::TimeError;
pub use verify::SignedSubtree;

use std::fmt;
use std::str::FromStr;

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use self::time::split;
use self::verify::{TEXT_SIGNATURE_BYTES, TREE_SIGNATURE_BYTES, text_message};
use crate::note::{KeyError, KeyName, NamedSecret, NoteSignature, PublicKey, VerifierKey};

/// A named Ed25519 key that cosigns (type 0x04).
#[derive(Clone)]
pub struct CosigningKey(NamedSecret);

impl CosigningKey {
    /// Generates a new key from `rng`.
    pub fn generate(rng: &mut impl CryptoRngCore, name: KeyName) -> Self {
        Self(NamedSecret::generate(rng, name, PublicKey::Ed25519Cosignature))
    }

    /// Derives the key from a seed.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(NamedSecret::from_seed(name, seed, PublicKey::Ed25519Cosignature))
    }

    /// Parses `PRIVATE+KEY+name+id+base64(0x04 || seed)`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        NamedSecret::parse(text, PublicKey::Ed25519Cosignature).map(Self)
    }

    /// Writes the form that [`CosigningKey::parse`] reads. Wiped when dropped.
    pub fn to_private_string(&self) -> Zeroizing<String> {
        self.0.to_private_string()
    }

    /// The seed. Wiped when dropped.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.0.seed()
    }

    /// The public key.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier_key
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosigningKey({})", self.verifier_key())
    }
}

impl FromStr for CosigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// Signs the text of a checkpoint as the largest consistent tree seen at that time, in POSIX
/// seconds.
pub fn cosign(
    key: &CosigningKey,
    text: &str,
    unix_seconds: u64,
) -> Result<NoteSignature, TimeError> {
    time::check(unix_seconds)?;
    let signature = key.0.sign(text_message(unix_seconds, text).as_bytes());
    Ok(key.0.signature([&unix_seconds.to_be_bytes()[..], &signature].concat()))
}

/// The time of signing stated in the line, in POSIX seconds, if its bytes have the form of a
/// cosignature; 0 if it states no time.
///
/// Meaningful only for a line that verifies under a key of type 0x04 or 0x06.
pub fn cosignature_time(signature: &NoteSignature) -> Option<u64> {
    let bytes = signature.bytes();
    let split = split(bytes, TEXT_SIGNATURE_BYTES).or_else(|| split(bytes, TREE_SIGNATURE_BYTES));
    split.map(|(time, _)| time)
}

#[cfg(test)]
mod tests;
