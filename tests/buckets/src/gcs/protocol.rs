//! What each request of the XML protocol does to the bucket, and how it is answered.

use std::fmt::Write as _;
use std::io::Read;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION,
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use s3s::dto::Range;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::GcsOptions;
use crate::front::{Chunked, NoAnswer, Service, error};
use crate::objects::{Condition, Page, Refused};
use crate::{Object, Objects};

const GENERATION: HeaderName = HeaderName::from_static("x-goog-generation");
const IF_GENERATION_MATCH: HeaderName = HeaderName::from_static("x-goog-if-generation-match");

/// The protocol between complete requests and the bucket.
pub(super) struct Protocol {
    pub(super) options: GcsOptions,
    pub(super) objects: Arc<Objects>,
}

/// An answer, or an error.
type Answer = Result<Response<Bytes>, (StatusCode, &'static str)>;

const NO_SUCH_KEY: (StatusCode, &str) = (StatusCode::NOT_FOUND, "NoSuchKey");
const FALSE_CONDITION: (StatusCode, &str) = (StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
const INVALID: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "InvalidArgument");
const NOT_SERVED: (StatusCode, &str) = (StatusCode::NOT_IMPLEMENTED, "NotImplemented");

#[async_trait]
impl Service for Protocol {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        let answer = self.dispatch(request).await;
        Ok(answer.unwrap_or_else(|(status, code)| error(status, code)))
    }
}

impl Protocol {
    async fn dispatch(&self, request: Request<Bytes>) -> Answer {
        let path = request.uri().path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = (decoded(bucket), decoded(key));
        self.check_token(&request, &key)?;
        if bucket != self.options.bucket {
            return Err((StatusCode::NOT_FOUND, "NoSuchBucket"));
        }
        match (request.method(), key.is_empty()) {
            (&Method::GET, true) => self.list(&request),
            (&Method::GET | &Method::HEAD, false) => self.read(&key, &request),
            (&Method::PUT, false) => self.write(&key, request).await,
            (&Method::DELETE, false) => {
                let condition = condition(request.headers())?;
                let was_there = self.objects.delete(&key, &condition).map_err(refused)?;
                was_there.then(|| with_status(StatusCode::NO_CONTENT)).ok_or(NO_SUCH_KEY)
            }
            _ => Err(NOT_SERVED),
        }
    }

    fn check_token(
        &self,
        request: &Request<Bytes>,
        key: &str,
    ) -> Result<(), (StatusCode, &'static str)> {
        let Some(token) = &self.options.token else { return Ok(()) };
        let reads = matches!(*request.method(), Method::GET | Method::HEAD) && !key.is_empty();
        let shown = request.headers().get(AUTHORIZATION);
        match shown.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")) {
            Some(shown) if shown == token => Ok(()),
            None if self.options.public && reads => Ok(()),
            None => Err((StatusCode::FORBIDDEN, "AccessDenied")),
            Some(_) => Err((StatusCode::UNAUTHORIZED, "AuthenticationRequired")),
        }
    }

    fn read(&self, key: &str, request: &Request<Bytes>) -> Answer {
        let object = self.objects.get(key).ok_or(NO_SUCH_KEY)?;
        let query = query(request);
        let wanted = query.iter().find(|(name, _)| name == "generation");
        if wanted.is_some_and(|(_, generation)| *generation != object.generation.to_string()) {
            return Err(NO_SUCH_KEY);
        }
        let is = |value: &HeaderValue| value == "*" || *value == quoted(&object.etag);
        if request.headers().get(IF_MATCH).is_some_and(|value| !is(value)) {
            return Err(FALSE_CONDITION);
        }
        if request.headers().get(IF_NONE_MATCH).is_some_and(is) {
            return Ok(with_status(StatusCode::NOT_MODIFIED));
        }
        let mut response = if is_unpacked(&object, request) {
            unpacked(&object)?
        } else {
            part(&object, request.headers().get(RANGE))?
        };
        describe(&mut response, &object);
        if request.method() == Method::HEAD {
            response.body_mut().clear();
        }
        Ok(response)
    }

    async fn write(&self, key: &str, request: Request<Bytes>) -> Answer {
        if request.headers().contains_key("x-goog-copy-source") || request.uri().query().is_some() {
            return Err(NOT_SERVED);
        }
        let condition = condition(request.headers())?;
        let headers = kept(request.headers());
        let bytes = request.into_body();
        let object = self.objects.write(key, bytes, headers, &condition).await.map_err(refused)?;
        let mut response = with_status(StatusCode::OK);
        response.headers_mut().insert(ETAG, quoted(&object.etag));
        response.headers_mut().insert(GENERATION, object.generation.into());
        Ok(response)
    }

    fn list(&self, request: &Request<Bytes>) -> Answer {
        let query = query(request);
        let value = |wanted: &str| {
            let found = query.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        if value("list-type") != Some("2") {
            return Err(NOT_SERVED);
        }
        let after = match value("continuation-token") {
            None => value("start-after").unwrap_or_default().to_owned(),
            Some(token) => hex::decode(token)
                .ok()
                .and_then(|key| String::from_utf8(key).ok())
                .ok_or(INVALID)?,
        };
        let max = value("max-keys").map_or(Ok(1000), |max| max.parse().map_err(|_| INVALID))?;
        let prefix = value("prefix").unwrap_or_default();
        let page = self.objects.list(prefix, &after, value("delimiter"), max);
        let mut response = Response::new(Bytes::from(xml(&self.options.bucket, prefix, &page)));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=UTF-8"));
        Ok(response)
    }
}

