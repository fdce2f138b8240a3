//! Slow clients and crowds: a silent client cannot keep a connection, and other clients do not
//! notice.

use std::thread;
use std::time::Duration;

use fasti_kit::writer::Writer;

use crate::reader::{ENTRIES, Reader, opaque_index};
use crate::submitter::good;
use crate::wire::{Wire, get, post, request};

const IMPATIENT: [&str; 5] =
    ["--accept-opaque", "--head-timeout-seconds", "1", "--body-timeout-seconds", "1"];
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Keeps sending `more`, a little at a time, until the other side closes.
fn drip(wire: &mut Wire, more: &[u8]) {
    for piece in more.chunks(1).cycle().take(400) {
        if !wire.send(piece) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the writer accepts drops forever");
}

#[test]
fn who_does_not_finish_a_head_is_cut_off() {
    let writer = Writer::start(&IMPATIENT);
    let settings = [PREFACE, SETTINGS].concat();
    let ping = [&settings[..], &[0, 0, 8, 6, 0, 0, 0, 0, 0], &[0; 8]].concat();
    // HEADERS of stream 1 that do not end, so that CONTINUATION is due.
    let unfinished = [&settings[..], &[0, 0, 3, 1, 1, 0, 0, 0, 1, 0x82, 0x86, 0x84]].concat();
    let starts: [&[u8]; 9] = [
        b"",
        b"P",
        b"\r\n",
        b"GET /checkpoint HTTP/1.1\r\n",
        b"POST /add HTTP/1.1\r\nContent-Length: 5\r\nX",
        &PREFACE[..20],
        PREFACE,
        &ping,
        &unfinished,
    ];
    let mut silent: Vec<_> = starts.map(|start| (start, Wire::connect(writer.address))).into();
    for (start, wire) in &mut silent {
        wire.send(start);
    }
    thread::scope(|scope| {
        let address = writer.address;
        for (start, more) in [
            ("GET /checkpoint HTTP/1.1\r\nX: ", "x"),
            ("", "GET /checkpoint HTTP/1.1\r\n"),
            ("", "\r\n"),
        ] {
            scope.spawn(move || {
                let mut wire = Wire::connect(address);
                wire.send(start.as_bytes());
                drip(&mut wire, more.as_bytes());
            });
        }
        // After an answer the same holds.
        let mut idle = Wire::connect(address);
        for _ in 0..2 {
            idle.send(&request("GET", "/healthz", &[], b""));
            assert_eq!(idle.answer().expect("an answer").status, 200);
        }
        idle.is_closed();
        for (_, wire) in &mut silent {
            wire.is_closed();
        }
    });
    Reader::of(&writer).is_unharmed(0);
}

/// HTTP/2 frames that are neither a complete head nor bytes of a body keep no connection open,
/// whatever the writer must answer to them; nor does an answer that may not be sent.
#[test]
fn nothing_but_frames_is_no_progress() {
    let writer = Writer::start(&IMPATIENT);
    let no_window: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let get = [&[0, 0, 13, 1, 5, 0, 0, 0, 1][..], b"\x82\x86\x84\x01\x08log.test"].concat();
    let post = b"\x83\x86\x04\x04/add\x01\x08log.test";
    let post = [&[0, 0, 18, 1, 4, 0, 0, 0, 1][..], post].concat();
    let ping: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let window: &[u8] = &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let priority: &[u8] = &[0, 0, 5, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 9];
    let empty: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 1];
    let rows = [
        (vec![SETTINGS], ping),
        (vec![SETTINGS], SETTINGS),
        (vec![SETTINGS], window),
        (vec![SETTINGS], priority),
        (vec![no_window, &get], ping),
        (vec![SETTINGS, &post], empty),
        (vec![SETTINGS, &post], ping),
    ];
    thread::scope(|scope| {
        for (start, more) in rows {
            let address = writer.address;
            scope.spawn(move || {
                let mut wire = Wire::connect(address);
                wire.send(&[PREFACE, &start.concat()].concat());
                let sent = (0..100).take_while(|_| {
                    thread::sleep(Duration::from_millis(100));
                    wire.send(more)
                });
                assert!(sent.count() < 100, "{start:?} and {more:?} forever");
            });
        }
    });
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn who_does_not_finish_a_body_is_told_and_cut_off() {
    let writer = Writer::start(&IMPATIENT);
    let chunked = ("Transfer-Encoding", "chunked");
    let rows: [(&str, (&str, &str), &[u8]); 6] = [
        ("/add", ("Content-Length", "10"), b""),
        ("/add", ("Content-Length", "10"), b"nearly al"),
        ("/add", chunked, b""),
        ("/add", chunked, b"8\r\nan entry\r\n"),
        (ENTRIES, ("Content-Length", "1000000"), b"{"),
        (ENTRIES, chunked, b"1\r\n{\r\n"),
    ];
    let waiting = rows.map(|(path, framing, body)| {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("POST", path, &[framing], body));
        (path, wire)
    });
    for (path, mut wire) in waiting {
        let answer = wire.answer().expect("an answer");
        answer.refuses(path, 408, "the body did not arrive within 1 seconds");
        assert_eq!(answer.field("connection"), Some("close"));
        wire.is_closed();
    }
    let mut wire = Wire::connect(writer.address);
    wire.send(&request("POST", "/add", &[("Content-Length", "60000")], b""));
    drip(&mut wire, b"entry");
    wire.answer().expect("an answer").refuses("drops", 408, "the body did not arrive");
    Reader::of(&writer).is_unharmed(0);
}

