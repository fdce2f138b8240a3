//! HTTP requests to a writer: paths, queries, header fields and bodies, as `App` answers them.
//!
//! The bytes are a method and target, then header lines, a blank line and the body.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::http::{App, HttpConfig};
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::{HttpMetrics, LogMetrics};
use fasti::signer::FileSigner;
use fasti::store::{MemoryStore, Stores};
use fasti_kit::certificates::{ARTIFACT, ED25519_PH, P256, Signer};
use fasti_kit::{proposals, requests};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Full};
use tokio::runtime::{Builder, Runtime};

use crate::{Seeds, signed};

/// The number of entries in the log.
const ENTRIES: usize = 5;
/// The longest body of a refusal.
const REFUSAL_BYTES_MAX: usize = 8192;

/// A writer in front of a small log.
struct Server {
    app: App,
    runtime: Runtime,
}

thread_local! {
    static SERVER: OnceCell<Server> = const { OnceCell::new() };
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let origin: tiles_spec::Origin = signed::ORIGIN.parse().expect("an origin");
        let context = Context {
            config: LogConfig {
                republish_interval: Duration::from_secs(1 << 30),
                ..LogConfig::default()
            },
            stores: Stores::of(Arc::new(MemoryStore::default())),
            signer: Arc::new(FileSigner::new(origin, signed::key())),
            memory: None,
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        };
        let log = runtime.block_on(async {
            let opened = Log::open(context, Arc::new(MemoryIndex::default())).await;
            let (log, driver) = opened.expect("the log opens");
            tokio::spawn(driver.run());
            for n in 0..ENTRIES {
                log.submit(format!("entry {n}").into()).await.expect("it is accepted");
            }
            log
        });
        let app = App::new(log, HttpConfig::default(), HttpMetrics::default());
        Self { app, runtime }
    }

    fn ask(&self, request: &Asked) -> (Response<()>, Bytes) {
        let mut built = Request::new(Full::new(request.body.clone()));
        *built.method_mut() = request.method.clone();
        *built.uri_mut() = request.uri.clone();
        *built.headers_mut() = request.headers.clone();
        *built.version_mut() = Version::HTTP_11;
        self.runtime.block_on(async {
            let (answer, _) = self.app.handle(built).await;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.expect("it is in memory").to_bytes();
            (Response::from_parts(head, ()), body)
        })
    }
}

/// A request.
#[derive(Clone)]
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    /// Reads the check's own notation.
    fn read(data: &[u8]) -> Option<Self> {
        let mut lines = data.splitn(32, |byte| *byte == b'\n');
        let first = lines.next()?;
        let (method, uri) = first.split_at(first.iter().position(|byte| *byte == b' ')?);
        let mut asked = Self {
            method: Method::from_bytes(method).ok()?,
            uri: Uri::try_from(&uri[1..]).ok()?,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        for line in lines.by_ref() {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let name = http::HeaderName::from_bytes(name).ok()?;
            asked.headers.append(name, http::HeaderValue::from_bytes(value).ok()?);
        }
        asked.body = lines.collect::<Vec<_>>().join(&b'\n').into();
        Some(asked)
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }
}

/// See the crate.
pub fn check(data: &[u8]) {
    let Some(asked) = Asked::read(data) else { return };
    SERVER.with(|server| answer(server.get_or_init(Server::start), &asked));
}

fn answer(server: &Server, asked: &Asked) {
    let (head, body) = server.ask(asked);
    let status = head.status();
    // No request is this writer's fault; some are for what a client must not have asked.
    let ours = [StatusCode::NOT_IMPLEMENTED, StatusCode::SERVICE_UNAVAILABLE];
    assert!(!status.is_server_error() || ours.contains(&status), "{status}: {body:?}");
    if status.is_client_error() || status.is_server_error() {
        assert!(body.len() <= REFUSAL_BYTES_MAX);
        // Rekor v1 says nothing of an entry that is not there.
        let is_silent = status == StatusCode::NOT_FOUND
            && asked.uri.path().starts_with("/api/v1/log/entries")
            && body.is_empty();
        if asked.method != Method::HEAD && !is_silent {
            let said: serde_json::Value = serde_json::from_slice(&body).expect("it says why");
            assert!(said.is_object());
        }
        return;
    }
    if !body.is_empty() {
        assert!(head.headers().contains_key(CONTENT_TYPE));
    }
    if asked.method == Method::GET && head.headers().contains_key(ETAG) {
        parts(server, asked, &head, &body);
    }
}

