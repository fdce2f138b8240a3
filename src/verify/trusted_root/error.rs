//! Why a trusted root cannot be read, written or merged.

use fasti_entry::EntryError;
use fasti_read::window::{Window, WindowError};
use fasti_x509::{ChainError, X509Error};
use tiles_spec::VerifierKey;

use super::super::authority::AuthorityError;
use super::super::span::Span;

/// Why a trusted root cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedRootError {
    /// Not valid JSON of this format.
    #[error("not a trusted root: {0}")]
    Json(#[from] EntryError),
    /// It could not be written.
    #[error("the trusted root cannot be written")]
    Write(#[from] serde_json::Error),
    /// The wrong media type.
    #[error("its media type is {0:?}, not that of a Sigstore trusted root")]
    MediaType(String),
    /// A field that cannot be read.
    #[error("{field} is malformed: {reason}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// An invalid time window.
    #[error("the validFor of {of} is malformed: {source}")]
    Window {
        /// What the window is for.
        of: String,
        /// Why.
        #[source]
        source: WindowError,
    },
    /// Two roots contradict each other about a log.
    #[error("the roots contradict each other: {0}")]
    Conflict(String),
    /// An authority's certificate is malformed.
    #[error("a certificate of a certificate authority is malformed")]
    Authority(#[from] AuthorityError),
    /// An authority's certificates are of no use.
    #[error("its certificates cannot be used")]
    Certificates(#[from] ChainError),
    /// A log's key cannot be used.
    #[error("its key cannot be used")]
    Key(#[from] X509Error),
    /// There is no log whose checkpoints can be verified.
    #[error("it names no log with an Ed25519, ECDSA or RSA key{}", listed(left_out))]
    NoLog {
        /// The logs that cannot be used, and why.
        left_out: Vec<String>,
    },
    /// The key only makes cosignatures.
    #[error("the key {0} makes cosignatures; a log's own Ed25519 or ECDSA key is needed")]
    Witness(Box<VerifierKey>),
}

fn listed(left_out: &[String]) -> String {
    if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join("; ")) }
}

/// A field whose content makes no sense.
pub(super) fn malformed(field: &'static str, reason: &str) -> TrustedRootError {
    TrustedRootError::Malformed { field, reason: reason.to_owned() }
}

/// The window in which something is valid. What begins at no time is malformed.
pub(super) fn window(span: Option<&Span>, of: &str) -> Result<Window, TrustedRootError> {
    let Some(span) = span else { return Ok(Window::default()) };
    if span.start.is_none() {
        return Err(malformed("validFor", "it has no start"));
    }
    span.window().map_err(|source| TrustedRootError::Window { of: of.to_owned(), source })
}
