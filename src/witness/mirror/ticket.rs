//! Tickets: a checkpoint that was pending, given to the client to be brought back.
//!
//! Nothing is kept for a ticket. What it says counts because only this process can have written it:
//! it begins with a MAC under a key that lives as long as the process. A ticket from before a
//! restart is one that says nothing.

use aws_lc_rs::hmac;
use fasti_seams::entropy::Entropy;
use tiles_spec::SignedCheckpoint;
use tiles_spec::mirror::TICKET_BYTES_MAX;

/// The length of a MAC in bytes.
const MAC_BYTES: usize = 32;

/// Writes and reads tickets.
pub(super) struct Tickets(hmac::Key);

impl Tickets {
    /// Tickets of a new process.
    pub fn new(entropy: &dyn Entropy) -> Self {
        let secret = [entropy.nonce(), entropy.nonce()].concat();
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// A ticket for this checkpoint; empty if it is too long for one.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Vec<u8> {
        let note = checkpoint.to_bytes();
        if MAC_BYTES + note.len() > TICKET_BYTES_MAX {
            return Vec::new();
        }
        [hmac::sign(&self.0, &note).as_ref(), &note[..]].concat()
    }

    /// The checkpoint of a ticket for this log; `None` if it is not one of this process.
    pub fn read(&self, ticket: &[u8], origin: &str) -> Option<SignedCheckpoint> {
        let (mac, note) = ticket.split_at_checked(MAC_BYTES)?;
        hmac::verify(&self.0, note, mac).ok()?;
        let checkpoint = SignedCheckpoint::parse(note).ok()?;
        (checkpoint.checkpoint().origin == origin).then_some(checkpoint)
    }
}
