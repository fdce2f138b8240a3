//! What can be wrong: with a list that the operator gives, and with a submission under it.
//!
//! A [`ListError`] names the line and says what to mend. A [`Refusal`] goes to the submitter: it names
//! who was refused and why, and tells nothing else of the lists. Foreign text in it is quoted,
//! escaped and cut. Neither ever holds a token (I16).

use std::time::Duration;

use super::keys::Fingerprint;
use super::pattern::PatternError;
use crate::entry::EntryError;

/// Most characters of foreign text in a message.
const QUOTE_CHARS_MAX: usize = 200;

/// A line of a list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ListError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: ListProblem,
}

/// What can be wrong with a line of a list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListProblem {
    /// A PEM block without an end of its own.
    #[error("the {} block has no end", quote(.0))]
    UnfinishedPem(String),
    /// A PEM block with a bad body.
    #[error("the {} block is not base64", quote(.0))]
    BrokenPem(String),
    /// A PEM block of another kind.
    #[error("a {} does not belong here; CERTIFICATE and PUBLIC KEY blocks do", quote(.0))]
    OtherPem(String),
    /// A block that holds no usable key or certificate.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Neither block nor fingerprint.
    #[error(
        "neither a PEM block nor the SHA-256 of a SubjectPublicKeyInfo in 64 hexadecimal digits; \
         comments begin with #"
    )]
    NoKey,
    /// A line of a list of tokens that is not a token.
    #[error(
        "expected NAME:TOKEN or NAME:sha256:DIGEST; a name has letters, digits, '-', '_' and '.', \
         a token 16 to 512 letters, digits and -._~+/, a digest 64 hexadecimal digits"
    )]
    NoToken,
    /// More lines than are taken.
    #[error("there are more than {0} of them")]
    TooMany(usize),
    /// Nothing in it.
    #[error("there is nothing before the end: nobody could write")]
    Empty,
    /// The policy is not TOML, or not of its form.
    #[error("{0}")]
    Policy(String),
    /// A pattern that cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// No such extension.
    #[error(
        "{} is neither an object identifier nor the name of an extension of Fulcio's", quote(.0)
    )]
    Extension(String),
    /// A certificate that cannot vouch for others.
    #[error("{0}")]
    Authority(&'static str),
}

impl ListProblem {
    /// The same with its line.
    pub fn at(self, line: usize) -> ListError {
        ListError { line, problem: self }
    }
}

/// Why somebody may not write, or not now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many submissions, or too many bytes of them.
    #[error("too many {}; try again in {} s", .limit.what(), seconds(*.wait))]
    TooMany {
        /// Which limit it is.
        limit: Limit,
        /// How long until the next one is taken.
        wait: Duration,
    },
    /// The verifier cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A key that is not listed.
    #[error("the key {0} is not among those that may write to this log")]
    Key(Fingerprint),
    /// A key without a certificate, where certificates are wanted.
    #[error(
        "the key {0} comes without a certificate, and this log takes those of certain identities"
    )]
    NoCertificate(Fingerprint),
    /// A certificate that gives no right to write.
    #[error(
        "the certificate of {holder} with the key {key} gives no right to write to this log: {reason}"
    )]
    Identity {
        /// The identities in the certificate and their issuer, for people.
        holder: String,
        /// The key in it.
        key: Fingerprint,
        /// Why not.
        reason: IdentityReason,
    },
    /// No token, where one is wanted.
    #[error("a token is required here; send it as Authorization: Bearer TOKEN")]
    NoToken,
    /// Not one of the tokens.
    #[error("the token is not one of this log's")]
    WrongToken,
}

/// What speaks against a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityReason {
    /// No rule fits.
    #[error("this identity is not among those that may")]
    NotListed,
    /// The time is before it.
    #[error("it is not valid before {0}")]
    NotYet(String),
    /// The time is after it.
    #[error("it was valid until {0}")]
    Expired(String),
    /// It is for something else.
    #[error("it is not for signing code")]
    Purpose,
    /// No trusted authority stands behind it.
    #[error("{0}")]
    Chain(String),
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limit {
    /// That of everyone together.
    #[default]
    Global,
    /// That of one client.
    Client,
    /// That of everyone's bytes.
    GlobalBytes,
    /// That of one client's bytes.
    ClientBytes,
}

impl Limit {
    fn what(self) -> &'static str {
        match self {
            Self::Global => "submissions to this log",
            Self::Client => "submissions from your address",
            Self::GlobalBytes => "bytes of submissions to this log",
            Self::ClientBytes => "bytes of submissions from your address",
        }
    }

    /// In one word, for counting.
    fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Client => "client",
            Self::GlobalBytes => "global_bytes",
            Self::ClientBytes => "client_bytes",
        }
    }
}

impl Refusal {
    /// In one word, for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooMany { limit, .. } => limit.name(),
            Self::Entry(_) => "malformed",
            Self::Key(_) => "key",
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

/// Whole seconds, at least one, after which it is worth to try again.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}

/// Foreign text made fit for a message.
pub(super) fn quote(text: &str) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(QUOTE_CHARS_MAX).collect();
    let dots = if chars.next().is_some() { "..." } else { "" };
    format!("{}{dots}", head.escape_debug())
}
