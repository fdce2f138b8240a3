//! `dev.sigstore.rekor.v2.Rekor/CreateEntry`: `POST /api/v2/log/entries` in protobuf.
//!
//! One message comes in, and one message or status goes out. Statuses and metadata are those of
//! rekor-tiles: the index of a duplicate is in the header `x-log-index`.

use std::future::ready;
use std::time::Instant;

use bytes::{BufMut as _, Bytes, BytesMut};
use fasti_entry::Submission;
use fasti_serve::{ReadBody, discard};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode, request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use tonic::Status;
use tonic::body::Body as Reply;

use crate::app::App;
use crate::problem::{FrameError, Problem, X_LOG_INDEX};
use crate::submit::Logged;

/// The prefix of each message: a compression flag and the length.
const PREFIX_BYTES: usize = 5;

impl App {
    /// Answers a call of the method. Also returns the unread body of a refused call.
    pub(super) async fn create_entry(
        &self,
        call: Request<Incoming>,
        began: Instant,
    ) -> (Response<Reply>, Option<Incoming>) {
        let (head, mut body) = call.into_parts();
        let created = self.take_call(&head, &mut body).await;
        let is_read = created.is_ok() || body.is_end_stream() || discard(&mut body).await;
        let status = created.as_ref().map_or_else(Problem::http_status, |_| StatusCode::CREATED);
        self.answered("grpc_entries", status.as_u16(), began);
        let answer = match created {
            Ok(logged) => answer(Some(&logged), &Status::ok("")),
            Err(problem) => answer(None, &problem.into_grpc()),
        };
        (answer, (!is_read).then_some(body))
    }

    async fn take_call(
        &self,
        head: &request::Parts,
        body: &mut Incoming,
    ) -> Result<Logged, Problem> {
        self.served.writer()?;
        self.refuse_page(head)?;
        self.refuse_frozen()?;
        self.pace(&head.headers, &head.extensions)?;
        let max = self.config.limits.rekor_body_bytes_max;
        let memory = &self.pools.submissions;
        let body = match self.read_body(head, body, PREFIX_BYTES + max, memory).await {
            Err(Problem::BodyTooLarge { .. }) => return Err(Problem::BodyTooLarge { max }),
            read => read?,
        };
        self.pace_body(&head.headers, &head.extensions, body.bytes())?;
        self.log_submission(message(body)?, Submission::parse_protobuf).await
    }
}

/// Returns the single message of a request.
fn message(body: ReadBody) -> Result<ReadBody, FrameError> {
    let Some((&[flag, a, b, c, d], message)) = body.bytes().split_first_chunk() else {
        return Err(FrameError::Cut);
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    match (flag, message.len()) {
        (0, found) if found == length => Ok(body.without_first(PREFIX_BYTES)),
        (0, found) if found < length => Err(FrameError::Cut),
        (0, _) => Err(FrameError::Several),
        _ => Err(FrameError::Compressed),
    }
}

/// Builds an answer: an optional message, followed by the status.
fn answer(logged: Option<&Logged>, status: &Status) -> Response<Reply> {
    let mut framed = BytesMut::new();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if let Some(Logged { entry, duplicate }) = logged {
        let message = entry.to_protobuf();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).expect("an entry and its proof are short"));
        framed.put_slice(&message);
        if *duplicate {
            headers.insert(X_LOG_INDEX, HeaderValue::from(entry.log_index));
        }
    }
    // Headers and trailers are not merged: some clients look for metadata in the headers only.
    if let Some(index) = status.metadata().as_ref().get(X_LOG_INDEX) {
        headers.insert(X_LOG_INDEX, index.clone());
    }
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("13"));
    }
    let body = Full::<Bytes>::new(framed.freeze());
    let mut answer = Response::new(Reply::new(body.with_trailers(ready(Some(Ok(trailers))))));
    *answer.headers_mut() = headers;
    answer
}
