//! The protocol between a log and its witnesses: what is sent, and what a witness decides.
//!
//! C2SP tlog-witness. [`request`] is the body of `add-checkpoint`, [`judge`] the decision,
//! and the answer is signature lines ([`open_cosignatures`]) or, to a client that is behind or
//! ahead, the size that the witness knows ([`SIZE_MEDIA_TYPE`]).
//!
//! Invariants: a [`Witnessed`] checkpoint was signed by one of the given keys of the log, and
//! extends the given tree. What is cosigned is the text that was parsed, and only lines that
//! verified are kept beside it.

mod judge;
mod reply;
mod request;

pub use judge::{WitnessRefusal, Witnessed, judge};
pub use reply::{ReplyError, SIZE_MEDIA_TYPE, open_cosignatures, parse_size, size_body};
pub use request::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, RequestError};

use sha2::{Digest as _, Sha256};

/// Where a witness shows its newest checkpoint of a log, below its monitoring prefix:
/// `<hex of SHA-256 of the origin>/checkpoint`.
pub fn monitoring_path(origin: &str) -> String {
    let hash = crate::hash::Hash::from(<[u8; 32]>::from(Sha256::digest(origin)));
    format!("{hash}/checkpoint")
}

#[cfg(test)]
mod tests;
