//! Heads: too long or ambiguous; several on one connection; older and newer versions of HTTP.

use std::fmt::Write as _;

use fasti_kit::writer::Writer;

use crate::reader::{ENTRIES, Reader, opaque_index};
use crate::submitter::good;
use crate::wire::{Wire, chunked, request};

#[test]
fn heads_beyond_the_limit_are_refused() {
    let writer = Writer::start(&["--accept-opaque"]);
    let many = |count: usize, length: usize| {
        (0..count).fold(String::new(), |mut fields, n| {
            write!(fields, "F{n}: {}\r\n", "v".repeat(length)).expect("to memory");
            fields
        })
    };
    let head = |fields: &str| format!("POST /add HTTP/1.1\r\n{fields}Content-Length: 0\r\n\r\n");
    for fields in [many(1, 70_000), many(50, 2_000), many(20_000, 1), many(1_000, 1)] {
        let mut wire = Wire::connect(writer.address);
        wire.send(head(&fields).as_bytes());
        let answer = wire.answer().expect("an answer");
        assert_eq!(answer.status, 431, "{} bytes of fields", fields.len());
        wire.is_closed();
    }
    // Heads that never end: one line, one field, endless fields, and only line ends.
    for (start, more) in [
        ("", "A"),
        ("GET /", "a"),
        ("GET / HTTP/1.1\r\nF: ", "v"),
        ("GET / HTTP/1.1\r\n", "F: v\r\n"),
        ("", "\r\n"),
    ] {
        let mut wire = Wire::connect(writer.address);
        let piece = more.repeat(1_000);
        let mut sent = 0;
        wire.send(start.as_bytes());
        while sent < 64 << 20 && wire.send(piece.as_bytes()) {
            sent += piece.len();
        }
        // Line ends before a request are skipped, and use no memory.
        let status = if more == "\r\n" { None } else { wire.answer().map(|answer| answer.status) };
        assert!(matches!(status, None | Some(400 | 414 | 431)), "{start}{more}: {status:?}");
        assert!(sent < 64 << 20 || more == "\r\n", "{start}{more}: read forever");
    }
    assert!(writer.resident() < 256 << 20, "{} bytes", writer.resident());
    Reader::of(&writer).is_unharmed(0);
}

/// Pairs of framings that two servers in a row could read differently. Either the whole is refused,
/// or it is read as one request and the connection is closed; what follows is never a request.
#[test]
fn nothing_is_smuggled() {
    let writer = Writer::start(&["--accept-opaque"]);
    let smuggled = "POST /add HTTP/1.1\r\nHost: log.test\r\nContent-Length: 8\r\n\r\nsmuggled";
    let last = format!("0\r\n\r\n{smuggled}");
    let length = last.len().to_string();
    let rows: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![("Content-Length", &length), ("Transfer-Encoding", "chunked")], &last),
        (vec![("Transfer-Encoding", "chunked"), ("Content-Length", &length)], &last),
        (vec![("Content-Length", "5"), ("Transfer-Encoding", "chunked")], &last),
        (vec![("Transfer-Encoding", "chunked"), ("Content-Length", "0")], &last),
        (vec![("transfer-encoding", "Chunked"), ("Content-Length", "5")], &last),
        (vec![("Content-Length", "0"), ("Content-Length", &length)], &last),
        (vec![("Content-Length", &length), ("Content-Length", "0")], &last),
        (vec![("Content-Length", "0, 5")], &last),
        (vec![("Transfer-Encoding", "chunked, identity")], &last),
        (vec![("Transfer-Encoding", "identity")], &last),
        (vec![("Transfer-Encoding", "xchunked")], &last),
        (vec![("Transfer-Encoding", "gzip")], &last),
        (vec![("Transfer-Encoding", "\"chunked\"")], &last),
        (vec![("Transfer-Encoding", "\u{b}chunked")], &last),
        (vec![("Transfer-Encoding ", "chunked")], &last),
        (vec![(" Transfer-Encoding", "chunked")], &last),
        (vec![("X: y\r\n Transfer-Encoding", "chunked")], &last),
        (vec![("Transfer-Encoding:", "chunked")], &last),
        (vec![("Content-Length", "0\r\n\r")], smuggled),
        (vec![("Content Length", "5")], &last),
        (vec![("Content-Length\0", "5")], &last),
        (vec![("X", "y\0z"), ("Content-Length", "0")], smuggled),
        (vec![("X", "y\rContent-Length: 80"), ("Content-Length", "0")], smuggled),
    ];
    for (fields, body) in &rows {
        let mut head = format!("POST {ENTRIES} HTTP/1.1\r\nHost: log.test\r\n");
        for (name, value) in fields {
            write!(head, "{name}: {value}\r\n").expect("to memory");
        }
        let mut wire = Wire::connect(writer.address);
        wire.send(format!("{head}\r\n{body}").as_bytes());
        if let Some(answer) = wire.answer() {
            assert_eq!(answer.status, 400, "{fields:?}: {}", answer.text());
        }
        assert!(wire.answer().is_none(), "{fields:?}: a second answer");
    }
    Reader::of(&writer).is_unharmed(0);
}

