//! `GET /openapi.json`: all routes, as an OpenAPI 3.1 document. `tests/http` keeps it true.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request;

use super::methods::{READ, expect};
use super::problem::{HttpResponse, Problem};
use super::represent::{Coding, Representation};

const DOCUMENT: &[u8] = include_bytes!("openapi.json");

/// The document.
pub(super) fn describe(head: &request::Parts) -> Result<HttpResponse, Problem> {
    expect(&head.method, READ)?;
    let document = Representation::new(Bytes::from_static(DOCUMENT), Coding::Identity);
    let mut answer = document.answer(head)?;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(answer)
}
