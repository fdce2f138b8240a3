//! The format `ssh`: keys as in `authorized_keys` of OpenSSH, and signatures of `ssh-keygen -Y
//! sign` (PROTOCOL.sshsig of OpenSSH) in the namespace `file`.
//!
//! Canonical forms: of a key one line, without options and comment; of a signature PEM in lines of
//! 64 characters, which differs from the 70 of OpenSSH, and without what is reserved in it. The key
//! in a signature is not compared with the one given, which verifies it.
//!
//! Rekor writes SHA-512 into every signature before it verifies it, so it refuses signatures over
//! SHA-256. They are taken here, and the canonical form keeps the hash that they name: with another
//! it would be no signature.
//!
//! Refused, where Rekor takes them: RSA signatures with SHA-1, which PROTOCOL.sshsig forbids, and
//! numbers that are not in their shortest encoding.

mod public_key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::excerpt;
use sha2::{Digest as _, Sha256, Sha512};

use super::pem;
use super::ssh_wire::{Fields, string};
use crate::base64_text;
use crate::error::{KindError, invalid};
use public_key::PublicKey;
pub(crate) use public_key::RawSignature;

/// The largest text of a key.
const KEY_BYTES_MAX: usize = 64 << 10;
/// The most characters of a name in a message.
const NAME_CHARS_MAX: usize = 48;

const LABEL: &str = "SSH SIGNATURE";
const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"file";

/// A key, or a certificate of OpenSSH for one.
#[derive(Debug)]
pub(crate) struct Key {
    public: PublicKey,
    canonical: String,
}

/// The hash of the message that a signature is over.
#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha256,
    Sha512,
}

/// A signature.
#[derive(Debug)]
pub(crate) struct Signature {
    hash: Hash,
    raw: RawSignature,
    canonical: String,
}

impl Key {
    /// Reads the first key in lines of `authorized_keys`.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        if text.len() > KEY_BYTES_MAX {
            let (what, limit) = ("the size of an SSH key", KEY_BYTES_MAX as u64);
            return Err(KindError::Limit { what, limit });
        }
        let lines = text.split(|byte| *byte == b'\n');
        let mut keys = lines.filter_map(|line| in_line(line.trim_ascii()));
        let public = keys.next().ok_or_else(|| invalid("ssh: no key found"))?;
        let base64 = STANDARD.encode(public.encoded());
        let canonical = format!("{} {base64}\n", public.name());
        Ok(Self { public, canonical })
    }

    /// Its canonical form.
    pub fn canonical(&self) -> &[u8] {
        self.canonical.as_bytes()
    }
}

/// The key in a line: its type, and base64; perhaps after options, and before a comment.
fn in_line(line: &[u8]) -> Option<PublicKey> {
    if line.starts_with(b"#") {
        return None;
    }
    key_at(line).or_else(|| key_at(after_options(line)))
}

/// The key that a text begins with.
fn key_at(text: &[u8]) -> Option<PublicKey> {
    let is_space = |byte: &u8| b" \t".contains(byte);
    let mut words = text.split(is_space).filter(|word| !word.is_empty());
    let (name, base64) = (words.next()?, words.next()?);
    let key = PublicKey::parse(&base64_text::decode(base64).ok()?)?;
    (key.name().as_bytes() == name).then_some(key)
}

/// What follows the options at the beginning of a line. There are no spaces in them but between
/// quotation marks.
fn after_options(line: &[u8]) -> &[u8] {
    let (mut quoted, mut before) = (false, 0);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' if before != b'\\' => quoted = !quoted,
            b' ' | b'\t' if !quoted => return line[at..].trim_ascii_start(),
            _ => {}
        }
        before = *byte;
    }
    &[]
}

impl Signature {
    /// Reads PEM.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        let block = pem::first(text).ok_or_else(|| invalid("unable to decode pem file"))?;
        if block.label != LABEL.as_bytes() {
            let label = name(block.label);
            let expected = "Expected SSH-SIGNATURE";
            return Err(invalid(format!("wrong pem block type: {label}. {expected}")));
        }
        let malformed = || invalid("ssh: malformed signature");
        let mut fields = Fields(&block.bytes);
        if fields.take(MAGIC.len()).ok_or_else(malformed)? != MAGIC {
            return Err(invalid("invalid magic header"));
        }
        let version = fields.number().ok_or_else(malformed)?;
        let [key, namespace, _reserved, hash, signature] =
            [(); 5].map(|()| fields.string().ok_or_else(malformed));
        let (key, namespace, hash, signature) = (key?, namespace?, hash?, signature?);
        fields.end().ok_or_else(malformed)?;
        if version != 1 {
            return Err(invalid(format!("unsupported signature version: {version}")));
        }
        if namespace != NAMESPACE {
            let namespace = name(namespace);
            return Err(invalid(format!("invalid signature namespace: {namespace}")));
        }
        let hash = Hash::named(hash)?;
        let raw = RawSignature::parse(signature).ok_or_else(malformed)?;
        PublicKey::parse(key).ok_or_else(malformed)?;
        let bytes = [
            MAGIC,
            &1_u32.to_be_bytes(),
            &string(key),
            &string(NAMESPACE),
            &string(b""),
            &string(hash.name()),
            &string(signature),
        ];
        Ok(Self { hash, raw, canonical: pem::encode(LABEL, &bytes.concat()) })
    }

    /// Its canonical form.
    pub fn canonical(&self) -> &[u8] {
        self.canonical.as_bytes()
    }

    /// Verifies that it was made over this message.
    pub fn verify(&self, key: &Key, message: &[u8]) -> Result<(), KindError> {
        let digest = match self.hash {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        };
        let signed =
            [MAGIC, &string(NAMESPACE), &string(b""), &string(self.hash.name()), &string(&digest)];
        key.public.verify(&signed.concat(), &self.raw)
    }
}

impl Hash {
    fn named(text: &[u8]) -> Result<Self, KindError> {
        let all = [Self::Sha256, Self::Sha512];
        let found = all.into_iter().find(|hash| hash.name() == text);
        found.ok_or_else(|| invalid(format!("unsupported hash algorithm: {}", name(text))))
    }

    fn name(self) -> &'static [u8] {
        match self {
            Self::Sha256 => b"sha256",
            Self::Sha512 => b"sha512",
        }
    }
}

/// A name from a signature, for a message.
fn name(text: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(text), NAME_CHARS_MAX)
}

#[cfg(test)]
mod tests;
