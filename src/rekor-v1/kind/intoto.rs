//! `intoto`: an in-toto attestation in a DSSE envelope, in two versions.
//!
//! 0.0.1 takes the text of an envelope and one key; one signature by that key is enough. The
//! canonical form has hashes and the key. An ID of a key in the envelope must be the key's
//! fingerprint as SSH has it, or the signature does not count.
//!
//! 0.0.2 takes the envelope as an object, in which each signature has a key beside it. Payload and
//! signatures are in base64 twice, by a mistake that became the format. Each key must have made one
//! of the signatures, not necessarily its own. The canonical form has the envelope without its
//! payload, keys as they were sent, and the hash of the envelope that the client states, which
//! nobody can check.
//!
//! Payloads are kept beside the entry, up to a size. What else a client states is computed here.
//!
//! Without the hash of the envelope, Rekor answers 500 to 0.0.2; here it is refused like any other
//! missing member. A payload that is no JSON costs an entry of 0.0.2 none of the keys of the index
//! that it would have otherwise.

mod object;
mod text;

pub(super) use object::accept as accept_object;
pub(super) use text::accept as accept_text;

#[cfg(test)]
mod tests;
