//! OpenPGP (RFC 9580, RFC 4880): keys of version 4, signatures of versions 3 and 4.
//!
//! Which keys and signatures are taken, and what is stored of them, is what Rekor 1.6 does with
//! ProtonMail's go-crypto, down to the bytes. In reading order:
//!
//! | module | what it is |
//! |---|---|
//! | `armor` | base64 with lines around it |
//! | `packet`, `fields` | packets, and the fields in one |
//! | `public_key` | the packet of a key |
//! | `signature_packet`, `subpackets` | the packet of a signature, and what it says |
//! | `verification` | whether a key made a signature |
//! | `entity` | a key with its user IDs and subkeys |
//! | `validity` | whether a key could sign at a time |
//! | `user_id` | email addresses |
//! | [`Key`], [`Signature`] | what is submitted |
//! | [`PackageSignature`] | what stands in a package |
//!
//! What differs from Rekor:
//! - A key that was prolonged keeps its old signatures (`validity`).
//! - User IDs keep the key's order, which in Rekor changes from run to run.
//! - Private keys are refused even where Rekor would store their public part.
//! - Keys on brainpool curves and Ed448 are refused, and so are keys of version 6, post-quantum
//!   keys, MD5 in signatures of version 3, and combinations such as RSA over SHA-224, which nobody
//!   uses: no library of the log's verifies them.
//! - A key with bytes that belong to no field of a packet is refused, and so is one that begins
//!   with a subkey.
//!
//! Invariants: every signature by a key over its own parts was verified. The number of packets, the
//! size of keys and the work of verifying are bounded.

mod armor;
mod entity;
mod fault;
mod fields;
mod key;
mod package;
mod packet;
mod public_key;
mod signature;
mod signature_packet;
mod subpackets;
mod user_id;
mod validity;
mod verification;

pub(crate) use armor::Block;
pub(crate) use key::Key;
pub(crate) use package::PackageSignature;
pub(crate) use signature::Signature;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
