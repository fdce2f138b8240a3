//! Why an entry, a request or a bundle is refused.
//!
//! The text is sent to the submitter, so each message names the faulty field and says how to fix
//! it. Text from the submitter is quoted, escaped and truncated before it enters a message.

use fasti_x509::{SigningAlgorithm, X509Error};
use thiserror::Error;

/// The reason for a refusal. The `Display` text is complete: it contains the field, the problem and
/// the error of the underlying parser.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A problem with one field. Its path is spelled as in the protobuf JSON mapping, e.g.
    /// `hashedRekordRequestV002.signature.verifier.keyDetails`.
    #[error("{field}: {problem}")]
    At {
        /// The path of the field.
        field: String,
        /// What is wrong there; never itself an `At`.
        problem: Box<EntryError>,
    },
    /// The bytes are not one JSON document within the limits of depth and count.
    #[error("not acceptable JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The bytes are not one protobuf message within the limits of count.
    #[error("not acceptable protobuf: {reason}")]
    Protobuf {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A field that the message does not have.
    #[error("unknown field; this message has only {known}")]
    UnknownField {
        /// The field names that the message has.
        known: String,
    },
    /// A field given twice, perhaps once in each of its two spellings.
    #[error("the field is given more than once; send it once")]
    DuplicateField,
    /// A required field without a value.
    #[error("missing or empty; {expected} is required")]
    Missing {
        /// The expected content.
        expected: &'static str,
    },
    /// Two members of a oneof.
    #[error("{first} and {second} exclude each other; send only one of them")]
    Conflict {
        /// The member found first.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A JSON value of the wrong type for its field.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type of the field.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// Not base64.
    #[error("not valid base64 (standard or URL-safe alphabet, with or without padding): {0}")]
    Base64(#[source] base64::DecodeError),
    /// A value that the field does not allow.
    #[error("unknown value {value}; expected {expected}")]
    UnknownValue {
        /// The value, quoted and truncated.
        value: String,
        /// The allowed values.
        expected: String,
    },
    /// A byte string of the wrong length.
    #[error("{found} bytes long; {expected} are required")]
    WrongLength {
        /// The required length.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// Too many elements.
    #[error("{found} elements; at most {limit} are allowed")]
    TooMany {
        /// The number of elements found.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A key, certificate, digest or signature that is refused.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// A certificate that is larger than a log accepts.
    #[error("a certificate of {found} bytes; the log takes at most {limit}")]
    LongCertificate {
        /// Its size in bytes.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// More names in the entry's certificates than a log accepts.
    #[error(
        "the certificates of the entry have {found} or more subject alternative names; the log \
         takes at most {limit}"
    )]
    TooManyNames {
        /// The number of names counted.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// An opaque entry that looks like a Rekor entry, and would be listed under too many keys.
    #[error(
        "this looks like a Rekor entry that names more digests, keys and identities than the log \
         takes: an index would list it under more than {limit} keys"
    )]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// keyDetails and the key disagree.
    #[error("{claimed} does not fit the key; for this key send {actual}")]
    KeyMismatch {
        /// The algorithm that keyDetails names.
        claimed: &'static str,
        /// The only algorithm that fits the key.
        actual: SigningAlgorithm,
    },
    /// An envelope signature that none of the verifiers verifies.
    #[error("none of the verifiers verifies this signature over the envelope (DSSE v1 PAE)")]
    Unverified,
    /// A verifier that verifies no signature.
    #[error("verifies no signature of the envelope; remove it")]
    IdleVerifier,
    /// A verifier given twice.
    #[error("the same key or certificate as {earlier}; send it once")]
    DuplicateVerifier {
        /// The path of the first one.
        earlier: String,
    },
    /// A canonical entry that does not fit into an entry bundle.
    #[error("the entry takes {bytes} bytes in canonical form; the log holds at most {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// [`ENTRY_BYTES_MAX`](super::ENTRY_BYTES_MAX).
        limit: usize,
    },
    /// Leaf bytes that can be parsed, but are not in the canonical encoding.
    #[error("not the canonical (RFC 8785) encoding of this entry")]
    NotCanonical,
    /// A kind of entry that is not supported here.
    #[error("unsupported entry kind {kind} version {version}")]
    UnsupportedKind {
        /// The kind, quoted and truncated.
        kind: String,
        /// Its version, quoted and truncated.
        version: String,
    },
    /// A logged entry that states something else than the bundle.
    #[error("the logged entry has another {part} than the bundle")]
    OtherEntry {
        /// What differs.
        part: &'static str,
    },
    /// A file that is something else than a bundle.
    #[error("this is {found}, not a Sigstore bundle: {advice}")]
    OtherFile {
        /// What it is.
        found: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The bundle is signed with another key than the caller's.
    #[error("the bundle's certificate is for another key than the one given")]
    OtherKey,
    /// The bundle is about another artifact than the caller's.
    #[error("the bundle's digest is not that of the artifact")]
    OtherArtifact,
}

impl EntryError {
    /// The path of the faulty field, if the problem is with one field.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::At { field, .. } => Some(field),
            _ => None,
        }
    }

    /// The problem, without the field.
    pub fn problem(&self) -> &EntryError {
        match self {
            Self::At { problem, .. } => problem,
            _ => self,
        }
    }

    /// Prepends the field `name` of the enclosing message to the path. Called on the way out of a
    /// failed parse, so that a successful parse does not pay for the path.
    pub(super) fn within(self, name: &str) -> Self {
        match self {
            Self::At { field, problem } if field.starts_with('[') => {
                Self::At { field: format!("{name}{field}"), problem }
            }
            Self::At { field, problem } => Self::At { field: format!("{name}.{field}"), problem },
            problem => Self::At { field: name.to_owned(), problem: Box::new(problem) },
        }
    }

    /// Like [`Self::within`], for an element of a list.
    pub(super) fn within_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}