/// The same length twice is one length (RFC 9112 section 6.3), and bytes beyond it are the next
/// request.
#[test]
fn a_length_given_twice_alike_is_one_length() {
    let writer = Writer::start(&["--accept-opaque"]);
    let mut wire = Wire::connect(writer.address);
    let fields = [("Content-Length", "5"), ("Content-Length", "5")];
    wire.send(&request("POST", "/add", &fields, b"first"));
    wire.send(&request("POST", "/add", &[], b"second"));
    for index in 0..2 {
        assert_eq!(opaque_index(&wire.answer().expect("an answer")), index);
    }
    Reader::of(&writer).is_unharmed(2);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let writer = Writer::start(&["--accept-opaque"]);
    let mut wire = Wire::connect(writer.address);
    let mut bytes = Vec::new();
    for round in 0..10 {
        bytes.extend(request("GET", "/healthz", &[], b""));
        bytes.extend(request("POST", "/add", &[], format!("entry {round}").as_bytes()));
        bytes.extend(request("POST", ENTRIES, &[], b"no entry"));
        bytes.extend(request("HEAD", "/checkpoint", &[], b""));
        let chunks = chunked(format!("entry {round} in chunks").as_bytes());
        bytes.extend(request("POST", "/add", &[("Transfer-Encoding", "chunked")], &chunks));
        bytes.extend(request("GET", "/nothing", &[], b""));
    }
    wire.send(&bytes);
    for round in 0..10 {
        let mut next = |method| wire.answer_to(method).expect("an answer");
        assert_eq!(next("GET").text(), r#"{"status":"SERVING"}"#);
        assert_eq!(opaque_index(&next("POST")), 2 * round);
        next("POST").refuses("no entry", 400, "not acceptable JSON");
        assert_eq!(next("HEAD").status, 200);
        assert_eq!(opaque_index(&next("POST")), 2 * round + 1);
        next("GET").refuses("nothing", 404, "there is nothing at /nothing");
    }
    let reader = Reader::of(&writer);
    reader.holds(6, b"entry 3");
    reader.holds(7, b"entry 3 in chunks");
    reader.is_unharmed(20);
}

#[test]
fn older_http_is_answered_and_closed() {
    let writer = Writer::start(&["--accept-opaque"]);
    let entry = "POST /add HTTP/1.0\r\nContent-Length: 8\r\n\r\nan entry";
    let mut wire = Wire::connect(writer.address);
    wire.send(entry.as_bytes());
    assert_eq!(opaque_index(&wire.answer().expect("an answer")), 0);
    wire.is_closed();

    let mut wire = Wire::connect(writer.address);
    for _ in 0..2 {
        wire.send(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(wire.answer().expect("an answer").status, 200);
    }
    let refused = [
        "POST /add HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "POST /add\r\n\r\nan entry",
        "GET /checkpoint\r\n",
        "GET /checkpoint HTTP/3.0\r\n\r\n",
        "GET /checkpoint HTTP/1.9\r\n\r\n",
        "GET  /checkpoint HTTP/1.1\r\n\r\n",
        "get /checkpoint http/1.1\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
    ];
    for text in refused {
        let mut wire = Wire::connect(writer.address);
        wire.send(text.as_bytes());
        wire.finish();
        let status = wire.answer().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400 | 505)), "{text}: {status:?}");
        wire.is_closed();
    }
    Reader::of(&writer).is_unharmed(1);
}

/// An HTTP/2 frame on stream 1 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("short");
    [&[0, 0, length, kind, flags, 0, 0, 0, 1], payload].concat()
}

#[test]
fn http_2_with_prior_knowledge_is_answered() {
    let writer = Writer::start(&["--accept-opaque"]);
    // Preface; SETTINGS; then HEADERS (RFC 7541): method and scheme by their numbers in the static
    // table, path and authority as literals.
    let mut start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    start.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let get = frame(1, 5, b"\x82\x86\x84\x01\x08log.test");
    let post = frame(1, 4, b"\x83\x86\x04\x04/add\x01\x08log.test");
    let entry = [frame(0, 0, b"an "), frame(0, 1, b"entry")].concat();
    for (request, answer) in [
        (get, &b"fasti: a transparency log"[..]),
        // DATA of two bytes that ends the stream.
        ([post, entry].concat(), b"\x00\x00\x02\x00\x01\x00\x00\x00\x010\n"),
    ] {
        let mut wire = Wire::connect(writer.address);
        wire.send(&[&start[..], &request].concat());
        wire.receives(|bytes| bytes.windows(answer.len()).any(|window| window == answer));
    }
    Reader::of(&writer).holds(0, b"an entry");

    // HTTP/1 on the same port, and a broken preface.
    let mut wire = Wire::connect(writer.address);
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n garbage garbage garbage");
    wire.is_closed();
    let mut wire = Wire::connect(writer.address);
    wire.send(&request("POST", ENTRIES, &[], good().as_bytes()));
    assert_eq!(wire.answer().expect("an answer").status, 201);
    Reader::of(&writer).is_unharmed(2);
}
