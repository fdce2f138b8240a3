//! Proposals become entries: once, with one time, and readable at once.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::LeafIndex;

use super::client::{Client, ENTRIES, RETRIEVE, Verified, refuses};
use super::proposals::{dsse, fresh, hashedrekord, rekord};
use crate::reader::{self, Reader};
use crate::submitter::{Submitter, good};
use crate::wire::{get, post, post_json};

/// The time now, in whole seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// The entry as all ways to read it show it.
#[track_caller]
fn is_readable(client: &Client, proposal: &Value, entry: &Verified) {
    for target in [
        format!("{ENTRIES}/{}", entry.id),
        format!("{ENTRIES}/{}", &entry.id[16..]),
        format!("{ENTRIES}?logIndex={}", entry.index),
    ] {
        assert_eq!(client.read(&target), *entry, "{target}");
    }
    let answer = client.post(RETRIEVE, &json!({"entries": [proposal]}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let [found] = &answer.json().as_array().expect("an array").clone()[..] else {
        panic!("one entry: {}", answer.text());
    };
    assert_eq!(client.verify(found), *entry);
}

#[test]
fn a_proposal_becomes_an_entry_that_can_be_read_at_once() {
    let writer = Writer::start(&[]);
    let (client, reader) = (Client::of(&writer), Reader::of(&writer));
    let submitter = Submitter::stranger();
    let certificate = submitter.certificate("dev@example.com");
    let proposals = [
        hashedrekord(&submitter, "an artifact", None),
        hashedrekord(&submitter, "an artifact", Some(&certificate)),
        rekord(&submitter, "an artifact"),
        dsse(&submitter, "a payload"),
    ];
    for (index, proposal) in proposals.iter().enumerate() {
        let before = now();
        let entry = client.submit(proposal);
        assert_eq!(entry.index, index as u64);
        assert!((before..=now()).contains(&entry.time), "{} at {before}", entry.time);
        is_readable(&client, proposal, &entry);
        reader.holds(entry.index, &entry.body);
        let body: Value = serde_json::from_slice(&entry.body).expect("JSON");
        assert_eq!((&body["kind"], &body["apiVersion"]), (&proposal["kind"], &json!("0.0.1")));
    }
    // What clients read is the body, and for this kind it is the proposal.
    let entry = client.read(&format!("{ENTRIES}?logIndex=0"));
    assert_eq!(serde_json::from_slice::<Value>(&entry.body).expect("JSON"), proposals[0]);
    // v2's clients submit to the same tree, and v1's read what they have submitted.
    assert_eq!(post(writer.address, reader::ENTRIES, good().as_bytes()).status, 201);
    assert_eq!(client.read(&format!("{ENTRIES}?logIndex=4")).index, 4);
}

#[test]
fn what_is_there_already_is_answered_409() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let proposal = fresh();
    let entry = client.submit(&proposal);
    let place = format!("{ENTRIES}/{}", entry.id);
    let words = format!(
        "an equivalent entry already exists in the transparency log with UUID {}",
        entry.id
    );
    for (query, kept) in [
        ("", ""),
        ("/", ""),
        ("?apiKey=secret", ""),
        ("?x=1&apiKey=secret&y=a%20b", "?x=1&y=a%20b"),
    ] {
        let answer = client.post(&format!("{ENTRIES}{query}"), &proposal);
        refuses(&answer, query, (409, 409), &words);
        assert_eq!(answer.field("location"), Some(&*format!("{place}{kept}")), "{query}");
        assert_eq!(answer.field("etag"), None);
    }
    assert_eq!(client.read(&place), entry, "the place is one that can be read");
    // However it is spelled, it is one entry.
    let spelled = proposal.to_string().replacen("\"kind\"", "\"more\":[],\"KIND\"", 1);
    let again = post_json(writer.address, ENTRIES, format!(" {spelled} ").as_bytes());
    refuses(&again, "spelled otherwise", (409, 409), &words);
    assert_eq!(Reader::of(&writer).size(), 1);
    // And so after a start, whose memory is new.
    let writer = writer.stop().start(&[]);
    let client = Client::of(&writer);
    refuses(&client.post(ENTRIES, &proposal), "later", (409, 409), &words);
    assert_eq!(client.submit(&fresh()).index, 1);
}

#[test]
fn what_is_there_already_is_answered_as_if_it_were_new_on_demand() {
    let flags = ["--rekor-v1-duplicates", "answer", "--duplicates", "reject"];
    let writer = Writer::start(&flags);
    let client = Client::of(&writer);
    let proposal = fresh();
    let entry = client.submit(&proposal);
    client.submit(&fresh());
    // By then the clock shows another second.
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(client.submit(&proposal), entry, "also the time is the same");
    is_readable(&client, &proposal, &entry);
    assert_eq!(Reader::of(&writer).size(), 2);
    let writer = writer.stop().start(&flags);
    assert_eq!(Client::of(&writer).submit(&proposal), entry, "also after a start");
    // v2's API has a setting of its own.
    let request = good();
    assert_eq!(post(writer.address, reader::ENTRIES, request.as_bytes()).status, 201);
    assert_eq!(post(writer.address, reader::ENTRIES, request.as_bytes()).status, 409);
}

/// Entries that arrive together share a batch, and so a time; one proposal by many clients is one
/// entry, which one of them has created.
#[test]
fn crowds_get_what_single_clients_get() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let same = fresh();
    let created: Vec<Verified> = thread::scope(|scope| {
        let submit = |n: usize| {
            let proposal = if n.is_multiple_of(4) { same.clone() } else { fresh() };
            let answer = client.post(ENTRIES, &proposal);
            match answer.status {
                201 => Some(client.verify(&answer.json())),
                status => {
                    assert_eq!((status, &proposal), (409, &same), "{}", answer.text());
                    None
                }
            }
        };
        let clients: Vec<_> = (0..24).map(|n| scope.spawn(move || submit(n))).collect();
        clients.into_iter().filter_map(|client| client.join().expect("no panic")).collect()
    });
    assert_eq!(created.len(), 19);
    let mut in_order = created.clone();
    in_order.sort_by_key(|entry| entry.index);
    assert!(in_order.is_sorted_by_key(|entry| entry.time), "times follow the order of the log");
    for entry in &created {
        assert_eq!(client.read(&format!("{ENTRIES}/{}", entry.id)), *entry);
    }
    assert_eq!(Reader::of(&writer).size(), 19);
}

/// The times are files of the log, from which readers and mirrors know them.
#[test]
fn times_are_files_of_the_log() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let entries: Vec<Verified> = (0..3).map(|_| client.submit(&fresh())).collect();
    let files = get(writer.address, "/time/000.p/3");
    assert_eq!(files.status, 200, "{files:?}");
    let last = LeafIndex::new(entries[2].index).expect("an index");
    assert_eq!(Reader::of(&writer).head().size.last_leaf(), Some(last));
}
