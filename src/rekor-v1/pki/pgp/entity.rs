//! A transferable public key (RFC 9580, section 10.1): a primary key with its user IDs and
//! subkeys, and the signatures that hold them together.
//!
//! Every signature by the key itself is verified. Signatures by others over user IDs are kept as
//! they are. What is kept, and in which order, is what Rekor keeps:
//!
//! 1. the primary key and its revocations,
//! 2. each user ID that the key signed, with all signatures over it; one that comes twice, once, as
//!    it came last,
//! 3. each subkey, its revocations, and of its bindings the newest.
//!
//! Rekor writes user IDs in an order that changes from run to run. Here they keep their own.

use super::fault::Fault;
use super::packet::{Packet, Packets, write};
use super::public_key::PublicKey;
use super::signature_packet::{SignaturePacket, kind};
use super::subpackets::check_subpackets;
use super::verification::Work;

/// Types of packets.
pub(super) mod tag {
    pub const SIGNATURE: u8 = 2;
    pub const PRIVATE_KEY: u8 = 5;
    pub const PUBLIC_KEY: u8 = 6;
    pub const PRIVATE_SUBKEY: u8 = 7;
    pub const MARKER: u8 = 10;
    pub const TRUST: u8 = 12;
    pub const USER_ID: u8 = 13;
    pub const PUBLIC_SUBKEY: u8 = 14;
    pub const USER_ATTRIBUTE: u8 = 17;
    pub const PADDING: u8 = 21;
    /// From here on packets of unknown types are skipped.
    pub const NOT_CRITICAL: u8 = 40;
}

/// A key whose own signatures were verified.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub primary: PublicKey,
    pub revocations: Vec<SignaturePacket>,
    pub user_ids: Vec<UserId>,
    pub subkeys: Vec<Subkey>,
}

/// A user ID that the key signed.
#[derive(Clone, Debug)]
pub(super) struct UserId {
    pub id: Vec<u8>,
    /// By the key itself.
    pub own: Vec<SignaturePacket>,
    /// Revocations by the key itself.
    pub revocations: Vec<SignaturePacket>,
    /// The bodies of all signatures, in order.
    signatures: Vec<Vec<u8>>,
}

/// A subkey that the key bound to itself.
#[derive(Clone, Debug)]
pub(super) struct Subkey {
    pub key: PublicKey,
    pub bindings: Vec<SignaturePacket>,
    pub revocations: Vec<SignaturePacket>,
}

/// Reads all keys in some bytes. A key that makes no sense is left out, if there is another.
pub(super) fn read_all(bytes: &[u8], work: &mut Work) -> Result<Vec<Entity>, Fault> {
    let mut parts = Parts { packets: Packets::of(bytes), held: None };
    let mut entities = Vec::new();
    let mut last = None;
    loop {
        match read(&mut parts, work) {
            Ok(entity) => entities.push(entity),
            Err(Fault::End) => break,
            Err(fault @ (Fault::Structure(_) | Fault::Unsupported(_))) => {
                last = Some(fault);
                parts.skip_to_primary()?;
            }
            Err(fault) => return Err(fault),
        }
    }
    match last {
        Some(fault) if entities.is_empty() => Err(fault),
        _ => Ok(entities),
    }
}

impl Entity {
    /// Writes it in canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let write_all = |signatures: &[SignaturePacket], out: &mut Vec<u8>| {
            for signature in signatures {
                write(tag::SIGNATURE, &signature.body, out);
            }
        };
        write(tag::PUBLIC_KEY, &self.primary.body, out);
        write_all(&self.revocations, out);
        for user_id in &self.user_ids {
            write(tag::USER_ID, &user_id.id, out);
            for body in &user_id.signatures {
                write(tag::SIGNATURE, body, out);
            }
        }
        for subkey in &self.subkeys {
            write(tag::PUBLIC_SUBKEY, &subkey.key.body, out);
            write_all(&subkey.revocations, out);
            if let Some(binding) = newest(&subkey.bindings) {
                write(tag::SIGNATURE, &binding.body, out);
            }
        }
    }
}

/// The newest signature, and of several the first.
pub(super) fn newest<'a>(
    signatures: impl IntoIterator<Item = &'a SignaturePacket>,
) -> Option<&'a SignaturePacket> {
    signatures
        .into_iter()
        .reduce(|best, other| if other.created > best.created { other } else { best })
}

/// A packet that matters in a key.
enum Part {
    Primary(PublicKey),
    Subkey(PublicKey),
    UserId(Vec<u8>),
    Signature(Box<SignaturePacket>),
    /// One that ends a list of signatures and is not kept.
    Other,
}

/// The parts of keys, of which the last can be put back.
struct Parts<'a> {
    packets: Packets<'a>,
    held: Option<Part>,
}

impl Parts<'_> {
    /// The next part; packets between that are to be skipped are skipped.
    fn next(&mut self) -> Result<Option<Part>, Fault> {
        if self.held.is_some() {
            return Ok(self.held.take());
        }
        while let Some(packet) = self.packets.next()? {
            match part(&packet) {
                Ok(None) | Err(Fault::Unsupported(_)) => {}
                other => return other,
            }
        }
        Ok(None)
    }

    /// The next part if it is a signature.
    fn signature(&mut self) -> Result<Option<SignaturePacket>, Fault> {
        match self.next()? {
            Some(Part::Signature(signature)) => Ok(Some(*signature)),
            other => {
                self.held = other;
                Ok(None)
            }
        }
    }

    fn skip_to_primary(&mut self) -> Result<(), Fault> {
        while let Some(part) = self.next()? {
            if matches!(part, Part::Primary(_)) {
                self.held = Some(part);
                break;
            }
        }
        Ok(())
    }
}

