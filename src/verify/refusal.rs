//! Why a verification ends without a verdict. Each message says what is wrong, and how to fix it if
//! the caller can.

use std::io;

use fasti_entry::{ArtifactDigest, EntryError};
use fasti_read::CheckpointRefusal;
use fasti_read::window::Window;
use fasti_x509::{TimestampError, X509Error};
use tiles_spec::ProofError;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::authority::AuthorityError;
use super::certificate_log::CertificateLogError;
use super::statement::StatementError;
use super::trusted_time::TrustedTime;

/// The reason for a refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The artifact cannot be read, so there is no result.
    #[error("cannot read the artifact")]
    Unreadable(#[from] io::Error),
    /// A signature over an artifact, but no artifact.
    #[error("the bundle is a signature over an artifact; give the artifact as well")]
    NoArtifact,
    /// A bundle that has only a hint about its key.
    #[error("the bundle does not contain its key; give the signer's public key")]
    NoPublicKey,
    /// No entry is from a trusted log.
    #[error("the bundle has no entry from a trusted log{}", listed(skipped))]
    NotLogged {
        /// The skipped entries, and why they were skipped.
        skipped: Vec<String>,
    },
    /// No trusted witness, or too few for the policy, saw the entry in the log by the given time.
    #[error(
        "no trusted witnesses, or too few for the policy, saw the entry in the log by {}{}",
        in_words(*time),
        first.map_or_else(String::new, |first| format!("; the first saw it at {}", in_words(first)))
    )]
    NotLoggedBy {
        /// The time, in POSIX seconds.
        time: u64,
        /// When the first of them saw it.
        first: Option<u64>,
    },
    /// An entry without its proof.
    #[error("the log entry has no inclusion proof")]
    NoProof,
    /// The tree is not signed by a trusted log.
    #[error("the tree is not signed by a trusted log: {0}")]
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
    /// The entry names a log of Rekor v1 that is not trusted.
    #[error("the log entry is of the log with the ID {stated}; trusted: {known}")]
    UnknownLogId {
        /// In the entry, hex.
        stated: String,
        /// The names of the trusted logs.
        known: String,
    },
    /// A log of Rekor v1 did not sign the promise.
    #[error(
        "the promise to log it (the signed entry timestamp) was not made by the log {log:?} for \
         this entry, index and time"
    )]
    BadPromise {
        /// The log.
        log: String,
    },
    /// A bundle of version 0.1 without a promise.
    #[error(
        "the log entry has no promise (signed entry timestamp), which a bundle of version 0.1 needs"
    )]
    NoPromise,
    /// A checkpoint that is not of a tree of a Rekor v1 log.
    #[error("the checkpoint is of {origin:?}, not of a numbered tree of a Rekor v1 log")]
    NoTreeId {
        /// The origin in the checkpoint.
        origin: String,
    },
    /// The log's key was not in use at that time.
    #[error("it was signed {signed}, but the key of the log {log:?} is trusted {in_use}")]
    NotInUse {
        /// The log.
        log: String,
        /// When its key is trusted.
        in_use: Window,
        /// When the certificate of the signer was valid.
        signed: Window,
    },
    /// The entry, proof and checkpoint do not agree with each other.
    #[error("the log entry contradicts itself: {field} is {stated} there and {actual} here")]
    Contradiction {
        /// The name of the value.
        field: &'static str,
        /// The value in the proof or the entry.
        stated: String,
        /// The value in the checkpoint or the proof.
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
    /// The bundle is malformed, or the signature is invalid.
    #[error(transparent)]
    Signature(#[from] EntryError),
    /// The logged signature is over another artifact.
    #[error("the logged signature is over another artifact, with the digest {logged:?}")]
    OtherArtifact {
        /// The digest that was signed.
        logged: ArtifactDigest,
    },
    /// The envelope's statement is not about the artifact, or not what was required.
    #[error("the envelope is not what was asked for: {0}")]
    Statement(#[source] StatementError),
    /// A proof that does not contain the entry.
    #[error("the proof does not contain the entry; give the signature and the public key as well")]
    NoEntry,
    /// The entry is opaque, and is not the artifact.
    #[error("the logged entry is neither this artifact nor a signature (as a Rekor entry: {0})")]
    OtherEntry(EntryError),
    /// An entry that does not contain what was signed.
    #[error("an entry of kind {kind} can only be verified with its bundle")]
    BundleNeeded {
        /// The kind.
        kind: &'static str,
    },
    /// A requirement on the signer of something that nobody signed.
    #[error("the logged entry is not a signature, so it has no signer to match what was required")]
    NoSigner,
    /// None of the bundles in a file verifies.
    #[error("none of the {} bundles verifies: {}", refusals.len(), numbered(refusals))]
    NoneOfSeveral {
        /// Why, one for each bundle.
        refusals: Vec<Refusal>,
    },
    /// Signed with another key than the required one.
    #[error("it was signed with a different key than the one given")]
    OtherKey,
    /// A bare key, although an identity is required.
    #[error("it was signed with a bare public key, which has no identity")]
    NoCertificate,
    /// Nobody vouches for the certificate.
    #[error(
        "anyone can write any identity into a certificate: name the authorities that vouch for it \
         (a trusted root with certificate authorities, or their certificates)"
    )]
    NoAuthorities,
    /// The certificate is not from a trusted authority.
    #[error("no trusted authority vouches for the signer's certificate: {0}")]
    Authority(#[from] AuthorityError),
    /// A required identity without the issuer that vouched for it.
    #[error(
        "an identity says little without the OIDC issuer that vouched for it: require that too, \
         if need be as the expression `.*`, for any"
    )]
    NoIssuer,
    /// The certificate does not say clearly who vouched for the identity.
    #[error("it is not clear who vouched for the signer's identity: {0}")]
    UnclearIssuer(#[source] X509Error),
    /// A timestamp of a trusted authority is not what it should be.
    #[error("a timestamp in the bundle is not good for this signature: {0}")]
    Timestamp(#[source] TimestampError),
    /// A trusted party was not trusted at the time that it states.
    #[error("{} states {}, but is trusted {in_use}", time.source, time.moment())]
    TimeNotInUse {
        /// The time.
        time: TrustedTime,
        /// When its source is trusted.
        in_use: Window,
    },
    /// The signature was seen when the certificate was not valid.
    #[error(
        "it was signed with a certificate that was valid {valid}, but {} saw the signature at {}",
        time.source,
        time.moment()
    )]
    OutsideValidity {
        /// When it was seen, and by whom.
        time: TrustedTime,
        /// When the certificate was valid.
        valid: Window,
    },
    /// Nobody says when the certificate was used.
    #[error(
        "the signer's certificate was valid {valid}, and no trusted party says that the signature \
         was made then{}",
        listed(skipped)
    )]
    NoTrustedTime {
        /// When the certificate was valid.
        valid: Window,
        /// What was said about the time by others, and why it does not count.
        skipped: Vec<String>,
    },
    /// No trusted certificate log has promised to include the certificate.
    #[error("no trusted certificate log vouches for the signer's certificate: {0}")]
    NotLoggedCertificate(#[from] CertificateLogError),
    /// Another identity than the required one.
    #[error("it was signed by {}, not by {demanded}", listed_or(found, "nobody in particular"))]
    Identity {
        /// The names in the certificate, with their kinds.
        found: Vec<String>,
        /// What was required, quoted.
        demanded: String,
    },
    /// Another OIDC issuer than the required one.
    #[error("the signer's identity was issued by {found:?}, not by {demanded}")]
    OidcIssuer {
        /// The issuer in the certificate, or an empty string if it names no issuer.
        found: String,
        /// What was required, quoted.
        demanded: String,
    },
}

