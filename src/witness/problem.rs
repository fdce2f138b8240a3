//! Answers, and everything that is answered with an error.

use bytes::Bytes;
use fasti_rate::{TooMany, seconds};
use fasti_seams::causes::with_causes;
use fasti_seams::gzip::GunzipError;
use fasti_serve::{BodyError, Full as NoneLeft};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode, request};
use http_body_util::Full;
use thiserror::Error;
use tiles_spec::mirror::MIRROR_INFO_MEDIA_TYPE;
use tiles_spec::witness::{SIZE_MEDIA_TYPE, size_body};

use super::mirror::MirrorRefusal;
use super::refusal::Refusal;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// How long a client should wait that was refused for lack of room, in seconds.
pub(super) const BUSY_SECONDS: u64 = 1;

pub(super) type HttpResponse = Response<Full<Bytes>>;

/// Everything that is answered with an error.
#[derive(Debug, Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Mirror(#[from] MirrorRefusal),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the body is not valid gzip")]
    Gzip(#[from] GunzipError),
    #[error("the body must be {0}")]
    MediaType(&'static str),
    #[error(transparent)]
    Paced(#[from] TooMany),
    #[error("there is nothing here")]
    NotFound,
    #[error("use {0} here")]
    Method(&'static str),
    #[error("the witness is busy; try again")]
    Busy,
}

impl From<NoneLeft> for Problem {
    fn from(_: NoneLeft) -> Self {
        Self::Busy
    }
}

impl Problem {
    pub fn status(&self) -> StatusCode {
        let status = match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Mirror(refusal) => refusal.status(),
            Self::Gzip(_) => 400,
            Self::MediaType(_) => 415,
            Self::Body(BodyError::TooLarge { .. }) => 413,
            Self::Body(BodyError::TooSlow(_) | BodyError::StandsStill { .. }) => 408,
            Self::Body(BodyError::Broken(_)) => 400,
            Self::Body(BodyError::Encoded(_)) => 415,
            Self::Body(BodyError::NoRoom) | Self::Busy => 503,
            Self::Paced(_) => 429,
            Self::NotFound => 404,
            Self::Method(_) => 405,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn into_response(self) -> HttpResponse {
        let status = self.status();
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(error = with_causes(&self), "request failed");
        }
        let size = match &self {
            Self::Refused(refusal) => refusal.size(),
            _ => None,
        };
        let mut answer = match (size, &self) {
            (Some(size), _) => typed(size_body(size), SIZE_MEDIA_TYPE),
            (None, Self::Mirror(MirrorRefusal::Elsewhere(info))) => {
                typed(info.to_string(), MIRROR_INFO_MEDIA_TYPE)
            }
            (None, _) => text(format!("{self}\n"), NO_STORE),
        };
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        match self {
            Self::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Refused(Refusal::TooMany(wait)) | Self::Paced(TooMany { wait, .. }) => {
                headers.insert(RETRY_AFTER, seconds(wait).into());
            }
            Self::Busy | Self::Body(BodyError::NoRoom) => {
                headers.insert(RETRY_AFTER, BUSY_SECONDS.into());
            }
            _ => {}
        }
        answer
    }
}

pub(super) fn read_only(head: &request::Parts) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(&head.method) {
        Ok(())
    } else {
        Err(Problem::Method("GET, HEAD"))
    }
}

pub(super) fn text(body: impl Into<Bytes>, lifetime: HeaderValue) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(CACHE_CONTROL, lifetime);
    answer
}

/// An answer of this type that is for one client alone.
pub(super) fn typed(body: impl Into<Bytes>, media_type: &'static str) -> HttpResponse {
    let mut answer = text(body, NO_STORE);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}
