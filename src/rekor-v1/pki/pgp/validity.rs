//! Whether a key could make a signature when it did.
//!
//! What a key may do and until when, it says itself, and it can change that by a newer signature
//! over its user ID, or over the subkey. For a signature that one counts which was the newest when
//! the signature was made. If none in the key is that old, the oldest counts: owners who prolong
//! their keys often publish the newest alone.
//!
//! Rekor takes the newest of all, and so refuses signatures that are older ("openpgp: signature
//! expired"), as soon as a key was prolonged. This is a fault of its library since Rekor 1.5.4;
//! earlier versions accepted them, and so does this log.

use super::entity::{Entity, Subkey, UserId, newest};
use super::fault::Fault;
use super::public_key::PublicKey;
use super::signature_packet::{SignaturePacket, has_ended};

/// A key that can have made a signature.
pub(super) struct Signer<'a> {
    entity: &'a Entity,
    pub key: &'a PublicKey,
    /// The subkey, if it is one, and what binds it.
    subkey: Option<(&'a Subkey, &'a SignaturePacket)>,
}

impl Entity {
    /// The keys with this ID that may sign, by what counted at a moment.
    pub fn signers(&self, id: u64, at: u32) -> impl Iterator<Item = Signer<'_>> {
        let primary = (self.primary.id == id).then(|| self.main_user_id(at)).flatten();
        let primary = primary.filter(|(_, own)| may_sign(own));
        let primary = primary.map(|_| Signer { entity: self, key: &self.primary, subkey: None });
        let subkeys = self.subkeys.iter().filter(move |subkey| subkey.key.id == id);
        let subkeys = subkeys.filter_map(move |subkey| {
            let binding = in_force(&subkey.bindings, at).filter(|binding| may_sign(binding))?;
            Some(Signer { entity: self, key: &subkey.key, subkey: Some((subkey, binding)) })
        });
        primary.into_iter().chain(subkeys)
    }

    /// The user ID whose signature speaks for the primary key at a moment, and that signature:
    /// rather one that is not revoked, then one that is marked as the main one, then the one that
    /// was signed last.
    fn main_user_id(&self, at: u32) -> Option<(&UserId, &SignaturePacket)> {
        let user_ids = self.user_ids.iter();
        let user_ids = user_ids.filter_map(|user_id| Some((user_id, in_force(&user_id.own, at)?)));
        user_ids.reduce(|best, other| {
            let rank = |(user_id, own): (&UserId, &SignaturePacket)| {
                let is_main = own.subpackets.is_primary == Some(true);
                (usize::MAX - user_id.revocations.len(), is_main, own.created)
            };
            if rank(other) > rank(best) { other } else { best }
        })
    }
}

impl Signer<'_> {
    /// Checks what else must have been so for the key to sign at this moment.
    pub fn check(&self, signature: &SignaturePacket, at: u32) -> Result<(), Fault> {
        let Some((user_id, own)) = self.entity.main_user_id(at) else {
            return Err(Fault::KeyRevoked);
        };
        let binding = self.subkey.map(|(_, binding)| binding);
        let back = binding.and_then(|binding| binding.subpackets.embedded.as_deref());
        for one in [Some(signature), Some(own), binding, back].into_iter().flatten() {
            if let Some(name) = &one.subpackets.critical_notation {
                let name = fasti_entry::quote(name);
                return Err(Fault::signature(format!("unknown critical notation: {name}")));
            }
        }
        let subkey_revocations = self.subkey.map(|(subkey, _)| &subkey.revocations[..]);
        let is_revoked = is_revoked(&self.entity.revocations, at)
            || is_revoked(subkey_revocations.unwrap_or_default(), at)
            || is_revoked(&user_id.revocations, at);
        if is_revoked {
            return Err(Fault::KeyRevoked);
        }
        let has_expired = |key: &PublicKey, own: &SignaturePacket| {
            key.created > at || has_ended(key.created, own.subpackets.key_lifetime, at)
        };
        if has_expired(&self.entity.primary, own)
            || binding.is_some_and(|binding| has_expired(self.key, binding))
        {
            return Err(Fault::KeyExpired);
        }
        // What counts although it is newer counts from when it was made.
        let judged = |one: &SignaturePacket| at.max(one.created);
        let has_ended = own.has_ended(judged(own))
            || binding.zip(back).is_some_and(|(binding, back)| {
                let at = judged(binding);
                binding.has_ended(at) || back.created > at || back.has_ended(at)
            });
        if has_ended { Err(Fault::SignatureExpired) } else { Ok(()) }
    }
}

fn may_sign(own: &SignaturePacket) -> bool {
    own.subpackets.may_sign()
}

/// Of the signatures that say what a key may do, the one that counts at a moment.
fn in_force(own: &[SignaturePacket], at: u32) -> Option<&SignaturePacket> {
    let by_then = newest(own.iter().filter(|one| one.created <= at));
    by_then.or_else(|| own.iter().min_by_key(|one| one.created))
}

/// Whether one of these revocations counts at a moment.
fn is_revoked(revocations: &[SignaturePacket], at: u32) -> bool {
    revocations
        .iter()
        .any(|one| one.subpackets.is_compromise() || one.created <= at && !one.has_ended(at))
}
