//! Web pages of other sites: they can read everything public, and submit only with permission.

use std::net::SocketAddr;

use fasti_kit::writer::{Home, Writer};

use crate::call::{call, call_of_page, framed};
use crate::reader::{ENTRIES, Reader};
use crate::submitter::good;
use crate::wire::{Answer, Wire, ask, exchange, get, post, post_json};

const PAGE: (&str, &str) = ("Origin", "https://ui.example");
const SEARCH: &str = "/api/v1/index/retrieve";
const EXPOSED: &str = "Accept-Ranges, Allow, Content-Encoding, Content-Range, Date, ETag, \
                       Location, Retry-After, Vary, WWW-Authenticate, fasti-complete, \
                       fasti-log-size, fasti-next, x-log-index, x-request-id";

/// What a browser asks before a page may do this.
fn preflight(address: SocketAddr, path: &str, method: &str, site: &str) -> Answer {
    let fields = [
        ("Origin", site),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "content-type,range"),
        ("Access-Control-Request-Private-Network", "true"),
    ];
    exchange(address, "OPTIONS", path, &fields, b"")
}

#[track_caller]
fn allows(answer: &Answer, methods: &str) {
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
    let asked = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    let sent = "*, Accept, Authorization, Content-Type, If-None-Match, If-Range, Range, \
                X-Requested-With";
    for (name, value) in [
        ("access-control-allow-origin", Some("*")),
        ("access-control-allow-methods", Some(methods)),
        ("access-control-allow-headers", Some(sent)),
        ("access-control-max-age", Some("86400")),
        ("vary", Some(asked)),
        ("access-control-allow-credentials", None),
        ("access-control-allow-private-network", None),
    ] {
        assert_eq!(answer.field(name), value, "{name}");
    }
}

#[track_caller]
fn is_shared(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.field("access-control-allow-origin"), Some("*"), "{answer:?}");
    assert_eq!(answer.field("access-control-expose-headers"), Some(EXPOSED), "{answer:?}");
}

#[track_caller]
fn is_not_shared(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    for (name, _) in &answer.fields {
        assert!(!name.to_lowercase().starts_with("access-control-"), "{answer:?}");
    }
}

#[test]
fn browsers_are_told_that_pages_may_read() {
    let writer = Writer::start(&[]);
    for path in [
        "/",
        "/checkpoint",
        "/log.json",
        "/tile/0/000",
        "/tile/entries/x001/000.p/7",
        "/time/000",
        "/attestations/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "/lookup/latest",
        "/lookup/run/0/256/0",
        "/api/v2/checkpoint",
        "/api/v2/lookup/revision/000",
        "/openapi.json",
    ] {
        for method in ["GET", "HEAD"] {
            allows(&preflight(writer.address, path, method, PAGE.1), "GET, HEAD");
        }
    }
    for (path, method) in [
        (SEARCH, "POST"),
        ("/api/v1/log/entries/retrieve", "POST"),
        ("/api/v1/log", "GET"),
        ("/api/v1/log/proof", "GET"),
        ("/api/v1/log/entries", "GET"),
        ("/api/v1/log/entries/00", "GET"),
    ] {
        allows(&preflight(writer.address, path, method, PAGE.1), "GET, HEAD, POST");
        allows(&preflight(writer.address, path, method, "null"), "GET, HEAD, POST");
    }
    // Any other OPTIONS request uses a method that is not allowed.
    for fields in [&[PAGE][..], &[("Access-Control-Request-Method", "GET")], &[]] {
        let answer = exchange(writer.address, "OPTIONS", "/checkpoint", fields, b"");
        is_not_shared(&answer, 405);
        assert_eq!(answer.field("allow"), Some("GET, HEAD"));
    }
}

