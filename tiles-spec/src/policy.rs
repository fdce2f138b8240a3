//! Policies: which logs are known, and whose cosignatures are enough.
//!
//! C2SP tlog-policy. Lines of words:
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> all|any|<k> <member>...
//! quorum <name>|none
//! ```
//!
//! `rules` is what a policy says, `parse` reads it, and `verify` judges checkpoints. Invariants: a
//! [`Policy`] has one quorum, and each of its witnesses counts in one way only; no two of its logs,
//! and no two of its witnesses, have the same public key.

mod parse;
mod rules;
mod verify;

pub use parse::{POLICY_BYTES_MAX, POLICY_LINES_MAX, PolicyError, PolicyFault};
pub use rules::{Policy, PolicyLog, PolicyWitness};
pub use verify::{Cosigner, PolicyRefusal};

#[cfg(test)]
mod tests;