/// A writer whose log has a bundle of 6 MB, more than a socket accepts at once.
fn with_a_large_bundle(flags: &[&str]) -> Writer {
    let writer = Writer::start(flags);
    let mut wire = Wire::connect(writer.address);
    for n in 0..100_u8 {
        wire.send(&request("POST", "/add", &[], &[vec![n], vec![b'x'; 60_000]].concat()));
        assert_eq!(opaque_index(&wire.answer().expect("an answer")), u64::from(n));
    }
    writer
}

const LARGE_BUNDLE: &str = "/tile/entries/000.p/100";

/// Clients that request much and read nothing.
#[test]
fn who_does_not_read_is_cut_off() {
    let flags = [&IMPATIENT[..], &["--metrics-listen", "127.0.0.1:0"]].concat();
    let writer = with_a_large_bundle(&flags);
    let asks = request("GET", LARGE_BUNDLE, &[], b"").repeat(20);
    let mut greedy: Vec<_> = (0..5).map(|_| Wire::connect(writer.address)).collect();
    for wire in &mut greedy {
        wire.send(&asks);
    }
    let metrics = writer.metrics.expect("it listens");
    let open = || {
        let answer = get(metrics, "/metrics");
        let line = answer.text().lines().find_map(|l| l.strip_prefix("fasti_http_connections "));
        line.and_then(|count| count.parse::<usize>().ok()).expect("a gauge")
    };
    for attempt in 0.. {
        if open() == 0 {
            break;
        }
        assert!(attempt < 200, "{} connections are kept forever", open());
        thread::sleep(Duration::from_millis(100));
    }
    drop(greedy);
    Reader::of(&writer).is_unharmed(100);
}

