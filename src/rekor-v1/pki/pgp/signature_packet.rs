//! The packet of a signature (RFC 9580, section 5.2), versions 2 to 4.
//!
//! A packet that Rekor's library does not support, by its version or an algorithm, is a fault of
//! the kind [`Fault::Unsupported`]: such packets are skipped.

use super::fault::Fault;
use super::fields::Fields;
use super::public_key::algorithm;
use super::subpackets::{Subpackets, rewrite};
use crate::pki::hash::Hash;

/// Types of signatures (RFC 9580, section 5.2.1).
pub(super) mod kind {
    pub const BINARY: u8 = 0x00;
    pub const TEXT: u8 = 0x01;
    pub const CERTIFICATION: u8 = 0x10;
    pub const POSITIVE_CERTIFICATION: u8 = 0x13;
    pub const SUBKEY_BINDING: u8 = 0x18;
    pub const PRIMARY_KEY_BINDING: u8 = 0x19;
    pub const KEY_REVOCATION: u8 = 0x20;
    pub const SUBKEY_REVOCATION: u8 = 0x28;
    pub const CERTIFICATION_REVOCATION: u8 = 0x30;
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignaturePacket {
    /// 3 stands for 2, too.
    pub version: u8,
    /// What it is over.
    pub kind: u8,
    /// The algorithm of its key, by number.
    pub algorithm: u8,
    pub hash: Hash,
    /// When it was made, in seconds since 1970.
    pub created: u32,
    pub subpackets: Subpackets<Self>,
    /// What is hashed after what it is over.
    pub suffix: Vec<u8>,
    /// How the digest begins.
    pub start: [u8; 2],
    /// The numbers of the signature itself.
    pub numbers: Vec<Vec<u8>>,
    /// The packet's body as it is stored; empty for version 3, which no key is stored with.
    pub body: Vec<u8>,
}

/// How deep in other signatures a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Outer,
    Embedded,
}

impl SignaturePacket {
    /// Reads a packet's body. Bytes after the signature are ignored.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        match body.first() {
            Some(2 | 3) => parse_3(body),
            _ => parse_4(body, Depth::Outer).map(|(signature, _)| signature),
        }
    }

    /// Reads a packet's body as it can stand in a key.
    pub fn parse_in_key(body: &[u8]) -> Result<Self, Fault> {
        let (signature, rest) = parse_4(body, Depth::Outer)?;
        if !rest.is_empty() {
            return Err(Fault::structure("bytes after the numbers of a signature"));
        }
        Ok(signature)
    }

    /// Reads a signature inside of a signature.
    fn parse_embedded(body: &[u8], depth: Depth) -> Result<Self, Fault> {
        if depth == Depth::Embedded {
            let what = "embedded signature within a primary key binding signature";
            return Err(Fault::structure(what));
        }
        let (signature, _) = parse_4(body, Depth::Embedded)?;
        if signature.kind != kind::PRIMARY_KEY_BINDING {
            let what = format!("cross-signature has unexpected type {}", signature.kind);
            return Err(Fault::structure(what));
        }
        Ok(signature)
    }

    /// Whether it names this key as the one that made it.
    pub fn is_by(&self, fingerprint: &[u8], id: u64) -> bool {
        match &self.subpackets.issuer_fingerprint {
            Some(named) => named == fingerprint,
            None => self.subpackets.issuer == Some(id),
        }
    }

    /// Whether its time is over at a moment, which is not before it was made.
    pub fn has_ended(&self, at: u32) -> bool {
        has_ended(self.created, self.subpackets.lifetime, at)
    }
}

/// Whether what began at a time and lasts for some seconds, or for ever, is over at a moment.
pub(super) fn has_ended(begun: u32, lifetime: Option<u32>, at: u32) -> bool {
    match lifetime {
        None | Some(0) => false,
        Some(lifetime) => u64::from(at) > u64::from(begun) + u64::from(lifetime),
    }
}

