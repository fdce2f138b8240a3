//! Certificates, keys, signatures over digests, and PEM: whatever of X.509 a log's entries, its
//! door, its index and its verifiers need.
//!
//! | module | what it is |
//! |---|---|
//! | [`pem`] | blocks of base64 in text |
//! | [`element`] | elements of DER |
//! | `structure` | the fields of a certificate, by their tags |
//! | [`X509`] | a certificate as Go parses it, by the rules of `element`, `time`, `distinguished_name`, `extension`, `alternative_name`, `uri`, `mailbox` and `constraint` |
//! | [`Certificate`] | its key and identities |
//! | [`Identity`], [`NamePattern`], [`Pattern`] | a name of any kind, and demands on one |
//! | [`Claims`] | the key and the names in any certificate, unchecked, for an index |
//! | [`PublicKey`] | a key of an admitted kind; [`PublicKey::verify`] checks a signature |
//! | [`SigningAlgorithm`], [`KeyDetails`], [`ArtifactDigest`] | what signs what |
//! | [`look_of_key_file`] | what a file looks like that holds no private key |
//! | [`Authorities`] | the check that a trusted authority issued a certificate, as Go judges it: `link` by link, with the algorithms of `chain_algorithm` |
//! | [`check_brought_chain`] | whether certificates form a chain, whoever issued the last |
//! | [`Timestamp`], [`TimestampAuthority`] | when an authority saw a signature (RFC 3161), in signed data (`cms`) |
//! | [`CertificateTimestamp`] | what certificate logs signed for a certificate (RFC 6962) |
//! | `primitives` | what hashes and checks signatures: aws-lc or RustCrypto |
//!
//! Invariants:
//! - Pure: bytes and times in, a verdict out. No I/O, no clock, no randomness.
//! - No input can cause a panic, and work is linear in its length, except that for a chain up to a
//!   hundred signatures are checked.

mod algorithm;
mod alternative_name;
mod authority;
mod brought_chain;
mod certificate;
mod certificate_timestamp;
mod chain;
mod chain_algorithm;
mod chain_error;
mod claims;
mod cms;
mod constrained;
mod constraint;
mod digest;
mod distinguished_name;
pub mod element;
mod error;
mod extension;
mod fulcio;
mod identity;
mod key;
mod key_details;
mod key_file;
mod link;
mod mailbox;
mod message_signature;
mod name_pattern;
mod pattern;
pub mod pem;
mod primitives;
mod rsa_numbers;
mod signature;
mod strict_der;
mod structure;
mod time;
mod timestamp;
mod timestamp_authority;
mod timestamp_error;
mod uri;
mod x509;

#[cfg(test)]
mod testing;

pub use algorithm::{HashAlgorithm, SigningAlgorithm};
pub use alternative_name::AlternativeName;
pub use authority::{Authority, name};
pub use brought_chain::check_brought_chain;
pub use certificate::Certificate;
pub use certificate_timestamp::CertificateTimestamp;
pub use chain::Authorities;
pub use chain_error::ChainError;
pub use claims::{Claims, extension_text, extension_values};
pub use digest::{ArtifactDigest, ArtifactHasher};
pub use error::X509Error;
pub use extension::X509Extension;
pub use identity::{Identity, IdentityKind, UnknownKind, canonical_name};
pub use key::PublicKey;
pub use key_details::KeyDetails;
pub use key_file::look_of_key_file;
pub use name_pattern::NamePattern;
pub use pattern::{Pattern, PatternError};
pub use timestamp::Timestamp;
pub use timestamp_authority::TimestampAuthority;
pub use timestamp_error::TimestampError;
pub use x509::X509;