fn with_status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn quoted(etag: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{etag}\"")).expect("hexadecimal digits")
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let split = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let plain = |text: &str| decoded(&text.replace('+', " "));
    split.map(|(name, value)| (plain(name), plain(value))).collect()
}

fn condition(headers: &HeaderMap) -> Result<Condition, (StatusCode, &'static str)> {
    let Some(value) = headers.get(IF_GENERATION_MATCH) else { return Ok(Condition::None) };
    let generation = value.to_str().ok().and_then(|value| value.parse().ok()).ok_or(INVALID)?;
    Ok(match generation {
        0 => Condition::Absent,
        _ => Condition::Generation(generation),
    })
}

fn refused(refused: Refused) -> (StatusCode, &'static str) {
    match refused {
        Refused::Condition | Refused::Missing => FALSE_CONDITION,
        Refused::UnderWay => (StatusCode::CONFLICT, "Conflict"),
        Refused::TooSoon => (StatusCode::TOO_MANY_REQUESTS, "SlowDown"),
    }
}

/// Headers of a write that belong to the object and are returned with it.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let own =
        [CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE];
    let google = ["x-goog-meta-", "x-goog-storage-class"];
    let kept = |name: &HeaderName| {
        own.contains(name) || google.iter().any(|start| name.as_str().starts_with(start))
    };
    let found = headers.iter().filter(|(name, _)| kept(name));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The headers of every read of an object, whatever part is read.
fn describe(response: &mut Response<Bytes>, object: &Object) {
    let is_unpacked = response.extensions().get::<Chunked>().is_some();
    let headers = response.headers_mut();
    headers.extend(object.headers.clone());
    if is_unpacked {
        headers.remove(CONTENT_ENCODING);
    }
    let modified = HeaderValue::try_from(httpdate::fmt_http_date(object.modified));
    headers.insert(LAST_MODIFIED, modified.expect("a date"));
    headers.insert(ETAG, quoted(&object.etag));
    headers.insert(GENERATION, object.generation.into());
    headers.insert("x-goog-metageneration", HeaderValue::from_static("1"));
    headers.insert("x-goog-stored-content-length", object.bytes.len().into());
    let coding = object.headers.get(CONTENT_ENCODING).cloned();
    let coding = coding.unwrap_or(HeaderValue::from_static("identity"));
    headers.insert("x-goog-stored-content-encoding", coding);
}

/// Whether the store decompresses the object for this client.
fn is_unpacked(object: &Object, request: &Request<Bytes>) -> bool {
    let says = |headers: &HeaderMap, name: HeaderName, word: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|v| v.contains(word))
    };
    says(&object.headers, CONTENT_ENCODING, "gzip")
        && !says(&object.headers, CACHE_CONTROL, "no-transform")
        && !says(request.headers(), ACCEPT_ENCODING, "gzip")
}

fn unpacked(object: &Object) -> Answer {
    let mut plain = Vec::new();
    let read = GzDecoder::new(&object.bytes[..]).read_to_end(&mut plain);
    read.map_err(|_| (StatusCode::SERVICE_UNAVAILABLE, "InternalError"))?;
    let mut response = Response::new(Bytes::from(plain));
    response.extensions_mut().insert(Chunked);
    let warning = HeaderValue::from_static("214 UploadServer gunzipped");
    response.headers_mut().insert("warning", warning);
    Ok(response)
}

fn part(object: &Object, range: Option<&HeaderValue>) -> Answer {
    let whole = object.bytes.len();
    let mut response = Response::new(object.bytes.clone());
    // An unreadable range is ignored, as HTTP requires.
    if let Some(range) = range.and_then(|value| Range::parse(value.to_str().ok()?).ok()) {
        let range = range.check(whole as u64);
        let range = range.map_err(|_| (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"))?;
        let place = |at| usize::try_from(at).unwrap_or(whole);
        *response.body_mut() = object.bytes.slice(place(range.start)..place(range.end));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let shown = format!("bytes {}-{}/{whole}", range.start, range.end - 1);
        response.headers_mut().insert(CONTENT_RANGE, shown.parse().expect("numbers"));
    }
    let length = response.body().len();
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// A page of a listing as the store writes it.
fn xml(bucket: &str, prefix: &str, page: &Page) -> String {
    let mut xml = String::from("<?xml version='1.0' encoding='UTF-8'?><ListBucketResult>");
    let mut element = |name: &str, text: &str| {
        write!(xml, "<{name}>{}</{name}>", escaped(text)).expect("a string takes all");
    };
    element("Name", bucket);
    element("Prefix", prefix);
    element("KeyCount", &(page.objects.len() + page.folders.len()).to_string());
    element("IsTruncated", &page.next.is_some().to_string());
    if let Some(next) = &page.next {
        element("NextContinuationToken", &hex::encode(next));
    }
    for (key, object) in &page.objects {
        let modified = OffsetDateTime::from(object.modified).format(&Rfc3339).expect("a date");
        write!(
            xml,
            "<Contents><Key>{}</Key><Generation>{}</Generation><LastModified>{modified}</LastModified>\
             <ETag>\"{}\"</ETag><Size>{}</Size></Contents>",
            escaped(key),
            object.generation,
            object.etag,
            object.bytes.len(),
        )
        .expect("a string takes all");
    }
    for folder in &page.folders {
        let folder = escaped(folder);
        write!(xml, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")
            .expect("a string takes all");
    }
    xml + "</ListBucketResult>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
