//! A log behind a URL.
//!
//! Reads are plain GETs. Bundles can come compressed with gzip, requested or not (C2SP tlog-tiles);
//! anything else must come uncompressed. Parts of an index are requested with `Range`
//! ([`part`] handles the answers). Connections, requests and bodies are bounded ([`transfer`]).
//! Temporary failures are retried twice, and a server that is too slow once.

mod part;
mod transfer;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::{HeadsPath, Packing, Published};
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::egress::{self, Redirects};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, RANGE, RETRY_AFTER,
};
use reqwest::{Client, StatusCode, Url};
use tiles_spec::{BundleCoord, Hash, ResourcePath};

use super::error::{FetchError, expect_small, gunzip};
use super::interface::Fetch;
use super::limits::{DESCRIPTION, bytes_max};
use super::part_fault::PartFault;
pub(crate) use transfer::{Patience, Transfer, send};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses between the attempts of a read.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Reads a log over HTTP.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
    base: String,
    patience: Patience,
}

impl HttpFetch {
    /// The log below `base`.
    pub fn new(base: &Url, redirects: Redirects) -> Result<Self, FetchError> {
        let client = client(base, redirects)?;
        let base = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, patience: Patience::FILES })
    }

    async fn attempt(&self, place: &str, wanted: Whole) -> Result<Option<Vec<u8>>, FetchError> {
        let codings = if wanted.may_be_packed { "gzip, identity" } else { "identity" };
        let asked = self.client.get(place).header(ACCEPT_ENCODING, codings);
        let answer = send(asked, self.patience, place).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            // Object stores answer this if the client may not know which objects do not exist.
            StatusCode::FORBIDDEN if wanted.may_be_absent => return Ok(None),
            status => return Err(FetchError::Status { place: place.to_owned(), status }),
        }
        let coding = coding(&answer);
        let bytes = answer.rest(wanted.max).await?;
        match coding.as_deref() {
            None => Ok(Some(bytes)),
            Some("gzip" | "x-gzip") if wanted.may_be_packed => {
                gunzip(&bytes, wanted.max, place).map(Some)
            }
            Some(coding) => Err(bad_coding(place, coding)),
        }
    }

    async fn attempt_part(
        &self,
        place: &str,
        bytes: &Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let asked = self.client.get(place).header(ACCEPT_ENCODING, "identity");
        let asked = asked.header(RANGE, format!("bytes={}-{}", bytes.start, bytes.end - 1));
        let answer = send(asked, self.patience, place).await?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => return Ok(None),
            StatusCode::PARTIAL_CONTENT | StatusCode::OK | StatusCode::RANGE_NOT_SATISFIABLE => {}
            status => return Err(FetchError::Status { place: place.to_owned(), status }),
        }
        if let Some(coding) = coding(&answer) {
            return Err(bad_coding(place, &coding));
        }
        part::read(answer, bytes).await.map(Some)
    }

    async fn attempt_length(&self, place: &str) -> Result<Option<u64>, FetchError> {
        let asked = self.client.head(place).header(ACCEPT_ENCODING, "identity");
        let answer = send(asked, self.patience, place).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => return Ok(None),
            status => return Err(FetchError::Status { place: place.to_owned(), status }),
        }
        if let Some(coding) = coding(&answer) {
            return Err(bad_coding(place, &coding));
        }
        let said = answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = said.and_then(|length| length.parse().ok());
        length.map(Some).ok_or_else(|| FetchError::NoLength { place: place.to_owned() })
    }
}

/// What is allowed for an object that is read whole.
#[derive(Clone, Copy)]
struct Whole {
    max: usize,
    may_be_packed: bool,
    may_be_absent: bool,
}

impl Whole {
    fn of(path: &ResourcePath) -> Self {
        Self {
            max: bytes_max(*path),
            may_be_packed: may_be_packed(*path),
            may_be_absent: *path != ResourcePath::Checkpoint,
        }
    }

    fn of_lookup(path: &LookupPath) -> Self {
        Self { max: bytes_max(*path), may_be_packed: may_be_packed(*path), may_be_absent: true }
    }
}

/// Whether an object can come compressed.
fn may_be_packed(object: impl Into<Published>) -> bool {
    object.into().properties().packing == Packing::Stored
}

/// The content coding of an answer, if it has one.
fn coding(answer: &Transfer<'_>) -> Option<String> {
    let coding = answer.headers().get(CONTENT_ENCODING)?;
    let coding = String::from_utf8_lossy(coding.as_bytes()).to_lowercase();
    (!matches!(coding.as_str(), "" | "identity")).then_some(coding)
}

fn bad_coding(place: &str, coding: &str) -> FetchError {
    FetchError::Coding { place: place.to_owned(), coding: coding.chars().take(64).collect() }
}

