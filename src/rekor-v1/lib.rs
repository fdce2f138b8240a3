//! Entries of Rekor v1: from the proposal that a client posts to the canonical body, which is the
//! leaf (`ProposedEntry` and `*_schema.json` in github.com/sigstore/rekor).
//!
//! The way of a proposal, in reading order:
//!
//! 1. [`Proposal::parse`] reads the envelope of every kind: `kind`, `apiVersion` and `spec`, by the
//!    rules of Rekor's own reader (`json`),
//! 2. [`Proposal::accept`] hands `spec` to the kind's own file in `kind/`, which reads it, verifies
//!    every signature in it with the formats in `pki/`, and drafts the canonical form,
//! 3. and the result is an [`Accepted`] entry: the exact leaf bytes, RFC 8785 JSON.
//!
//! [`make()`] makes proposals, for clients, and [`model_of`] shows bodies as Rekor's own client
//! does. [`verify_again`] is for bodies that a log already has.
//!
//! Reading entries back, for an index and for verifiers, needs none of this: see
//! [`fasti_entry::lookup_keys`] and [`fasti_entry::V1Kind`].
//!
//! Invariants of the whole crate:
//! - Pure: bytes and a time in, bytes or a verdict out. No I/O, no clock, no randomness.
//! - An [`Accepted`] entry exists only if every signature in it was verified here.
//! - The bytes are those that Rekor 1.6 stores for the same proposal. Where Rekor contradicts
//!   itself or errs, the file of the kind says what is done instead.
//! - No input can cause a panic. Time, memory, counts, depth and inflated sizes are bounded
//!   ([`Limits`]).

mod accepted;
mod again;
mod base64_text;
mod canonical_key;
mod draft;
mod error;
mod json;
mod kind;
mod limits;
mod make;
mod material;
mod model;
mod pki;
mod proposal;
mod semver;
mod typed_json;

#[cfg(test)]
mod testing;

pub use accepted::Accepted;
pub use again::verify_again;
pub use canonical_key::{KEY_FORMATS, canonical_key, term_of_key};
pub use draft::Signer;
pub use error::{KindError, ProposalError};
pub use kind::{KINDS, Kind};
pub use limits::{Limits, Setting};
pub use make::make;
pub use material::{MakeError, Material};
pub use model::model_of;
pub use proposal::Proposal;
