//! Signed notes (C2SP signed-note): a text, and signature lines by named keys.
//!
//! The container is the `signed_note` crate's: what a well-formed note and signature line are, and
//! how large they may be. Around it stands our own code where that crate falls short of what a log
//! needs: it knows Ed25519 keys (0x01) only, decodes base64 that is not canonical, verifies
//! permissively, passes over a second line of one key unverified, and does not show lines that it
//! does not verify.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key's name: not empty, no white space, no `+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks `name` and takes it.
    pub fn new(name: impl Into<String>) -> Result<Self, NoteError> {
        let name = name.into();
        let printable = !name.chars().any(char::is_control);
        if signed_note::is_key_name_valid(&name) && printable {
            Ok(Self(name))
        } else {
            Err(NoteError::KeyName)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first four bytes of a key's hash, which its signature lines carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A note, a line or a key is malformed, or does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is not a text, a blank line and signature lines.
    #[error("not a signed note: a text, a blank line and signature lines")]
    Malformed,
    /// A key's name is empty, or has white space or a `+` in it.
    #[error("a key name has to be non-empty, without white space and without +")]
    KeyName,
    /// It is not `name+id+base64`.
    #[error("not a verifier key of the form name+id+base64")]
    VerifierKey,
    /// It is not `PRIVATE+KEY+name+id+base64`.
    #[error("not a private key of the form PRIVATE+KEY+name+id+base64")]
    PrivateKey,
    /// The key is of a type that is not known here.
    #[error("the key type {0:#04x} is not supported")]
    KeyType(u8),
    /// The key ID is not that of the key.
    #[error("the key ID is not that of the key")]
    KeyIdMismatch,
    /// A line by a known key does not verify.
    #[error("the signature by {name}+{id} does not verify")]
    BadSignature {
        /// The key's name.
        name: KeyName,
        /// The key's ID.
        id: KeyId,
    },
    /// None of the lines is by a known key.
    #[error("no signature by a known key")]
    NoKnownKey,
}

/// The key in a verifier key, by its type byte.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// Type 0x01: Ed25519 over the text.
    Ed25519([u8; 32]),
}

const ED25519: u8 = 0x01;

/// What verifies the signature lines of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    hash: [u8; 32],
    key: PublicKey,
}

impl VerifierKey {
    /// A key under a name.
    pub fn new(name: KeyName, key: PublicKey) -> Result<Self, NoteError> {
        let PublicKey::Ed25519(bytes) = &key;
        ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| NoteError::VerifierKey)?;
        let hash = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', ED25519])
            .chain_update(bytes)
            .finalize()
            .into();
        Ok(Self { name, hash, key })
    }

    /// Reads `name+id+base64`.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::VerifierKey);
        let (name, id, key) = (part()?, part()?, part()?);
        let bytes = decode_base64(key).ok_or(NoteError::VerifierKey)?;
        let (&kind, bytes) = bytes.split_first().ok_or(NoteError::VerifierKey)?;
        let key = match kind {
            ED25519 => PublicKey::Ed25519(bytes.try_into().map_err(|_| NoteError::VerifierKey)?),
            other => return Err(NoteError::KeyType(other)),
        };
        let key = Self::new(KeyName::new(name)?, key)?;
        if key.key_id().to_string() == id { Ok(key) } else { Err(NoteError::KeyIdMismatch) }
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's ID.
    pub fn key_id(&self) -> KeyId {
        let [a, b, c, d, ..] = self.hash;
        KeyId([a, b, c, d])
    }

    /// The whole hash that the key ID is the beginning of: Sigstore's log ID.
    pub fn log_id(&self) -> [u8; 32] {
        self.hash
    }

    /// The key itself.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn verify(&self, text: &str, signature: &[u8]) -> bool {
        let PublicKey::Ed25519(key) = &self.key;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key);
        let signature = ed25519_dalek::Signature::from_slice(signature);
        matches!((key, signature), (Ok(k), Ok(s)) if k.verify_strict(text.as_bytes(), &s).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PublicKey::Ed25519(key) = &self.key;
        let key = STANDARD.encode([&[ED25519][..], key].concat());
        write!(f, "{}+{}+{key}", self.name, self.key_id())
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: KeyName,
    /// The ID of the key.
    pub key_id: KeyId,
    /// What follows the ID.
    pub bytes: Vec<u8>,
}

