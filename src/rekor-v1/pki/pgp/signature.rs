//! A detached signature, as armored text or as packets.
//!
//! Its canonical form is armored: text is kept byte for byte, with whatever stands around the
//! block, and packets are armored as they are, with whatever follows them.

use aws_lc_rs::digest::Context;

use super::armor::{self, Block};
use super::entity::tag;
use super::fault::Fault;
use super::key::Key;
use super::packet::{Packet, Packets};
use super::signature_packet::{SignaturePacket, kind};
use super::verification::Work;
use crate::error::{KindError, invalid};

/// Maximum size of a signature: far more than fits into an entry.
const SIGNATURE_BYTES_MAX: usize = 256 << 10;

/// A detached signature.
#[derive(Debug)]
pub(crate) struct Signature {
    canonical: Vec<u8>,
    packets: Vec<u8>,
}

impl Signature {
    /// Reads a signature; there must be one in it, whoever made it.
    pub fn parse(bytes: &[u8]) -> Result<Self, KindError> {
        if bytes.len() > SIGNATURE_BYTES_MAX {
            let limit = SIGNATURE_BYTES_MAX as u64;
            return Err(KindError::Limit { what: "the size of the PGP signature", limit });
        }
        let signature = match Block::find(bytes) {
            Some(block) if block.label != b"PGP SIGNATURE" => {
                return Err(invalid("invalid PGP signature provided"));
            }
            Some(block) => Self { canonical: bytes.to_vec(), packets: block.content()? },
            None => {
                let canonical = armor::encode("PGP SIGNATURE", bytes);
                Self { canonical, packets: bytes.to_vec() }
            }
        };
        let first = next(&mut Packets::of(&signature.packets));
        let first = first.and_then(|first| first.ok_or(Fault::End));
        first.map_err(|fault| fault.during("invalid PGP signature"))?;
        Ok(signature)
    }

    /// The canonical form: armored text.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Verifies that a key made it over these bytes, at a time when it could. Of several signatures
    /// the first counts that one of the keys can have made.
    pub fn verify(&self, key: &Key, data: &[u8]) -> Result<(), KindError> {
        self.check(key, data).map_err(KindError::from)
    }

    fn check(&self, key: &Key, data: &[u8]) -> Result<(), Fault> {
        let mut packets = Packets::of(&self.packets);
        while let Some(signature) = next(&mut packets)? {
            let Some(id) = signature.subpackets.issuer else {
                return Err(Fault::structure("signature doesn't have an issuer"));
            };
            let at = signature.created;
            let mut signers = key.signers(id, at).peekable();
            if signers.peek().is_none() {
                continue;
            }
            let context = signature.over(data)?;
            let mut work = Work::new();
            let mut last = Fault::UnknownIssuer;
            for signer in signers {
                match signature.verify(signer.key, context.clone(), &mut work) {
                    // Nobody knew keys of version 3 to expire.
                    Ok(()) if signature.version < 4 => return Ok(()),
                    Ok(()) => return signer.check(&signature, at),
                    Err(fault) => last = fault,
                }
            }
            return Err(last);
        }
        Err(Fault::UnknownIssuer)
    }
}

impl SignaturePacket {
    /// Hashes data, as it is or as text with line breaks of two characters.
    pub(super) fn over(&self, data: &[u8]) -> Result<Context, Fault> {
        let mut context = self.hash.begin();
        match self.kind {
            kind::BINARY => context.update(data),
            kind::TEXT => update_with_text(&mut context, data),
            other => {
                let what = format!("unsupported signature type: {other}");
                return Err(Fault::unsupported(what));
            }
        }
        Ok(context)
    }
}

/// The next signature; packets that are to be skipped are skipped.
fn next(packets: &mut Packets<'_>) -> Result<Option<SignaturePacket>, Fault> {
    while let Some(packet) = packets.next()? {
        match signature(&packet) {
            Ok(None) | Err(Fault::Unsupported(_)) => {}
            other => return other,
        }
    }
    Ok(None)
}

fn signature(packet: &Packet<'_>) -> Result<Option<SignaturePacket>, Fault> {
    match packet.tag {
        tag::SIGNATURE => SignaturePacket::parse(&packet.body).map(Some),
        tag::MARKER if *packet.body == *b"PGP" => Ok(None),
        tag::TRUST | tag::NOT_CRITICAL.. => Ok(None),
        _ => Err(Fault::structure("non signature packet found")),
    }
}

/// Hashes text with each line break as a carriage return and a line feed. A line feed after a
/// carriage return is left alone, unless that itself follows another.
fn update_with_text(context: &mut Context, text: &[u8]) {
    let mut is_after_return = false;
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        if is_after_return {
            is_after_return = false;
        } else if *byte == b'\r' {
            is_after_return = true;
        } else if *byte == b'\n' {
            context.update(&text[start..at]);
            context.update(b"\r\n");
            start = at + 1;
        }
    }
    context.update(&text[start..]);
}
