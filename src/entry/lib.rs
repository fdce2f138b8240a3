//! Rekor v2 entries: from the bytes a submitter posts to the bytes the log stores, and back.
//!
//! The way in, in reading order:
//!
//! 1. [`Submission::parse`] reads the request (`json`, `protojson` and `protobuf` hold the rules),
//! 2. [`Submission::verify`] checks every signature in it ([`PublicKey`], [`Certificate`],
//!    `signature`),
//! 3. and returns the [`CanonicalEntry`]: the exact leaf bytes, RFC 8785 JSON.
//!
//! The way back: [`RekorEntry::parse`] reads leaf bytes, [`TransparencyLogEntry`] is the log's
//! answer, and [`Bundle`] is what a client keeps and verifies later. [`lookup_keys`] lists the keys
//! under which an index lists an entry.
//!
//! The formats are `dev.sigstore.rekor.v2`, `dev.sigstore.rekor.v1.TransparencyLogEntry` and
//! `dev.sigstore.bundle.v1` in their protobuf JSON mapping. Requests and answers are also supported
//! in the protobuf encoding.
//!
//! Invariants of the whole module:
//! - Pure: bytes in, bytes or a verdict out. No I/O, no clock, no randomness.
//! - A [`CanonicalEntry`] exists only if every signature in it was verified here.
//! - One signature and one verifier make one leaf: equivalent requests give the same bytes, however
//!   they are spelled; and `RekorEntry::parse(leaf)?.to_leaf()? == leaf`.
//! - No input can cause a panic, and every count, depth and size is bounded.

mod algorithm;
mod artifact;
mod bundle;
mod canonical;
mod certificate;
mod dsse;
mod error;
mod hashedrekord;
mod json;
mod key;
mod lookup;
mod protobuf;
mod protojson;
mod signature;
mod sought;
mod submission;
mod transparency_log_entry;
mod verifier;

#[cfg(test)]
mod testing;

pub use algorithm::{HashAlgorithm, KeyDetails, SigningAlgorithm};
pub use artifact::{ArtifactDigest, ArtifactHasher, pae, pae_digest};
pub use bundle::{Bundle, BundleContent, BundleVersion, MessageSignature, VerificationMaterial};
pub use canonical::{CanonicalEntry, ENTRY_BYTES_MAX, EntryKind, RekorEntry};
pub use certificate::{
    AlternativeName, CERTIFICATE_BYTES_MAX, Certificate, Identity, NAMES_MAX, X509, X509Extension,
};
pub use dsse::{DsseEntry, DsseEnvelope, DsseRequest, DsseSignature};
pub use error::EntryError;
pub use hashedrekord::{HashedRekord, VerifiableSignature};
pub use key::PublicKey;
pub use lookup::{LOOKUP_KEYS_MAX, LookupTerm, expect_few_keys, lookup_keys};
pub use protobuf::PROTOBUF_DESCRIPTORS;
pub use submission::Submission;
pub use transparency_log_entry::{InclusionProof, TransparencyLogEntry};
pub use verifier::{KeyMaterial, Verifier};