impl Refusal {
    /// Whether this is a result. Otherwise the caller must give more, or a file could not be read.
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Unreadable(_)
            | Self::NoArtifact
            | Self::NoPublicKey
            | Self::NoAuthorities
            | Self::NoIssuer => false,
            Self::NoneOfSeveral { refusals } => refusals.iter().all(Self::is_verdict),
            _ => true,
        }
    }

    /// Whether it is about a log that the caller does not trust, so that another entry may do.
    pub(super) fn is_of_unknown_log(&self) -> bool {
        matches!(
            self,
            Self::UnknownLogId { .. }
                | Self::Checkpoint(
                    CheckpointRefusal::UnknownLog { .. } | CheckpointRefusal::OtherOrigin { .. }
                )
        )
    }
}

impl From<StatementError> for Refusal {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Artifact(error) => Self::Unreadable(error),
            error => Self::Statement(error),
        }
    }
}

/// A time in POSIX seconds.
fn in_words(seconds: u64) -> String {
    let time =
        i64::try_from(seconds).ok().and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| seconds.to_string())
}

fn listed(skipped: &[String]) -> String {
    if skipped.is_empty() { String::new() } else { format!("; skipped: {}", skipped.join("; ")) }
}

fn numbered(refusals: &[Refusal]) -> String {
    let numbered = refusals.iter().enumerate();
    let numbered: Vec<_> =
        numbered.map(|(at, refusal)| format!("({}) {refusal}", at + 1)).collect();
    numbered.join("; ")
}

fn listed_or(found: &[String], none: &str) -> String {
    if found.is_empty() { none.to_owned() } else { found.join(", ") }
}
