//! The format `minisign`: keys and signatures of minisign and of signify, which are for Ed25519.
//!
//! A key is 42 bytes in base64: the algorithm, an ID, and the key. A signature has 74, in the same
//! order. Their files have a comment before and, for signatures of minisign, a second comment and a
//! signature over it after them. Comments are neither verified nor kept, and IDs are not compared.
//! Old clients send the 32 bytes of a key alone; its ID is 0 then.
//!
//! Canonical forms: of a key the base64 alone; of a signature the base64 below an empty comment.
//! Neither has a line break at its end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};

use super::ed25519;
use crate::base64_text;
use crate::error::{KindError, invalid};

/// The algorithm of keys, and of signatures over messages themselves.
const PLAIN: &[u8; 2] = b"Ed";
/// The second byte of the algorithm of signatures over the BLAKE2b-512 hash of a message.
const HASHED: u8 = b'D';

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Algorithm, ID and key.
    bytes: [u8; 42],
    canonical: String,
}

/// A signature.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Algorithm, ID and signature.
    bytes: [u8; 74],
    canonical: String,
}

impl Key {
    /// Reads a key's file, or a line of it.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        let lines: Vec<_> = text.splitn(2, |byte| *byte == b'\n').collect();
        let in_file = lines.get(1).and_then(|key| decode(key));
        let bytes = in_file.or_else(|| decode(text)).or_else(|| bare(text));
        let bytes = bytes.ok_or_else(|| {
            invalid("unable to read minisign public key: Invalid encoded public key")
        })?;
        Ok(Self { bytes, canonical: STANDARD.encode(bytes) })
    }

    /// Its canonical form.
    pub fn canonical(&self) -> &[u8] {
        self.canonical.as_bytes()
    }
}

impl Signature {
    /// Reads a signature's file.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        let bytes = of_minisign(text).map_or_else(|| of_signify(text), Ok)?;
        let canonical = format!("untrusted comment:\n{}", STANDARD.encode(bytes));
        Ok(Self { bytes, canonical })
    }

    /// Its canonical form.
    pub fn canonical(&self) -> &[u8] {
        self.canonical.as_bytes()
    }

    /// Verifies that it was made over this message.
    pub fn verify(&self, key: &Key, message: &[u8]) -> Result<(), KindError> {
        let (head, key) = key.bytes.split_last_chunk().expect("the key is in it");
        debug_assert_eq!(head.len(), 10);
        let made = if self.bytes[1] == HASHED {
            ed25519::made(key, &Blake2b512::digest(message), &self.bytes[10..])
        } else {
            ed25519::made(key, message, &self.bytes[10..])
        };
        if made { Ok(()) } else { Err(invalid("failed to verify signature")) }
    }
}

/// So many bytes in base64.
fn decode<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    base64_text::decode(text).ok()?.try_into().ok()
}

/// A key without algorithm and ID.
fn bare(key: &[u8]) -> Option<[u8; 42]> {
    [PLAIN, &[0; 8][..], key].concat().try_into().ok()
}

/// A comment, the signature, a second comment and a signature over it, which is ignored.
fn of_minisign(text: &[u8]) -> Option<[u8; 74]> {
    let lines: Vec<_> = text.splitn(4, |byte| *byte == b'\n').collect();
    let [_, signature, _, second] = lines[..] else { return None };
    let _: [u8; 64] = decode(second)?;
    decode(signature)
}

/// A comment and the signature.
fn of_signify(text: &[u8]) -> Result<[u8; 74], KindError> {
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    let mut lines = text[..end].split(|byte| *byte == b'\n');
    let (Some(_), Some(signature), None) = (lines.next(), lines.next(), lines.next()) else {
        let count = text[..end].split(|byte| *byte == b'\n').count();
        return Err(invalid(format!("invalid signature provided: {count} lines detected")));
    };
    let bytes = base64_text::decode(signature)
        .map_err(|_| invalid("invalid signature provided: base64 decoding failed"))?;
    let size = bytes.len();
    bytes
        .try_into()
        .map_err(|_| invalid(format!("invalid signature provided: incorrect size {size} detected")))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    const MESSAGE: &[u8] = b"a message";

    fn signer() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn key_file(key: &SigningKey) -> String {
        let bytes = [&b"Ed01234567"[..], key.verifying_key().as_bytes()].concat();
        format!("untrusted comment: a key\n{}\n", STANDARD.encode(bytes))
    }

    fn signature_file(algorithm: [u8; 2], signed: &[u8]) -> String {
        let signature = signer().sign(signed).to_bytes();
        let bytes = [&algorithm[..], b"76543210", &signature].concat();
        format!("untrusted comment: a signature\n{}\n", STANDARD.encode(bytes))
    }

    #[test]
    fn plain_and_hashed_signatures() {
        let key = Key::parse(key_file(&signer()).as_bytes()).unwrap();
        let other = Key::parse(key_file(&SigningKey::from_bytes(&[8; 32])).as_bytes()).unwrap();
        let hashed = signature_file(*b"ED", &Blake2b512::digest(MESSAGE));
        let more = format!("trusted comment: x\n{}\n", STANDARD.encode([0; 64]));
        for file in [signature_file(*b"Ed", MESSAGE), hashed.clone(), hashed + &more] {
            let signature = Signature::parse(file.as_bytes()).unwrap();
            signature.verify(&key, MESSAGE).unwrap();
            assert!(signature.verify(&key, b"another").is_err());
            assert!(signature.verify(&other, MESSAGE).is_err());
            let again = Signature::parse(signature.canonical()).unwrap();
            assert_eq!(again.canonical(), signature.canonical());
            let canonical = std::str::from_utf8(again.canonical()).unwrap();
            assert_eq!(canonical.lines().next(), Some("untrusted comment:"));
            assert_eq!(canonical.lines().nth(1), file.lines().nth(1));
        }
    }

    #[test]
    fn spellings_of_a_key() {
        let file = key_file(&signer());
        let line = file.lines().nth(1).unwrap();
        for spelling in [file.clone(), file.replace('\n', "\r\n"), line.to_owned()] {
            assert_eq!(Key::parse(spelling.as_bytes()).unwrap().canonical(), line.as_bytes());
        }
        let bare = Key::parse(signer().verifying_key().as_bytes()).unwrap();
        assert_eq!(bare.bytes[..10], *b"Ed\0\0\0\0\0\0\0\0");
        for bad in [&b""[..], b"a\nb", &line.as_bytes()[..52], &[0; 31]] {
            assert!(Key::parse(bad).is_err());
        }
    }

    #[test]
    fn signatures_that_are_none() {
        for (text, why) in [
            ("", "1 lines detected"),
            ("one", "1 lines detected"),
            ("one\n!\n", "base64 decoding failed"),
            ("one\nAAAA\n", "incorrect size 3 detected"),
            ("one\nAAAA\nthree\n\n", "3 lines detected"),
            ("one\nAAAA\nthree\nAAAA\nfive", "5 lines detected"),
        ] {
            let error = Signature::parse(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, format!("invalid signature provided: {why}"));
        }
    }
}