impl NoteSignature {
    /// Reads a line without its end.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let signature = signed_note::Signature::from_bytes(line.as_bytes())
            .map_err(|_| NoteError::Malformed)?;
        let parsed = Self {
            name: KeyName::new(signature.name())?,
            key_id: KeyId(signature.id().to_be_bytes()),
            bytes: signature.signature().to_vec(),
        };
        // Only the canonical base64 gives the same line again.
        if parsed.to_string().trim_end_matches('\n') == line {
            Ok(parsed)
        } else {
            Err(NoteError::Malformed)
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = STANDARD.encode([&self.key_id.0[..], &self.bytes].concat());
        writeln!(f, "\u{2014} {} {bytes}", self.name)
    }
}

/// A note that was read: well-formed, but not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = signed_note::Note::from_bytes(bytes).map_err(|_| NoteError::Malformed)?;
        let text = String::from_utf8(note.text().to_vec()).map_err(|_| NoteError::Malformed)?;
        let lines = bytes.get(text.len() + 1..).and_then(|lines| std::str::from_utf8(lines).ok());
        let lines = lines.and_then(|l| l.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// The text that is signed, with its last line's end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signature lines, verified or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a line.
    pub fn append(&mut self, signature: NoteSignature) {
        self.signatures.push(signature);
    }

    /// Verifies every line by one of `keys` and returns the keys that have signed. Lines by others
    /// are passed over; a line by one of them that is bad makes the note bad.
    pub fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteError> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let known =
                |k: &&VerifierKey| k.name == signature.name && k.key_id() == signature.key_id;
            let Some(key) = keys.iter().find(known) else { continue };
            if !key.verify(&self.text, &signature.bytes) {
                let (name, id) = (key.name.clone(), key.key_id());
                return Err(NoteError::BadSignature { name, id });
            }
            verified.push(key);
        }
        if verified.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

/// An Ed25519 key that signs notes (type 0x01).
pub struct NoteSigningKey {
    key: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl NoteSigningKey {
    /// A new key.
    pub fn generate(name: &str, rng: &mut impl CryptoRngCore) -> Result<Self, NoteError> {
        Self::from_seed(name, &ed25519_dalek::SigningKey::generate(rng).to_bytes())
    }

    /// The key of an Ed25519 seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::Ed25519(key.verifying_key().to_bytes());
        Ok(Self { key, verifier: VerifierKey::new(KeyName::new(name)?, public)? })
    }

    /// Reads `PRIVATE+KEY+name+id+base64`.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(NoteError::PrivateKey)?;
        let mut parts = rest.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::PrivateKey);
        let (name, id, key) = (part()?, part()?, part()?);
        let key = Zeroizing::new(decode_base64(key).ok_or(NoteError::PrivateKey)?);
        let (&kind, seed) = key.split_first().ok_or(NoteError::PrivateKey)?;
        if kind != ED25519 {
            return Err(NoteError::KeyType(kind));
        }
        let key = Self::from_seed(name, seed.try_into().map_err(|_| NoteError::PrivateKey)?)?;
        if key.verifier.key_id().to_string() == id {
            Ok(key)
        } else {
            Err(NoteError::KeyIdMismatch)
        }
    }

    /// What [`parse`](Self::parse) reads. Secret.
    pub fn to_private_string(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new(vec![ED25519]);
        key.extend_from_slice(self.key.as_bytes());
        let key = Zeroizing::new(STANDARD.encode(&*key));
        let (name, id) = (&self.verifier.name, self.verifier.key_id());
        Zeroizing::new(format!("PRIVATE+KEY+{name}+{id}+{}", *key))
    }

    /// What verifies this key's signatures.
    pub fn verifier_key(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs a note's text. The same text gives the same line.
    pub fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.key_id(),
            bytes: self.key.sign(text.as_bytes()).to_vec(),
        }
    }
}

impl fmt::Debug for NoteSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigningKey({})", self.verifier)
    }
}

/// Decodes canonical standard base64.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (STANDARD.encode(&bytes) == text).then_some(bytes)
}