#[test]
fn beyond_the_most_connections_there_is_a_friendly_refusal() {
    let writer = Writer::start(&["--connections-max", "20"]);
    let connect = || {
        let mut wire = Wire::connect(writer.address);
        wire.send(&request("GET", "/healthz", &[], b""));
        let answer = wire.answer().expect("an answer");
        (wire, answer)
    };
    let mut open = Vec::new();
    for n in 0..20 {
        let (wire, answer) = connect();
        assert_eq!(answer.status, 200, "connection {n}");
        open.push(wire);
    }
    for _ in 0..50 {
        let (mut wire, answer) = connect();
        answer.refuses("connection 21", 503, "too many connections");
        assert_eq!(answer.field("retry-after"), Some("1"));
        wire.is_closed();
    }
    // A long submission is refused with the same message, not with a reset.
    let refused = post(writer.address, ENTRIES, &vec![b' '; 1 << 20]);
    refused.refuses("a submission", 503, "too many connections");
    assert_eq!(refused.json()["code"], 14);
    // Clients already connected are served.
    let request = request("POST", ENTRIES, &[], good().as_bytes());
    open[7].send(&request);
    assert_eq!(open[7].answer().expect("an answer").status, 201);
    open.truncate(10);
    let served = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        connect().1.status == 200
    });
    assert!(served, "closed connections are not counted forever");
    drop(open);
    for _ in 0..200 {
        thread::sleep(Duration::from_millis(10));
        if connect().1.status == 200 {
            break;
        }
    }
    Reader::of(&writer).is_unharmed(1);
}

#[test]
fn idle_connections_stand_in_nobodys_way() {
    let writer = Writer::start(&[]);
    let mut idle: Vec<_> = (0..200).map(|_| Wire::connect(writer.address)).collect();
    for (n, wire) in idle.iter_mut().enumerate() {
        match n % 4 {
            0 => true,
            1 => wire.send(b"GET /check"),
            2 => wire.send(&request("POST", ENTRIES, &[("Content-Length", "1000")], b"{")),
            _ => wire.send(PREFACE),
        };
    }
    Reader::of(&writer).is_unharmed(0);
    drop(idle);
    Reader::of(&writer).is_unharmed(1);
}

/// However many long bodies are in progress, they share a limited amount of memory.
#[test]
fn a_crowd_of_long_bodies_is_pushed_back() {
    let writer = Writer::start(&[]);
    let body = vec![b' '; (4 << 20) - 1];
    let request = request("POST", ENTRIES, &[("Content-Length", "4194304")], &body);
    let mut refused = 0;
    let mut waiting: Vec<_> = (0..60)
        .map(|_| {
            let mut wire = Wire::connect(writer.address);
            wire.send(&request);
            wire
        })
        .collect();
    assert!(writer.resident() < 256 << 20, "{} bytes", writer.resident());
    // With the last byte of each, every body is complete: read and refused as invalid, or pushed
    // back.
    for wire in &mut waiting {
        wire.send(b" ");
    }
    for wire in &mut waiting {
        let answer = wire.answer().expect("an answer");
        if answer.status == 503 {
            answer.refuses("a long body", 503, "the log is busy; try again");
            assert_eq!(answer.field("retry-after"), Some("1"));
            refused += 1;
        } else {
            answer.refuses("a long body", 400, "not acceptable JSON");
        }
    }
    assert!((40..60).contains(&refused), "{refused} of 60 are pushed back");
    Reader::of(&writer).is_unharmed(0);
}

/// However many bundles are on their way to clients that do not read them, they share a limited
/// amount of memory, and small files are still served.
#[test]
fn a_crowd_of_clients_that_do_not_read_is_pushed_back() {
    let writer = with_a_large_bundle(&["--accept-opaque"]);
    let asks = request("GET", LARGE_BUNDLE, &[], b"").repeat(3);
    let mut greedy: Vec<_> = (0..60).map(|_| Wire::connect(writer.address)).collect();
    for wire in &mut greedy {
        wire.send(&asks);
        wire.receives(|bytes| bytes.len() > 16);
    }
    assert!(writer.resident() < 256 << 20, "{} bytes", writer.resident());
    Reader::of(&writer).is_unharmed(100);
    let mut refused = 0;
    for wire in &mut greedy {
        let answer = wire.answer().expect("an answer");
        if answer.status != 200 {
            answer.refuses("a bundle", 503, "the log is busy; try again");
            refused += 1;
        }
    }
    assert!((10..60).contains(&refused), "{refused} of 60 are pushed back");
    drop(greedy);
    let served = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        get(writer.address, LARGE_BUNDLE).status == 200
    });
    assert!(served, "the memory is released");
}