/// Whatever the outcome, and whoever asks, since a cache may keep the answer for all.
#[test]
fn pages_see_whole_answers() {
    let writer = Writer::start(&["--accept-opaque"]);
    let address = writer.address;
    assert_eq!(post(address, "/add", b"an entry").status, 200);
    // Submissions are shared with pages only.
    is_not_shared(&post_json(address, "/api/v1/log/entries", b"{}"), 422);
    for more in [&[][..], &[PAGE]] {
        let read = |path: &str, fields: &[(&str, &str)]| {
            exchange(address, "GET", path, &[more, fields].concat(), b"")
        };
        let whole = read("/checkpoint", &[]);
        is_shared(&whole, 200);
        assert_eq!(whole.field("vary"), None, "it is the same for all");
        let etag = whole.field("etag").expect("an ETag");
        is_shared(&read("/checkpoint", &[("If-None-Match", etag)]), 304);
        is_shared(&read("/tile/entries/000.p/1", &[("Range", "bytes=1-2")]), 206);
        is_shared(&read("/tile/entries/000.p/1", &[("Range", "bytes=99999-")]), 416);
        is_shared(&read("/tile/0/000", &[]), 404);
        is_shared(&read("/tile/0/0", &[]), 400);
        for path in ["/", "/log.json", "/openapi.json", "/api/v2/checkpoint", "/api/v1/log"] {
            is_shared(&read(path, &[]), 200);
            is_shared(&exchange(address, "HEAD", path, more, b""), 200);
            is_shared(&exchange(address, "DELETE", path, more, b""), 405);
        }
        let json = [&[("Content-Type", "application/json")], more].concat();
        let ask = |path: &str, body: &[u8]| exchange(address, "POST", path, &json, body);
        let found = ask(SEARCH, br#"{"email": "me@example.com"}"#);
        is_shared(&found, 200);
        assert_eq!(found.field("fasti-complete"), Some("true"));
        is_shared(&ask(SEARCH, b"{"), 400);
        is_shared(&ask(SEARCH, &vec![b' '; 70_000]), 413);
        is_shared(&read("/api/v1/nothing", &[]), 404);
        is_shared(&read("/api/v1/log/proof", &[]), 422);
        is_shared(&ask("/api/v1/log", b"{}"), 405);
    }
    Reader::of(&writer).is_unharmed(1);
}

#[test]
fn what_is_not_for_readers_is_not_for_pages() {
    let writer = Writer::start(&["--metrics-listen", "127.0.0.1:0"]);
    for (path, status) in
        [("/healthz", 200), ("/ping", 200), ("/readyz", 200), ("/_writer/forward", 405)]
    {
        is_not_shared(&exchange(writer.address, "GET", path, &[PAGE], b""), status);
        is_not_shared(&preflight(writer.address, path, "GET", PAGE.1), 405);
        is_not_shared(&preflight(writer.address, path, "POST", PAGE.1), 405);
    }
    for path in ["/nothing", "/_writer/commit", "/dev.sigstore.rekor.v2.Rekor/CreateEntry"] {
        is_not_shared(&preflight(writer.address, path, "POST", PAGE.1), 404);
    }
    let metrics = writer.metrics.expect("it listens");
    is_not_shared(&ask(metrics, "GET", "/metrics", &[PAGE], b""), 200);
    let asks = [PAGE, ("Access-Control-Request-Method", "GET")];
    is_not_shared(&ask(metrics, "OPTIONS", "/metrics", &asks, b""), 405);
}

/// A browser posts plain text anywhere without a preflight; this writer listens on the loopback
/// address.
#[test]
fn a_page_of_another_site_submits_nothing() {
    let writer =
        Writer::start(&["--accept-opaque", "--cors-submit", "https://signer.example:8443"]);
    let address = writer.address;
    let port = address.port();
    let words = "may not submit to this log";
    let (rebound, elsewhere) = (format!("http://rebound.test:{port}"), "http://localhost:1");
    let refused = [
        ("null", ""),
        ("https://ui.example", ""),
        ("https://signer.example", ""),
        ("http://signer.example:8443", ""),
        ("https://signer.example:8443.evil.example", ""),
        ("https://localhost", ""),
        (elsewhere, ""),
        // A name that resolves to this address but was not given to this log.
        (&rebound, &rebound),
        ("", ""),
    ];
    for (site, host) in refused {
        for (path, body) in [("/add", "an entry"), (ENTRIES, &good())] {
            let fields = [("Origin", site), ("Content-Type", "text/plain;charset=UTF-8")];
            let answer =
                exchange(address, "POST", &format!("{host}{path}"), &fields, body.as_bytes());
            answer.refuses(site, 403, words);
            assert_eq!(answer.json()["code"], 7);
            is_shared(&answer, 403);
            let answer = preflight(address, path, "POST", site);
            is_not_shared(&answer, 403);
            answer.refuses(site, 403, words);
        }
    }
    let both = [("Origin", "https://signer.example:8443"), PAGE];
    exchange(address, "POST", "/add", &both, b"x").refuses("two", 403, "ui.example may not");
    let mut wire = Wire::connect(address);
    wire.send(b"POST /add HTTP/1.1\r\nHost: rebound.test\r\nOrigin: http://rebound.test\r\n");
    wire.send(b"Content-Length: 1\r\n\r\nx");
    wire.answer().expect("an answer").refuses("rebound", 403, words);
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn pages_that_may_submit_do() {
    let named =
        ["--accept-opaque", "--cors-submit", "https://a.example,HTTPS://Signer.Example:443/"];
    let writer = Writer::start(&named);
    let address = writer.address;
    let site = "https://signer.example";
    allows(&preflight(address, ENTRIES, "POST", site), "POST");
    allows(&preflight(address, "/add", "POST", site), "POST");
    let fields = [("Origin", site)];
    is_shared(&exchange(address, "POST", ENTRIES, &fields, good().as_bytes()), 201);
    is_shared(&exchange(address, "POST", "/add", &fields, b"an entry"), 200);
    is_shared(&exchange(address, "POST", ENTRIES, &fields, b"{}"), 400);
    // Clients that are not pages send no Origin, and get no CORS fields.
    is_not_shared(&post(address, "/add", b"another entry"), 200);
    // The log's own pages: the writer is at a loopback address.
    for host in ["127.0.0.1", "localhost", "log.localhost", "[::1]"] {
        let own = format!("http://{host}:{}", address.port());
        let target = format!("{own}/add");
        is_shared(&exchange(address, "POST", &target, &[("Origin", &own)], host.as_bytes()), 200);
    }
    Reader::of(&writer).is_unharmed(7);

    let home = Home::new();
    let writer =
        home.start(&["--accept-opaque", "--origin", "log.test/2026", "--cors-submit", "*"]);
    for site in ["null", "https://ui.example"] {
        let answer = exchange(writer.address, "POST", "/add", &[("Origin", site)], site.as_bytes());
        is_shared(&answer, 200);
    }
    writer.stop();
    // Without the flag: only the log's own host, which is in its origin.
    let writer = home.start(&["--accept-opaque", "--origin", "log.test/2026"]);
    let own = [("Origin", "https://log.test")];
    is_shared(&exchange(writer.address, "POST", "/add", &own, b"by its own page"), 200);
    let refused = exchange(writer.address, "POST", "/add", &[PAGE], b"by another");
    refused.refuses("another", 403, "pages of https://ui.example may not submit");
    assert!(get(writer.address, "/checkpoint").text().starts_with("log.test/2026\n3\n"));

    for site in ["ui.example", "https://ui.example/page", "https://*.example", "null"] {
        let (code, said) = Home::new().refusal(&["--cors-submit", site]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("such as https://ui.example.org"), "{said}");
    }
}

#[test]
fn pages_learn_when_to_come_back() {
    let limited = ["--accept-opaque", "--rate-limit-client", "1/h", "--cors-submit", "*"];
    let writer = Writer::start(&limited);
    is_shared(&exchange(writer.address, "POST", "/add", &[PAGE], b"one"), 200);
    let answer = exchange(writer.address, "POST", "/add", &[PAGE], b"two");
    is_shared(&answer, 429);
    assert!(answer.field("retry-after").is_some());
    is_shared(&get(writer.address, "/checkpoint"), 200);
}

/// Behind proxies that turn pages' requests into calls.
#[test]
fn calls_of_pages_are_refused_too() {
    let writer = Writer::start(&["--cors-submit", "https://signer.example"]);
    let path = "/dev.sigstore.rekor.v2.Rekor/CreateEntry";
    let refused = call_of_page(writer.address, path, PAGE.1, &framed(b""));
    assert_eq!(refused.code(), 7, "{}", refused.message());
    assert!(refused.message().contains("pages of https://ui.example may not submit"));
    // The body is parsed, and is not a message.
    for called in [
        call_of_page(writer.address, path, "https://signer.example", &framed(b"")),
        call(writer.address, path, &framed(b"")),
    ] {
        assert_eq!(called.code(), 3, "{}", called.message());
    }
}
