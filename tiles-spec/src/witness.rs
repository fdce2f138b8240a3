//! The protocol between a log and its witnesses: what is sent, and what a witness decides.
//!
//! C2SP tlog-witness. [`request`] is the body of `add-checkpoint`, [`judge`] the decision, and the
//! answer is signature lines ([`open_cosignatures`]) or, to a client that is behind or ahead, the
//! size that the witness knows ([`SIZE_MEDIA_TYPE`]). [`SignSubtree`] asks for a part of a tree
//! that was cosigned.
//!
//! Invariants: a [`Witnessed`] checkpoint was signed by one of the given keys of the log, and
//! extends the given tree. What is cosigned is the text that was parsed, and only lines that
//! verified are kept beside it.

mod judge;
mod reply;
mod request;
mod subtree;

pub use judge::{WitnessRefusal, Witnessed, judge};
pub use reply::{ReplyError, SIZE_MEDIA_TYPE, open_cosignatures, parse_size, size_body};
pub use request::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, RequestError};
pub use subtree::{SignSubtree, SubtreeRefusal, judge_subtree};

use sha2::{Digest as _, Sha256};

/// Where a witness shows its newest checkpoint of a log, below its monitoring prefix:
/// `<hex of SHA-256 of the origin>/checkpoint`.
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", origin_hash(origin))
}

/// The SHA-256 of an origin, in lower-case hexadecimal.
pub fn origin_hash(origin: &str) -> String {
    crate::hash::Hash::from(<[u8; 32]>::from(Sha256::digest(origin))).to_string()
}

#[cfg(test)]
mod tests;
