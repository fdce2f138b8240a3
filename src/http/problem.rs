//! Maps errors to statuses. This is the only place where that is decided.
//!
//! The body has the form that Sigstore clients know, `{"code", "message", "details"}` with a gRPC
//! code (for Rekor v1's API: `{"code", "message"}` with the status), or the form of RFC 9457 for
//! clients that ask for it. The message begins with the words that rekor-tiles uses for the case,
//! if any, and says what to fix. gRPC calls get the same code and message as a status. All forms
//! but v1's have `requestId` too.

use std::time::Duration;

use bytes::Bytes;
use fasti_admit::{self, AdmissionRefusal, TooMany};
use fasti_client::attestations::ReadAttestationError;
use fasti_client::reader::ReadError;
use fasti_client::search::SearchError;
use fasti_client::times::ReadTimesError;
use fasti_entry::{EntryError, Kind, excerpt};
use fasti_grow::{RekorV1GuardError, TreeId};
use fasti_log::{ProveError, SubmitError};
use fasti_rekor_v1::ProposalError;
use fasti_seams::request_id::RequestId;
use fasti_serve::{BodyError, Full as NoneLeft};
use fasti_store::StoreError;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue,
    LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use http_body_util::Full;
use tiles_spec::LeafIndex;
#[cfg(feature = "grpc")]
use tonic::metadata::{MetadataMap, MetadataValue};
#[cfg(feature = "grpc")]
use tonic::{Code, Status};

use super::accept::ErrorForm;
use super::forward::question::PeerRefusal;
use super::rekor_v1::entry_id::location;
use super::rekor_v1::error::{FormFault, V1Error};
use super::rekor_v1::shard_error::ShardError;

/// A response with its whole body.
pub type HttpResponse = Response<Full<Bytes>>;

/// The header with the index of an entry that already exists.
pub const X_LOG_INDEX: HeaderName = HeaderName::from_static("x-log-index");

/// How long a client that was refused for lack of room should wait.
const RETRY_AFTER_PUSHBACK: Duration = Duration::from_secs(1);

/// The challenges for a missing and for a wrong token (RFC 6750, section 3).
const BEARER: &str = "Bearer realm=\"fasti\"";
const BEARER_INVALID: &str = "Bearer realm=\"fasti\", error=\"invalid_token\"";

/// Maximum number of characters of a client's own text in a message.
const QUOTE_CHARS_MAX: usize = 100;

