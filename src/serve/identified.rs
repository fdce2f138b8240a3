//! The IDs of requests, from their fields and in those of their answers.

use fasti_seams::entropy::OsEntropy;
use fasti_seams::request_id::RequestId;
use fasti_seams::trace_parent::TraceParent;
use http::header::{ETAG, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

/// The field of an answer with the request's ID.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The ID that the client has given a request, or else a new one.
pub fn identify(fields: &HeaderMap) -> RequestId {
    parent(fields).map_or_else(|| RequestId::new(&OsEntropy), |parent| parent.trace)
}

/// What the client says about the trace of which the request is a part.
pub fn parent(fields: &HeaderMap) -> Option<TraceParent> {
    let mut given = fields.get_all("traceparent").iter();
    let only = given.next().filter(|_| given.next().is_none())?;
    TraceParent::parse(only.to_str().ok()?)
}

/// Adds the ID to the answer, unless that is a file: caches keep those, for everyone.
pub fn mark(method: &Method, id: RequestId, answer: &mut HeaderMap) {
    let is_file = [Method::GET, Method::HEAD].contains(method) && answer.contains_key(ETAG);
    if let Ok(value) = HeaderValue::from_str(&id.to_string())
        && !is_file
    {
        answer.insert(X_REQUEST_ID, value);
    }
}
