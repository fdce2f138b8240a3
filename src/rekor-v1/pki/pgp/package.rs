//! A signature inside of a package, made by one of the package's own tools.
//!
//! It is one packet. Whether the key had expired, was revoked or may sign at all is not asked, as
//! the tools of packages do not ask either: a package stays signed.

use super::entity::tag;
use super::fault::Fault;
use super::key::Key;
use super::packet::Packets;
use super::signature_packet::{SignaturePacket, kind};
use super::verification::Work;
use crate::error::{KindError, invalid};

/// A signature inside of a package.
#[derive(Debug)]
pub(crate) struct PackageSignature(SignaturePacket);

impl PackageSignature {
    /// Reads a packet, and nothing after it.
    pub fn parse(bytes: &[u8]) -> Result<Self, KindError> {
        let mut packets = Packets::of(bytes);
        let packet = packets.next()?.ok_or(Fault::End)?;
        if !packets.rest().is_empty() {
            return Err(invalid("trailing garbage after PGP signature packet"));
        }
        if packet.tag != tag::SIGNATURE {
            return Err(invalid("no supported PGP signature packet found"));
        }
        let signature = SignaturePacket::parse(&packet.body)?;
        if signature.subpackets.issuer.is_none() {
            return Err(invalid("no supported PGP signature packet found"));
        }
        Ok(Self(signature))
    }

    /// Verifies that one of the keys made it over these bytes, which are in two parts.
    pub fn verify(&self, key: &Key, [first, second]: [&[u8]; 2]) -> Result<(), KindError> {
        let signature = &self.0;
        let id = signature.subpackets.issuer.unwrap_or_default();
        if signature.version < 4 && signature.kind != kind::BINARY {
            return Err(invalid("a signature over text in a package"));
        }
        let mut context = signature.hash.begin();
        context.update(first);
        context.update(second);
        let mut work = Work::new();
        let mut last = invalid(format!("keyid {id:08x} not found"));
        for key in key.all().filter(|key| signature.is_by(&key.fingerprint, key.id)) {
            match signature.verify(key, context.clone(), &mut work) {
                Ok(()) => return Ok(()),
                Err(fault) => last = fault.into(),
            }
            if signature.version >= 4 {
                break;
            }
        }
        Err(last)
    }
}
