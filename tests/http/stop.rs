//! The end: a writer that is told to stop answers every client, and what it has acknowledged is
//! there when the next one starts.

use std::sync::Barrier;
use std::thread;

use fasti_kit::writer::{Home, Writer};

use crate::reader::{ENTRIES, Reader, decode, opaque_index, text};
use crate::submitter::good;
use crate::wire::{Answer, Wire, request};

/// Index and bytes of an acknowledged entry; `None` if the writer no longer accepted it.
fn acknowledged(answer: &Answer, entry: &[u8]) -> Option<(u64, Vec<u8>)> {
    match answer.status {
        200 => Some((opaque_index(answer), entry.to_vec())),
        201 => {
            let json = answer.json();
            let index = text(&json["logIndex"]).parse().expect("an index");
            Some((index, decode(&json["canonicalizedBody"])))
        }
        _ => {
            answer.refuses("a late submission", 503, "the writer is shutting down");
            assert_eq!(answer.field("connection"), Some("close"));
            assert_eq!(answer.field("retry-after"), Some("1"));
            None
        }
    }
}

fn all_are_there(home: &Home, entries: &[(u64, Vec<u8>)]) {
    let writer = home.start(&[]);
    let reader = Reader::of(&writer);
    for (index, entry) in entries {
        reader.holds(*index, entry);
    }
    let size = reader.size();
    assert_eq!(size, u64::try_from(entries.len()).expect("a count"), "others were logged");
    reader.is_unharmed(size);
}

/// Fifty clients have each sent one submission, on their own connections, when the signal arrives.
#[test]
fn fifty_submissions_in_flight_are_all_answered() {
    for _ in 0..3 {
        let writer = Writer::start(&["--accept-opaque"]);
        let (address, sent) = (writer.address, Barrier::new(51));
        let entries: Vec<(u64, Vec<u8>)> = thread::scope(|scope| {
            let client = |n: usize| {
                let entry = if n.is_multiple_of(5) { good() } else { format!("entry {n}") };
                let path = if n.is_multiple_of(5) { ENTRIES } else { "/add" };
                let mut wire = Wire::connect(address);
                wire.send(&request("POST", path, &[], entry.as_bytes()));
                sent.wait();
                let answer = wire.answer().expect("an answer, whichever");
                acknowledged(&answer, entry.as_bytes())
            };
            let clients: Vec<_> = (0..50).map(|n| scope.spawn(move || client(n))).collect();
            sent.wait();
            writer.terminate();
            clients.into_iter().filter_map(|client| client.join().expect("an answer")).collect()
        });
        all_are_there(&writer.ends(), &entries);
    }
}

/// Clients that submit one entry after another on one connection each.
#[test]
fn submissions_without_pause_are_all_answered() {
    let writer = Writer::start(&["--accept-opaque"]);
    let (address, started) = (writer.address, Barrier::new(9));
    let entries: Vec<(u64, Vec<u8>)> = thread::scope(|scope| {
        let client = |n: usize| {
            let mut wire = Wire::connect(address);
            let mut entries = Vec::new();
            for round in 0.. {
                let entry = format!("entry {round} of client {n}").into_bytes();
                assert!(wire.send(&request("POST", "/add", &[], &entry)), "not even refused");
                let answer = wire.answer().expect("an answer, whichever");
                if round == 10 {
                    started.wait();
                }
                let Some(entry) = acknowledged(&answer, &entry) else { break };
                entries.push(entry);
            }
            entries
        };
        let clients: Vec<_> = (0..8).map(|n| scope.spawn(move || client(n))).collect();
        started.wait();
        writer.terminate();
        clients.into_iter().flat_map(|client| client.join().expect("answers")).collect()
    });
    assert!(entries.len() >= 80, "{} entries", entries.len());
    all_are_there(&writer.ends(), &entries);
}

/// Silent connections and incomplete requests do not delay the writer forever.
#[test]
fn idle_connections_do_not_hold_it_up() {
    let writer = Writer::start(&["--head-timeout-seconds", "1", "--body-timeout-seconds", "1"]);
    let starts: [&[u8]; 5] = [
        b"",
        b"GET /check",
        b"POST /api/v2/log/entries HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
    ];
    let mut open: Vec<_> = starts.map(|start| (start, Wire::connect(writer.address))).into();
    for (start, wire) in &mut open {
        wire.send(start);
    }
    assert_eq!(open[4].1.answer().expect("an answer").status, 200);
    let home = writer.stop();
    for (_, wire) in &mut open {
        wire.is_closed();
    }
    all_are_there(&home, &[]);
}

/// What was acknowledged is there after a kill, too.
#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let writer = Writer::start(&["--accept-opaque"]);
    let mut wire = Wire::connect(writer.address);
    let entries: Vec<_> = (0..20)
        .map(|n| {
            let entry = format!("entry {n}").into_bytes();
            wire.send(&request("POST", "/add", &[], &entry));
            acknowledged(&wire.answer().expect("an answer"), &entry).expect("it is taken")
        })
        .collect();
    let home = writer.home.clone();
    drop(writer);
    all_are_there(&home, &entries);
}
