//! Tells gRPC calls from HTTP requests.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Version};

/// Whether a request is a gRPC call.
pub fn is_call<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    request.version() == Version::HTTP_2
        && request.method() == Method::POST
        && [&b"application/grpc"[..], b"application/grpc+proto"]
            .iter()
            .any(|known| kind.eq_ignore_ascii_case(known))
}
