//! Ed25519 keys that sign notes, and the text form of private keys.
//!
//! The text form `PRIVATE+KEY+name+id+base64(type || seed)` is a convention of signed-note tools,
//! not part of C2SP.
//!
//! Invariants: no `Debug` or error shows a seed; every buffer that held one is wiped, and the key
//! wipes itself when dropped.

use std::fmt;
use std::str::FromStr;

use base64::DecodeSliceError;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signer as _, SigningKey};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use super::key::VerifierKey;
use super::name::{KeyError, KeyId, KeyName, expect_id};
use super::public_key::PublicKey;
use super::signature::NoteSignature;

const PREFIX: &str = "PRIVATE+KEY+";

/// Size in bytes of the signature type and a seed.
const KEY_BYTES: usize = 33;

/// A named Ed25519 key that signs the text of a note (type 0x01).
#[derive(Clone)]
pub struct NoteSigningKey(NamedSecret);

impl NoteSigningKey {
    /// Generates a new key from `rng`.
    pub fn generate(rng: &mut impl CryptoRngCore, name: KeyName) -> Self {
        Self(NamedSecret::generate(rng, name, PublicKey::Ed25519))
    }

    /// Derives the key from a seed (the 32 bytes of RFC 8032 from which all else is derived).
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(NamedSecret::from_seed(name, seed, PublicKey::Ed25519))
    }

    /// Parses `PRIVATE+KEY+name+id+base64(0x01 || seed)`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        NamedSecret::parse(text, PublicKey::Ed25519).map(Self)
    }

    /// Writes the form that [`NoteSigningKey::parse`] reads. Wiped when dropped.
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

    /// Signs the text of a note.
    pub fn sign(&self, text: &str) -> NoteSignature {
        self.0.signature(self.0.sign(text.as_bytes()).to_vec())
    }
}

impl fmt::Debug for NoteSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigningKey({})", self.verifier_key())
    }
}

impl FromStr for NoteSigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// An Ed25519 seed with its public key, for any type that signs with one.
#[derive(Clone)]
pub(crate) struct NamedSecret {
    pub(crate) verifier_key: VerifierKey,
    secret: SigningKey,
}

impl NamedSecret {
    pub(crate) fn generate(
        rng: &mut impl CryptoRngCore,
        name: KeyName,
        of_type: fn([u8; 32]) -> PublicKey,
    ) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(name, &seed, of_type)
    }

    pub(crate) fn from_seed(
        name: KeyName,
        seed: &[u8; 32],
        of_type: fn([u8; 32]) -> PublicKey,
    ) -> Self {
        let secret = SigningKey::from_bytes(seed);
        let public_key = of_type(secret.verifying_key().to_bytes());
        let verifier_key = VerifierKey::new(name, public_key)
            .expect("no clamped scalar is a multiple of the group order");
        Self { verifier_key, secret }
    }

    pub(crate) fn parse(text: &str, of_type: fn([u8; 32]) -> PublicKey) -> Result<Self, KeyError> {
        let private = PrivateText::parse(text)?;
        let named = Self::from_seed(private.name.clone(), private.seed(), of_type);
        private.expect(&named.verifier_key)?;
        Ok(named)
    }

    pub(crate) fn to_private_string(&self) -> Zeroizing<String> {
        write_private(&self.verifier_key, self.secret.as_bytes())
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.secret.as_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// A signature line with this key's name and ID.
    pub(crate) fn signature(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature::new(self.verifier_key.name().clone(), self.verifier_key.key_id(), bytes)
    }
}

/// The parsed text of a private key.
pub(crate) struct PrivateText {
    pub(crate) name: KeyName,
    key_id: KeyId,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl PrivateText {
    /// Parses `PRIVATE+KEY+name+id+base64(type || seed)`.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.strip_prefix(PREFIX).ok_or(KeyError::Form)?.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        Ok(Self { key_id: id.parse()?, key: decode_key(key)?, name: name.parse()? })
    }

    pub(crate) fn seed(&self) -> &[u8; 32] {
        let [_, seed @ ..] = &*self.key;
        seed
    }

    /// Rejects a text whose type or ID differs from those of the key made from its seed.
    pub(crate) fn expect(&self, made: &VerifierKey) -> Result<(), KeyError> {
        let [signature_type, ..] = *self.key;
        if signature_type != made.public_key().signature_type() {
            return Err(KeyError::Type(signature_type));
        }
        expect_id(self.key_id, made.key_id())
    }
}

