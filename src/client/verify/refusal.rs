//! Why a verification ends without a verdict. Each message says what is wrong and, where the caller
//! can mend it, how.

use std::io;

use tiles_spec::ProofError;

use super::super::authority::AuthorityError;
use super::super::trust::CheckpointRefusal;
use super::super::window::Window;
use crate::entry::{ArtifactDigest, EntryError};

/// The reason for a refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The artifact cannot be read: nothing was found out.
    #[error("the artifact cannot be read")]
    Unreadable(#[from] io::Error),
    /// A signature over an artifact, and no artifact.
    #[error("the bundle holds a signature over an artifact; say which one it is")]
    NoArtifact,
    /// A bundle that only hints at its key.
    #[error("the bundle names no key of its own; give the signer's public key")]
    NoPublicKey,
    /// No trusted log has it.
    #[error("the bundle has no entry of a trusted Rekor v2 log{}", listed(skipped))]
    NotLogged {
        /// The entries that were passed over, and why.
        skipped: Vec<String>,
    },
    /// An entry without its proof.
    #[error("the log entry has no inclusion proof")]
    NoProof,
    /// The tree is not signed by a trusted log.
    #[error("the tree is not vouched for: {0}")]
    Checkpoint(#[from] CheckpointRefusal),
    /// The entry names another log than the one that signed.
    #[error(
        "the log entry names the log ID {stated}, but the log that signed its tree is {actual}"
    )]
    LogId {
        /// In the entry, hex.
        stated: String,
        /// Of the log, hex.
        actual: String,
    },
    /// The log's key was not in use then.
    #[error("it was signed {signed}, but the key of the log {log:?} is trusted {in_use}")]
    NotInUse {
        /// The log.
        log: String,
        /// When its key is trusted.
        in_use: Window,
        /// When the certificate of the signer was valid.
        signed: Window,
    },
    /// Entry, proof and checkpoint do not agree with each other.
    #[error("the log entry contradicts itself: {field} is {stated} there and {actual} here")]
    Contradiction {
        /// Which value.
        field: &'static str,
        /// As the proof or the entry has it.
        stated: String,
        /// As the checkpoint or the proof has it.
        actual: String,
    },
    /// A number that no log can have.
    #[error("the log entry has an impossible {0}")]
    Number(&'static str),
    /// The logged entry is not about this signature.
    #[error("the logged entry is not about this signature, key and artifact")]
    OtherLeaf,
    /// The leaf is not in the tree.
    #[error("this signature, with this key over this artifact, is not in the log's tree: {0}")]
    NotIncluded(#[from] ProofError),
    /// The bundle is malformed, or the signature does not hold.
    #[error(transparent)]
    Signature(#[from] EntryError),
    /// The artifact is not what was logged.
    #[error("the logged signature is over another artifact, with the digest {logged:?}")]
    OtherArtifact {
        /// What was signed.
        logged: ArtifactDigest,
    },
    /// The envelope's statement does not name the artifact.
    #[error("the envelope does not name this artifact: {0}")]
    NotNamed(&'static str),
    /// A proof that needs more than it brings.
    #[error("the proof does not bring the entry; give the signature and the public key as well")]
    NoEntry,
    /// The entry is opaque and something else than the artifact.
    #[error("the logged entry is neither this artifact nor a signature (as a Rekor entry: {0})")]
    OtherEntry(EntryError),
    /// An entry that does not hold what was signed.
    #[error("an entry of the retired kind dsse can only be verified with its bundle")]
    EnvelopeNeeded,
    /// A demand on the signer of something that nobody signed.
    #[error("the logged entry is not a signature: it has no signer that could be the one demanded")]
    NoSigner,
    /// Another key than demanded.
    #[error("it was signed with another key than the one given")]
    OtherKey,
    /// A bare key where an identity is demanded.
    #[error("it was signed with a bare public key, which has no identity")]
    NoCertificate,
    /// Nobody vouches for the certificate.
    #[error(
        "anyone can write any identity into a certificate: name the authorities that vouch for it \
         (a trusted root with certificate authorities, or their certificates)"
    )]
    NoAuthorities,
    /// The certificate is not from a trusted authority.
    #[error("the signer's certificate is not vouched for: {0}")]
    Authority(#[from] AuthorityError),
    /// Another identity than demanded.
    #[error("it was signed by {}, not by {demanded:?}", listed_or(found, "nobody in particular"))]
    Identity {
        /// The names in the certificate.
        found: Vec<String>,
        /// The one demanded.
        demanded: String,
    },
    /// Another OIDC issuer than demanded.
    #[error("the signer's identity was issued by {found:?}, not by {demanded:?}")]
    OidcIssuer {
        /// As the certificate has it; empty if it has none.
        found: String,
        /// The one demanded.
        demanded: String,
    },
}

impl Refusal {
    /// Whether something was found out. Otherwise the caller has to give more, or a file failed.
    pub fn is_verdict(&self) -> bool {
        !matches!(
            self,
            Self::Unreadable(_) | Self::NoArtifact | Self::NoPublicKey | Self::NoAuthorities
        )
    }
}

fn listed(skipped: &[String]) -> String {
    if skipped.is_empty() {
        String::new()
    } else {
        format!("; passed over: {}", skipped.join("; "))
    }
}

fn listed_or(found: &[String], none: &str) -> String {
    if found.is_empty() { none.to_owned() } else { found.join(", ") }
}
