//! Whether a key made a signature, over what it is said to be over (RFC 9580, section 5.2.4).
//!
//! Nothing is judged here but the numbers: whether the key could sign at the time is for
//! `validity`.
//!
//! Invariant: every check of numbers is paid for from [`Work`], so that a proposal cannot keep the
//! log busy.

use aws_lc_rs::digest::{Context, Digest};
use dsa::signature::hazmat::PrehashVerifier as _;
use dsa::{BigUint, Components, Signature, VerifyingKey};
use fasti_x509::element;

use super::fault::Fault;
use super::public_key::{Material, PublicKey, algorithm};
use super::signature_packet::SignaturePacket;
use crate::pki::signed_digest::{Curve, DigestKey};

/// How many checks one key or signature can cost, in units of a check with a usual key.
const WORK_MAX: u32 = 2000;
/// What a check costs with DSA, and with a long or slow key of another kind.
const DSA_COST: u32 = 40;
const SLOW_COST: u32 = 4;
/// The longest keys for DSA, of which GnuPG makes none: p and q.
const DSA_BYTES_MAX: (usize, usize) = (3072 / 8, 256 / 8);
/// How many hashed bytes cost as much as a check.
const HASHED_BYTES: usize = 16 << 10;
/// From this length on an RSA key is slow, encoded.
const SLOW_RSA_BYTES: usize = 600;

/// What is left of the checks that may be made.
pub(super) struct Work(u32);

impl Work {
    pub fn new() -> Self {
        Self(WORK_MAX)
    }

    /// Pays for hashing what is in a key, again for each signature.
    fn hash(&mut self, length: usize) -> Result<(), Fault> {
        self.spend(u32::try_from(length / HASHED_BYTES).unwrap_or(u32::MAX))
    }

    /// Pays for a check with a key.
    fn check(&mut self, key: &PublicKey) -> Result<(), Fault> {
        self.spend(match &key.material {
            Material::Dsa(_) => DSA_COST,
            Material::Digest(DigestKey::Ecdsa(Curve::P384 | Curve::P521, _)) => SLOW_COST,
            Material::Digest(DigestKey::Ecdsa(Curve::Secp256k1, _)) => SLOW_COST,
            Material::Digest(DigestKey::Rsa(key)) if key.len() > SLOW_RSA_BYTES => SLOW_COST,
            _ => 1,
        })
    }

    fn spend(&mut self, cost: u32) -> Result<(), Fault> {
        let limit = u64::from(WORK_MAX);
        let fault = Fault::Limit { what: "the work of verifying PGP signatures", limit };
        self.0 = self.0.checked_sub(cost).ok_or(fault)?;
        Ok(())
    }
}