/// Makes an attempt, and retries after each pause as long as that can help.
async fn persist<T, F>(attempt: impl Fn() -> F) -> Result<T, FetchError>
where
    F: Future<Output = Result<T, FetchError>>,
{
    let mut was_slow = false;
    for pause in PAUSES {
        match attempt().await {
            Err(FetchError::TooSlow { .. }) if !was_slow => was_slow = true,
            Err(error) if may_pass(&error) => {}
            answered => return answered,
        }
        SystemClock.sleep(pause).await;
    }
    attempt().await
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let (place, wanted) = (self.place(path), Whole::of(path));
        persist(|| self.attempt(&place, wanted)).await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        let place = format!("{}/{DESCRIPTION}", self.base);
        let asked = self.client.get(&place).header(ACCEPT_ENCODING, "identity");
        let answer = send(asked, self.patience, &place).await?;
        match answer.status() {
            StatusCode::OK => answer.rest(bytes_max(DESCRIPTION)).await.map(Some),
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => Ok(None),
            status => Err(FetchError::Status { place, status }),
        }
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        let times = Published::Times(*bundle);
        let (place, max) = (format!("{}/{times}", self.base), bytes_max(times));
        let wanted = Whole { max, may_be_packed: false, may_be_absent: true };
        persist(|| self.attempt(&place, wanted)).await
    }

    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        let attestation = Published::Attestation(*sha256);
        let (place, max) = (format!("{}/{attestation}", self.base), bytes_max(attestation));
        let wanted = Whole { max, may_be_packed: false, may_be_absent: true };
        persist(|| self.attempt(&place, wanted)).await
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        let file = Published::Heads(*path);
        let (place, max) = (format!("{}/{file}", self.base), bytes_max(file));
        let wanted = Whole { max, may_be_packed: false, may_be_absent: true };
        persist(|| self.attempt(&place, wanted)).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}/{path}", self.base)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        let (place, wanted) = (self.place_of_lookup(path), Whole::of_lookup(path));
        persist(|| self.attempt(&place, wanted)).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let place = self.place_of_lookup(path);
        expect_small(&place, &bytes)?;
        if bytes.is_empty() {
            return Ok(Some(Vec::new()));
        }
        persist(|| self.attempt_part(&place, &bytes)).await
    }

    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        let place = self.place_of_lookup(path);
        persist(|| self.attempt_length(&place)).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        format!("{}/{path}", self.base)
    }
}

/// Whether the same read can succeed in a moment.
fn may_pass(error: &FetchError) -> bool {
    match error {
        FetchError::Request { source, .. } => !source.is_builder() && !source.is_redirect(),
        FetchError::Status { status, .. } => {
            status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
        }
        FetchError::Part { fault, .. } => matches!(fault, PartFault::BrokenOff { .. }),
        _ => false,
    }
}