/// Everything that is answered with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No such path.
    #[error("there is nothing at {}", quote(.0))]
    NotFound(String),
    /// Not a valid path of one of the log's files, although it looks like one.
    #[error(
        "{} is not the path of a tile, an entry bundle or another file of the log: {reason}",
        quote(path)
    )]
    BadPath {
        /// The path.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The path exists, but not for this method.
    #[error("the method {} is not allowed here; use {allowed}", quote(method))]
    Method {
        /// The method used.
        method: String,
        /// The methods allowed.
        allowed: &'static str,
    },
    /// A submission to a server that only reads.
    #[error(
        "this server only reads the log and takes no entries; the log's operator says where to \
         submit them"
    )]
    ReadOnly {
        /// What else can be done at the path.
        allowed: &'static str,
    },
    /// `POST /add` is off.
    #[error("this log does not accept opaque entries; it was started without --accept-opaque")]
    OpaqueOff,
    /// Entries of the kind are not taken.
    #[error("entry kind '{0}' is not enabled for submission on this server")]
    KindOff(&'static str),
    /// The body is too long.
    #[error("the body is longer than {max} bytes")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} seconds", .0.as_secs())]
    BodyTooSlow(Duration),
    /// The body arrives too slowly.
    #[error("the body arrived at less than {least} bytes per second")]
    BodyStandsStill {
        /// The limit.
        least: u32,
    },
    /// The body broke off.
    #[error("the body broke off: {0}")]
    BodyBroken(String),
    /// The body of a gRPC call is not one message.
    #[error("the call must contain exactly one message: {0}")]
    Frame(#[from] FrameError),
    /// The request body is encoded.
    #[error(
        "Content-Encoding \"{}\" is not supported on requests; send the body unencoded", quote(.0)
    )]
    ContentEncoding(String),
    /// The requested range is beyond the end of the object.
    #[error("the range is beyond the end: there are {length} bytes")]
    Range {
        /// The length of the object.
        length: usize,
    },
    /// The request is for more than one answer can contain.
    #[error(
        "{length} bytes are too many for one answer, which has at most {max}; \
         ask for them in parts (Range)"
    )]
    TooMuchAtOnce {
        /// How many bytes were requested.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// A message between writers that is not from this log's writers or not for this one.
    #[error(transparent)]
    Peer(#[from] PeerRefusal),
    /// Too many connections.
    #[error("the server has too many connections; try again")]
    TooManyConnections,
    /// Too many submissions are being read or verified.
    #[error("the log is busy; try again")]
    Busy,
    /// A submission from a web page of another site.
    #[error(
        "pages of {} may not submit to this log; its operator can allow that with --cors-submit",
        quote(.0)
    )]
    ForeignPage(String),
    /// The client may not write, or not now.
    #[error(transparent)]
    Refused(AdmissionRefusal),
    /// The submission is not valid.
    #[error("{words}{0}", words = words_for(.0))]
    Entry(#[from] EntryError),
    /// The log did not accept or answer it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The entry exists, and this log is configured to say so.
    #[error("an equivalent entry already exists in the transparency log with index {0}")]
    Duplicate(LeafIndex),
    /// The proof of an acknowledged entry could not be built.
    #[error("the entry is in the log, but its proof cannot be built now: {0}")]
    Prove(#[from] ProveError),
    /// A refused request to Rekor v1's API.
    #[error(transparent)]
    V1(#[from] V1Error),
    /// Nothing could be signed for a client of Rekor v1.
    #[error("the entry is in the log, but cannot be vouched for now")]
    V1Guard(#[from] RekorV1GuardError),
    /// When an entry entered the log cannot be read.
    #[error("unexpected error communicating with transparency log")]
    Times(#[from] ReadTimesError),
    /// The search failed.
    #[error("{}", search_words(.0))]
    Search(#[from] SearchError),
    /// The log's own files could not be read or verified.
    #[error("unexpected error communicating with transparency log")]
    Read(#[from] ReadError),
    /// An attestation could not be read.
    #[error("unexpected error communicating with transparency log")]
    Attestation(#[from] ReadAttestationError),
    /// An attestation could not be written, so its entry was not logged.
    #[error("the log cannot keep what was signed at the moment; nothing was logged, try again")]
    NotKept(#[source] StoreError),
    /// The store failed on a read.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The log's files cannot be read from where this server has them.
    #[error("the log's files are out of reach at the moment; try again")]
    OutOfReach(#[source] Box<Problem>),
    /// What this server has as the log's files is not what the log's key signed.
    #[error("what this server gets to read of the log is not what was signed")]
    Damaged(#[source] Box<Problem>),
    /// The same, as was found a moment ago.
    #[error("the log's files are out of reach at the moment; try again")]
    StillOutOfReach,
    /// An inactive shard cannot be opened.
    #[error(transparent)]
    Unopened(ShardError),
    /// A problem with a log that is only read here, as an inactive shard of Rekor v1.
    #[error("inactive shard {tree}: {problem}")]
    Shard {
        /// Its tree ID.
        tree: TreeId,
        /// What is wrong with it.
        #[source]
        problem: Box<Problem>,
    },
    /// The log is not ready.
    #[error("the log is not ready: {0}")]
    NotReady(String),
}

/// Why the body of a gRPC call is not one message after its flag and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Less than one message.
    #[error("it is cut short")]
    Cut,
    /// More than one message.
    #[error("something follows the first message")]
    Several,
    /// The message is compressed.
    #[error("it is compressed, which is not supported here; send it uncompressed")]
    Compressed,
}

/// What rekor-tiles says about a request refused for this reason.
fn words_for(error: &EntryError) -> String {
    let Some(field) = error.field() else { return String::new() };
    let Some(kind) = Kind::of_field(field) else { return String::new() };
    match error.problem() {
        EntryError::Missing { .. } if kind.request_field() == Some(field) => {
            format!("invalid type, must be {}: ", kind.name())
        }
        _ => format!("invalid {} request: ", kind.name()),
    }
}

/// What Rekor v1 says about a failed search.
fn search_words(error: &SearchError) -> String {
    match error {
        SearchError::Question(error) => error.to_string(),
        SearchError::NoIndex { .. } => {
            format!("Search Index API not enabled in this Rekor instance: {error}")
        }
        _ => "unexpected result from searching index".to_owned(),
    }
}

/// gRPC status codes, which Rekor's error bodies carry.
mod grpc {
    pub const UNKNOWN: u8 = 2;
    pub const INVALID_ARGUMENT: u8 = 3;
    pub const DEADLINE_EXCEEDED: u8 = 4;
    pub const NOT_FOUND: u8 = 5;
    pub const ALREADY_EXISTS: u8 = 6;
    pub const PERMISSION_DENIED: u8 = 7;
    pub const RESOURCE_EXHAUSTED: u8 = 8;
    pub const OUT_OF_RANGE: u8 = 11;
    pub const UNIMPLEMENTED: u8 = 12;
    pub const INTERNAL: u8 = 13;
    pub const UNAVAILABLE: u8 = 14;
    pub const UNAUTHENTICATED: u8 = 16;
}

impl From<NoneLeft> for Problem {
    fn from(_: NoneLeft) -> Self {
        Self::Busy
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { max } => Self::BodyTooLarge { max },
            BodyError::TooSlow(limit) => Self::BodyTooSlow(limit),
            BodyError::StandsStill { least } => Self::BodyStandsStill { least },
            BodyError::Broken(reason) => Self::BodyBroken(reason),
            BodyError::Encoded(coding) => Self::ContentEncoding(coding),
            BodyError::NoRoom => Self::Busy,
        }
    }
}

impl From<ShardError> for Problem {
    fn from(error: ShardError) -> Self {
        let is_refusal = error.is_refusal();
        let unopened = Box::new(Self::Unopened(error));
        if is_refusal { Self::Damaged(unopened) } else { Self::OutOfReach(unopened) }
    }
}

impl From<AdmissionRefusal> for Problem {
    fn from(refusal: AdmissionRefusal) -> Self {
        match refusal {
            AdmissionRefusal::Entry(error) => Self::Entry(error),
            other => Self::Refused(other),
        }
    }
}

/// The status that Rekor v1 answers with.
fn v1_status(error: &V1Error) -> (StatusCode, u8) {
    match error {
        V1Error::Form { .. }
        | V1Error::TooMany(_)
        | V1Error::Proposal(
            ProposalError::Required(_)
            | ProposalError::Type(_)
            | ProposalError::Semver
            | ProposalError::UnknownKind(_),
        ) => (StatusCode::UNPROCESSABLE_ENTITY, grpc::INVALID_ARGUMENT),
        V1Error::Proposal(ProposalError::TooLarge { .. }) => {
            (StatusCode::PAYLOAD_TOO_LARGE, grpc::INVALID_ARGUMENT)
        }
        V1Error::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, grpc::INVALID_ARGUMENT),
        V1Error::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, grpc::INVALID_ARGUMENT),
        V1Error::Exists { .. } => (StatusCode::CONFLICT, grpc::ALREADY_EXISTS),
        V1Error::NoEntry => (StatusCode::NOT_FOUND, grpc::NOT_FOUND),
        V1Error::Unsearched(_) => (StatusCode::SERVICE_UNAVAILABLE, grpc::UNAVAILABLE),
        _ => (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT),
    }
}

/// The code in the body of an answer of Rekor v1, which for requests of the wrong form is not the
/// status (github.com/go-openapi/errors).
fn v1_code(problem: &Problem, status: StatusCode) -> u16 {
    let Problem::V1(error) = problem else { return status.as_u16() };
    match error {
        V1Error::Form { fault, .. } => match fault {
            FormFault::Type(..) | FormFault::Twice => 601,
            FormFault::Required => 602,
            FormFault::Longer(_) => 604,
            FormFault::Pattern(_) => 605,
            FormFault::OneOf(_) => 606,
            FormFault::AtLeast(_) => 609,
            FormFault::TooMany(_) => 611,
            FormFault::TooFew(_) => 612,
        },
        V1Error::Proposal(ProposalError::Required(_)) => 602,
        V1Error::Proposal(ProposalError::Type(_)) => 601,
        V1Error::Proposal(ProposalError::Semver) => 605,
        _ => status.as_u16(),
    }
}

impl Problem {
    fn status(&self) -> (StatusCode, u8) {
        match self {
            Self::NotFound(_) => (StatusCode::NOT_FOUND, grpc::NOT_FOUND),
            Self::BadPath { .. } | Self::BodyBroken(_) | Self::TooMuchAtOnce { .. } => {
                (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT)
            }
            Self::Method { .. } | Self::ReadOnly { .. } | Self::Submit(SubmitError::Frozen) => {
                (StatusCode::METHOD_NOT_ALLOWED, grpc::UNIMPLEMENTED)
            }
            Self::Frame(FrameError::Compressed) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, grpc::UNIMPLEMENTED)
            }
            Self::Frame(_) => (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT),
            Self::OpaqueOff => (StatusCode::NOT_FOUND, grpc::UNIMPLEMENTED),
            Self::BodyTooLarge { .. } | Self::Submit(SubmitError::TooLarge(_)) => {
                (StatusCode::PAYLOAD_TOO_LARGE, grpc::INVALID_ARGUMENT)
            }
            Self::Entry(EntryError::TooLarge { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, grpc::INVALID_ARGUMENT)
            }
            Self::Refused(AdmissionRefusal::TooMany(_)) => {
                (StatusCode::TOO_MANY_REQUESTS, grpc::RESOURCE_EXHAUSTED)
            }
            Self::Refused(AdmissionRefusal::NoToken | AdmissionRefusal::WrongToken) => {
                (StatusCode::UNAUTHORIZED, grpc::UNAUTHENTICATED)
            }
            Self::Refused(_) | Self::ForeignPage(_) => {
                (StatusCode::FORBIDDEN, grpc::PERMISSION_DENIED)
            }
            Self::Entry(_) | Self::KindOff(_) => (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT),
            Self::BodyTooSlow(_) | Self::BodyStandsStill { .. } => {
                (StatusCode::REQUEST_TIMEOUT, grpc::DEADLINE_EXCEEDED)
            }
            Self::ContentEncoding(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, grpc::INVALID_ARGUMENT)
            }
            Self::Peer(PeerRefusal::Unknown) => (StatusCode::UNAUTHORIZED, grpc::UNAUTHENTICATED),
            Self::Peer(PeerRefusal::Protocol(_)) => {
                (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT)
            }
            Self::Peer(PeerRefusal::OtherLog | PeerRefusal::OtherWriter { .. }) => {
                (StatusCode::MISDIRECTED_REQUEST, grpc::INVALID_ARGUMENT)
            }
            Self::Duplicate(_) => (StatusCode::CONFLICT, grpc::ALREADY_EXISTS),
            Self::Range { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, grpc::OUT_OF_RANGE),
            Self::TooManyConnections
            | Self::Busy
            | Self::Submit(_)
            | Self::NotReady(_)
            | Self::NotKept(_)
            | Self::OutOfReach(_)
            | Self::StillOutOfReach => (StatusCode::SERVICE_UNAVAILABLE, grpc::UNAVAILABLE),
            Self::Damaged(_) => (StatusCode::BAD_GATEWAY, grpc::INTERNAL),
            Self::Shard { problem, .. } => problem.status(),
            Self::Unopened(_) => (StatusCode::BAD_GATEWAY, grpc::INTERNAL),
            Self::V1(error) => v1_status(error),
            Self::V1Guard(RekorV1GuardError::Guard(error)) if error.is_passing() => {
                (StatusCode::SERVICE_UNAVAILABLE, grpc::UNAVAILABLE)
            }
            Self::V1Guard(_) | Self::Times(_) | Self::Attestation(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, grpc::INTERNAL)
            }
            Self::Search(SearchError::Question(_)) => {
                (StatusCode::BAD_REQUEST, grpc::INVALID_ARGUMENT)
            }
            Self::Search(SearchError::NoIndex { .. }) => {
                (StatusCode::NOT_IMPLEMENTED, grpc::UNIMPLEMENTED)
            }
            Self::Search(_) | Self::Read(_) => (StatusCode::INTERNAL_SERVER_ERROR, grpc::INTERNAL),
            Self::Prove(_) => (StatusCode::INTERNAL_SERVER_ERROR, grpc::UNKNOWN),
            Self::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, grpc::INTERNAL),
        }
    }

    /// Whether the problem is that the log's files are damaged, rather than out of reach; `None` if
    /// it is another one.
    pub fn is_of_damaged_files(&self) -> Option<bool> {
        match self {
            Self::Store(error) => Some(matches!(error, StoreError::Corrupt { .. })),
            Self::Times(ReadTimesError::Fetch(error)) => Some(error.is_damage()),
            Self::Times(_) => Some(true),
            Self::Attestation(ReadAttestationError::Fetch(error)) => Some(error.is_damage()),
            Self::Attestation(_) => Some(true),
            Self::Search(SearchError::Question(_) | SearchError::NoIndex { .. }) => None,
            Self::Search(error) => Some(error.is_refusal()),
            Self::Read(error) => Some(error.is_refusal()),
            _ => None,
        }
    }

    /// Whether the files of an inactive shard were out of reach.
    pub fn is_of_shard_out_of_reach(&self) -> bool {
        matches!(self, Self::Shard { problem, .. } if matches!(**problem, Self::OutOfReach(_)))
    }

    /// The HTTP status for metrics, also of a gRPC call.
    pub fn http_status(&self) -> StatusCode {
        self.status().0
    }

    /// Logs the server's own failures with their causes, which the answer does not reveal.
    fn log_failure(&self) {
        let status = self.http_status();
        let cause = if let Self::Shard { problem, .. } = self { problem } else { self };
        let is_logged = status != StatusCode::SERVICE_UNAVAILABLE
            || matches!(cause, Self::OutOfReach(_) | Self::NotKept(_));
        if status.is_server_error() && is_logged {
            tracing::error!(error = self as &dyn std::error::Error, "request failed");
        }
    }

    fn body(&self, form: ErrorForm) -> serde_json::Value {
        let (status, code) = self.status();
        let mut body = match form {
            ErrorForm::Rekor => serde_json::json!({
                "code": code,
                "message": self.to_string(),
                "details": [],
            }),
            ErrorForm::RekorV1 => serde_json::json!({
                "code": v1_code(self, status),
                "message": self.to_string(),
            }),
            ErrorForm::Problem => serde_json::json!({
                "type": "about:blank",
                "title": status.canonical_reason().unwrap_or_default(),
                "status": status.as_u16(),
                "detail": self.to_string(),
                "code": code,
            }),
        };
        // Clients of v1 may know its two members alone.
        if let (Some(id), false) = (RequestId::current(), form == ErrorForm::RekorV1) {
            body["requestId"] = id.to_string().into();
        }
        body
    }

    /// The answer.
    pub fn into_response(self, form: ErrorForm) -> HttpResponse {
        self.log_failure();
        let (status, _) = self.status();
        let body = self.body(form);
        let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, form.content_type());
        // Otherwise a cache may keep a 404, even of a tile that is about to exist.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_PUSHBACK.as_secs().into());
        }
        match self {
            Self::Method { allowed, .. } | Self::ReadOnly { allowed } => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Refused(AdmissionRefusal::TooMany(TooMany { wait, .. })) => {
                headers.insert(RETRY_AFTER, fasti_admit::seconds(wait).into());
            }
            Self::Refused(AdmissionRefusal::NoToken) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(BEARER));
            }
            Self::Refused(AdmissionRefusal::WrongToken) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(BEARER_INVALID));
            }
            Self::Duplicate(index) => {
                headers.insert(X_LOG_INDEX, HeaderValue::from(index.get()));
            }
            Self::V1(V1Error::Exists { id, query }) => {
                if let Ok(place) = HeaderValue::from_str(&location(&id, query.as_deref())) {
                    headers.insert(LOCATION, place);
                }
            }
            // So says v1, and its clients look no further than the status.
            Self::V1(V1Error::NoEntry) => {
                headers.remove(CONTENT_TYPE);
                *answer.body_mut() = Full::default();
            }
            // Rekor's servers say so in plain text, and no method is allowed any more.
            Self::Submit(SubmitError::Frozen) => {
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                headers.insert(CONTENT_TYPE, text);
                headers.insert(ALLOW, HeaderValue::from_static(""));
                *answer.body_mut() = Full::new(Bytes::from(format!("{}\n", SubmitError::Frozen)));
            }
            Self::Range { length } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
                    headers.insert(CONTENT_RANGE, value);
                }
            }
            // Clients should retry elsewhere.
            Self::TooManyConnections
            | Self::Submit(SubmitError::ShuttingDown | SubmitError::Halted(_)) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        answer
    }

    /// The answer to a gRPC call.
    #[cfg(feature = "grpc")]
    pub fn into_grpc(self) -> Status {
        self.log_failure();
        let code = match (&self, self.status()) {
            (Self::BodyTooLarge { .. }, _) => grpc::RESOURCE_EXHAUSTED,
            (_, (_, code)) => code,
        };
        let mut metadata = MetadataMap::new();
        if code == grpc::UNAVAILABLE {
            metadata.insert("grpc-retry-pushback-ms", MetadataValue::from(retry_after_ms()));
        }
        match self {
            Self::Refused(AdmissionRefusal::TooMany(TooMany { wait, .. })) => {
                let milliseconds = fasti_admit::seconds(wait).saturating_mul(1000);
                metadata.insert("grpc-retry-pushback-ms", MetadataValue::from(milliseconds));
            }
            Self::Duplicate(index) => {
                metadata.insert("x-log-index", MetadataValue::from(index.get()));
            }
            Self::Frame(FrameError::Compressed) => {
                let identity = MetadataValue::from_static("identity");
                metadata.insert("grpc-accept-encoding", identity);
            }
            _ => {}
        }
        Status::with_metadata(Code::from_i32(code.into()), self.to_string(), metadata)
    }

    /// The answer's bytes on the wire, for a connection from which no requests are read.
    pub fn into_http1(self) -> Vec<u8> {
        let (parts, body) = self.into_response(ErrorForm::Rekor).into_parts();
        let mut bytes = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
        for (name, value) in &parts.headers {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        let body = body.into_inner().unwrap_or_default();
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes
    }
}

#[cfg(feature = "grpc")]
fn retry_after_ms() -> u64 {
    RETRY_AFTER_PUSHBACK.as_secs() * 1000
}

/// The beginning of a client's own text.
fn quote(text: &str) -> String {
    excerpt(text, QUOTE_CHARS_MAX)
}
