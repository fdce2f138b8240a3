//! Keys and signatures made in tests.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::entity::tag;
use super::packet::{write, write_length};
use super::public_key::PublicKey;
use super::signature_packet::kind;
use crate::pki::hash::Hash;

/// When test keys are made.
pub(crate) const MADE: u32 = 1_000_000_000;

/// The flags of keys that certify and sign.
pub(super) const SIGNS: &[u8] = &[3];

/// A key with Ed25519.
pub(crate) struct TestKey {
    pair: Ed25519KeyPair,
    pub(super) public: PublicKey,
}

impl TestKey {
    /// A key that is always the same for a seed.
    pub fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let point = pair.public_key().as_ref();
        let oid = [9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1];
        let body = [&[4][..], &MADE.to_be_bytes(), &[22], &oid, &[1, 7, 0x40], point].concat();
        Self { public: PublicKey::parse(&body).unwrap(), pair }
    }

    /// Its subpacket with its fingerprint.
    pub fn issuer(&self) -> Vec<u8> {
        subpacket(33, &[&[4][..], &self.public.fingerprint].concat())
    }

    /// The body of a signature, with its issuer, over what is hashed.
    pub fn sign(&self, kind: u8, created: u32, more: &[Vec<u8>], hashed: &[&[u8]]) -> Vec<u8> {
        let subpackets = [subpacket(2, &created.to_be_bytes()), self.issuer(), more.concat()];
        self.sign_with(kind, &subpackets.concat(), &[], hashed)
    }

    /// The body of a signature with these subpackets, signed and not.
    pub fn sign_with(&self, kind: u8, signed: &[u8], other: &[u8], hashed: &[&[u8]]) -> Vec<u8> {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let start = [&[4, kind, 22, 8][..], &length(signed), signed].concat();
        let end = u32::try_from(start.len()).unwrap().to_be_bytes();
        let digest = Hash::Sha256.of(&[&hashed.concat(), &start[..], &[4, 0xff], &end].concat());
        let signature = self.pair.sign(digest.as_ref());
        let (first, second) = signature.as_ref().split_at(32);
        let numbers = [&[1, 0][..], first, &[1, 0], second].concat();
        [&start[..], &length(other), other, &digest.as_ref()[..2], &numbers].concat()
    }

    /// The key as it is hashed.
    pub fn hashed(&self) -> Vec<u8> {
        [&self.public.prefix()[..], &self.public.body].concat()
    }

    /// The packet of the primary key.
    pub fn packet(&self) -> Vec<u8> {
        packet(tag::PUBLIC_KEY, &self.public.body)
    }

    /// The packet of a signature over a user ID of this key's.
    pub fn certify(&self, user_id: &str, created: u32, more: &[Vec<u8>]) -> Vec<u8> {
        let length = u32::try_from(user_id.len()).unwrap().to_be_bytes();
        let hashed = [&self.hashed()[..], &[0xb4], &length, user_id.as_bytes()];
        packet(tag::SIGNATURE, &self.sign(kind::POSITIVE_CERTIFICATION, created, more, &hashed))
    }

    /// Packets of a key with a user ID, which may sign.
    pub fn whole(&self, user_id: &str) -> Vec<u8> {
        let flags = [subpacket(27, SIGNS)];
        let certification = self.certify(user_id, MADE, &flags);
        [self.packet(), packet(tag::USER_ID, user_id.as_bytes()), certification].concat()
    }

    /// The packet of a subkey for signing, with what binds it.
    pub fn bind(&self, subkey: &Self, created: u32, more: &[Vec<u8>]) -> Vec<u8> {
        let hashed = [&self.hashed()[..], &subkey.hashed()];
        let back = subkey.sign(kind::PRIMARY_KEY_BINDING, created, &[], &hashed);
        let more = [more.concat(), subpacket(27, &[2]), subpacket(32, &back)];
        packet(tag::SIGNATURE, &self.sign(kind::SUBKEY_BINDING, created, &more, &hashed))
    }

    /// The packet of a detached signature.
    pub fn detached(&self, created: u32, data: &[u8]) -> Vec<u8> {
        packet(tag::SIGNATURE, &self.sign(kind::BINARY, created, &[], &[data]))
    }
}

/// A packet.
pub(crate) fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    write(tag, body, &mut packet);
    packet
}

/// A subpacket.
pub(crate) fn subpacket(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut subpacket = Vec::new();
    write_length(content.len() + 1, 16320, &mut subpacket);
    subpacket.push(kind);
    subpacket.extend_from_slice(content);
    subpacket
}
