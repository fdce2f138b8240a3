//! Bodies: the length limits, however the length is given, and the codings that are refused.

use std::net::SocketAddr;

use fasti_kit::writer::Writer;

use crate::reader::{ENTRIES, Reader, opaque_index};
use crate::submitter::good;
use crate::wire::{Answer, Wire, chunked, exchange, post, request};

const REKOR_BODY_MAX: usize = 4 << 20;
const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

fn post_chunked(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    exchange(address, "POST", path, &[CHUNKED], &chunked(body))
}

#[test]
fn opaque_entries_of_every_length_that_fits_a_bundle() {
    let writer = Writer::start(&["--accept-opaque"]);
    let reader = Reader::of(&writer);
    let mut next = 0;
    for post in [post, post_chunked] {
        for length in [0, 1, 65_534, 65_535] {
            // Other bytes for the other framing, but the empty entry is always the same.
            let entry = vec![u8::try_from(next + 1).expect("a byte"); length];
            let index = opaque_index(&post(writer.address, "/add", &entry));
            if length == 0 {
                assert_eq!(index, 0);
            } else {
                assert_eq!(index, next);
            }
            reader.holds(index, &entry);
            next = reader.size();
        }
        for length in [65_536, 65_537, 1 << 20] {
            let answer = post(writer.address, "/add", &vec![7; length]);
            answer.refuses(&length.to_string(), 413, "the body is longer than 65535 bytes");
        }
    }
    assert_eq!(next, 7);
    reader.is_unharmed(7);
}

