//! Paths and methods: each path answers to its own methods, and no other path exists.

use std::fs;

use fasti_kit::writer::Writer;

use crate::reader::{ENTRIES, Reader};
use crate::submitter::{base64, good};
use crate::wire::{Wire, ask, exchange, get, post, request};

const READS: [&str; 16] = [
    "/",
    "/healthz",
    "/ping",
    "/readyz",
    "/checkpoint",
    "/api/v2/checkpoint",
    "/tile/0/000.p/1",
    "/tile/entries/000.p/1",
    "/time/000.p/1",
    "/attestations/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "/api/v2/tile/0/000",
    "/api/v2/tile/entries/x001/000",
    "/lookup/latest",
    "/lookup/checkpoint",
    "/lookup/revision/000",
    "/api/v2/lookup/run/0/256/0",
];

#[test]
fn a_method_that_does_not_fit_is_told_which_does() {
    let writer = Writer::start(&["--accept-opaque"]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    let rows = [
        ("GET, HEAD", &READS[..], &["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]),
        (
            "POST",
            &[ENTRIES, "/add"],
            &["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"],
        ),
    ];
    for (allowed, paths, methods) in rows {
        for path in paths {
            for method in methods {
                let row = format!("{method} {path}");
                let answer = exchange(writer.address, method, path, &[], b"");
                assert_eq!(answer.field("allow"), Some(allowed), "{row}");
                if *method == "HEAD" {
                    assert_eq!(answer.status, 405, "{row}");
                    continue;
                }
                answer.refuses(&row, 405, &format!("{method} is not allowed here; use {allowed}"));
                assert_eq!(answer.json()["code"], 12, "{row}");
            }
        }
    }
    Reader::of(&writer).is_unharmed(1);
}

#[test]
fn health_is_told_and_metrics_have_an_address_of_their_own() {
    let writer = Writer::start(&["--metrics-listen", "127.0.0.1:0"]);
    let metrics = writer.metrics.expect("it listens");
    for path in ["/healthz", "/readyz", "/"] {
        let answer = get(writer.address, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{path}");
        ask(metrics, "GET", path, &[], b"").refuses(path, 404, "there is nothing at");
    }
    assert_eq!(get(writer.address, "/healthz").text(), r#"{"status":"SERVING"}"#);
    let ready = get(writer.address, "/readyz").json();
    assert_eq!((&ready["origin"], &ready["treeSize"]), (&"localhost".into(), &0.into()));

    get(writer.address, "/metrics").refuses("metrics", 404, "there is nothing at /metrics");
    get(writer.address, "/api/v2/metrics").refuses("metrics", 404, "there is nothing at");
    ask(metrics, "POST", "/metrics", &[], b"").refuses("metrics", 405, "use GET, HEAD");
    let count = |line: &str| {
        let answer = get(metrics, "/metrics");
        assert_eq!(answer.status, 200);
        let line = answer.text().lines().find_map(|l| l.strip_prefix(line)).map(str::trim);
        line.and_then(|count| count.parse::<u64>().ok()).unwrap_or_default()
    };
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    assert_eq!(post(writer.address, ENTRIES, b"{}").status, 400);
    assert_eq!(count("fasti_tree_size_leaves"), 1);
    assert_eq!(count(r#"fasti_http_requests_total{route="entries",code="201"}"#), 1);
    assert_eq!(count(r#"fasti_http_requests_total{route="entries",code="400"}"#), 1);
}

#[test]
fn paths_that_name_nothing() {
    let writer = Writer::start(&["--accept-opaque"]);
    for _ in 0..2 {
        assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    }
    assert_eq!(get(writer.address, "/tile/0/000.p/2").status, 200);
    let (not_found, bad) = ("there is nothing at", "is not the path of a tile");
    let long = format!("/tile/0/{}", "x000/".repeat(3_000));
    let longer = format!("/{}", "a".repeat(15_000));
    let rows = [
        ("/nothing", 404, not_found),
        ("/index.html", 404, not_found),
        ("//", 404, not_found),
        ("//checkpoint", 404, not_found),
        ("/checkpoint/", 404, not_found),
        ("/./checkpoint", 404, not_found),
        ("/Checkpoint", 404, not_found),
        ("/checkpoint%00", 404, not_found),
        ("/%63heckpoint", 404, not_found),
        ("/checkpoint;x=1", 404, not_found),
        ("/checkpoint\\", 404, not_found),
        ("/api/v2", 404, not_found),
        ("/api/v2/", 404, not_found),
        ("/api/v2//checkpoint", 404, not_found),
        ("/api/v2/api/v2/checkpoint", 404, not_found),
        ("/api/v2/healthz", 404, not_found),
        ("/api/v3/log", 404, not_found),
        ("/api/v2/log/entries/", 404, not_found),
        ("/api/v2/log/entries/0", 404, not_found),
        ("/add/", 404, not_found),
        ("/tile", 404, not_found),
        ("/tile/", 400, bad),
        ("/tile//", 400, bad),
        ("/tile/0", 400, bad),
        ("/tile/0/", 400, bad),
        ("/tile//0/000", 400, bad),
        ("/tile/0//000", 400, bad),
        ("/tile/../checkpoint", 400, bad),
        ("/tile/0/../0/000.p/2", 400, bad),
        ("/tile/0/%2e%2e/000", 400, bad),
        ("/tile/%2e%2e/checkpoint", 400, bad),
        ("/tile/0%2f000.p/2", 400, bad),
        ("/tile/0/x1", 400, bad),
        ("/tile/0/x001", 400, bad),
        ("/tile/0/0", 400, bad),
        ("/tile/0/0000", 400, bad),
        ("/tile/0/+00", 400, bad),
        ("/tile/0/x000/000", 400, bad),
        ("/tile/0/001/000", 400, bad),
        ("/tile/0/x001/x000", 400, bad),
        ("/tile/0/X001/000", 400, bad),
        ("/tile/0/000.p", 400, bad),
        ("/tile/0/000.p/", 400, bad),
        ("/tile/0/000.p/0", 400, bad),
        ("/tile/0/000.p/256", 400, bad),
        ("/tile/0/000.p/02", 400, bad),
        ("/tile/0/000.p/+2", 400, bad),
        ("/tile/0/000.p/2/", 400, bad),
        ("/tile/0/000.p/2.p/2", 400, bad),
        ("/tile/0/000.p/2%00", 400, bad),
        ("/tile/0/000.p/99999999999999999999", 400, bad),
        ("/tile/0/000%00.p/2", 400, bad),
        ("/tile/00/000.p/2", 400, bad),
        ("/tile/-1/000", 400, bad),
        ("/tile/64/000", 400, bad),
        ("/tile/256/000", 400, bad),
        ("/tile/0x0/000", 400, bad),
        ("/tile/data/000", 400, bad),
        ("/tile/Entries/000", 400, bad),
        ("/tile/entries/", 400, bad),
        ("/tile/entries/000.p/256", 400, bad),
        ("/time/", 400, bad),
        ("/time/0/000", 400, bad),
        ("/time/000.p/256", 400, bad),
        ("/time/000.p/3", 404, not_found),
        ("/attestations", 404, not_found),
        ("/attestations/", 400, bad),
        ("/attestations/sha256/e3b0c442", 400, bad),
        // 2^64 - 1 is a valid tile index, 2^64 is not.
        ("/tile/0/x018/x446/x744/x073/x709/x551/615", 404, not_found),
        ("/tile/0/x018/x446/x744/x073/x709/x551/616", 400, bad),
        ("/tile/0/x999/x999/x999/x999/x999/x999/999", 400, bad),
        // In the store, but not in a tree of this size.
        ("/tile/0/000", 404, not_found),
        ("/tile/0/000.p/3", 404, not_found),
        ("/tile/0/001.p/1", 404, not_found),
        ("/tile/63/000.p/1", 404, not_found),
        ("/tile/entries/000.p/255", 404, not_found),
        (&long, 400, bad),
        (&longer, 404, not_found),
    ];
    for (path, status, words) in rows {
        let row = &path[..path.len().min(100)];
        get(writer.address, path).refuses(row, status, words);
        let head = exchange(writer.address, "HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (status, 0), "HEAD {row}");
    }
    for path in ["/nothing", "/api/v2/log/entries/", "/add/", "/tile/0/x1"] {
        let status = if path.starts_with("/tile") { 400 } else { 404 };
        let answer = post(writer.address, path, good().as_bytes());
        answer.refuses(path, status, path);
    }
    Reader::of(&writer).is_unharmed(2);
}

#[test]
fn paths_that_name_nothing_of_an_index() {
    let writer = Writer::start(&["--no-lookup"]);
    let (not_found, bad) = ("there is nothing at", "is not the path of a tile");
    let rows = [
        ("/lookup/latest", 404, not_found),
        ("/lookup/checkpoint", 404, not_found),
        ("/lookup", 404, not_found),
        ("/lookup/", 404, not_found),
        ("/lookup/newest", 404, not_found),
        ("/lookup/lookup/latest", 404, not_found),
        ("/lookup/latest/", 404, not_found),
        ("/lookup/../checkpoint", 404, not_found),
        ("/lookup/tile/0/000", 404, not_found),
        ("/lookup/tile/0/00", 400, bad),
        ("/lookup/tile/0/../0/000", 400, bad),
        ("/lookup/revision/", 400, bad),
        ("/lookup/revision/1", 400, bad),
        ("/lookup/revision/000.p/1", 400, bad),
        ("/lookup/revision/../latest", 400, bad),
        ("/lookup/revision/999", 404, not_found),
        ("/lookup/run/", 400, bad),
        ("/lookup/run/0", 400, bad),
        ("/lookup/run/0/256", 400, bad),
        ("/lookup/run/0/0/0", 400, bad),
        ("/lookup/run/256/0/0", 400, bad),
        ("/lookup/run/00/256/0", 400, bad),
        ("/lookup/run/0/256/1024", 400, bad),
        ("/lookup/run/0/256/0/0", 400, bad),
        ("/lookup/run/0/256/../0/0", 400, bad),
        ("/lookup/run/0/256/-1", 400, bad),
        ("/lookup/run/0/99999999999999999999/0", 400, bad),
        ("/lookup/run/0/256/0", 404, not_found),
    ];
    for (path, status, words) in rows {
        get(writer.address, path).refuses(path, status, words);
        let head = exchange(writer.address, "HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (status, 0), "HEAD {path}");
    }
    Reader::of(&writer).is_unharmed(0);
}

/// What hyper itself refuses before a path is parsed.
#[test]
fn targets_that_are_not_paths() {
    let writer = Writer::start(&[]);
    let address = writer.address;
    assert_eq!(get(address, "/checkpoint?at=now").status, 200, "a query is ignored");
    assert_eq!(get(address, "http://elsewhere.test/checkpoint").status, 200);
    get(address, "*").refuses("*", 404, "there is nothing at");
    exchange(address, "OPTIONS", "*", &[], b"").refuses("*", 404, "there is nothing at");
    let targets: [&[u8]; 9] = [
        b"",
        b"checkpoint",
        b"../checkpoint",
        b"/check point",
        b"/checkpoint\0",
        b"/check\tpoint",
        b"/\x80\xff",
        b"/checkpoint\x7f",
        b"http://",
    ];
    for target in targets {
        let mut wire = Wire::connect(address);
        wire.send(&[b"GET ", target, b" HTTP/1.1\r\nHost: log.test\r\n\r\n"].concat());
        let row = String::from_utf8_lossy(target);
        let status = wire.answer().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400 | 404)), "{row}: {status:?}");
    }
    let mut wire = Wire::connect(address);
    wire.send(b"CONNECT log.test:443 HTTP/1.1\r\nHost: log.test\r\n\r\n");
    assert!(wire.answer().is_none_or(|answer| answer.status >= 400));
    let mut wire = Wire::connect(address);
    wire.send(&request("GET", &format!("/{}", "a".repeat(80_000)), &[], b""));
    let status = wire.answer().map(|answer| answer.status);
    assert!(matches!(status, Some(414 | 431)), "{status:?}");
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn what_is_private_stays_private() {
    let writer = Writer::start(&["--metrics-listen", "127.0.0.1:0"]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    let private = writer.home.store().join("_writer");
    let key = fs::read(private.join("log.key")).expect("the key is there");
    let mut names = vec!["_writer".to_owned(), "_writer/commit/00000000000000000001".to_owned()];
    let mut dirs = vec![private];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(writer.home.store()).expect("below the store");
            names.push(name.to_str().expect("UTF-8").to_owned());
            if path.is_dir() {
                dirs.push(path);
            }
        }
    }
    for name in ["_writer/log.key", "_writer/lock"] {
        assert!(names.iter().any(|n| n == name), "{name} is not among {names:?}");
    }
    let secrets: Vec<Vec<u8>> = [key.clone(), base64(&key).into_bytes()]
        .into_iter()
        .chain(String::from_utf8_lossy(&key).lines().map(|line| line.as_bytes().to_vec()))
        .filter(|secret| secret.len() > 16)
        .collect();
    let leaks = |bytes: &[u8]| {
        secrets.iter().any(|secret| bytes.windows(secret.len()).any(|window| window == *secret))
    };
    assert!(leaks(&key));
    for name in &names {
        for prefix in [
            "/",
            "//",
            "/./",
            "/api/v2/",
            "/api/v2/../../",
            "/tile/../",
            "/tile/%2e%2e/",
            "/tile/0/../../",
            "/tile/entries/..%2f..%2f",
            "/checkpoint/../",
            "/%5fwriter/../",
            "http://log.test/",
        ] {
            let target = format!("{prefix}{name}");
            for address in [Some(writer.address), writer.metrics].into_iter().flatten() {
                let answer = get(address, &target);
                assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
                assert!(!leaks(&answer.body), "{target}");
            }
        }
    }
    assert!(!leaks(writer.stop().said().as_bytes()), "the key is in the messages");
}
