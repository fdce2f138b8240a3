//! Why an entry, a request or a bundle is refused.
//!
//! The text goes back to the submitter, so each message names the faulty field and says what to
//! mend. Foreign text is quoted, escaped and cut before it enters a message.

use thiserror::Error;

use super::algorithm::{HashAlgorithm, SigningAlgorithm};

/// The reason for a refusal. `Display` is complete in itself: it holds the field, the problem and
/// what the parser underneath said.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A problem with one field. Its path is spelled as in the protobuf JSON mapping,
    /// e.g. `hashedRekordRequestV002.signature.verifier.keyDetails`.
    #[error("{field}: {problem}")]
    At {
        /// Path of the field.
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
        /// The names that are known here.
        known: String,
    },
    /// A field given twice, perhaps once in each of its two spellings.
    #[error("the field is given more than once; send it once")]
    DuplicateField,
    /// A field that must be there and have a value.
    #[error("missing or empty; {expected} is required")]
    Missing {
        /// What should stand there.
        expected: &'static str,
    },
    /// Two members of a oneof.
    #[error("{first} and {second} exclude each other; send only one of them")]
    Conflict {
        /// The member met first.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A JSON value of another type than the field has.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type of the field.
        expected: &'static str,
        /// The type that came.
        found: &'static str,
    },
    /// Not base64.
    #[error("not valid base64 (standard or URL-safe alphabet, with or without padding): {0}")]
    Base64(#[source] base64::DecodeError),
    /// A value outside the set that the field allows.
    #[error("unknown value {value}; expected {expected}")]
    UnknownValue {
        /// The value, quoted and cut.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A byte string of the wrong length.
    #[error("{found} bytes long; {expected} are required")]
    WrongLength {
        /// The length the field has.
        expected: usize,
        /// The length that came.
        found: usize,
    },
    /// Too many elements.
    #[error("{found} elements; at most {limit} are allowed")]
    TooMany {
        /// How many came.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A signing algorithm that is not admitted.
    #[error("{name} is not admitted: {advice}")]
    AlgorithmRefused {
        /// Its name in `PublicKeyDetails`.
        name: &'static str,
        /// What to use instead.
        advice: &'static str,
    },
    /// The digest's length is not that of the hash that keyDetails implies.
    #[error("{found} bytes long, but {algorithm} digests have {}", algorithm.digest_len())]
    DigestLength {
        /// The hash that is due.
        algorithm: HashAlgorithm,
        /// The length that came.
        found: usize,
    },
    /// A digest made with another hash than the key signs.
    #[error("a {found} digest, but signatures with {algorithm} are over {}", algorithm.hash())]
    DigestAlgorithm {
        /// The algorithm of the key.
        algorithm: SigningAlgorithm,
        /// The hash of the digest that came.
        found: HashAlgorithm,
    },
    /// PEM where DER is due.
    #[error("this is PEM; send the DER bytes inside it (base64 encoded once)")]
    Pem,
    /// Bytes after the end of a DER structure.
    #[error("bytes follow the end of the DER structure; remove them")]
    TrailingDer,
    /// Not the DER structure that is due.
    #[error("not a DER encoded {expected}: {source}")]
    Der {
        /// The structure.
        expected: &'static str,
        /// What the DER parser said.
        #[source]
        source: der::Error,
    },
    /// A certificate that contradicts itself, or that others cannot read.
    #[error("malformed certificate: {0}")]
    Certificate(&'static str),
    /// A certificate of more bytes than a log takes.
    #[error("a certificate of {found} bytes; the log takes at most {limit}")]
    LongCertificate {
        /// How many it has.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// More names in certificates than a log takes with an entry.
    #[error(
        "the certificates of the entry have {found} or more subject alternative names; the log \
         takes at most {limit}"
    )]
    TooManyNames {
        /// How many were counted.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// An opaque entry that looks like one of Rekor's, and would be listed under too many keys.
    #[error(
        "this looks like an entry of Rekor's that names more digests, keys and identities than the \
         log takes: an index would list it under more than {limit} keys"
    )]
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// A public key of a kind or size that no admitted algorithm uses.
    #[error(
        "{found}; admitted are ECDSA keys on P-256, P-384 and P-521, RSA keys of 2048, 3072 and \
         4096 bits, and Ed25519 keys"
    )]
    UnsupportedKey {
        /// What came.
        found: String,
    },
    /// A public key of an admitted kind with an impossible value.
    #[error("invalid {kind} public key: {reason}")]
    InvalidKey {
        /// The kind of key.
        kind: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// keyDetails and the key disagree.
    #[error("{claimed} does not fit the key; for this key send {actual}")]
    KeyMismatch {
        /// What keyDetails said.
        claimed: &'static str,
        /// The one algorithm that fits.
        actual: SigningAlgorithm,
    },
    /// The signature is not one of this key over this digest.
    #[error("the signature does not verify with this key ({algorithm}, over the {} digest as given)", algorithm.hash())]
    BadSignature {
        /// The algorithm it was checked with.
        algorithm: SigningAlgorithm,
    },
    /// An envelope signature that none of the verifiers verifies.
    #[error("none of the verifiers verifies this signature over the envelope (DSSE v1 PAE)")]
    Unverified,
    /// A verifier without a signature.
    #[error("verifies no signature of the envelope; remove it")]
    IdleVerifier,
    /// The same verifier again.
    #[error("the same key or certificate as {earlier}; send it once")]
    DuplicateVerifier {
        /// Path of the first one.
        earlier: String,
    },
    /// The canonical entry would not fit into an entry bundle.
    #[error("the entry takes {bytes} bytes in canonical form; the log holds at most {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// [`ENTRY_BYTES_MAX`](super::ENTRY_BYTES_MAX).
        limit: usize,
    },
    /// Leaf bytes that say something readable, but not in the one canonical spelling.
    #[error("not the canonical (RFC 8785) encoding of this entry")]
    NotCanonical,
    /// A kind of entry that is not read here.
    #[error("unsupported entry kind {kind} version {version}")]
    UnsupportedKind {
        /// The kind, quoted and cut.
        kind: String,
        /// Its version, quoted and cut.
        version: String,
    },
    /// The bundle is signed with another key than the one in hand.
    #[error("the bundle's certificate is for another key than the one given")]
    OtherKey,
    /// The bundle is not about the artifact in hand.
    #[error("the bundle's digest is not that of the artifact")]
    OtherArtifact,
}

impl EntryError {
    /// The path of the faulty field, where the problem lies with one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::At { field, .. } => Some(field),
            _ => None,
        }
    }

    /// What is wrong, without the field.
    pub fn problem(&self) -> &EntryError {
        match self {
            Self::At { problem, .. } => problem,
            _ => self,
        }
    }

    /// The same problem, seen from the message that holds it in its field `name`. Built on the way
    /// out of a failed parse, so that success pays nothing for the path.
    pub(super) fn within(self, name: &str) -> Self {
        match self {
            Self::At { field, problem } if field.starts_with('[') => {
                Self::At { field: format!("{name}{field}"), problem }
            }
            Self::At { field, problem } => Self::At { field: format!("{name}.{field}"), problem },
            problem => Self::At { field: name.to_owned(), problem: Box::new(problem) },
        }
    }

    /// As [`Self::within`], for an element of a list.
    pub(super) fn within_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

/// Foreign text made fit for a message: quoted, escaped, at most 64 characters of it.
pub(super) fn quote(text: &str) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(64).collect();
    let dots = if chars.next().is_some() { "..." } else { "" };
    format!("{head:?}{dots}")
}
