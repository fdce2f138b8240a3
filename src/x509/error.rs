//! Why a key, a certificate or a signature is refused.
//!
//! The text is sent to submitters: it says what is wrong, and how to fix it.

use thiserror::Error;

use super::algorithm::{HashAlgorithm, SigningAlgorithm};

/// The reason for a refusal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum X509Error {
    /// A signing algorithm that is not admitted.
    #[error("{name} is not admitted: {advice}")]
    AlgorithmRefused {
        /// Its name in `PublicKeyDetails`.
        name: &'static str,
        /// What to use instead.
        advice: &'static str,
    },
    /// A digest of another length than that of its hash.
    #[error("{found} bytes long, but {algorithm} digests have {}", algorithm.digest_len())]
    DigestLength {
        /// The required hash.
        algorithm: HashAlgorithm,
        /// The length found.
        found: usize,
    },
    /// A digest made with another hash than the one the key signs.
    #[error("a {found} digest, but signatures with {algorithm} are over {}", algorithm.hash())]
    DigestAlgorithm {
        /// The algorithm of the key.
        algorithm: SigningAlgorithm,
        /// The hash of the given digest.
        found: HashAlgorithm,
    },
    /// PEM where DER is required.
    #[error("this is PEM; send the DER bytes inside it (base64 encoded once)")]
    Pem,
    /// Bytes after the end of a DER structure.
    #[error("bytes follow the end of the DER structure; remove them")]
    TrailingDer,
    /// Not the required DER structure.
    #[error("not a DER encoded {expected}: {source}")]
    Der {
        /// The required structure.
        expected: &'static str,
        /// The error of the DER parser.
        #[source]
        source: der::Error,
    },
    /// A certificate that contradicts itself, or that other implementations cannot read.
    #[error("malformed certificate: {0}")]
    Certificate(&'static str),
    /// A public key of a kind or size that no admitted algorithm uses.
    #[error(
        "{found}; admitted are ECDSA keys on P-256, P-384 and P-521, RSA keys of 2048, 3072 and \
         4096 bits, and Ed25519 keys"
    )]
    UnsupportedKey {
        /// The kind of key found.
        found: String,
    },
    /// A public key of an admitted kind with an invalid value.
    #[error("invalid {kind} public key: {reason}")]
    InvalidKey {
        /// The kind of key.
        kind: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signature was not made by this key over this digest.
    #[error(
        "the signature does not verify with this key ({algorithm}, over the {} digest as given)",
        algorithm.hash()
    )]
    BadSignature {
        /// The algorithm used to check it.
        algorithm: SigningAlgorithm,
    },
}
