//! Rate limits: for all clients together and for one client, including clients behind proxies.

use std::thread;
use std::time::Duration;

use fasti_kit::writer::Writer;

use crate::reader::{ENTRIES, Reader};
use crate::submitter::good;
use crate::wire::{Answer, chunked, exchange, get, post};

#[track_caller]
fn limited(answer: &Answer, words: &str, seconds: std::ops::RangeInclusive<u64>) {
    answer.refuses(words, 429, words);
    assert_eq!(answer.json()["code"], 8);
    let wait: u64 = answer.field("retry-after").expect("a time").parse().expect("seconds");
    assert!(seconds.contains(&wait), "{wait}");
    assert!(answer.text().contains(&format!("try again in {wait} s")), "{}", answer.text());
}

/// Submits a valid entry with this header.
fn submit(writer: &Writer, field: (&str, &str)) -> Answer {
    exchange(writer.address, "POST", ENTRIES, &[field], good().as_bytes())
}

#[test]
fn everyone_together_gets_a_burst_and_then_the_rate() {
    let flags = ["--rate-limit-global", "1/s:3", "--accept-opaque"];
    let writer = Writer::start(&[&flags[..], &["--metrics-listen", "127.0.0.1:0"]].concat());
    // Refused submissions count as well, whatever the reason.
    let answers: Vec<Answer> = (0..5_u8)
        .map(|n| match n {
            0 => post(writer.address, ENTRIES, b"no entry"),
            1 | 3 => post(writer.address, "/add", &[n]),
            _ => post(writer.address, ENTRIES, good().as_bytes()),
        })
        .collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [400, 200, 201, 429, 429]);
    for answer in &answers[3..] {
        limited(answer, "too many submissions to this log", 1..=1);
    }
    // Reads are not counted.
    for _ in 0..20 {
        assert_eq!(get(writer.address, "/checkpoint").status, 200);
    }
    let metrics = get(writer.metrics.expect("it listens"), "/metrics");
    for line in [
        "fasti_submissions_total{verdict=\"admitted\",reason=\"open\"} 2",
        "fasti_submissions_total{verdict=\"limited\",reason=\"global\"} 2",
    ] {
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
    thread::sleep(Duration::from_millis(1100));
    Reader::of(&writer).is_unharmed(2);
}

#[test]
fn a_limited_client_may_have_sent_much() {
    let writer = Writer::start(&["--rate-limit-client", "1/h"]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    let refused = post(writer.address, ENTRIES, &vec![b' '; 4 << 20]);
    limited(&refused, "too many submissions from your address", 3599..=3600);
}

#[test]
fn a_client_without_a_proxy_is_its_address_whatever_it_says() {
    let writer = Writer::start(&["--rate-limit-client", "2/h"]);
    for (field, status) in [
        (("X-Forwarded-For", "192.0.2.1"), 201),
        (("X-Forwarded-For", "192.0.2.2"), 201),
        (("X-Forwarded-For", "192.0.2.3"), 429),
        (("Forwarded", "for=192.0.2.4"), 429),
    ] {
        assert_eq!(submit(&writer, field).status, status, "{field:?}");
    }
    assert_eq!(Reader::of(&writer).size(), 2);
}

#[test]
fn a_client_behind_trusted_proxies_is_the_address_that_they_have_seen() {
    let flags = ["--rate-limit-client", "2/h", "--trusted-proxies", "127.0.0.0/8,2001:db8::/32"];
    let writer = Writer::start(&flags);
    for (value, status) in [
        ("192.0.2.1", 201),
        ("198.51.100.7, 192.0.2.1", 201),
        ("198.51.100.8, 192.0.2.1", 429),
        ("192.0.2.1, 2001:db8::7", 429),
        ("192.0.2.2", 201),
        ("2001:470:1:2::1", 201),
        ("[2001:470:1:2::2]:443", 201),
        ("2001:470:1:2:ffff::", 429),
        ("2001:470:1:3::1", 201),
    ] {
        assert_eq!(submit(&writer, ("X-Forwarded-For", value)).status, status, "{value}");
    }
    assert_eq!(submit(&writer, ("Forwarded", "for=192.0.2.9")).status, 201, "the proxy itself");

    let writer = Writer::start(&[&flags[..], &["--proxy-header", "forwarded"]].concat());
    for (value, status) in
        [("for=192.0.2.1", 201), ("for=\"192.0.2.1:80\";proto=https", 201), ("for=192.0.2.1", 429)]
    {
        assert_eq!(submit(&writer, ("Forwarded", value)).status, status, "{value}");
    }
}

#[test]
fn bytes_count_as_they_come() {
    let flags = ["--accept-opaque", "--rate-limit-client-bytes", "1KiB/h:8KiB"];
    let writer = Writer::start(&[&flags[..], &["--metrics-listen", "127.0.0.1:0"]].concat());
    let words = "too many bytes of submissions from your address";
    assert_eq!(post(writer.address, "/add", &[1; 4096]).status, 200);
    // A body of unannounced length is counted when it has arrived.
    let unannounced = |byte: u8, length: usize| {
        let framing = ("Transfer-Encoding", "chunked");
        exchange(writer.address, "POST", "/add", &[framing], &chunked(&vec![byte; length]))
    };
    assert_eq!(unannounced(2, 3072).status, 200);
    limited(&post(writer.address, "/add", &[3; 1025]), words, 3590..=3600);
    limited(&unannounced(4, 1025), words, 3590..=3600);
    assert_eq!(post(writer.address, "/add", &[5; 1024]).status, 200);
    limited(&post(writer.address, ENTRIES, good().as_bytes()), words, 3590..=7200);
    assert_eq!(Reader::of(&writer).size(), 3);
    let metrics = get(writer.metrics.expect("it listens"), "/metrics");
    let line = "fasti_submissions_total{verdict=\"limited\",reason=\"client_bytes\"} 3";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

#[test]
fn who_limits_submissions_limits_their_bytes() {
    let writer = Writer::start(&["--rate-limit-global", "9/h"]);
    let long = vec![b' '; 4 << 20];
    assert_eq!(post(writer.address, ENTRIES, &long).status, 400, "one of the longest is taken");
    let words = "too many bytes of submissions to this log";
    limited(&post(writer.address, ENTRIES, good().as_bytes()), words, 1..=3600);
}
