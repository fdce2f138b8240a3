//! Why a proposal is refused, in Rekor's words where clients may look at them.
//!
//! The text is sent to the submitter. Text from the submitter is quoted, escaped and truncated
//! before it enters a message, except digits and names of a few characters.

use thiserror::Error;

/// Why the envelope of every kind, or what is in it, is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// The body is not a JSON object. Rekor answers 500 here.
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    /// A member of the envelope is missing, or is null.
    #[error("{0} in body is required")]
    Required(&'static str),
    /// A member of the envelope is not text.
    #[error("{0} in body must be of type string")]
    Type(&'static str),
    /// `apiVersion` is not a semantic version.
    #[error("apiVersion in body should match '{SEMVER}'")]
    Semver,
    /// No kind has this name.
    #[error("invalid kind value: {0}")]
    UnknownKind(String),
    /// The kind has no such version.
    #[error(
        "error processing entry: {kind} implementation for version '{version}' not found: unable \
         to locate entry for version {version}"
    )]
    UnknownVersion {
        /// The kind.
        kind: &'static str,
        /// The version, escaped and truncated.
        version: String,
    },
    /// What the kind finds in `spec`.
    #[error("error processing entry: {0}")]
    Entry(#[from] KindError),
    /// A canonical body that does not fit into an entry bundle.
    #[error(
        "error processing entry: the entry takes {bytes} bytes in canonical form; the log holds at \
         most {limit}"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// The pattern of `apiVersion` that Rekor names in its refusal.
pub(crate) const SEMVER: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$";

/// Why a kind refuses a `spec`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KindError {
    /// `spec` does not have the form that the kind's schema demands.
    #[error("validation failure list:\n{path} in body {problem}")]
    Schema {
        /// The path of the member, spelled as Rekor spells it.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Not base64, of the standard alphabet and padded.
    #[error("failed parsing base64 data for {what}: illegal base64 data at input byte {at}")]
    Base64 {
        /// What should be in it.
        what: &'static str,
        /// Where the first fault is.
        at: usize,
    },
    /// The content itself is missing, where it cannot be fetched from elsewhere.
    #[error("'content' must be specified for {0}")]
    Content(&'static str),
    /// A part is missing without which the entry cannot be made.
    #[error("entry not insertable into log: {0}")]
    NotInsertable(&'static str),
    /// The content has another digest than the one stated.
    #[error("SHA mismatch: {computed} != {stated}")]
    ShaMismatch {
        /// The digest of the content.
        computed: String,
        /// The stated one.
        stated: String,
    },
    /// Signatures of this algorithm are not taken.
    #[error("entry algorithms are not allowed")]
    Algorithm,
    /// Something larger, deeper or more than the log takes.
    #[error("{what} exceeds the maximum of {limit}")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// What is allowed.
        limit: u64,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Invalid(String),
    /// The program was built without what this takes.
    #[error("{0} is not supported by this log: it was built without the feature pgp")]
    LeftOut(&'static str),
}

/// The refusal of a `spec` that lacks a member, by its path.
pub(crate) fn required(path: &str) -> KindError {
    KindError::Schema { path: path.to_owned(), problem: "is required".to_owned() }
}

/// A refusal in words of its own.
pub(crate) fn invalid(text: impl Into<String>) -> KindError {
    KindError::Invalid(text.into())
}
