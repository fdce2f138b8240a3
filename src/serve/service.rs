//! What answers requests.

use std::error::Error;
use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};

use super::shares::Full;

/// An answer, and the body of a refused request if its rest is still to be read.
pub type Answered<B> = (Response<B>, Option<Incoming>);

/// What answers requests.
pub trait Service: Clone + Send + Sync + 'static {
    /// The bodies of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin;

    /// Answers a request. `has_room` says whether there is memory for it: if not, only a short
    /// refusal may be answered.
    fn answer(
        &self,
        request: Request<Incoming>,
        has_room: Result<(), Full>,
    ) -> impl Future<Output = Answered<Self::Body>> + Send;

    /// What a connection above the limit gets: the bytes of an HTTP/1.1 answer.
    fn too_many_connections(&self) -> Vec<u8>;
}