impl SignaturePacket {
    /// Verifies that a key made it over a key's user ID.
    pub fn verify_user_id(
        &self,
        key: &PublicKey,
        user_id: &[u8],
        work: &mut Work,
    ) -> Result<(), Fault> {
        work.hash(key.body.len() + user_id.len())?;
        let mut context = self.hash.begin();
        update_with_key(&mut context, key);
        context.update(&[0xb4]);
        // Packets are shorter.
        context.update(&u32::try_from(user_id.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(user_id);
        self.verify(key, context, work)
    }

    /// Verifies that a primary key revoked itself.
    pub fn verify_key(&self, key: &PublicKey, work: &mut Work) -> Result<(), Fault> {
        work.hash(key.body.len())?;
        let mut context = self.hash.begin();
        update_with_key(&mut context, key);
        self.verify(key, context, work)
    }

    /// Verifies that a primary key bound or revoked a subkey, and that a subkey for signing bound
    /// itself to the primary key: else it could be another's.
    pub fn verify_subkey(
        &self,
        key: &PublicKey,
        subkey: &PublicKey,
        work: &mut Work,
    ) -> Result<(), Fault> {
        work.hash(2 * (key.body.len() + subkey.body.len()))?;
        let both = |signature: &Self| {
            let mut context = signature.hash.begin();
            update_with_key(&mut context, key);
            update_with_key(&mut context, subkey);
            context
        };
        self.verify(key, both(self), work)?;
        if !self.subpackets.may_sign() {
            return Ok(());
        }
        let Some(back) = &self.subpackets.embedded else {
            return Err(Fault::structure("signing subkey is missing cross-signature"));
        };
        let verified = back.verify(subkey, both(back), work);
        verified.map_err(|fault| fault.in_key("error while verifying cross-signature"))
    }

    /// Verifies that a key made it, over what was hashed so far.
    pub fn verify(
        &self,
        key: &PublicKey,
        mut context: Context,
        work: &mut Work,
    ) -> Result<(), Fault> {
        context.update(&self.suffix);
        let digest = context.finish();
        if self.version < 4 && !digest.as_ref().starts_with(&self.start) {
            return Err(Fault::signature("hash tag doesn't match"));
        }
        if key.material == Material::Encryption {
            return Err(Fault::Argument("public key cannot generate signatures"));
        }
        if key.algorithm != self.algorithm {
            let what = "public key and signature use different algorithms";
            return Err(Fault::Argument(what));
        }
        work.check(key)?;
        let (name, made) = match &key.material {
            Material::Digest(key) => self.made(key, &digest),
            Material::Dsa(numbers) => ("DSA", Some(self.made_with_dsa(numbers, &digest))),
            Material::Unverifiable(what) => return Err(Fault::Unverifiable((*what).into())),
            Material::Encryption => ("", Some(false)),
        };
        match made {
            Some(true) => Ok(()),
            Some(false) => Err(Fault::signature(format!("{name} verification failure"))),
            None => {
                let what = format!("over {} by {name} keys of this kind", self.hash.name());
                Err(Fault::Unverifiable(what.into()))
            }
        }
    }

    fn made(&self, key: &DigestKey, digest: &Digest) -> (&'static str, Option<bool>) {
        let numbers = &self.numbers[..];
        let (name, signature) = match (key, numbers) {
            // A signature is as long as its key, which only its encoding is known of here.
            (DigestKey::Rsa(key), [number]) => ("RSA", padded(number, modulus_length(key))),
            (DigestKey::Ecdsa(..), [r, s]) => {
                let both = [element::encode_unsigned(r), element::encode_unsigned(s)].concat();
                ("ECDSA", Some(element::encode(element::SEQUENCE, &both)))
            }
            (DigestKey::Ed25519(_), [r, s]) if self.algorithm == algorithm::EDDSA_LEGACY => {
                let both = padded(r, 32).zip(padded(s, 32));
                ("EdDSA", both.map(|(r, s)| [r, s].concat()))
            }
            (DigestKey::Ed25519(_), [whole]) => ("Ed25519", Some(whole.clone())),
            _ => ("unfit", None),
        };
        let Some(signature) = signature else { return (name, Some(false)) };
        (name, key.made(self.hash, digest, &signature))
    }

    fn made_with_dsa(&self, numbers: &[Vec<u8>; 4], digest: &Digest) -> bool {
        let (long_max, short_max) = DSA_BYTES_MAX;
        let [_, order, ..] = numbers;
        if numbers.iter().any(|number| number.len() > long_max) || order.len() > short_max {
            return false;
        }
        // Of a longer digest as much counts as q has bits.
        let digest = &digest.as_ref()[..digest.as_ref().len().min(order.len())];
        let number = |bytes: &Vec<u8>| BigUint::from_bytes_be(bytes);
        let [prime, order, generator, public] = numbers.each_ref().map(number);
        let verified = || {
            let components = Components::from_components(prime, order, generator).ok()?;
            let key = VerifyingKey::from_components(components, public).ok()?;
            let [r, s] = &self.numbers[..] else { return None };
            let signature = Signature::from_components(number(r), number(s)).ok()?;
            key.verify_prehash(digest, &signature).ok()
        };
        verified().is_some()
    }
}

fn update_with_key(context: &mut Context, key: &PublicKey) {
    context.update(&key.prefix());
    context.update(&key.body);
}

/// A number with zeros before it, as many as make it this long; `None` if it is longer.
fn padded(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let zeros = length.checked_sub(number.len())?;
    Some([&vec![0; zeros], number].concat())
}

/// How many bytes the modulus in an encoded RSA key has.
fn modulus_length(key: &[u8]) -> usize {
    let modulus = element::Elements::of(key).inside(element::SEQUENCE).and_then(|mut numbers| {
        let modulus = numbers.element(element::INTEGER)?.content;
        Some(modulus.strip_prefix(&[0]).unwrap_or(modulus).len())
    });
    modulus.unwrap_or_default()
}