#[test]
fn opaque_entries_where_they_are_not_taken() {
    let writer = Writer::start(&[]);
    for post in [post, post_chunked] {
        for length in [0, 1, 100_000] {
            let answer = post(writer.address, "/add", &vec![7; length]);
            answer.refuses(&length.to_string(), 404, "--accept-opaque");
        }
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn a_body_is_taken_up_to_the_limit_and_refused_beyond_it() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let padded = |length: usize| {
        let request = good();
        format!("{}{request}", " ".repeat(length - request.len())).into_bytes()
    };
    for (size, post) in [(0, post as fn(SocketAddr, &str, &[u8]) -> Answer), (1, post_chunked)] {
        let answer = post(writer.address, ENTRIES, &padded(REKOR_BODY_MAX));
        assert_eq!(answer.status, 201, "{}", answer.text());
        for excess in [1, 1 << 20, 8 << 20] {
            let answer = post(writer.address, ENTRIES, &padded(REKOR_BODY_MAX + excess));
            answer.refuses(&excess.to_string(), 413, "the body is longer than 4194304 bytes");
        }
        assert_eq!(reader.size(), size + 1);
    }
    reader.is_unharmed(2);
}

/// The answer does not wait for a body that will be refused.
#[test]
fn a_length_beyond_the_limit_is_refused_when_it_is_announced() {
    let writer = Writer::start(&["--accept-opaque"]);
    for (path, words) in [(ENTRIES, "longer than 4194304"), ("/add", "longer than 65535")] {
        for length in ["4194305", "1000000000000", "9223372036854775807"] {
            let announced = [("Content-Length", length), ("Expect", "100-continue")];
            let mut wire = Wire::connect(writer.address);
            wire.send(&request("POST", path, &announced, b""));
            let answer = wire.answer().expect("an answer");
            answer.refuses(length, 413, words);
            assert_eq!(answer.field("connection"), Some("close"));
            wire.is_closed();
        }
    }
    Reader::of(&writer).is_unharmed(0);
}

/// A client that reads while it sends need not send the whole body it has announced.
#[test]
fn the_refusal_does_not_wait_for_the_body() {
    let writer = Writer::start(&["--accept-opaque"]);
    for (path, words) in [(ENTRIES, "longer than 4194304"), ("/add", "longer than 65535")] {
        for length in ["17825792", "1073741824", "1000000000000"] {
            let mut wire = Wire::connect(writer.address);
            wire.send(&request("POST", path, &[("Content-Length", length)], &vec![b' '; 1 << 16]));
            let answer = wire.answer().expect("an answer");
            answer.refuses(length, 413, words);
            assert_eq!(answer.field("connection"), Some("close"));
            assert!(wire.send(&vec![b' '; 1 << 16]), "{length}: it is still read");
        }
    }
    Reader::of(&writer).is_unharmed(0);
}

/// A client that reads only after sending everything also gets the refusal.
#[test]
fn a_long_body_is_read_to_its_end_before_the_connection_is_closed() {
    let writer = Writer::start(&["--accept-opaque"]);
    let piece = vec![b' '; 1 << 20];
    let chunk = [&b"100000\r\n"[..], &piece, b"\r\n"].concat();
    for megabytes in [5, 17, 60] {
        for (path, words) in [(ENTRIES, "longer than 4194304"), ("/add", "longer than 65535")] {
            let length = (megabytes << 20).to_string();
            let announced = ("Content-Length", &*length);
            for (framing, piece, end) in [(announced, &piece, ""), (CHUNKED, &chunk, "0\r\n\r\n")] {
                let mut wire = Wire::connect(writer.address);
                wire.send(&request("POST", path, &[framing], b""));
                for sent in 0..megabytes {
                    assert!(wire.send(piece), "{path} {framing:?}: cut off after {sent} MiB");
                }
                assert!(wire.send(end.as_bytes()));
                wire.answer().expect("an answer").refuses(path, 413, words);
                wire.is_closed();
            }
        }
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let writer = Writer::start(&["--accept-opaque"]);
    let endless = |path: &str, fields: &[(&str, &str)], piece: &[u8]| {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", path, fields, b""));
        let mut sent = 0;
        while wire.send(piece) {
            sent += piece.len();
            assert!(sent < 1 << 30, "{path}: the writer reads forever");
        }
        wire
    };
    let zeros = "0".repeat(0x10000);
    let chunk = format!("10000\r\n{zeros}\r\n");
    for (path, words) in [(ENTRIES, "longer than 4194304"), ("/add", "longer than 65535")] {
        let mut wire = endless(path, &[CHUNKED], chunk.as_bytes());
        wire.answer().expect("an answer").refuses(path, 413, words);
        let announced = [("Content-Length", "1000000000000")];
        let mut wire = endless(path, &announced, zeros.as_bytes());
        wire.answer().expect("an answer").refuses(path, 413, words);
    }
    Reader::of(&writer).is_unharmed(0);
}

/// A chunk's length and extensions and the trailers are not part of the body, and have their own
/// limits.
#[test]
fn framing_without_an_end_is_cut_off() {
    let writer = Writer::start(&["--accept-opaque", "--body-timeout-seconds", "1"]);
    let zeros = "0".repeat(0x10000);
    let mut wire = Wire::connect(writer.address);
    wire.send(&request("POST", "/add", &[CHUNKED], b""));
    while wire.send(zeros.as_bytes()) {}
    let mut wire = Wire::connect(writer.address);
    wire.send(&request("POST", "/add", &[CHUNKED], b"1;"));
    while wire.send(zeros.as_bytes()) {}
    let mut wire = Wire::connect(writer.address);
    wire.send(&request("POST", "/add", &[CHUNKED], b"0\r\n"));
    while wire.send(b"Trailer: value\r\n") {}
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn a_body_that_breaks_off_is_not_an_entry() {
    let writer = Writer::start(&["--accept-opaque"]);
    let good = good();
    let longer = (good.len() + 1).to_string();
    let chunk = format!("{:x}\r\n{good}\r\n", good.len());
    let rows = [
        (ENTRIES, ("Content-Length", &*longer), &*good),
        (ENTRIES, CHUNKED, &chunk),
        ("/add", ("Content-Length", "10"), "an entry"),
        ("/add", ("Content-Length", "10"), ""),
        ("/add", CHUNKED, ""),
        ("/add", CHUNKED, "8\r\nan entry\r\n"),
        ("/add", CHUNKED, "8\r\nan entry\r\n0\r\n"),
    ];
    for (path, framing, body) in rows {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", path, &[framing], body.as_bytes()));
        wire.finish();
        if let Some(answer) = wire.answer() {
            answer.refuses(path, 400, "the body broke off");
        }
        wire.is_closed();
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn chunks_that_are_not_chunks() {
    let writer = Writer::start(&["--accept-opaque"]);
    let rows: [&[u8]; 9] = [
        b"0x5\r\nentry\r\n0\r\n\r\n",
        b"-5\r\nentry\r\n0\r\n\r\n",
        b"+5\r\nentry\r\n0\r\n\r\n",
        b"5 5\r\nentry\r\n0\r\n\r\n",
        b"\r\nentry\r\n0\r\n\r\n",
        b"G\r\nentry\r\n0\r\n\r\n",
        b"5\r\nentryX0\r\n\r\n",
        b"10000000000000005\r\nentry\r\n0\r\n\r\n",
        b"fffffffffffffffffffffffffffffff\r\nentry\r\n0\r\n\r\n",
    ];
    for body in rows {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", "/add", &[CHUNKED], body));
        wire.finish();
        let row = String::from_utf8_lossy(body);
        if let Some(answer) = wire.answer() {
            answer.refuses(&row, 400, "the body broke off");
        }
        assert!(wire.answer().is_none(), "{row}: two answers");
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn lengths_that_are_not_lengths() {
    let writer = Writer::start(&["--accept-opaque"]);
    for length in
        ["", "-1", "+5", "0x5", "5.0", "5 5", "5,5", "5, 6", "18446744073709551616", "five", "٥"]
    {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", "/add", &[("Content-Length", length)], b"entry"));
        let answer = wire.answer().expect("an answer");
        assert_eq!(answer.status, 400, "Content-Length: {length:?}");
        wire.is_closed();
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn a_body_in_another_coding_is_not_unpacked() {
    let writer = Writer::start(&["--accept-opaque"]);
    let good = good();
    let rows: [&[&str]; 9] = [
        &["gzip"],
        &["GZIP"],
        &["deflate"],
        &["br"],
        &["zstd"],
        &["identity, gzip"],
        &["identity", "gzip"],
        &["none"],
        &["gzip\u{e9}"],
    ];
    for codings in rows {
        let fields: Vec<_> = codings.iter().map(|coding| ("Content-Encoding", *coding)).collect();
        for (path, body) in [(ENTRIES, good.as_bytes()), ("/add", b"\x1f\x8b\x08 an entry")] {
            let answer = exchange(writer.address, "POST", path, &fields, body);
            answer.refuses(&format!("{codings:?}"), 415, "is not supported on requests");
        }
    }
    Reader::of(&writer).is_unharmed(0);
    let plain = [("Content-Encoding", "Identity"), ("Content-Type", "text/plain")];
    let answer = exchange(writer.address, "POST", ENTRIES, &plain, good.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// A client may close its side once it has sent everything.
#[test]
fn a_client_that_says_no_more_is_still_answered() {
    let writer = Writer::start(&["--accept-opaque"]);
    for n in 0..20 {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", "/add", &[], format!("entry {n}").as_bytes()));
        wire.finish();
        assert_eq!(opaque_index(&wire.answer().expect("an answer")), n);
        wire.is_closed();
    }
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let writer = Writer::start(&["--accept-opaque"]);
    let mut wire = Wire::connect(writer.address);
    let fields = [("Expect", "100-continue"), ("Content-Length", "8")];
    wire.send(&request("POST", "/add", &fields, b""));
    assert_eq!(wire.interim(), "HTTP/1.1 100 Continue");
    wire.send(b"an entry");
    assert_eq!(opaque_index(&wire.answer().expect("an answer")), 0);
}
