//! Why a timestamp does not count.

use super::chain_error::ChainError;
use super::element::Fault;

/// Why a timestamp does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// It is not in the form that the standards prescribe.
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
    /// The authority refused.
    #[error("the authority did not grant it (status {status})")]
    NotGranted {
        /// The number in the response.
        status: i64,
    },
    /// A hash that is too weak, or not known here.
    #[error("it is over another hash than SHA-256, SHA-384 and SHA-512")]
    Hash,
    /// It is over something else.
    #[error("it was made for something else")]
    Message,
    /// A signed attribute is missing, or says something else.
    #[error("its signed attributes do not state {0}")]
    Attribute(&'static str),
    /// The key in the certificate did not make the signature.
    #[error("its signature was not made with the key of its signer's certificate")]
    Signature,
    /// The certificate that its signer names did not come along.
    #[error("its signer's certificate is missing from it")]
    NoCertificate,
    /// The authority has other signers.
    #[error("its signer is not one of those that are trusted")]
    OtherSigner,
    /// The certificate is not for timestamps and nothing else, or does not say so critically.
    #[error("its signer's certificate is not for timestamps alone")]
    Purpose,
    /// The certificate was not issued by the authority.
    #[error("its signer's certificate does not count at that time: {0}")]
    Chain(#[from] ChainError),
}

impl From<Fault> for TimestampError {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault)
    }
}