fn parse_3(body: &[u8]) -> Result<SignaturePacket, Fault> {
    let mut fields = Fields::of(body);
    fields.byte()?;
    let length = fields.byte()?;
    if length != 5 {
        return Err(Fault::unsupported(format!("invalid hashed material length {length}")));
    }
    let suffix = fields.take(5)?.to_vec();
    let mut hashed = Fields::of(&suffix);
    let (kind, created) = (hashed.byte()?, hashed.u32()?);
    let issuer = fields.u64()?;
    let algorithm = fields.byte()?;
    if ![algorithm::RSA, algorithm::RSA_SIGN, algorithm::DSA].contains(&algorithm) {
        return Err(Fault::unsupported(format!("public key algorithm {algorithm}")));
    }
    let hash = hash(fields.byte()?)?;
    let start = fields.array()?;
    let numbers = numbers(algorithm, &mut fields)?;
    if !fields.rest().is_empty() {
        return Err(Fault::structure("trailing data in v3 signature packet"));
    }
    let subpackets = Subpackets::by(issuer);
    let (version, body) = (3, Vec::new());
    Ok(SignaturePacket {
        version,
        kind,
        algorithm,
        hash,
        created,
        subpackets,
        suffix,
        start,
        numbers,
        body,
    })
}

/// Reads version 4, and returns the bytes after it.
fn parse_4(body: &[u8], depth: Depth) -> Result<(SignaturePacket, &[u8]), Fault> {
    let mut fields = Fields::of(body);
    let version = fields.byte()?;
    if version != 4 {
        return Err(Fault::unsupported(format!("signature packet version {version}")));
    }
    let [kind, algorithm, hash_id] = fields.array()?;
    if !matches!(algorithm, 1 | 3 | 17 | 19 | 22 | 27 | 28) {
        return Err(Fault::unsupported(format!("public key algorithm {algorithm}")));
    }
    let hash = hash(hash_id)?;
    let embedded = |content: &[u8]| SignaturePacket::parse_embedded(content, depth);
    let mut subpackets = Subpackets::default();
    let signed_length = usize::from(fields.u16()?);
    subpackets.read(fields.take(signed_length)?, true, embedded)?;
    let signed = &body[..6 + signed_length];
    let unsigned_length = usize::from(fields.u16()?);
    let unsigned = fields.take(unsigned_length)?;
    subpackets.read(unsigned, false, embedded)?;
    let start = fields.array()?;
    let before = fields.rest();
    let numbers = numbers(algorithm, &mut fields)?;
    let written = &before[..before.len() - fields.rest().len()];
    let body = rebuilt(signed, unsigned, start, written)?;
    let suffix = suffix(signed);
    let created = subpackets.created.unwrap_or_default();
    let signature = SignaturePacket {
        version,
        kind,
        algorithm,
        hash,
        created,
        subpackets,
        suffix,
        start,
        numbers,
        body,
    };
    Ok((signature, fields.rest()))
}

/// The body as Rekor writes it: only the lengths of what is not signed can be others.
fn rebuilt(
    signed: &[u8],
    unsigned: &[u8],
    start: [u8; 2],
    numbers: &[u8],
) -> Result<Vec<u8>, Fault> {
    let unsigned = rewrite(unsigned)?;
    let Ok(length) = u16::try_from(unsigned.len()) else {
        return Err(Fault::structure("signature subpackets are too long"));
    };
    Ok([signed, &length.to_be_bytes(), &unsigned, &start, numbers].concat())
}

/// What is hashed at the end: the signed part of the packet, and its length.
fn suffix(signed: &[u8]) -> Vec<u8> {
    // At most 6 and a length of two bytes.
    let length = u32::try_from(signed.len()).unwrap_or(u32::MAX);
    [signed, &[4, 0xff], &length.to_be_bytes()].concat()
}

fn hash(id: u8) -> Result<Hash, Fault> {
    Ok(match id {
        2 => Hash::Sha1,
        8 => Hash::Sha256,
        9 => Hash::Sha384,
        10 => Hash::Sha512,
        11 => Hash::Sha224,
        12 => Hash::Sha3_256,
        14 => Hash::Sha3_512,
        other => return Err(Fault::unsupported(format!("hash function {other}"))),
    })
}

fn numbers(algorithm: u8, fields: &mut Fields<'_>) -> Result<Vec<Vec<u8>>, Fault> {
    let count = match algorithm {
        algorithm::ED25519 => return Ok(vec![fields.take(64)?.to_vec()]),
        algorithm::ED448 => return Ok(vec![fields.take(114)?.to_vec()]),
        algorithm::RSA | algorithm::RSA_SIGN => 1,
        _ => 2,
    };
    (0..count).map(|_| fields.number().map(<[u8]>::to_vec)).collect()
}
