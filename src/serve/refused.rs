//! What becomes of the body of a request that was refused before it was read.

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::{Response, request};
use hyper::body::Body;

use super::body::discard;

/// Reads the rest of a body if it is short. If it is long, the answer does not wait for it and
/// closes the connection; then the rest is returned to be read, so that the answer is not lost.
/// `is_lost` says that no more of it will come.
pub async fn leave<B, A>(
    answer: &mut Response<A>,
    head: &request::Parts,
    mut body: B,
    is_lost: bool,
) -> Option<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    // A client that asks before sending a body (Expect) need not send it.
    let comes = !is_lost && !head.headers.contains_key(EXPECT);
    let is_read = body.is_end_stream() || comes && discard(&mut body).await;
    if !is_read {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    (comes && !is_read).then_some(body)
}