/// Reads a packet; `None` if it is to be skipped.
fn part(packet: &Packet<'_>) -> Result<Option<Part>, Fault> {
    let body = &packet.body[..];
    Ok(Some(match packet.tag {
        tag::PUBLIC_KEY => Part::Primary(PublicKey::parse(body)?),
        tag::PUBLIC_SUBKEY => Part::Subkey(PublicKey::parse(body)?),
        tag::PRIVATE_KEY | tag::PRIVATE_SUBKEY => return Err(Fault::Private),
        tag::SIGNATURE => Part::Signature(Box::new(SignaturePacket::parse_in_key(body)?)),
        tag::USER_ID => Part::UserId(body.to_vec()),
        tag::MARKER if body.len() < 3 => return Err(Fault::Cut),
        tag::MARKER if body != b"PGP" => return Err(Fault::structure("invalid marker packet")),
        tag::MARKER | tag::TRUST | tag::NOT_CRITICAL.. => return Ok(None),
        tag::USER_ATTRIBUTE => {
            check_subpackets(body)?;
            Part::Other
        }
        tag::PADDING => Part::Other,
        // What messages consist of.
        other @ (1 | 3 | 4 | 8 | 9 | 11 | 18 | 20) => {
            return Err(Fault::structure(format!("a packet of type {other} in a key")));
        }
        other => return Err(Fault::CriticalPacket(other)),
    }))
}

fn read(parts: &mut Parts<'_>, work: &mut Work) -> Result<Entity, Fault> {
    let primary = match parts.next()? {
        None => return Err(Fault::End),
        Some(Part::Primary(primary)) => primary,
        _ => return Err(Fault::structure("first packet was not a public/private key")),
    };
    if !primary.signs() {
        return Err(Fault::structure("primary key cannot be used for signatures"));
    }
    let mut revocations = Vec::new();
    let (mut user_ids, mut subkeys) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next()? {
        match part {
            Part::Primary(_) => {
                parts.held = Some(part);
                break;
            }
            Part::UserId(id) => {
                if let Some(user_id) = read_user_id(id, &primary, parts, work)? {
                    add(&mut user_ids, user_id);
                }
            }
            Part::Subkey(key) => subkeys.push(read_subkey(key, &primary, parts, work)?),
            Part::Signature(signature) if signature.kind == kind::KEY_REVOCATION => {
                revocations.push(*signature);
            }
            // Signatures that follow nothing that is kept.
            Part::Signature(_) | Part::Other => {}
        }
    }
    if user_ids.is_empty() {
        return Err(Fault::structure("v4 entity without any identities"));
    }
    for revocation in &revocations {
        match revocation.verify_key(&primary, work) {
            Ok(()) => {}
            Err(fault) if fault.is_own() => return Err(fault),
            Err(_) => {
                return Err(Fault::structure("revocation signature signed by alternate key"));
            }
        }
    }
    Ok(Entity { primary, revocations, user_ids, subkeys })
}

/// Adds a user ID, or puts it in the place of the same one.
fn add(user_ids: &mut Vec<UserId>, user_id: UserId) {
    match user_ids.iter_mut().find(|found| found.id == user_id.id) {
        Some(found) => *found = user_id,
        None => user_ids.push(user_id),
    }
}

/// Reads the signatures over a user ID; `None` if the key did not sign it.
fn read_user_id(
    id: Vec<u8>,
    primary: &PublicKey,
    parts: &mut Parts<'_>,
    work: &mut Work,
) -> Result<Option<UserId>, Fault> {
    let (own, revocations, signatures) = (Vec::new(), Vec::new(), Vec::new());
    let mut user_id = UserId { id, own, revocations, signatures };
    while let Some(signature) = parts.signature()? {
        let is_revocation = signature.kind == kind::CERTIFICATION_REVOCATION;
        let certifications = kind::CERTIFICATION..=kind::POSITIVE_CERTIFICATION;
        if !is_revocation && !certifications.contains(&signature.kind) {
            return Err(Fault::structure("user ID signature with wrong type"));
        }
        user_id.signatures.push(signature.body.clone());
        if signature.is_by(&primary.fingerprint, primary.id) {
            let verified = signature.verify_user_id(primary, &user_id.id, work);
            verified.map_err(|fault| fault.in_key("user ID self-signature invalid"))?;
            let list = if is_revocation { &mut user_id.revocations } else { &mut user_id.own };
            list.push(signature);
        }
    }
    let is_signed = !user_id.own.is_empty() || !user_id.revocations.is_empty();
    Ok(is_signed.then_some(user_id))
}

/// Reads the signatures over a subkey.
fn read_subkey(
    key: PublicKey,
    primary: &PublicKey,
    parts: &mut Parts<'_>,
    work: &mut Work,
) -> Result<Subkey, Fault> {
    let (mut bindings, mut revocations) = (Vec::new(), Vec::new());
    let invalid = |fault: Fault| fault.in_key("subkey signature invalid");
    while let Some(signature) = parts.signature()? {
        let list = match signature.kind {
            kind::SUBKEY_BINDING => &mut bindings,
            kind::SUBKEY_REVOCATION => &mut revocations,
            _ => return Err(Fault::structure("subkey signature with wrong type")),
        };
        signature.verify_subkey(primary, &key, work).map_err(invalid)?;
        list.push(signature);
    }
    if bindings.is_empty() {
        return Err(Fault::structure("subkey packet not followed by signature"));
    }
    Ok(Subkey { key, bindings, revocations })
}
