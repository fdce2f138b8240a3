//! Errors in the operator's lists, and refusals of submissions.
//!
//! A [`ListError`] names the line and says what to fix. An [`AdmissionRefusal`] goes to the
//! submitter: it names who was refused and why, and reveals nothing else about the lists. Foreign
//! text in it is quoted, escaped and truncated. Neither ever contains a token (I16).

use fasti_entry::{EntryError, excerpt};
use fasti_rate::TooMany;
use fasti_x509::{PatternError, X509Error};

use super::fingerprint::Fingerprint;

/// Maximum number of characters of foreign text in a message.
const QUOTE_CHARS_MAX: usize = 200;

/// A line of a list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ListError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: ListProblem,
}

/// What can be wrong with a line of a list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListProblem {
    /// A line that begins like a PEM block, but is not the first line of one.
    #[error("begins like a PEM block, but has no label between its dashes")]
    UnlabelledPem,
    /// A PEM block without its END line.
    #[error("the {} block has no end", quote(.0))]
    UnfinishedPem(String),
    /// A PEM block with a bad body.
    #[error("the {} block is not base64", quote(.0))]
    BrokenPem(String),
    /// A PEM block of another kind.
    #[error("a {} does not belong here; CERTIFICATE and PUBLIC KEY blocks do", quote(.0))]
    OtherPem(String),
    /// A block without a usable key or certificate.
    #[error(transparent)]
    Key(#[from] X509Error),
    /// Neither a block nor a fingerprint.
    #[error(
        "neither a PEM block nor the SHA-256 of a SubjectPublicKeyInfo in 64 hexadecimal digits; \
         comments begin with #"
    )]
    NoKey,
    /// A line of a list of tokens that is not a token.
    #[error(
        "expected NAME:TOKEN or NAME:sha256:DIGEST; a name consists of letters, digits, '-', '_' \
         and '.', a token of 16 to 512 letters, digits and -._~+/, a digest of 64 hexadecimal \
         digits"
    )]
    NoToken,
    /// Too many lines.
    #[error("there are more than {0} of them")]
    TooMany(usize),
    /// An empty list.
    #[error("the list is empty: nobody could write")]
    Empty,
    /// The policy is not TOML, or does not have the form of a policy.
    #[error("{0}")]
    Policy(String),
    /// A pattern that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// An unknown extension.
    #[error("{} is neither an object identifier nor the name of a Fulcio extension", quote(.0))]
    Extension(String),
    /// A certificate that cannot issue others.
    #[error("{0}")]
    Authority(&'static str),
}

impl ListProblem {
    /// Adds the line to the problem.
    pub fn at(self, line: usize) -> ListError {
        ListError { line, problem: self }
    }
}

/// Why a client may not write, or not now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionRefusal {
    /// Too many submissions, or too many bytes of them.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The verifier cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A submission whose kind of key no list can hold.
    #[error("this log admits listed signers only, and no list can hold those of the kind {0}")]
    NoSigner(&'static str),
    /// A key that is not listed.
    #[error("the key {0} is not allowed to write to this log")]
    Key(Fingerprint),
    /// A key without a certificate, where certificates are required.
    #[error(
        "the key {0} comes without a certificate, but this log requires one of an allowed identity"
    )]
    NoCertificate(Fingerprint),
    /// A certificate that may not write.
    #[error(
        "the certificate of {holder} with the key {key} is not allowed to write to this log: \
         {reason}"
    )]
    Identity {
        /// The identities in the certificate and their issuer, for people.
        holder: String,
        /// The key in it.
        key: Fingerprint,
        /// Why not.
        reason: IdentityReason,
    },
    /// No token, where one is required.
    #[error("a token is required here; send it as Authorization: Bearer TOKEN")]
    NoToken,
    /// An unknown token.
    #[error("the token is not one of this log's")]
    WrongToken,
}

/// Why a certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityReason {
    /// No rule matches.
    #[error("no rule of this log allows this identity")]
    NotListed,
    /// It is not valid yet.
    #[error("it is not valid before {0}")]
    NotYet(String),
    /// It has expired.
    #[error("it was valid until {0}")]
    Expired(String),
    /// It is for another purpose.
    #[error("it is not for signing code")]
    Purpose,
    /// No trusted authority issued it.
    #[error("{0}")]
    Chain(String),
}

impl AdmissionRefusal {
    /// The reason's name in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooMany(TooMany { limit, .. }) => limit.name(),
            Self::Entry(_) => "malformed",
            Self::NoSigner(_) | Self::Key(_) => "key",
            Self::NoCertificate(_) => "no_certificate",
            Self::Identity { reason, .. } => match reason {
                IdentityReason::NotListed => "identity",
                IdentityReason::NotYet(_) | IdentityReason::Expired(_) => "validity",
                IdentityReason::Purpose | IdentityReason::Chain(_) => "chain",
            },
            Self::NoToken => "no_token",
            Self::WrongToken => "token",
        }
    }
}

/// The beginning of foreign text for a message.
pub(super) fn quote(text: &str) -> String {
    excerpt(text, QUOTE_CHARS_MAX)
}
