//! gRPC in a program that was built without it: every call is answered UNIMPLEMENTED.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::app::App;
use super::problem::Problem;

/// The body of an answer.
pub type Reply = UnsyncBoxBody<Bytes, Infallible>;

impl App {
    /// Answers one call, and returns its unread body.
    #[allow(clippy::unused_async, reason = "with gRPC it waits")]
    pub async fn call(&self, call: Request<Incoming>) -> (Response<Reply>, Option<Incoming>) {
        (unimplemented(), Some(call.into_body()))
    }
}

/// The answer to a refused call.
pub fn refusal(_: Problem) -> Response<Reply> {
    unimplemented()
}

fn unimplemented() -> Response<Reply> {
    let trailers = HeaderMap::from_iter([
        (HeaderName::from_static("grpc-status"), HeaderValue::from_static("12")),
        (
            HeaderName::from_static("grpc-message"),
            HeaderValue::from_static("this writer was built without gRPC (cargo feature grpc)"),
        ),
    ]);
    let body = Full::<Bytes>::default().with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut answer = Response::new(body.boxed_unsync());
    let kind = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
