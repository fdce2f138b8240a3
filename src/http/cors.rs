//! CORS: what scripts on web pages of other sites may do (the Fetch standard's CORS protocol).
//!
//! | request | a page of another site |
//! |---|---|
//! | reads of the log, Rekor v1's questions, `/openapi.json`, `/` | allowed; sees the whole answer |
//! | submissions, by every API | allowed if the operator has named its site; else 403 |
//! | health, messages between writers, everything else | not allowed |
//!
//! Invariants: no credentials are used, so `*` is the only origin ever allowed, and no answer to a
//! read depends on the client. Whether a page may submit is decided on the submission itself,
//! whatever a preflight was told, because browsers post plain text without a preflight. Requests
//! without `Origin`, as programs send them, are never refused here. A page of a public site never
//! gets access to a private network (`Access-Control-Request-Private-Network` is not answered).

pub mod site;

use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    HeaderValue, ORIGIN, VARY,
};
use http::uri::Authority;
use http::{Method, Response, StatusCode, request};
use http_body_util::Full;

use super::app::App;
use super::methods::{READ, SUBMIT};
use super::problem::{HttpResponse, Problem};
use super::{paths, read};

/// Everyone.
const ANYONE: &str = "*";
/// The header fields that a page may send. `*` does not include `Authorization`, and not all
/// browsers support it.
const REQUEST_FIELDS: &str =
    "*, Accept, Authorization, Content-Type, If-None-Match, If-Range, Range, X-Requested-With";
/// The header fields that a page may read, in addition to those it always may (Fetch,
/// "CORS-safelisted").
const ANSWER_FIELDS: &str = "Accept-Ranges, Allow, Content-Encoding, Content-Range, Date, ETag, \
     Location, Retry-After, Vary, WWW-Authenticate, fasti-complete, fasti-log-size, fasti-next, \
     x-log-index, x-request-id";
/// For how many seconds a browser can cache a preflight: a day.
const PREFLIGHT_SECONDS: u64 = 86_400;
/// The header fields that the answer to a preflight depends on.
const PREFLIGHT_DEPENDS: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// The methods of Rekor v1's API, whose searches use POST.
const ASK: &str = "GET, HEAD, POST";

/// What pages of other sites may do at a path.
enum Access {
    /// These methods.
    Open(&'static str),
    /// Submit, if their site may.
    Submissions,
    /// Nothing.
    Closed,
}

impl Access {
    /// What a page may do with this method at a path.
    fn at(path: &str, method: &Method) -> Self {
        match path {
            path if method == Method::POST && is_v1_entries(path) => Self::Submissions,
            "/api/v2/log/entries" | "/add" => Self::Submissions,
            "/" | "/openapi.json" => Self::Open(READ.1),
            path if read::is_of_the_log(path) => Self::Open(READ.1),
            path if path.starts_with(paths::REKOR_V1) => Self::Open(ASK),
            _ => Self::Closed,
        }
    }
}

/// Whether Rekor v1's API takes proposals at a path.
fn is_v1_entries(path: &str) -> bool {
    path.strip_suffix('/').unwrap_or(path) == paths::V1_ENTRIES
}

impl App {
    /// Returns the answer to a preflight request, if this is one.
    pub(super) fn preflight(&self, head: &request::Parts) -> Option<Result<HttpResponse, Problem>> {
        let headers = &head.headers;
        let asks = head.method == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes);
        let method = method.and_then(|name| Method::from_bytes(name).ok()).unwrap_or_default();
        match Access::at(head.uri.path(), &method) {
            Access::Open(methods) => Some(Ok(allowed(methods))),
            Access::Submissions => Some(self.refuse_page(head).map(|()| allowed(SUBMIT.1))),
            Access::Closed => None,
        }
    }

    /// Refuses a submission from a page of another site, unless that site may submit.
    pub(super) fn refuse_page(&self, head: &request::Parts) -> Result<(), Problem> {
        for page in head.headers.get_all(ORIGIN) {
            let page = page.to_str().unwrap_or_default();
            let may = self.config.submitting_sites.iter().any(|site| site.has(page));
            if !may && !self.is_own(page, head) {
                return Err(Problem::ForeignPage(page.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether a page came from the same host and port that it submits to. Anyone can point a DNS
    /// name at this machine, so only IP addresses, `localhost` and the log's own host count.
    fn is_own(&self, page: &str, head: &request::Parts) -> bool {
        let asked = match head.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => head.headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        let Some((_, own)) = page.split_once("://") else { return false };
        let Ok(authority) = own.parse::<Authority>() else { return false };
        let host = authority.host().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        asked.is_some_and(|asked| asked.eq_ignore_ascii_case(own))
            && (bare.parse::<Ipv4Addr>().is_ok()
                || bare.parse::<Ipv6Addr>().is_ok()
                || host == "localhost"
                || host.ends_with(".localhost")
                || self.is_host_of_the_log(&host))
    }

    fn is_host_of_the_log(&self, host: &str) -> bool {
        let origin = self.served.origin();
        let authority = origin.split('/').next().and_then(|own| own.parse::<Authority>().ok());
        authority.is_some_and(|own| own.host().eq_ignore_ascii_case(host))
    }
}

/// The answer to a preflight that is allowed.
fn allowed(methods: &'static str) -> HttpResponse {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_FIELDS),
        (VARY, PREFLIGHT_DEPENDS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS.into());
    answer
}

/// Lets pages of all sites see an answer: always to reads, which caches may keep, and to a page's
/// submission, even if it is refused.
pub(super) fn share(head: &request::Parts, answer: &mut HttpResponse) {
    let is_shared = match Access::at(head.uri.path(), &head.method) {
        Access::Open(_) => head.method != Method::OPTIONS,
        Access::Submissions => head.method == Method::POST && head.headers.contains_key(ORIGIN),
        Access::Closed => false,
    };
    if is_shared {
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(ANYONE));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_FIELDS));
    }
}