/// Parts, codings and conditions of an object: each is the whole of it, or a part, or nothing.
fn parts(server: &Server, asked: &Asked, head: &Response<()>, body: &Bytes) {
    let whole = asked.with(|asked| {
        for name in [RANGE, IF_RANGE, IF_NONE_MATCH, ACCEPT_ENCODING] {
            asked.headers.remove(name);
        }
    });
    let (plain, content) = server.ask(&whole);
    assert_eq!(plain.status(), StatusCode::OK);
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    match head.status() {
        StatusCode::NOT_MODIFIED => assert!(body.is_empty()),
        StatusCode::PARTIAL_CONTENT => {
            assert!(asked.headers.contains_key(RANGE));
            let said = head.headers()[CONTENT_RANGE].to_str().expect("ASCII");
            let said = said.strip_prefix("bytes ").and_then(|said| said.split_once('/'));
            let (range, length) = said.expect("a range of bytes");
            assert_eq!(length, content.len().to_string());
            let (first, last) = range.split_once('-').expect("two ends");
            let (first, last): (usize, usize) =
                (first.parse().expect("a number"), last.parse().expect("a number"));
            assert_eq!(content[first..=last], body[..]);
        }
        status => {
            assert_eq!(status, StatusCode::OK);
            if !head.headers().contains_key(CONTENT_ENCODING) {
                assert_eq!(*body, content);
            }
        }
    }
    // Whoever has it is not sent it again, and HEAD says what GET would.
    let known = whole.with(|asked| {
        asked.headers.insert(IF_NONE_MATCH, plain.headers()[ETAG].clone());
    });
    assert_eq!(server.ask(&known).0.status(), StatusCode::NOT_MODIFIED);
    let (looked, nothing) = server.ask(&whole.with(|asked| asked.method = Method::HEAD));
    assert!(nothing.is_empty());
    assert_eq!(looked.headers().get(ETAG), plain.headers().get(ETAG));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let signer = Signer::generate(ED25519_PH);
    let submission = requests::artifact(&signer, ARTIFACT, None);
    let text = [
        ("checkpoint", "GET /checkpoint\nAccept: application/problem+json;q=0.5, */*\n\n"),
        ("bundle-part", "GET /tile/entries/000.p/5\nRange: bytes=2-9\nIf-Range: \"x\"\n\n"),
        (
            "bundle-packed",
            "GET /api/v2/tile/entries/000.p/5\nAccept-Encoding: gzip;q=0.5, zstd\n\n",
        ),
        ("tile", "HEAD /tile/0/000.p/5\nIf-None-Match: W/\"a\", *\n\n"),
        ("log", "GET /api/v1/log?stable=true\n\n"),
        ("proof", "GET /api/v1/log/proof?firstSize=1&lastSize=5&treeID=\n\n"),
        ("entry-by-index", "GET /api/v1/log/entries?logIndex=3\nOrigin: https://a.example\n\n"),
        (
            "entry",
            "GET /api/v1/log/entries/\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\n",
        ),
        (
            "search",
            "POST /api/v1/index/retrieve\nContent-Type: application/json\n\n\
             {\"email\":\"a@b.example\",\"hash\":\"sha1:ba7816bf8f01cfea414140de5dae2223b00361a3\",\
             \"operator\":\"and\"}",
        ),
        (
            "retrieve",
            "POST /api/v1/log/entries/retrieve\nContent-Type: application/json\n\n\
             {\"logIndexes\":[0,4],\"entryUUIDs\":[\"ab\"]}",
        ),
        (
            "preflight",
            "OPTIONS /api/v2/log/entries\nOrigin: https://a.example\n\
             Access-Control-Request-Method: POST\n\n",
        ),
        ("front", "GET /\n\n"),
    ];
    let mut seeds: Seeds =
        text.into_iter().map(|(name, text)| (name, text.as_bytes().to_vec())).collect();
    let submit =
        format!("POST /api/v2/log/entries\nContent-Type: application/json\n\n{submission}");
    seeds.push(("submission", submit.into_bytes()));
    let proposal = proposals::hashedrekord(&Signer::generate(P256), ARTIFACT, None);
    let propose = format!("POST /api/v1/log/entries\nContent-Type: application/json\n\n{proposal}");
    seeds.push(("proposal", propose.into_bytes()));
    seeds
}
