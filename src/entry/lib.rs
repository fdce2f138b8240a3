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
//! under which an index lists an entry. [`V1Kind`] compares entries of Rekor v1 logs with bundles.
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

mod attestation;
mod attested;
mod bundle;
mod canonical;
pub mod cbor;
mod entry_timestamp;
mod envelope;
mod error;
mod facts;
mod foreign;
mod json;
pub mod json_members;
mod kind;
mod lookup;
mod pae;
mod pki;
mod protobuf;
pub mod protojson;
mod quote;
mod rekor_v1;
mod signed_digest;
mod sought;
mod statement;
mod submission;
mod transparency_log_entry;

#[cfg(test)]
mod testing;

pub use fasti_x509::{
    AlternativeName, ArtifactDigest, ArtifactHasher, Certificate, HashAlgorithm, Identity,
    IdentityKind, KeyDetails, PublicKey, SigningAlgorithm, X509, X509Error, X509Extension,
};

pub use attestation::{Attestation, attestation_hash, is_attestation_of};
pub use attested::attested_keys;
pub use bundle::{Bundle, BundleContent, BundleVersion, MessageSignature, VerificationMaterial};
pub use canonical::{CanonicalEntry, ENTRY_BYTES_MAX};
pub use entry_timestamp::EntryTimestamp;
pub use envelope::{DsseEnvelope, DsseSignature};
pub use error::EntryError;
pub use facts::{Facts, StoredDigest, StoredKey, StoredSigner, is_rekor_v1};
pub use foreign::{Foreign, is_hidden};
pub use kind::{Cost, DsseEntry, DsseRequest, Kind, RekorEntry, Submission};
pub use lookup::{
    LOOKUP_KEYS_MAX, LookupTerm, expect_few_keys, lookup_keys, lookup_keys_and_attestation,
    lookup_terms,
};
pub use pae::{pae, pae_digest};
pub use pki::{CERTIFICATE_BYTES_MAX, KeyMaterial, NAMES_MAX, VerifiableSignature, Verifier};
pub use protobuf::PROTOBUF_DESCRIPTORS;
pub use quote::{excerpt, quote};
pub use rekor_v1::{V1Kind, verify_as_v1};
pub use signed_digest::SignedDigest;
pub use statement::{STATEMENT_TYPE, StatedDigest, stated_digests, subject_digests};
pub use transparency_log_entry::{InclusionProof, TransparencyLogEntry};