/// A client for URLs below `base`.
pub(crate) fn client(base: &Url, redirects: Redirects) -> Result<Client, FetchError> {
    egress::for_reading(base, redirects)
        .user_agent(concat!("fasti/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|source| FetchError::Request { place: base.to_string(), source })
}

/// The `Retry-After` header, if it is present and in seconds rather than a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use fasti_seams::least_rate::LeastRate;

    use super::*;

    const TILE: &str = "tile/0/000.p/1";
    const BUNDLE: &str = "tile/entries/000.p/1";

    /// Serves these answers, one per connection, and returns the requests.
    fn serve(answers: Vec<Vec<u8>>) -> (HttpFetch, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/log/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let answer = |answer: Vec<u8>| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).unwrap();
                stream.write_all(&answer).unwrap();
                String::from_utf8_lossy(&request[..length]).to_lowercase()
            };
            answers.into_iter().map(answer).collect()
        });
        (HttpFetch::new(&url.parse().unwrap(), Redirects::default()).unwrap(), server)
    }

    fn answer(head: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head = format!("HTTP/1.1 {head}connection: close\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn fetch(answers: Vec<Vec<u8>>, path: &str) -> Result<Option<Vec<u8>>, FetchError> {
        let count = answers.len();
        let (fetch, server) = serve(answers);
        let path = path.parse().unwrap();
        let fetched = fetch.fetch(&path).await;
        let requests = server.join().unwrap();
        assert_eq!(requests.len(), count);
        for request in requests {
            assert!(request.starts_with(&format!("get /log/{path} http/1.1\r\n")), "{request}");
            let packed = request.contains("accept-encoding: gzip, identity\r\n");
            assert_eq!(packed, matches!(path, ResourcePath::Bundle(_)), "{request}");
        }
        fetched
    }

    #[tokio::test]
    async fn objects_plain_and_packed() {
        let ok = "200 OK\r\n";
        let packed = "200 OK\r\ncontent-encoding: gzip\r\n";
        let bundle = b"\x00\x01x".to_vec();
        assert_eq!(fetch(vec![answer(ok, &bundle)], BUNDLE).await.unwrap(), Some(bundle.clone()));
        let answers = vec![answer(packed, &gzip(&bundle))];
        assert_eq!(fetch(answers, BUNDLE).await.unwrap(), Some(bundle));
        assert_eq!(fetch(vec![answer(ok, &[7; 32])], TILE).await.unwrap(), Some(vec![7; 32]));
        let refused = fetch(vec![answer(packed, &gzip(&[7; 32]))], TILE).await.unwrap_err();
        assert!(matches!(&refused, FetchError::Coding { coding, .. } if coding == "gzip"));
        let bomb = answer(packed, &gzip(&vec![0; 70_000]));
        let refused = fetch(vec![bomb], BUNDLE).await.unwrap_err();
        assert!(matches!(refused, FetchError::TooLong { max: 65_537, .. }), "{refused}");
        let refused = fetch(vec![answer(ok, &[7; 33])], TILE).await.unwrap_err();
        assert!(matches!(refused, FetchError::TooLong { max: 32, .. }), "{refused}");
    }

    #[tokio::test]
    async fn absence_and_what_may_pass() {
        for absent in ["404 Not Found\r\n", "410 Gone\r\n", "403 Forbidden\r\n"] {
            assert_eq!(fetch(vec![answer(absent, b"")], TILE).await.unwrap(), None);
        }
        let forbidden = fetch(vec![answer("403 Forbidden\r\n", b"")], "checkpoint").await;
        assert!(matches!(forbidden, Err(FetchError::Status { .. })));
        let busy = || answer("503 Service Unavailable\r\n", b"");
        let answers = vec![busy(), answer("200 OK\r\n", &[7; 32])];
        assert_eq!(fetch(answers, TILE).await.unwrap(), Some(vec![7; 32]));
        let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 32\r\n\r\nshort".to_vec();
        let answers = vec![broken, busy(), answer("404 Not Found\r\n", b"")];
        assert_eq!(fetch(answers, TILE).await.unwrap(), None);
    }

    /// How a server of these tests drips.
    const PATIENCE: Patience = Patience {
        answer: Duration::from_millis(500),
        body: LeastRate { bytes_per_second: 1 << 10, grace: Duration::from_millis(500) },
    };

    /// Serves one body to each of `count` connections, piece by piece, with a pause before each.
    fn dripping(
        head: &'static str,
        body: Vec<Vec<u8>>,
        pause: Duration,
        count: usize,
    ) -> (HttpFetch, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            for _ in 0..count {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut vec![0; 4096]).unwrap() > 0);
                let head = std::iter::once(head.as_bytes());
                for piece in head.chain(body.iter().map(Vec::as_slice)) {
                    // The client hangs up when it has enough.
                    if stream.write_all(piece).is_err() {
                        break;
                    }
                    thread::sleep(pause);
                }
            }
        });
        let fetch = HttpFetch::new(&url.parse().unwrap(), Redirects::default()).unwrap();
        (HttpFetch { patience: PATIENCE, ..fetch }, server)
    }

    #[tokio::test]
    async fn a_server_that_drips_is_given_up_whatever_it_announces() {
        let tick = Duration::from_millis(50);
        let drops = vec![b"a".to_vec(); 200];
        for (head, came) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nx-long: ", false),
        ] {
            // Asked twice, and no more.
            let (fetch, server) = dripping(head, drops.clone(), tick, 2);
            let started = SystemClock.now();
            let error = fetch.fetch(&BUNDLE.parse().unwrap()).await.unwrap_err();
            let took = SystemClock.now() - started;
            let FetchError::TooSlow { received, .. } = error else { panic!("{error}") };
            assert_eq!(received > 0, came, "{error}");
            assert!(!error.is_damage() && took < Duration::from_secs(5), "{took:?}");
            drop(fetch);
            server.join().unwrap();
        }
    }

    /// Much longer than the grace period, at four times the least rate.
    #[tokio::test]
    async fn a_slow_line_is_waited_for() {
        let (tick, head) = (Duration::from_millis(50), "HTTP/1.1 200 OK\r\n\r\n");
        let pieces = vec![vec![7; 200]; 40];
        let (fetch, server) = dripping(head, pieces, tick, 1);
        let started = SystemClock.now();
        let bytes = fetch.fetch(&BUNDLE.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(bytes, vec![7; 8000]);
        assert!(SystemClock.now() - started > 3 * PATIENCE.body.grace);
        server.join().unwrap();
    }
}