/// Writes the form that [`PrivateText::parse`] reads. Wiped when dropped.
pub(crate) fn write_private(public: &VerifierKey, seed: &[u8; 32]) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key[0] = public.public_key().signature_type();
    key[1..].copy_from_slice(seed);
    let key = Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()));

    let head = format!("{PREFIX}{}+{}+", public.name(), public.key_id());
    // Allocated at full size, because a growing string leaves its old buffer behind.
    let mut text = Zeroizing::new(String::with_capacity(head.len() + key.len()));
    text.push_str(&head);
    text.push_str(&key);
    text
}

/// Reads type and seed into a buffer that is wiped even if the text turns out to be malformed.
fn decode_key(base64: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    match BASE64_STANDARD.decode_slice(base64, key.as_mut()) {
        Ok(KEY_BYTES) => Ok(key),
        Ok(_) | Err(DecodeSliceError::OutputSliceTooSmall) => Err(KeyError::Material),
        Err(DecodeSliceError::DecodeError(_)) => Err(KeyError::Base64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::CosigningKey;

    // golang.org/x/mod, sumdb/note.
    const PETER: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    /// Returns the same byte forever.
    struct Same(u8);

    impl rand_core::RngCore for Same {
        fn next_u32(&mut self) -> u32 {
            u32::from_le_bytes([self.0; 4])
        }

        fn next_u64(&mut self) -> u64 {
            u64::from_le_bytes([self.0; 8])
        }

        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    impl rand_core::CryptoRng for Same {}

    fn name() -> KeyName {
        "log.example".parse().unwrap()
    }

    #[test]
    fn private_keys_come_back() {
        assert_eq!(*NoteSigningKey::parse(PETER).unwrap().to_private_string(), PETER);
        let generated = NoteSigningKey::generate(&mut Same(9), name());
        let key = NoteSigningKey::from_seed(name(), &[9; 32]);
        assert_eq!(generated.to_private_string(), key.to_private_string());
        assert_eq!(generated.verifier_key(), key.verifier_key());

        let witness = CosigningKey::generate(&mut Same(9), name());
        let again = CosigningKey::parse(&witness.to_private_string()).unwrap();
        assert_eq!(again.verifier_key(), witness.verifier_key());
    }

    #[test]
    fn malformed_private_keys() {
        let refuse =
            |text: &str, error| assert_eq!(NoteSigningKey::parse(text).unwrap_err(), error);
        refuse("", KeyError::Form);
        refuse("PRIVATE+KEY+PeterNeumann+c74f20a3", KeyError::Form);
        refuse(&PETER["PRIVATE+KEY+".len()..], KeyError::Form);
        refuse(&PETER.replace("PeterNeumann", "Peter Neumann"), KeyError::Name);
        refuse(&PETER.replace("c74f20a3", "C74F20A3"), KeyError::IdForm);
        refuse(&PETER[..PETER.len() - 1], KeyError::Base64);
        refuse(&PETER[..PETER.len() - 4], KeyError::Material);
        refuse(&format!("{PETER}AAAA"), KeyError::Material);
        refuse(&format!("{PETER}\n"), KeyError::Base64);
        refuse(&PETER.replace("r+Y", "r-Y"), KeyError::Base64);
        let mismatch = NoteSigningKey::parse(&PETER.replace("c74f20a3", "c74f20a4"));
        assert!(matches!(mismatch, Err(KeyError::IdMismatch { .. })));
        let witness = CosigningKey::from_seed(name(), &[9; 32]);
        refuse(&witness.to_private_string(), KeyError::Type(0x04));
        assert_eq!(CosigningKey::parse(PETER).unwrap_err(), KeyError::Type(0x01));
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = NoteSigningKey::parse(PETER).unwrap();
        let witness = CosigningKey::from_seed(name(), key.0.secret.as_bytes());
        for (shown, public) in [
            (format!("{key:?} {key:#?}"), key.verifier_key()),
            (format!("{witness:?} {witness:#?}"), witness.verifier_key()),
        ] {
            let once = format!("({public})");
            assert_eq!(shown.matches(&once).count(), 2);
            let rest = shown.replace(&once, "");
            assert!(rest.chars().all(|c| c.is_ascii_alphabetic() || c == ' '), "{rest}");
        }
    }
}
